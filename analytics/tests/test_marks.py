"""What marks say, and what they leave as it is: a large import outdates as little as it may."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from analytics.facts.refreshing import look, refresh
from analytics.facts.tables import DAYS
from analytics.facts.totals import standings, totals
from analytics.facts.verification import differences
from analytics.models import AgingFact, ChangedClaim, DayFact, DirtyDay, MonthFact, NewClaim
from analytics.past.keeping import keep_days, renew_balances
from analytics.periods import DAY, Period
from analytics.scopes import Scope
from claims.models import Claim, ClaimEvent
from rcm_site.testing.makers import make_claim, make_line, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 30)
LONG_AGO = date(2026, 2, 3)
ALL = Scope(None, today=TODAY)
YEAR = Period(date(2026, 1, 1), TODAY)


def refresh_all() -> None:
    while refresh(DAYS):
        pass


def test_a_line_of_a_day_long_past_leaves_all_else_of_that_day_as_it_is_kept() -> None:
    make_claim(charge=Decimal("10.00"), submitted_on=LONG_AGO)
    claim = make_claim(submitted_on=TODAY)
    refresh_all()
    for kept in (DayFact, MonthFact):
        kept.objects.filter(charges__gt=0).update(submitted=7)  # told by no claim: so it was read from there
    make_line(claim, "4.00", service_date=LONG_AGO)
    marks = DirtyDay.objects.filter(day=LONG_AGO).exclude(fact="staff")
    assert set(marks.values_list("fact", flat=True)) == {"line"}
    sums = totals(ALL, YEAR, ["submitted", "net_fees", "fee_lines"])[0].sums
    assert sums == {"submitted": 8, "net_fees": Decimal("4.00"), "fee_lines": 1}
    refresh_all()
    sums = totals(ALL, YEAR, ["submitted", "net_fees", "fee_lines"])[0].sums
    assert sums == {"submitted": 2, "net_fees": Decimal("4.00"), "fee_lines": 1}


def test_claims_that_come_in_later_leave_the_past_as_it_is_kept() -> None:
    early = make_claim(charge=Decimal("10.00"), submitted_on=LONG_AGO)
    while renew_balances() or keep_days(TODAY - DAY):
        pass
    then = LONG_AGO + 3 * DAY
    AgingFact.objects.filter(day=then).update(owed=Decimal("11.00"))  # told by no claim
    late = make_claim(charge=Decimal("50.00"), submitted_on=TODAY)
    assert set(ChangedClaim.objects.values_list("claim", "since")) == {(late.pk, TODAY)}

    def owed(day: date) -> Decimal | int:
        told = standings(ALL, [day], ["owed"])[day][0].sums["owed"]
        assert told == totals(ALL, Period(day, day), ["owed"])[0].sums["owed"]
        return told

    assert owed(then) == 11
    Claim.objects.filter(pk=late.pk).update(submitted_on=LONG_AGO)  # it was owed then, after all
    assert owed(then) == 61
    Claim.objects.filter(pk=early.pk).update(charge=Decimal("15.00"))
    assert owed(then) == 66  # what is kept of it goes, what it says comes
    assert owed(LONG_AGO - DAY) == 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite marks no day twice")
def test_a_day_that_is_marked_all_the_time_waits_until_it_rests() -> None:
    claim = make_claim(charge=Decimal("10.00"), submitted_on=LONG_AGO)
    refresh_all()
    Claim.objects.filter(pk=claim.pk).update(charge=11)
    look()
    for charge in (20, 30):
        Claim.objects.filter(pk=claim.pk).update(charge=charge)
        until = look()
        Claim.objects.filter(pk=claim.pk).update(charge=charge + 1)
        assert not refresh(DAYS, until=until)
        assert totals(ALL, YEAR, ["charges"])[0].sums["charges"] == charge + 1
    look()
    until = look()
    assert DirtyDay.objects.filter(fact="day", day=LONG_AGO).count() == 1  # the last one says it all
    assert refresh(DAYS, until=until)
    assert not DirtyDay.objects.filter(fact="day").exists()
    assert DayFact.objects.get(day=LONG_AGO, submitted=1).charges == 31


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite marks its days")
def test_claims_that_come_in_mark_no_day_and_count_from_the_beginning() -> None:
    def told() -> dict[str, Any]:
        return totals(ALL, YEAR, ["submitted", "charges", "owed", "net_fees"])[0].sums

    for n in (1, 2, 3):
        claim = make_claim(
            charge=Decimal("10.00"), fees=["4.00"], service_from=LONG_AGO, submitted_on=TODAY - DAY
        )
        ClaimEvent.objects.create(claim=claim, actor=make_user(), action="received", to_status="submitted")
        assert not DirtyDay.objects.exists()
        assert set(NewClaim.objects.values_list("claim", flat=True)) == {claim.pk}
        expected = {
            "submitted": n,
            "charges": Decimal("10.00") * n,
            "owed": Decimal("10.00") * n,
            "net_fees": Decimal("4.00") * n,
        }
        assert told() == expected
        assert refresh(DAYS) == 1
        assert told() == expected
        assert not NewClaim.objects.exists()
    assert DayFact.objects.get(day=TODAY - DAY, submitted__gt=0).submitted == 3  # its rows became one again
    assert not list(differences())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite marks its days")
def test_what_happens_to_a_claim_before_it_is_counted_counts_once() -> None:
    claim = make_claim(charge=Decimal("10.00"), fees=["4.00"], service_from=LONG_AGO, submitted_on=TODAY)
    Claim.objects.filter(pk=claim.pk).update(charge=12)
    marked = DirtyDay.objects.filter(fact="day", day=TODAY)
    assert marked.exists()
    assert not list(differences())
    refresh_all()
    assert not marked.exists()
    assert totals(ALL, YEAR, ["submitted", "charges"])[0].sums == {"submitted": 1, "charges": Decimal(12)}
    assert not list(differences())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite marks its days")
def test_who_has_met_new_claims_asks_once_while_there_are_some(django_assert_num_queries: Any) -> None:
    def submitted() -> Any:
        return totals(ALL, YEAR, ["submitted"])[0].sums["submitted"]

    make_claim(submitted_on=TODAY)
    assert submitted() == 1
    make_claim(submitted_on=LONG_AGO)
    with django_assert_num_queries(1):
        assert submitted() == 2
    refresh_all()
    for _ in range(2):
        with django_assert_num_queries(1):
            assert submitted() == 2
    make_claim(submitted_on=LONG_AGO)
    assert submitted() == 3
