"""Asks for sums that facts keep by day: of clean days from the facts, of the others from the claims."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from django.db import connection

from rcm_site import prepared

from ..periods import Period
from .marks import SOME_NEW, listed_days, marks_on, seen
from .parts import Sql, together
from .spans import lies_in, overlaps, with_days, without

NEVER: Sql = ("0", ())


class Asked(Hashable, Protocol):
    """A question that both facts and claims can answer."""

    @property
    def marks(self) -> Sequence[str]:
        """The kinds of marks (`DirtyDay.Fact`) that outdate its facts."""

    @property
    def is_unfit(self) -> Sql:
        """Whether its facts, though not outdated, are of no use."""

    def kept(self, periods: Sequence[Period]) -> Sequence[Sql]:
        """What facts say of these days."""

    def live(self, periods: Sequence[Period]) -> Sequence[Sql]:
        """What the claims say of them now."""

    def new(self, periods: Sequence[Period]) -> Sequence[Sql]:
        """What claims that came in since bring to them, unmarked."""

    def summed(self, union: str) -> str:
        """What a union of such parts comes to."""


def read_days(asked: Asked, period: Period, *, from_facts: bool) -> list[tuple[Any, ...]]:
    """The sums over a period; asked again until no day that facts told was marked by then (see `marks`)."""
    dirty = [] if from_facts else [period]
    with_new = seen.some_new
    while True:
        clean = tuple(without(period, dirty))
        live = asked.live(overlaps(period, dirty))
        parts = [*_of_clean(asked, clean, with_new), *live]
        if not parts:
            return []
        (marked, some_new, is_unfit), sums = _ask(asked, period, parts, is_steady=not live)
        seen.some_new = bool(some_new)
        outdated = [day for day in listed_days(marked) if not lies_in(day, dirty)]
        if not clean or not (is_unfit or outdated or (some_new and not with_new)):
            return sums
        dirty = [period] if is_unfit else with_days(dirty, outdated)
        with_new = with_new or seen.some_new


@lru_cache(maxsize=200)
def _of_clean(asked: Asked, periods: tuple[Period, ...], with_new: bool) -> tuple[Sql, ...]:
    """What is said of clean days, written once: it takes as long as to read it."""
    if not periods:
        return ()
    return (*asked.kept(periods), *(asked.new(periods) if with_new else ()))


def _ask(
    asked: Asked, period: Period, parts: Sequence[Sql], *, is_steady: bool
) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
    """What is marked, and at the very same moment what the parts come to."""
    marked, marked_values = marks_on(asked.marks, period)
    is_unfit, unfit_values = asked.is_unfit
    union, values = together(parts)
    statement = (
        f"SELECT marks.days, {SOME_NEW}, {is_unfit} AS is_unfit, sums.* FROM ({marked}) AS marks "  # noqa: S608
        f"LEFT JOIN (SELECT 1 AS is_there, sums.* FROM ({asked.summed(union)}) AS sums) AS sums ON 1 = 1"
    )
    # How best to read claims differs with how many there are; what is kept is read the same way each time.
    with prepared.cursor() if is_steady else connection.cursor() as cursor:
        cursor.execute(statement, (*unfit_values, *marked_values, *values))
        answer = cursor.fetchall()
    return answer[0][:3], [row[4:] for row in answer if row[3]]
