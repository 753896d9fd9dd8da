"""What marks say, and what they leave as it is: a large import outdates as little as it may."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from analytics.facts.fact_triggers import note_days_of_new_claims
from analytics.facts.marks import noted_on
from analytics.facts.refreshing import look, refresh
from analytics.facts.sources import DECIDED, LINES, SUBMITTED, Source
from analytics.facts.tables import DAYS
from analytics.facts.totals import standings, totals
from analytics.facts.verification import differences
from analytics.models import AgingFact, ChangedClaim, DayFact, DirtyDay, NewClaim, PayerFact, PayerMonth
from analytics.past.keeping import keep_days, renew_balances
from analytics.periods import DAY, Period
from analytics.scopes import Scope
from claims.models import Claim, ClaimEvent, Shortfall
from rcm_site.testing.makers import make_claim, make_line, make_payment, make_user

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
    for kept in (PayerFact, PayerMonth):
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
def test_new_claims_are_looked_up_only_for_days_on_which_they_count() -> None:
    decided = make_claim(status="denied", submitted_on=LONG_AGO, decided_on=TODAY, service_from=LONG_AGO)
    waiting = make_claim(submitted_on=TODAY, service_from=LONG_AGO, service_to=LONG_AGO + 3 * DAY)

    def noted(sources: tuple[Source, ...], day: date) -> set[Any]:
        with connection.cursor() as cursor:
            cursor.execute(*noted_on([(each, [Period(day, day)]) for each in sources]))
            return {pk for (pk,) in cursor.fetchall()}

    assert noted(SUBMITTED, TODAY) == {waiting.pk}
    assert noted(SUBMITTED, LONG_AGO) == {decided.pk}
    assert noted(DECIDED, TODAY) == {decided.pk}
    assert noted(DECIDED, LONG_AGO) == noted(SUBMITTED, TODAY - DAY) == set()
    assert noted(LINES, LONG_AGO) == {decided.pk, waiting.pk}
    assert noted(LINES, LONG_AGO + DAY) == {waiting.pk}
    assert noted(LINES, LONG_AGO + 4 * DAY) == set()


def test_lines_count_on_whatever_day_they_have() -> None:
    """Before, within and after the days that the claim says, and on none."""
    claim = make_claim(submitted_on=TODAY, service_from=LONG_AGO, service_to=LONG_AGO + DAY)
    days = [LONG_AGO - DAY, LONG_AGO, LONG_AGO + DAY, LONG_AGO + 2 * DAY, None]
    for number, day in enumerate(days, start=1):
        make_line(claim, "4.00", number=number, service_date=day)
    for _ in range(2):
        for day in days:
            found = totals(ALL, Period(day or TODAY, day or TODAY), ["fee_lines", "net_fees"])[0].sums
            assert found == {"fee_lines": 1, "net_fees": 4}
        refresh_all()
    assert not list(differences())


def test_what_came_in_before_its_claim_counts_with_it() -> None:
    """One transaction may write them in any order."""
    claim = make_claim(status="paid", submitted_on=LONG_AGO, decided_on=TODAY, paid_on=TODAY, expected=9)
    refresh_all()
    row = Claim.objects.filter(pk=claim.pk).values(*_written(Claim)).get()
    with connection.constraint_checks_disabled():
        Claim.objects.filter(pk=claim.pk)._raw_delete("default")
        refresh_all()
        make_payment(claim=claim, paid=Decimal("3.00"))
        make_line(claim, "4.00")
        Shortfall.objects.create(claim=claim, line=1, procedure="D1", cause="law", expected=9, amount=2)
        Claim.objects.create(**row)
    for _ in range(2):
        sums = totals(ALL, YEAR, ["submitted", "cash", "payments", "net_fees", "kept_by_law"])[0].sums
        assert sums == {"submitted": 1, "cash": 3, "payments": 1, "net_fees": 4, "kept_by_law": 2}
        assert totals(ALL, Period(LONG_AGO, LONG_AGO), ["cash"])[0].sums == {"cash": 3}
        refresh_all()
    assert not list(differences())


def _written(model: type[Model]) -> list[str]:
    return [each.attname for each in model._meta.concrete_fields if not each.generated]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite marks its days")
def test_notes_from_before_they_told_days_mark_them() -> None:
    claim = make_claim(fees=["4.00"], service_from=LONG_AGO, submitted_on=TODAY, charge=Decimal(9))
    make_payment(claim=claim, paid=Decimal("3.00"), paid_on=TODAY - DAY)
    DirtyDay.objects.all().delete()
    with connection.schema_editor() as schema_editor:
        note_days_of_new_claims(schema_editor)
    for _ in range(2):
        sums = totals(ALL, YEAR, ["submitted", "charges", "net_fees", "cash"])[0].sums
        assert sums == {"submitted": 1, "charges": 9, "net_fees": 4, "cash": 3}
        refresh_all()
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
