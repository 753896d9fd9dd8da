"""Sums of measures over any period, exact at every moment, and how fresh the facts behind them are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from .measures import MEASURES
from .models import DirtyDay
from .periods import Period
from .reading import TIMES, Reading, Row
from .scopes import Scope

# Marks only grow in number from one refresh to the next; on SQLite a day is marked once, but changes are counted.
_VERSION = """
SELECT (SELECT sum(refreshes) FROM analytics_factstate), (SELECT sum(changes) FROM analytics_factstate),
    (SELECT count(*) FROM analytics_dirtyday)
"""

CATCHING_UP = 60  # dirty days from which on reading takes noticeably longer


def totals(
    scope: Scope, period: Period, measures: Iterable[str] | None = None, by: Sequence[str] = ()
) -> list[Row]:
    """The sums of measures over a period, split by `KEYS`, `TIMES` or `age` (see `reading`).

    Measures of how things stand are as of the period's last day; `age` says in which of the `AGES` a claim
    is on that day. Without a split there is always one row; with one, a row for each key that has anything.
    """
    return _reading(scope, period, measures, by).rows()


def claim_totals(
    scope: Scope, period: Period, measures: Iterable[str] | None = None, by: Sequence[str] = ()
) -> list[Row]:
    """The same from the claims alone, to prove the facts by."""
    return _reading(scope, period, measures, by, from_facts=False).rows()


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


def version() -> str:
    """Another one after every change to a claim and every refresh that was committed."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        return "-".join(str(value or 0) for value in cursor.fetchone())


def is_catching_up() -> bool:
    """Whether so many days are outdated that numbers, right as they are, take longer."""
    days = DirtyDay.objects.filter(fact=DirtyDay.Fact.DAY).values("day").distinct()
    return days[: CATCHING_UP + 1].count() > CATCHING_UP
