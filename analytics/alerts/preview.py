"""What a rule would have done in the past, by the same conditions that are looked at every day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from rcm_site.days import midnight

from ..catalogue import Kpi
from ..facts.reading import Amount
from ..facts.totals import standings, totals
from ..models import Alert, AlertRule
from ..names import LABELS
from ..periods import DAY, Period
from ..scopes import Scope
from .conditions import Judged, Step, days_of, step_of
from .looking import ByKey, CannotLook, by_key, filters_of, judge_each, measures_of, member_of, watched_by
from .opening import as_kept
from .watched import Looking, Watched, of_sums

MOST_COURSES = 5


@dataclass(frozen=True)
class Firing:
    """An alert that would have been opened."""

    label: str  # the payer, department or provider; empty where the rule is about all of it together
    payer: int | None
    department: int | None
    provider: int | None
    opened: date
    resolved: date | None
    value: Decimal  # when it opened
    worst: Decimal


@dataclass(frozen=True)
class Point:
    """The number as it was looked at on a day."""

    day: date
    value: Decimal | None
    compared_with: Decimal | None = None  # the period before
    lowest_usual: Decimal | None = None
    highest_usual: Decimal | None = None
    n: int = 0
    is_open: bool = False  # whether there was an alert by then


@dataclass(frozen=True)
class Course:
    """The days of one payer, department or provider, or of all together."""

    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Replay:
    firings: tuple[Firing, ...]  # the oldest first
    courses: tuple[Course, ...]  # those that fired most first
    days: int
    problem: str = ""  # why it cannot be tried on the past

    @property
    def words(self) -> str:
        """Would have fired 3 times in the last 90 days."""
        if self.problem:
            return self.problem
        times = {0: "not once", 1: "once", 2: "twice"}.get(len(self.firings), f"{len(self.firings)} times")
        if not self.firings:
            return f"Would not have fired in the last {self.days} days"
        return f"Would have fired {times} in the last {self.days} days{self._together}"

    @property
    def _together(self) -> str:
        """What opens at once is told at once: on how many days, and how many at most."""
        by_day = Counter(each.opened for each in self.firings)
        most = max(by_day.values())
        if most == 1:
            return ""
        messages = "one message" if len(by_day) == 1 else f"{len(by_day)} messages"
        return f": told in {messages}, of up to {most} at once"


def replay(
    rule: AlertRule, *, until: date, days: int = 90, departments: tuple[int, ...] | None = None
) -> Replay:
    """The rule, saved or not, looked at on the evening of each of these days; of these departments alone."""
    try:
        watched = watched_by(rule)
    except CannotLook as problem:
        return Replay((), (), days, str(problem))
    if not watched.knows_past:
        why = f"Nobody knows what “{watched.label}” was before, so this cannot be tried on the past"
        return Replay((), (), days, why)
    evenings = Period(until - (days - 1) * DAY, until)
    looked = {day.end: days_of(rule.condition, rule.window_days, day.end) for day in evenings.steps("day")}
    periods = sorted({period for each in looked.values() for period in each.all})
    found = _past(rule, watched, Scope(departments, **filters_of(rule)), periods)
    lives: dict[int | None, _Life] = defaultdict(_Life)
    for day, each in looked.items():
        is_open = {key for key, life in lives.items() if life.alert}
        for key, judged in judge_each(rule, watched, each, found, is_open).items():
            lives[key].look(rule, judged, day)
    return _told(rule, lives, days)


def evening(day: date) -> datetime:
    return midnight(day + DAY) - timedelta(seconds=1)


@dataclass
class _Life:
    """What becomes of one of those that a rule is about."""

    alert: Alert | None = None
    last_resolved: datetime | None = None
    points: list[Point] = field(default_factory=list)
    firings: list[tuple[date, date | None, Alert]] = field(default_factory=list)

    def look(self, rule: AlertRule, judged: Judged, day: date) -> None:
        now = evening(day)
        step = step_of(
            judged.verdict,
            now,
            last_seen=self.alert.seen_at if self.alert else None,
            last_resolved=self.last_resolved,
            cool_down=timedelta(minutes=rule.cool_down_minutes),
            window=timedelta(days=rule.window_days),
        )
        value = as_kept(judged.value)
        if step == Step.OPEN and value is not None:
            self.alert = Alert(condition=rule.condition, value_at_first=value, worst=value)
            self.firings.append((day, None, self.alert))
        if step in (Step.OPEN, Step.SEE) and self.alert and value is not None:
            self.alert.seen_at = now
            self.alert.lowest_usual = judged.band.lowest if judged.band else None
            if self.alert.is_worse(value):
                self.alert.worst = value
        if step == Step.RESOLVE and self.alert:
            self.firings[-1] = (self.firings[-1][0], day, self.alert)
            self.alert, self.last_resolved = None, now
        self._note(judged, day)

    def _note(self, judged: Judged, day: date) -> None:
        low, high = (judged.band.lowest, judged.band.highest) if judged.band else (None, None)
        point = Point(day, judged.value, judged.compared_with, low, high, judged.n, self.alert is not None)
        self.points.append(point)


def _told(rule: AlertRule, lives: Mapping[int | None, _Life], days: int) -> Replay:
    labels: dict[Any, str] = LABELS[rule.each]({*lives}) if rule.each else {None: ""}
    firings = [
        Firing(labels[key], *member_of(rule, key), opened, resolved, alert.value_at_first, alert.worst)
        for key, life in lives.items()
        for opened, resolved, alert in life.firings
    ]
    firings.sort(key=lambda each: (each.opened, each.label))
    shown = sorted(lives, key=lambda key: (-len(lives[key].firings), -lives[key].points[-1].n, labels[key]))
    courses = [Course(labels[key], tuple(lives[key].points)) for key in shown[:MOST_COURSES]]
    return Replay(tuple(firings), tuple(courses), days)


# What it was over each of these days ----------------------------------------------------------------


def _past(rule: AlertRule, watched: Watched, scope: Scope, periods: Sequence[Period]) -> dict[Period, ByKey]:
    if watched.kpi is not None:
        sums = _windows(watched.kpi, scope, periods, rule.each)
        return {
            period: {key: of_sums(watched.kpi, each, period) for key, each in found.items()}
            for period, found in sums.items()
        }
    return {
        period: by_key(watched.measure(Looking(scope, period, rule.each, evening(period.end))), rule.each)
        for period in periods
    }


def _windows(
    kpi: Kpi, scope: Scope, periods: Sequence[Period], each: str
) -> dict[Period, dict[int | None, dict[str, Amount]]]:
    """The sums of its measures over windows that lie over one another: each day is read once."""
    flows, stands = measures_of(kpi)
    by = (each,) if each else ()
    running = _running(scope, periods, flows, by) if flows else {}
    stood = standings(scope, [period.end for period in periods], stands, by) if stands else {}
    start = periods[0].start
    found: dict[Period, dict[int | None, dict[str, Amount]]] = {}
    for period in periods:
        first, last = (period.start - start).days, (period.end - start).days + 1
        rows = {row.key[0] if each else None: row.sums for row in stood.get(period.end, ())}
        keys = {*rows, *running} if each else {None}
        sums = {
            key: {
                **dict.fromkeys(kpi.needed, 0),
                **{name: ran[last] - ran[first] for name, ran in running.get(key, {}).items()},
                **rows.get(key, {}),
            }
            for key in keys
        }
        found[period] = {key: of_key for key, of_key in sums.items() if not each or any(of_key.values())}
    return found


def _running(
    scope: Scope, periods: Sequence[Period], flows: Sequence[str], by: tuple[str, ...]
) -> dict[int | None, dict[str, list[Amount]]]:
    """By key and measure, what all days before the first, the second … add up to."""
    whole = Period(min(each.start for each in periods), max(each.end for each in periods))
    daily: dict[int | None, dict[str, list[Amount]]] = {}
    for row in totals(scope, whole, flows, by=("day", *by)):
        of_key = daily.setdefault(row.key[1] if by else None, {name: [0] * whole.days for name in flows})
        for name in flows:
            of_key[name][(row.key[0] - whole.start).days] = row.sums[name]
    return {
        key: {name: list(accumulate(days, initial=0)) for name, days in of_key.items()}
        for key, of_key in daily.items()
    }
