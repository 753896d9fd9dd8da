"""Sums of measures over any period, exact at every moment, and how fresh the facts behind them are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import connection
from django.db.models import Count

from claims.models import Claim

from ..models import DirtyDay
from ..past.days import standings_on
from ..periods import Period
from ..scopes import Scope
from .caching import is_told, remembered
from .measures import MEASURES, STAFF_MEASURES
from .parts import as_day
from .reading import TIMES, Reading, Row
from .sources import ACTIONS

CATCHING_UP = 60  # dirty days from which on reading takes noticeably longer
MOST_OF_STAFF = 14  # dirty days of what people did that are read as it is
CHANGED_CLAIMS = 20_000  # and marked claims


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


def standings(
    scope: Scope, days: Sequence[date], measures: Sequence[str], by: Sequence[str] = ()
) -> dict[date, list[Row]]:
    """What `totals` says of how things stand at the end of each of these days, in one statement."""
    past = tuple(dict.fromkeys(day for day in days if day < scope.today))
    chosen = [MEASURES[key] for key in measures]

    def read() -> list[tuple[date, list[Row]]]:
        return list(standings_on(scope, past, chosen, by).items()) if past else []

    names = ("standings", scope, past, tuple(measures), tuple(by))
    found = dict(remembered(names, read) if is_told(scope, by) else read())
    return {
        day: found[day] if day in found else totals(scope, Period(day, day), measures, by) for day in days
    }


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


def claims_touched(scope: Scope, period: Period) -> int:
    """How many different claims were worked in the period; days do not add up to that.

    Of one person: those that they had not worked in it before.
    """

    def counted() -> list[int]:
        if scope.staff is None or scope.asked or _is_catching_up(period):
            return [_counted_one_by_one(scope, period)]
        return [touched_by_facts(scope, period)]

    return (remembered(("touched", scope, period), counted) if is_told(scope) else counted())[0]


def touched_by_facts(scope: Scope, period: Period) -> int:
    """The claims that one person worked and had not worked in the period before."""
    rows = Reading(scope, period, [STAFF_MEASURES["claims"]], ("last_before",)).rows()
    days = [(as_day(row.key[0]), int(row.sums["claims"])) for row in rows]
    return sum(claims for last, claims in days if last is None or last < period.start)


def _is_catching_up(period: Period) -> bool:
    """Whether so many days are outdated that what was worked before each event would take long to find."""
    marks = DirtyDay.objects.filter(fact=DirtyDay.Fact.STAFF, day__range=(period.start, period.end))
    return marks.values("day").distinct()[:MOST_OF_STAFF].count() == MOST_OF_STAFF


def _counted_one_by_one(scope: Scope, period: Period) -> int:
    """The few void claims are left out of what people did, which an index has, rather than each claim looked
    up."""
    (source,) = ACTIONS
    void = Claim.objects.filter(status=Claim.Status.VOID).order_by().values("pk")
    rows = source.rows_of_any().filter(scope.condition(source.claim), source.within(period))
    if scope.staff is not None:
        rows = rows.filter(**{source.staff: scope.staff})
    return int(rows.exclude(claim__in=void).aggregate(touched=Count("claim", distinct=True))["touched"])


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


_WAITING = f"""
SELECT (
    SELECT count(*) FROM (
        SELECT DISTINCT day FROM analytics_dirtyday WHERE fact = 'day' LIMIT {CATCHING_UP + 1}
    ) AS days
), (SELECT count(*) FROM (SELECT id FROM analytics_changedclaim LIMIT {CHANGED_CLAIMS + 1}) AS claims)
"""  # noqa: S608 - numbers of our own


def is_catching_up() -> bool:
    """Whether so many days are outdated that numbers, right as they are, take longer."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        days, claims = cursor.fetchone()
    return bool(days > CATCHING_UP or claims > CHANGED_CLAIMS)
