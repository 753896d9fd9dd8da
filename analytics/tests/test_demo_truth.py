"""The demo's numbers equal those of an independent recomputation in plain SQL, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import demo
from analytics import catalogue
from analytics.aging import AGING, aging
from analytics.catalogue import Figure, Unit, figures
from analytics.demo import seeding
from analytics.facts.measures import STAFF_MEASURES
from analytics.facts.refreshing import refresh
from analytics.facts.tables import DAYS, STAFF
from analytics.facts.totals import claims_touched, staff_totals
from analytics.kpis import KPIS
from analytics.models import AgingFact, DirtyDay
from analytics.past.keeping import keep_days, renew_balances
from analytics.periods import DAY, Period
from analytics.scopes import Scope

from . import plain_sql

TODAY = date(2026, 11, 21)
CLAIMS, MONTHS = 1_500, 6
ALL = Scope(None, today=TODAY)
# The one ends today; the other, with the balances at its end, lies back.
PERIODS = (Period(TODAY - timedelta(days=89), TODAY), Period(date(2026, 10, 1), date(2026, 10, 31)))
# What the demo lacks: claims of no payer or department, and lines without a day.
GAPS = (
    "UPDATE claims_claim SET payer_id = NULL WHERE number % 29 = 0",
    "UPDATE claims_claim SET department_id = NULL WHERE number % 31 = 0",
    "UPDATE claims_claimline SET service_date = NULL WHERE id % 7 = 0",
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def live(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[dict[str, Figure]]]:
    """What the claims alone say, before there are any facts: everything else is read after they were made."""
    with django_db_blocker.unblock():
        within = transaction.atomic()
        within.__enter__()
        demo.seed()
        seeding.seed(claims=CLAIMS, months=MONTHS, seed=11, today=TODAY)
        with connection.cursor() as cursor:
            for statement in GAPS:
                cursor.execute(statement)
        plain_sql.prepare(TODAY - timedelta(days=700), TODAY)
        before = [figures(KPIS.values(), ALL, period) for period in PERIODS]
        for fact in (DAYS, STAFF):
            while refresh(fact):
                pass
        while renew_balances() or keep_days(TODAY - DAY):
            pass
    yield before
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        within.__exit__(None, None, None)


@pytest.fixture(scope="module")
def again(live: Any, django_db_blocker: Any) -> list[dict[plain_sql.Key, plain_sql.Sums]]:
    with django_db_blocker.unblock():
        return [plain_sql.sums(period.start, period.end) for period in PERIODS]


def test_every_kpi_is_recomputed() -> None:
    assert plain_sql.KPIS.keys() == KPIS.keys()


def test_every_sum_has_something_to_prove(again: Any) -> None:
    for found in again:
        whole = plain_sql.added_up(found)[None]
        assert [name for name, amount in whole.items() if not amount] == []


@pytest.mark.parametrize("number", range(len(PERIODS)))
def test_kpis_are_right(number: int, live: Any, again: Any) -> None:
    period = PERIODS[number]
    whole = plain_sql.added_up(again[number])[None]
    assert not DirtyDay.objects.exists()
    assert AgingFact.objects.filter(day=PERIODS[1].end).exists()
    for shown in (figures(KPIS.values(), ALL, period), live[number]):
        for key, figure in shown.items():
            assert_right(key, figure, whole, period)


@pytest.mark.parametrize("number", range(len(PERIODS)))
@pytest.mark.parametrize("dimension", plain_sql.DIMENSIONS)
def test_kpis_are_right_for_each(number: int, dimension: str, again: Any) -> None:
    period = PERIODS[number]
    known = plain_sql.added_up(again[number], dimension)
    assert len(known) > 2
    for key, rows in catalogue.split(KPIS.values(), ALL, period, dimension).items():
        for row in rows:
            assert_right(key, row.figure, known[row.key], period)
        formula, n_of = plain_sql.KPIS[key]
        left_out = known.keys() - {row.key for row in rows}
        for each in left_out:
            numerator, denominator = formula(plain_sql.amounts(known[each], period.days))
            assert (numerator, denominator or 0, known[each][n_of]) == (0, 0, 0), key


def assert_right(key: str, figure: Figure, found: plain_sql.Sums, period: Period) -> None:
    formula, n_of = plain_sql.KPIS[key]
    numerator, denominator = formula(plain_sql.amounts(found, period.days))
    assert (figure.n, Fraction(figure.numerator)) == (found[n_of], numerator), key
    assert (figure.denominator is None) == (denominator is None), key
    if denominator is None:
        assert figure.value == figure.numerator
    elif denominator <= 0:
        assert figure.value is None, key
    else:
        scale = 100 if KPIS[key].unit == Unit.PERCENT else 1
        assert figure.value is not None
        assert abs(Fraction(figure.value) - numerator / denominator * scale) < Fraction(1, 10**9), key


@pytest.mark.parametrize("number", range(len(PERIODS)))
@pytest.mark.parametrize("dimension", [None, "payer", "department"])
def test_aging_is_right(number: int, dimension: str | None, again: Any) -> None:
    known = plain_sql.added_up(again[number], dimension)
    shown = aging(ALL, PERIODS[number].end, dimension)
    for each, found in known.items():
        buckets = shown.pop(each, [dict.fromkeys(AGING, 0) for _ in plain_sql.BUCKETS])
        for bucket, (first, _) in zip(buckets, plain_sql.BUCKETS, strict=True):
            assert bucket["owed_claims"] == found[f"owed_claims_{first}"]
            assert bucket["owed"] == _dollars(found[f"owed_{first}"])
            assert bucket["owed_net"] == _dollars(found[f"owed_net_{first}"])
        assert sum(bucket["credits"] for bucket in buckets) == _dollars(found["credits"])
        assert sum(bucket["credit_claims"] for bucket in buckets) == found["credit_claims"]
    assert shown == {}


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(("dimension", "column"), [("staff", "actor_id"), ("department", "department_id")])
def test_what_people_did_is_right(period: Period, dimension: str, column: str, live: Any) -> None:
    span = period.start, period.end
    of_claim = {"actor_id": "h.actor_id", "department_id": "c.department_id"}[column]
    expected: dict[Any, dict[str, Any]] = {}
    for statement, names, key in (
        (plain_sql.WORK, ("actions", "errors"), column),
        (plain_sql.CLAIMS_A_DAY, ("claims",), column),
        (plain_sql.DAYS_WORKED, ("days_worked",), column),
        (plain_sql.RESOLVED, ("resolved", "resolved_amount"), of_claim),
    ):
        for who, *counted in plain_sql.rows(statement, *span, key):
            of = expected.setdefault(who, dict.fromkeys(STAFF_MEASURES, 0))
            of |= dict(zip(names, map(int, counted), strict=True))
    for of in expected.values():
        of["resolved_amount"] = _dollars(of["resolved_amount"])
    assert {
        row.key[0]: row.sums for row in staff_totals(ALL, period, (dimension,)) if any(row.sums.values())
    } == expected
    assert len(expected) > 10
    assert any(each["errors"] for each in expected.values())


@pytest.mark.parametrize("period", PERIODS)
def test_claims_that_people_touched_are_counted_once(period: Period, live: Any) -> None:
    expected = dict(plain_sql.rows(plain_sql.CLAIMS_TOUCHED, period.start, period.end))
    touched = {who: claims_touched(ALL.narrowed(staff=who), period) for who in expected}
    assert touched == expected


def _dollars(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
