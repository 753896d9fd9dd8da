"""Facts say what the claims say, at every moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.codes import CODES, code_totals
from analytics.facts.measures import MEASURES
from analytics.facts.reading import Row
from analytics.facts.refreshing import refresh
from analytics.facts.spans import mostly_by_months
from analytics.facts.tables import DAYS, STAFF
from analytics.facts.totals import (
    claim_totals,
    claims_touched,
    staff_claim_totals,
    staff_totals,
    totals,
    touched_by_facts,
)
from analytics.models import DirtyDay
from analytics.periods import Period
from analytics.scopes import NONE, Scope
from claims.models import ClaimEvent

from .histories import LAST, World

pytestmark = pytest.mark.django_db

ALL = Scope(None, today=LAST)
HALF_A_YEAR = Period(date(2026, 1, 1), LAST)
RAGGED = Period(date(2026, 3, 2), LAST)  # whole months and days beside them
FROM_WITHIN = Period(date(2026, 2, 20), date(2026, 6, 20))  # and most of a month


def refresh_all() -> None:
    for fact in (DAYS, STAFF):
        while refresh(fact):
            pass


def in_order(rows: Sequence[Row]) -> list[str]:
    """Rows that hold something: a fact of nothing is no fact."""
    return sorted(str(row) for row in rows if any(row.sums.values()))


def assert_facts_are_right(scope: Scope, period: Period, by: tuple[str, ...]) -> None:
    assert in_order(totals(scope, period, by=by)) == in_order(claim_totals(scope, period, by=by))


FLOWS = [key for key, each in MEASURES.items() if not each.as_of]


def assert_all_right(world: World) -> None:
    department = tuple(each.pk for each in world.departments[:1] if each)
    by: tuple[str, ...]
    for scope, by in (
        (ALL, ()),
        (ALL, ("payer", "department")),
        (Scope(department, today=LAST), ("payer", "age")),
        (ALL.narrowed(payer=NONE), ("department",)),
    ):
        assert_facts_are_right(scope, HALF_A_YEAR, by)
    for n, (scope, measures, by) in enumerate(
        (
            (ALL, FLOWS, ("month", "payer")),
            (Scope(department, today=LAST), FLOWS, ("week",)),
            (ALL, FLOWS, ("provider", "month")),
            (ALL.narrowed(provider=world.providers[0].pk), None, ("payer",)),
            (ALL.narrowed(provider=world.providers[0].pk), None, ()),
            (ALL, None, ("provider",)),
            (Scope(department, today=LAST), None, ("provider",)),
            (ALL.narrowed(kind="dental"), None, ("provider",)),
            (ALL.narrowed(category="coding"), None, ("payer", "kind")),
            (ALL, None, ("category", "age")),
        )
    ):
        period = (RAGGED, HALF_A_YEAR)[n % 2]
        kept = totals(scope, period, measures, by)
        assert in_order(kept) == in_order(claim_totals(scope, period, measures, by))
    of_one = ALL.narrowed(provider=world.providers[0].pk)
    for code in CODES.values():
        for table in code.kept_in:
            narrow = of_one if "provider" in table.keys else ALL.narrowed(kind="dental")
            one = Scope(department, today=LAST)
            for scope, by in ((ALL, table.keys), (ALL, table.few_keys), (narrow, ()), (one, ())):
                kept = code_totals(scope, FROM_WITHIN, code.name, by)
                lived = code_totals(scope, FROM_WITHIN, code.name, by, from_facts=False)
                assert sorted(map(str, kept)) == sorted(map(str, lived))
    for by in (("staff",), ("department", "day")):
        kept = staff_totals(ALL, HALF_A_YEAR, by)
        assert in_order(kept) == in_order(staff_claim_totals(ALL, HALF_A_YEAR, by))
    for scope in (ALL, Scope(department, today=LAST)):
        for each in world.people:
            of_one = scope.narrowed(staff=each.pk)
            for period in (RAGGED, FROM_WITHIN, HALF_A_YEAR):
                different = len(worked(of_one, period))
                assert (claims_touched(of_one, period), touched_by_facts(of_one, period)) == (different,) * 2


def worked(of_one: Scope, period: Period) -> set[Any]:
    """Claims, told from each event."""
    events = ClaimEvent.objects.filter(of_one.about_facts("claim__"), actor=of_one.staff)
    events = events.exclude(action="received").exclude(claim__status="void")
    return {each.claim_id for each in events if timezone.localdate(each.at) in period}


def test_most_of_a_month_is_the_month_less_its_other_days() -> None:
    def days(month: int, first: int, last: int) -> Period:
        return Period(date(2026, month, first), date(2026, month, last))

    asked = [Period(date(2026, 3, 8), date(2026, 4, 14)), Period(date(2026, 4, 16), date(2026, 5, 10))]
    alone, months, taken_back = mostly_by_months(asked)
    assert alone == [days(5, 1, 10)]
    assert months == [days(3, 1, 31), days(4, 1, 30)]
    assert taken_back == [days(3, 1, 7), days(4, 15, 15)]


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**6), often=st.sampled_from([1, 3, 7]))
def test_facts_equal_claims_after_any_history(seed: int, often: int) -> None:
    with transaction.atomic():
        world = World(seed)
        world.live(20, sometimes_refreshing(world, often))
        assert_all_right(world)
        refresh_all()
        assert not DirtyDay.objects.exists()
        assert_all_right(world)
        transaction.set_rollback(True)


def sometimes_refreshing(world: World, often: int) -> Callable[[], None]:
    def between() -> None:
        if world.chance.randrange(often) == 0:
            refresh(world.chance.choice([DAYS, STAFF]), most=world.chance.choice([1, 3, 31]))
            assert_facts_are_right(ALL, HALF_A_YEAR, ("payer",))

    return between
