"""Arithmetic of days in periods: what they share, what they leave, how they make up months."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from django.db.models import Q

from ..periods import DAY, LAST_OF, Period, Step, whole_months

MOST_RANGES = 40  # in one condition; those closest to one another are taken together with what lies between


def lies_in(day: date, periods: Iterable[Period]) -> bool:
    return any(day in each for each in periods)


def during(column: str, periods: Sequence[Period]) -> Q:
    found = Q()
    for each in periods:
        found |= Q(**{f"{column}__gte": each.start, f"{column}__lte": each.end})
    return found


def overlaps(period: Period, others: Iterable[Period]) -> list[Period]:
    """The days of the others that lie in a period."""
    ends = [(max(period.start, each.start), min(period.end, each.end)) for each in others]
    return [Period(start, end) for start, end in ends if start <= end]


def without(period: Period, others: Sequence[Period]) -> list[Period]:
    """What the others, which are in order, leave of a period."""
    left, start = [], period.start
    for each in others:
        if each.start > start:
            left.append(Period(start, min(each.start - DAY, period.end)))
        start = max(start, each.end + DAY)
        if start > period.end:
            return left
    return [*left, Period(start, period.end)]


def joined(periods: Iterable[Period]) -> list[Period]:
    """The same days, those of periods that follow one another as one."""
    found: list[Period] = []
    for each in sorted(periods):
        if found and each.start <= found[-1].end + DAY:
            found[-1] = Period(found[-1].start, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found


def ranges(periods: Iterable[Period]) -> list[Period]:
    """The same days, and perhaps some between them, in few periods."""
    merged = joined(periods)
    while len(merged) > MOST_RANGES:
        _, n = min((after.start - before.end, n) for n, (before, after) in enumerate(pairwise(merged)))
        merged[n : n + 2] = [Period(merged[n].start, merged[n + 1].end)]
    return merged


def with_days(periods: Sequence[Period], days: Iterable[date]) -> list[Period]:
    return ranges([*periods, *(Period(day, day) for day in days)])


def by_months(periods: Sequence[Period]) -> tuple[list[Period], list[Period]]:
    """The days that make no whole month, and the whole months."""
    days: list[Period] = []
    months: list[Period] = []
    for each in periods:
        found = _months_within(each)
        months += found
        days += without(each, found)
    return days, months


def _months_within(period: Period) -> list[Period]:
    start = period.start if period.start.day == 1 else LAST_OF[Step.MONTH](period.start) + DAY
    after = period.end + DAY
    end = period.end if after.day == 1 else period.end.replace(day=1) - DAY
    return [Period(start, end)] if start <= end else []


def mostly_by_months(periods: Sequence[Period]) -> tuple[list[Period], list[Period], list[Period]]:
    """Days, months, and the days to be taken back of these: of most of a month it is fewer to leave out.

    A month is kept in the same transaction as its days, so what is taken back is what was added up.
    """
    parts, months = by_months(periods)
    days: list[Period] = []
    taken_back: list[Period] = []
    for month, asked in _of_each_month(parts).items():
        others = without(month, asked)
        if _length(others) < _length(asked):
            months.append(month)
            taken_back += others
        else:
            days += asked
    return days, months, taken_back


def _of_each_month(periods: Iterable[Period]) -> dict[Period, list[Period]]:
    found: dict[Period, list[Period]] = {}
    for period in periods:
        for each in period.steps(Step.MONTH):
            found.setdefault(whole_months(each.end, 1), []).append(each)
    return found


def _length(periods: Iterable[Period]) -> int:
    return sum(each.days for each in periods)
