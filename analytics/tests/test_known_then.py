"""What was known of past days, beside what is known of them now: on the page of a KPI and through the API."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics import snapshots
from analytics.catalogue import figures
from analytics.known_then import days_to_show, is_kept, known_now, known_then
from analytics.kpis import KPIS
from analytics.models import Snapshot
from analytics.periods import Period
from analytics.scopes import Scope
from claims.models import Claim
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_provider

from .histories import LAST, World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
JUNE = "start=2026-06-01&end=2026-06-30"


def june(day: int) -> date:
    return date(2026, 6, day)


def decided(status: str, day: date, **fields: Any) -> Claim:
    decision = {"status": status, "decided_on": day, "first_decision": status, "first_decided_on": day}
    more = {"paid_on": day} if status == "paid" else {"denial_category": "coding"}
    given: dict[str, Any] = {"submitted_on": june(1), "fees": ["100.00"]} | decision | more | fields
    return make_claim(**given)


def take(*days: date) -> None:
    for day in days:
        night = datetime.combine(day + DAY, datetime.min.time()) + timedelta(hours=1)
        snapshots.take(day, timezone.make_aware(night))


def shown(page: Any) -> list[list[str]]:
    return [[" ".join(cell.text.split()) for cell in row.cells] for row in page.context["known_table"].rows]


# On the page -------------------------------------------------------------------------------------------


def test_a_correction_shows_beside_what_was_known(client: Client, sign_in: Any) -> None:
    claim = decided("denied", june(10))
    decided("paid", june(12))
    take(june(14), june(21))
    Claim.objects.filter(pk=claim.pk).update(status="paid", denial_category="", paid_on=june(25))
    sign_in("director")
    page = client.get(f"/numbers/denial_rate/?{JUNE}")
    assert shown(page) == [
        ["21 Jun 2026", "22 Jun 2026", "50.0%", "0.0%", "−50.0 points"],
        ["14 Jun 2026", "15 Jun 2026", "50.0%", "0.0%", "−50.0 points"],
    ]
    assert page.context["known_table"].rows[0].cells[4].tone == "good"
    assert "over the 30 days that ended on each day" in page.text
    balances = client.get(f"/numbers/open_ar/?{JUNE}")
    assert "at the end of each day" in balances.text


def test_a_day_made_up_for_says_so_and_the_table_is_had_as_a_file(client: Client, sign_in: Any) -> None:
    decided("denied", june(10))
    snapshots.take(june(14), timezone.make_aware(datetime(2026, 6, 20)))  # noqa: DTZ001 - made aware
    sign_in("director")
    page = client.get(f"/numbers/denied_charges/?{JUNE}")
    assert shown(page) == [["14 Jun 2026", "20 Jun 2026, late", "$100.00", "$100.00", "$0.00"]]
    file = client.get(f"{page.context['known_table'].export_url}&format=csv")
    lines = b"".join(file.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[1:] == ['2026-06-14,"20 Jun 2026, late",100.00,100.00,0.00']


def test_who_sees_some_departments_gets_their_sums(client: Client, sign_in: Any) -> None:
    heart, bones = make_department(), make_department()
    decided("denied", june(10), department=heart)
    for _ in range(3):
        decided("paid", june(10), department=bones)
    decided("denied", june(10))
    take(june(14))
    sign_in("manager", departments=[heart, bones])
    assert shown(client.get(f"/numbers/denial_rate/?{JUNE}"))[0][2:4] == ["25.0%", "25.0%"]
    assert shown(client.get(f"/numbers/denial_rate/?{JUNE}&department={heart.pk}"))[0][2] == "100.0%"
    payer = client.get(f"/numbers/denial_rate/?{JUNE}&payer=none")
    assert payer.status_code == 200
    assert "known_table" not in payer.context


def test_it_is_shown_of_what_is_kept_alone(client: Client, sign_in: Any) -> None:
    payer, provider = make_payer(), make_provider()
    decided("denied", june(10), payer=payer, provider=provider)
    sign_in("director")
    assert "known_table" not in client.get(f"/numbers/denial_rate/?{JUNE}").context  # nothing is kept yet
    take(june(14))
    for asked in (f"payer={payer.pk}", f"provider={provider.npi}", "department=none"):
        assert shown(client.get(f"/numbers/denial_rate/?{JUNE}&{asked}"))[0][2] == "100.0%"
    for asked in (f"payer={payer.pk}&department=none", "kind=dental", "reason=CO-16"):
        assert "known_table" not in client.get(f"/numbers/denial_rate/?{JUNE}&{asked}").context


def test_it_takes_few_statements_however_many_departments_there_are(
    django_assert_max_num_queries: Any,
) -> None:
    heart = [make_department() for _ in range(5)]
    for each in heart:
        decided("denied", june(10), department=each)
    take(june(7), june(14), june(21))
    scope = Scope(tuple(each.pk for each in heart))
    for key in ("denial_rate", "open_ar"):
        kpi = KPIS[key]
        with django_assert_max_num_queries(5):  # of balances that are not kept yet it asks twice
            then = known_then(kpi, scope, days_to_show(kpi, Period(june(1), june(30))))
            known_now(kpi, scope, [each.window for each in then])


def test_of_weeks_or_months_the_last_day_that_was_written_down_is_shown() -> None:
    decided("denied", june(10))
    take(june(1), june(13), june(14), june(16), june(18))  # June begins on a Monday
    kpi = KPIS["denial_rate"]
    assert days_to_show(kpi, Period(june(10), june(30))) == [june(1), june(14), june(18)]
    assert days_to_show(kpi, Period(june(1), june(17))) == [june(1), june(14), june(16)]
    assert days_to_show(kpi, Period(date(2025, 7, 1), june(30))) == [june(18)]


def test_what_is_known_now_is_what_the_catalogue_says_of_these_days() -> None:
    World(23).live(40, lambda: None)
    windows = [snapshots.window(LAST - n * DAY) for n in (40, 12, 1)]
    for scope in (Scope(None, today=LAST), Scope(tuple(d for (d,) in departments()), today=LAST)):
        assert is_kept(scope)
        for kpi in KPIS.values():
            assert known_now(kpi, scope, windows) == [
                figures([kpi], scope, each)[kpi.key] for each in windows
            ], kpi.key


def departments() -> Any:
    return Claim.objects.exclude(department=None).values_list("department").distinct()[:1]


# Through the API -----------------------------------------------------------------------------------------


def test_the_api_tells_what_was_known(client: Client, sign_in: Any) -> None:
    heart, payer = make_department(), make_payer()
    decided("denied", june(10), department=heart)
    decided("paid", june(10), payer=payer)
    take(june(14), june(15))
    Claim.objects.update(status="void")
    sign_in("director")
    told = client.get(f"/api/kpis/denial_rate/snapshots?{JUNE}").json()
    first, second = told["snapshots"]
    assert (first["day"], second["day"], told["key"]) == ("2026-06-14", "2026-06-15", "denial_rate")
    assert {name: first[name] for name in ("value", "n", "numerator", "denominator", "days", "is_late")} == {
        "value": "50.0000",
        "n": 2,
        "numerator": "1",
        "denominator": "2",
        "days": 30,
        "is_late": False,
    }
    of_payer = client.get(f"/api/kpis/denial_rate/snapshots?{JUNE}&payer={payer.pk}").json()
    assert [each["value"] for each in of_payer["snapshots"]] == ["0.0000", "0.0000"]
    sign_in("manager", departments=[heart])
    mine = client.get(f"/api/kpis/denial_rate/snapshots?{JUNE}").json()
    assert [each["value"] for each in mine["snapshots"]] == ["100.0000", "100.0000"]


@pytest.mark.parametrize(
    ("role", "asked", "field"),
    [
        ("manager", "payer=none", "payer"),
        ("director", "payer=none&provider=none", "provider"),
        ("director", "kind=dental", "kind"),
        ("director", "start=2024-01-01&end=2026-06-30", "start"),
    ],
)
def test_the_api_refuses_what_is_not_kept(
    client: Client, sign_in: Any, role: str, asked: str, field: str
) -> None:
    sign_in(role, departments=[make_department()])
    answer = client.get(f"/api/kpis/denial_rate/snapshots?{asked if 'start' in asked else f'{JUNE}&{asked}'}")
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    assert client.get("/api/kpis/luck/snapshots").status_code == 404


def test_sums_of_departments_are_those_of_their_figures() -> None:
    World(3).live(40, lambda: None)
    take(LAST - DAY)
    for key, kpi in KPIS.items():
        rows = Snapshot.objects.filter(kpi=key, of="department")
        whole = Snapshot.objects.get(kpi=key, of="all")
        under = [row.denominator for row in rows if row.denominator is not None]
        added = kpi.divided(
            sum((row.numerator for row in rows), Decimal(0)),
            sum(under, Decimal(0)) if whole.denominator is not None else None,
            sum(row.n for row in rows),
        )
        told = kpi.divided(whole.numerator, whole.denominator, whole.n)
        assert (added.n, kpi.words(added.value)) == (told.n, kpi.words(told.value)), key
