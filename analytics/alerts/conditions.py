"""When a number is beyond its limit, and when it is back: pure functions on numbers.

The same conditions judge what is looked at now and what a rule would have done in the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import median

from ..models import AlertRule
from ..periods import DAY, Period, months_before
from .watched import Found, Watched

Kind = AlertRule.Condition

MOVES = (Kind.RISES, Kind.FALLS)
FALLING = (Kind.BELOW, Kind.AT_MOST)
# Makes the median deviation of what is spread normally its standard deviation.
TO_DEVIATIONS = Decimal("1.4826")
FEWEST_POINTS = 6
POINTS = 12
SHORT_DAYS = 28  # under as many, a window is compared with those of the same weekday
STEP_SHARE = Decimal("0.1")  # of the limit: by as much more beyond it an alert has got worse


class Verdict(StrEnum):
    BEYOND = "beyond"  # the limit
    BETWEEN = "between"  # no longer beyond it, and not yet where it clears
    CLEAR = "clear"
    UNKNOWN = "unknown"  # nothing to say so, or too few


@dataclass(frozen=True)
class Condition:
    """What a rule says of its number, apart from whose and over which days."""

    kind: str
    limit: Decimal
    is_percent: bool = False  # a change in percent of what it was
    clears_at: Decimal | None = None
    minimum_n: int = 0
    is_ratio: bool = True
    least_step: Decimal = Decimal(0)

    @classmethod
    def of(cls, rule: AlertRule, watched: Watched) -> Condition:
        return cls(
            rule.condition,
            Decimal(rule.limit),
            rule.change_in == AlertRule.ChangeIn.PERCENT,
            None if rule.clears_at is None else Decimal(rule.clears_at),
            rule.minimum_n,
            watched.is_ratio,
            watched.least_step,
        )

    @property
    def looks_back(self) -> bool:
        """Whether it compares whole days with days before."""
        return self.kind in MOVES or self.kind == Kind.UNUSUAL


@dataclass(frozen=True)
class Seen:
    """A number as it is looked at: with what it was in the days before, or in windows like this one."""

    now: Found
    before: Found | None = None
    history: tuple[Found, ...] = ()  # the latest first


@dataclass(frozen=True)
class Band:
    """What is usual for a number."""

    middle: Decimal
    deviation: Decimal  # one
    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True)
class Judged:
    verdict: Verdict
    value: Decimal | None
    n: int
    compared_with: Decimal | None = None
    band: Band | None = None
    step: Decimal = Decimal(0)  # by as much more it has got worse


def judge(condition: Condition, seen: Seen) -> Judged:
    """Whether a number is beyond its limit; too few say neither that it is nor that it is over."""
    value = seen.now.value
    if value is None or is_few(condition, seen):
        return Judged(Verdict.UNKNOWN, value, seen.now.n)
    if condition.kind == Kind.UNUSUAL:
        return _judge_unusual(condition, seen, value)
    if condition.kind in MOVES:
        return _judge_move(condition, seen, value)
    step = max(abs(condition.limit) * STEP_SHARE, condition.least_step)
    return Judged(_verdict(condition, value), value, seen.now.n, step=step)


def is_few(condition: Condition, seen: Seen) -> bool:
    """A share or a mean of few says little. An amount is what it is; but that it moved is worth telling only
    if it is not, and was not, one of few."""
    if condition.is_ratio:
        told = [seen.now, *([seen.before] if seen.before else [])]
        return any(each.n < condition.minimum_n for each in told)
    if not condition.looks_back:
        return False
    told = [seen.now, *([seen.before] if seen.before else []), *seen.history]
    return max(each.n for each in told) < condition.minimum_n


def _verdict(condition: Condition, measured: Decimal) -> Verdict:
    """What is measured is the value itself, or by how much it rose, fell or differs."""
    limit, clears_at = condition.limit, condition.clears_at
    if condition.kind in FALLING:
        measured, limit = -measured, -limit
        clears_at = None if clears_at is None else -clears_at
    is_beyond = measured >= limit if condition.kind in (Kind.AT_LEAST, Kind.AT_MOST) else measured > limit
    if is_beyond:
        return Verdict.BEYOND
    return Verdict.BETWEEN if clears_at is not None and measured > clears_at else Verdict.CLEAR


# Against the period before -------------------------------------------------------------------------


def _judge_move(condition: Condition, seen: Seen, value: Decimal) -> Judged:
    before = seen.before.value if seen.before else None
    moved = move(value, before, is_percent=condition.is_percent)
    if moved is None or before is None:
        return Judged(Verdict.UNKNOWN, value, seen.now.n, before)
    verdict = _verdict(condition, -moved if condition.kind == Kind.FALLS else moved)
    limit = condition.limit * abs(before) / 100 if condition.is_percent else condition.limit
    step = max(abs(limit) * STEP_SHARE, condition.least_step)
    return Judged(verdict, value, seen.now.n, before, step=step)


def move(now: Decimal, before: Decimal | None, *, is_percent: bool) -> Decimal | None:
    """By how much it rose; of nothing there are no percents."""
    if before is None or (is_percent and not before):
        return None
    return (now - before) / abs(before) * 100 if is_percent else now - before


# Against its own past ------------------------------------------------------------------------------


def _judge_unusual(condition: Condition, seen: Seen, value: Decimal) -> Judged:
    usual = band(points_of(condition, seen.history), condition.limit, condition.least_step)
    if usual is None:
        return Judged(Verdict.UNKNOWN, value, seen.now.n)
    distance = abs(value - usual.middle)
    verdict = Verdict.CLEAR
    if _is_apart(distance, condition.limit, usual.deviation, condition.least_step):
        verdict = Verdict.BEYOND
    elif condition.clears_at is not None and _is_apart(
        distance, condition.clears_at, usual.deviation, condition.least_step
    ):
        verdict = Verdict.BETWEEN
    step = max((usual.highest - usual.middle) * STEP_SHARE, condition.least_step)
    return Judged(verdict, value, seen.now.n, band=usual, step=step)


def _is_apart(distance: Decimal, limit: Decimal, deviation: Decimal, least: Decimal) -> bool:
    """Where it has always been the same, the least step that is shown is far."""
    return distance >= least and distance > limit * deviation


def band(points: Sequence[Decimal], limit: Decimal, least: Decimal) -> Band | None:
    """The median and so many deviations, by the median deviation from it: one odd month moves neither."""
    if len(points) < FEWEST_POINTS:
        return None
    middle = Decimal(median(points))
    deviation = TO_DEVIATIONS * Decimal(median(abs(each - middle) for each in points))
    half = max(limit * deviation, least)
    return Band(middle, deviation, middle - half, middle + half)


def points_of(condition: Condition, history: Sequence[Found]) -> list[Decimal]:
    """Shares of few are no measure, nor is what was before the first of it all: no past of nothing."""
    known = list(history)
    while known and not known[-1].n:
        known.pop()
    return [
        each.value
        for each in known
        if each.value is not None and not (condition.is_ratio and each.n < condition.minimum_n)
    ]


# Which days ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Days:
    """The days that a condition looks at."""

    now: Period
    before: Period | None = None
    history: tuple[Period, ...] = ()

    @property
    def all(self) -> tuple[Period, ...]:
        return (self.now, *([self.before] if self.before else []), *self.history)


def days_of(kind: str, window_days: int, today: date) -> Days:
    """The last days with today; what is compared with days before ends yesterday, which is whole."""
    if kind not in (*MOVES, Kind.UNUSUAL):
        return Days(_ending(today, window_days))
    now = _ending(today - DAY, window_days)
    if kind in MOVES:
        return Days(now, now.previous())
    return Days(now, history=tuple(_ending(each, window_days) for each in like(now.end, window_days)))


def like(end: date, window_days: int) -> list[date]:
    """The same weekday of the weeks before; for longer windows the same day of the months before."""
    if window_days < SHORT_DAYS:
        return [end - 7 * weeks * DAY for weeks in range(1, POINTS + 1)]
    return [months_before(end, months) for months in range(1, POINTS + 1)]


def _ending(end: date, window_days: int) -> Period:
    return Period(end - (window_days - 1) * DAY, end)


# What becomes of it --------------------------------------------------------------------------------


class Step(StrEnum):
    """What a look at a number does to its alert."""

    NOTHING = "nothing"
    OPEN = "open"
    SEE = "see"  # it is still so
    RESOLVE = "resolve"


def step_of(
    verdict: Verdict,
    now: datetime,
    *,
    last_seen: datetime | None,  # of an alert that is open
    last_resolved: datetime | None,
    cool_down: timedelta,
    window: timedelta,
) -> Step:
    """An alert that for a whole window nothing could be said about any more is over, too."""
    if last_seen is not None:
        if verdict == Verdict.UNKNOWN:
            return Step.RESOLVE if now - last_seen > window else Step.NOTHING
        return Step.RESOLVE if verdict == Verdict.CLEAR else Step.SEE
    is_cooling = last_resolved is not None and now - last_resolved < cool_down
    return Step.OPEN if verdict == Verdict.BEYOND and not is_cooling else Step.NOTHING
