"""Sums of measures over any period, exact at every moment, and how fresh the facts behind them are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Count

from .caching import is_told, remembered
from .measures import MEASURES, STAFF_MEASURES
from .models import DirtyDay
from .periods import Period
from .reading import TIMES, Reading, Row, counted_rows
from .scopes import Scope
from .sources import ACTIONS

CATCHING_UP = 60  # dirty days from which on reading takes noticeably longer


def totals(
    scope: Scope, period: Period, measures: Iterable[str] | None = None, by: Sequence[str] = ()
) -> list[Row]:
    """The sums of measures over a period, split by `KEYS`, `TIMES` or `age` (see `reading`).

    Measures of how things stand are as of the period's last day; `age` says in which of the `AGES` a claim
    is on that day. Without a split there is always one row; with one, a row for each key that has anything.
    """
    reading = _reading(scope, period, measures, by)
    if not is_told(scope, by):
        return reading.rows()
    names = tuple(each.key for each in reading.measures)
    return remembered(("totals", scope, period, names, reading.by), reading.rows)


def claim_totals(
    scope: Scope, period: Period, measures: Iterable[str] | None = None, by: Sequence[str] = ()
) -> list[Row]:
    """The same from the claims alone, to prove the facts by."""
    return _reading(scope, period, measures, by, from_facts=False).rows()


def staff_totals(scope: Scope, period: Period, by: Sequence[str] = ("staff",)) -> list[Row]:
    """What people did to the claims of the scope, split by `staff`, `department` or `TIMES`."""
    reading = Reading(scope, period, list(STAFF_MEASURES.values()), tuple(by))
    if not is_told(scope, by):
        return reading.rows()
    return remembered(("staff", scope, period, reading.by), reading.rows)


def staff_claim_totals(scope: Scope, period: Period, by: Sequence[str] = ("staff",)) -> list[Row]:
    """The same from the claims alone."""
    return Reading(scope, period, list(STAFF_MEASURES.values()), tuple(by), from_facts=False).rows()


def claims_touched(scope: Scope, period: Period) -> dict[int, int]:
    """By person, how many different claims they worked in the period; days do not add up to that."""
    rows = counted_rows(ACTIONS[0], scope, [period])
    return dict(rows.values_list("actor_id").annotate(claims=Count("claim", distinct=True)))


def _reading(
    scope: Scope,
    period: Period,
    measures: Iterable[str] | None,
    by: Sequence[str],
    *,
    from_facts: bool = True,
) -> Reading:
    chosen = [MEASURES[key] for key in (MEASURES if measures is None else dict.fromkeys(measures))]
    if any(each.as_of for each in chosen) and {*TIMES} & {*by}:
        raise ValueError("How things stand is as of one day: ask for each day of its own.")
    return Reading(scope, period, chosen, tuple(by), from_facts=from_facts)


def is_catching_up() -> bool:
    """Whether so many days are outdated that numbers, right as they are, take longer."""
    days = DirtyDay.objects.filter(fact=DirtyDay.Fact.DAY).values("day").distinct()
    return days[: CATCHING_UP + 1].count() > CATCHING_UP
