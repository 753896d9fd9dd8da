"""Until when something can still be done: limits of payers, days on which offices work, what is at risk."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from claims import deadlines
from claims.business_days import holidays, is_business_day, last_business_day, plus_business_days
from claims.deadlines import APPEAL, FILING, at_risk, deadline_of, deadlines_of, due, missed
from claims.models import Claim
from rcm_site.testing.makers import make_claim, make_department, make_payer

TODAY = date(2026, 3, 10)


# Days on which offices work --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "count", "reached"),
    [
        (date(2026, 3, 6), 1, date(2026, 3, 9)),  # Friday to Monday
        (date(2026, 3, 7), 1, date(2026, 3, 9)),  # from a Saturday
        (date(2026, 3, 6), 5, date(2026, 3, 13)),
        (date(2026, 1, 30), 2, date(2026, 2, 3)),  # over the end of a month
        (date(2026, 11, 25), 1, date(2026, 11, 27)),  # Thanksgiving is a Thursday
        (date(2026, 7, 2), 1, date(2026, 7, 6)),  # the Fourth, a Saturday, is kept on Friday
        (date(2021, 12, 30), 1, date(2022, 1, 3)),  # New Year's Day, a Saturday, in the year before
        (date(2027, 7, 2), 1, date(2027, 7, 6)),  # the Fourth, a Sunday, is kept on Monday
        (date(2026, 3, 7), 0, date(2026, 3, 7)),
    ],
)
def test_business_days_are_counted_without_weekends_and_holidays(
    day: date, count: int, reached: date
) -> None:
    assert plus_business_days(day, count) == reached


def test_the_year_has_its_holidays() -> None:
    of_2026 = sorted(day for day in holidays(2026) if day.year == 2026)
    assert [f"{day:%m-%d}" for day in of_2026] == [
        "01-01",
        "01-19",
        "02-16",
        "05-25",
        "06-19",
        "07-03",
        "09-07",
        "10-12",
        "11-11",
        "11-26",
        "12-25",
    ]
    assert is_business_day(date(2020, 6, 19))  # before there was Juneteenth


def test_what_is_due_on_a_weekend_has_to_be_done_before_it() -> None:
    assert last_business_day(date(2026, 3, 8)) == date(2026, 3, 6)
    assert last_business_day(date(2026, 12, 25)) == date(2026, 12, 24)
    assert last_business_day(date(2026, 3, 9)) == date(2026, 3, 9)


# A claim's own ---------------------------------------------------------------------------------------


def denied(decided_on: date, balance: str = "100.00", **fields: Any) -> Claim:
    decided: dict[str, Any] = {
        "decided_on": decided_on,
        "first_decided_on": decided_on,
        "first_decision": "denied",
    }
    return make_claim(charge=Decimal(balance), status="denied", **decided, **fields)


@pytest.mark.django_db
def test_a_denial_can_be_appealed_as_long_as_its_payer_says() -> None:
    payer = make_payer("Slow", appeal_days=90)
    found = deadline_of(denied(date(2025, 12, 15), payer=payer), TODAY)
    assert found is not None
    assert (found.limit, found.day, found.left) == (APPEAL, date(2026, 3, 15), 5)
    assert found.work_day == date(2026, 3, 13)  # the 15th is a Sunday


@pytest.mark.django_db
def test_a_claim_has_to_be_filed_until_its_payer_took_it() -> None:
    payer = make_payer("Quick", timely_filing_days=30)
    service: dict[str, Any] = {
        "service_from": date(2026, 1, 28),
        "service_to": date(2026, 1, 31),
        "payer": payer,
    }
    found = deadline_of(make_claim(charge=Decimal(9), **service), TODAY)
    assert found is not None
    assert (found.limit, found.day, found.left) == (FILING, date(2026, 3, 2), -8)
    rejected = deadline_of(make_claim(charge=Decimal(9), at_intake="rejected", **service), TODAY)
    assert rejected is not None
    assert rejected.limit == FILING
    assert deadline_of(make_claim(charge=Decimal(9), at_intake="accepted", **service), TODAY) is None


@pytest.mark.django_db
def test_nothing_is_due_where_nothing_is_to_come_or_nobody_knows() -> None:
    payer = make_payer("Acme")
    assert deadline_of(denied(TODAY), TODAY) is None  # no payer
    assert deadline_of(make_claim(charge=Decimal(9), payer=payer), TODAY) is None  # no day of service
    assert deadline_of(denied(TODAY, balance="0.00", payer=payer), TODAY) is None
    appealed = make_claim(charge=Decimal(9), payer=payer, status="appealed", decided_on=TODAY)
    assert deadline_of(appealed, TODAY) is None


@pytest.mark.django_db
def test_whatever_a_claim_says_of_itself_is_what_the_database_finds() -> None:
    """Each edge of each limit, one day before, on and after it."""
    payers = [make_payer(f"P{days}", appeal_days=days, timely_filing_days=days) for days in (30, 60, 60, 365)]
    for payer in payers:
        for left in (-2, -1, 0, 1, 7, 8, 14, 15, 30, 31):
            since = TODAY + timedelta(days=left - payer.appeal_days)
            denied(since, payer=payer, service_to=since, denial_category="coding")
            for status, at_intake in (("submitted", ""), ("pending", "rejected"), ("pending", "accepted")):
                make_claim(
                    charge=Decimal(50),
                    payer=payer,
                    status=status,
                    at_intake=at_intake,
                    service_from=since,
                    service_to=since,
                )
    make_claim(charge=Decimal(50))
    counts = dict.fromkeys(deadlines.LIMITS, 4 * 10) | {FILING: 4 * 10 * 2}
    check_what_claims_say(counts)


def check_what_claims_say(counts: dict[deadlines.Limit, int]) -> None:
    told = {claim.pk: deadlines_of(claim, TODAY) for claim in Claim.objects.select_related("payer")}
    for limit, count in counts.items():
        lefts = {pk: each.left for pk, found in told.items() for each in found if each.limit == limit}
        assert len(lefts) == count
        amounts: dict[int, Any] = {}
        for days in deadlines.SOON:
            found = set(
                Claim.objects.filter(deadlines.due_within(limit, days, TODAY)).values_list("pk", flat=True)
            )
            assert found == {pk for pk, left in lefts.items() if 0 <= left <= days}
            amounts[days] = sum(each.balance for each in Claim.objects.filter(pk__in=found))
        at = at_risk(Claim.objects.all(), limit, TODAY)
        assert [each.dollars for each in at] == [amounts[days] for days in deadlines.SOON]
        late = set(Claim.objects.filter(missed(limit, TODAY)).values_list("pk", flat=True))
        assert late == {pk for pk, left in lefts.items() if left < 0}


# What is at risk -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_dollars_at_risk_are_told_by_how_soon_they_are_lost() -> None:
    payer, other = make_payer("Acme", appeal_days=180), make_payer("Bolt", appeal_days=60)
    denied(TODAY - timedelta(days=175), "10.00", payer=payer)  # 5 days left
    denied(TODAY - timedelta(days=60), "20.00", payer=other)  # today
    denied(TODAY - timedelta(days=50), "40.00", payer=other)  # 10 days left
    denied(TODAY - timedelta(days=160), "80.00", payer=payer)  # 20 days left
    denied(TODAY - timedelta(days=61), "1000.00", payer=other)  # lost
    denied(TODAY, "5000.00", payer=payer)  # 180 days left
    found = at_risk(Claim.objects.all(), APPEAL, TODAY)
    assert [(each.claims, each.dollars) for each in found] == [(2, 30), (3, 70), (4, 150)]
    assert [each.claims for each in at_risk(Claim.objects.filter(payer=other), APPEAL, TODAY)] == [1, 2, 2]
    assert [each.claims for each in at_risk(Claim.objects.all(), FILING, TODAY)] == [0, 0, 0]


@pytest.mark.django_db
def test_without_payers_nothing_is_at_risk() -> None:
    denied(TODAY)
    assert [(each.claims, each.dollars) for each in at_risk(Claim.objects.all(), APPEAL, TODAY)] == [
        (0, 0)
    ] * 3
    assert not Claim.objects.filter(due(APPEAL, None, TODAY)).exists()


# Pages -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_the_dashboard_counts_is_what_the_list_shows(client: Client, sign_in: Any) -> None:
    heart, other = make_department("Heart"), make_department("Other")
    payer, today = make_payer("Acme", appeal_days=60), timezone.localdate()
    soon = denied(today - timedelta(days=55), "250.00", payer=payer, department=heart)
    denied(today - timedelta(days=40), "500.00", payer=payer, department=heart)
    denied(today - timedelta(days=55), "999.00", payer=payer, department=other)
    sign_in("manager", departments=[heart])
    table = client.get("/dashboard/").context["at_risk"]
    appeals = [cell.text for cell in table.rows[0].cells]
    assert appeals == ["Denials to appeal", "2", "$250.00", "$250.00", "$750.00"]
    assert [cell.text for cell in table.rows[1].cells][1:] == ["0", "$0.00", "$0.00", "$0.00"]
    file = client.get("/dashboard/?export=at_risk&format=csv").getvalue().decode("utf-8-sig")
    assert file.splitlines()[1] == "Denials to appeal,2,250.00,250.00,750.00"
    page = client.get(table.rows[0].cells[2].url)
    assert [row.cells[0].text for row in page.context["table"].rows] == [str(soon)]
    assert page.context["words"] == "Due: Appeal within 7 days"
    of_payer = client.get(f"/dashboard/?payer={payer.pk}").context["at_risk"].rows[0].cells[2].url
    assert of_payer == f"/claims/?due=appeal-7&payer={payer.pk}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("since", "words"),
    [(58, "2 days left"), (59, "1 day left"), (60, "which is today"), (61, "Too late to appeal since")],
)
def test_a_claim_says_how_much_time_is_left(client: Client, sign_in: Any, since: int, words: str) -> None:
    payer = make_payer("Acme", appeal_days=60)
    claim = denied(timezone.localdate() - timedelta(days=since), payer=payer)
    sign_in("director")
    assert words in client.get(f"/claims/{claim.pk}/").text
