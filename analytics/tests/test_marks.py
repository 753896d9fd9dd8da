"""What marks say, and what they leave as it is: a large import outdates as little as it may."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from analytics.facts.reading import DAYS
from analytics.facts.refreshing import look, refresh
from analytics.facts.totals import standings, totals
from analytics.models import AgingFact, ChangedClaim, DayFact, DirtyDay, MonthFact
from analytics.past.keeping import keep_days, renew_balances
from analytics.periods import DAY, Period
from analytics.scopes import Scope
from claims.models import Claim
from rcm_site.testing.makers import make_claim

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
    refresh_all()
    for kept in (DayFact, MonthFact):
        kept.objects.update(submitted=7)  # as no claim tells it: so it was read from there
    make_claim(fees=["4.00"], service_from=LONG_AGO, submitted_on=TODAY)
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
