"""Which facts are outdated: days that were marked, and claims that came in since (`fact_triggers`).

A change to a claim marks the days that it touches, in its own transaction. One statement, and so one moment,
reads facts of all days but those believed dirty, these from the claims, and which days are marked by then.
Should a day be marked that was read from the facts, it is asked again with that day among the dirty ones;
what is read from the claims is right for any day, so the days only ever grow and it ends soon.
Claims that came in since (`NewClaim`) are added to the clean days; whether there are any is learned alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q

from ..models import DirtyDay, NewClaim
from ..periods import Period
from .parts import Sql
from .sources import Source
from .spans import lies_in, ranges, with_days

NEW_CLAIMS = "analytics_newclaim"
SOME_NEW = f"(SELECT count(*) FROM (SELECT id FROM {NEW_CLAIMS} LIMIT 1) AS claims) AS some_new"  # noqa: S608


class _Seen:
    """Whether the last statement of this process met new claims. The next one then counts them at once."""

    some_new = False


seen = _Seen()


@dataclass(frozen=True)
class Marked:
    """Days that are marked at the moment of a statement."""

    days: Sequence[date]
    of_lines: Sequence[date]


@dataclass(frozen=True)
class Dirty:
    """Days believed outdated, and those of which this is so only for what lines bring."""

    days: list[Period] = field(default_factory=list)
    of_lines: list[Period] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.days or self.of_lines)

    @property
    def for_lines(self) -> list[Period]:
        return ranges([*self.days, *self.of_lines])

    def holds(self, marked: Marked) -> bool:
        return all(lies_in(day, self.days) for day in marked.days) and all(
            lies_in(day, self.of_lines) for day in marked.of_lines
        )

    def and_also(self, marked: Marked) -> Dirty:
        return Dirty(with_days(self.days, marked.days), with_days(self.of_lines, marked.of_lines))


_TOGETHER = {"postgresql": "string_agg(DISTINCT day::text, ',')", "sqlite": "group_concat(DISTINCT day)"}


def marks_on(facts: Sequence[str], period: Period) -> Sql:
    """The days of a period that are marked, in one row."""
    together = _TOGETHER[connection.vendor]
    marks = f"SELECT {together} AS days FROM {DirtyDay._meta.db_table}"  # noqa: S608 - names of our own
    among = ", ".join("%s" for _ in facts)
    where = f"WHERE fact IN ({among}) AND day BETWEEN %s AND %s"
    return f"{marks} {where}", (*facts, str(period.start), str(period.end))


def listed_days(told: str | None) -> list[date]:
    return [date.fromisoformat(day) for day in told.split(",")] if told else []


def noted_on(counted: Iterable[tuple[Source, Sequence[Period]]]) -> Sql:
    """The ids of new claims that may count on these days by any of these sources.

    Notes say when a claim counted as it came in; what happened to it since has marked its days.
    """
    which = (source.noted(each) for source, periods in counted if source.noted for each in periods)
    rows = NewClaim.objects.filter(reduce(or_, which)).order_by().values("claim_id")
    sql, values = rows.query.sql_with_params()
    return sql, tuple(values)


def is_counted(source: Source) -> Q:
    """Whether the claim is in the facts of its days, or is to be when they are added up."""
    path = source.claim.removesuffix("__") or "pk"
    return ~Q(**{f"{path}__in": NewClaim.objects.values("claim_id")})
