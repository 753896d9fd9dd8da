"""The days under a chart: where they lie, which of them are written, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from ..templatetags.ui import day
from .canvas import Anchor, Canvas
from .lettering import width_of

DAY_STEPS = (1, 2, 7, 14)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
ROOM_OF_A_LABEL = 62
BETWEEN = 6  # labels


class Step(StrEnum):
    """What one point of a course stands for; its date is its first day."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def write(self, first: date) -> str:
        if self is Step.MONTH:
            return f"{first:%b %Y}"
        return f"Week of {day(first)}" if self is Step.WEEK else day(first)


@dataclass(frozen=True)
class TimeAxis:
    days: list[date]
    start: float
    end: float

    def at(self, each: date) -> float:
        span = (self.days[-1] - self.days[0]).days
        if span == 0:
            return (self.start + self.end) / 2
        return self.start + (each - self.days[0]).days / span * (self.end - self.start)

    def reach(self, place: int) -> tuple[float, float]:
        """From where to where the pointer means this day: halfway to its neighbours."""
        here = self.at(self.days[place])
        left = self.start if place == 0 else (self.at(self.days[place - 1]) + here) / 2
        right = self.end if place == len(self.days) - 1 else (here + self.at(self.days[place + 1])) / 2
        return left, right

    def draw(self, canvas: Canvas, y: float, step: Step) -> None:
        most = max(int((self.end - self.start) / ROOM_OF_A_LABEL), 2)
        free = float("-inf")  # of other labels, from here on
        for each, label in day_ticks(self.days[0], self.days[-1], most, step):
            x = self.at(each)
            canvas.rule(x, y, x, y + 4, "axis")
            anchor, width = _anchor(x, label, canvas.width), width_of(label)
            start = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            if start >= free:
                canvas.text(x, y + 18, label, anchor=anchor)
                free = start + width + BETWEEN


def _anchor(x: float, label: str, width: float) -> Anchor:
    half = width_of(label) / 2
    if x + half > width:
        return "end"
    return "start" if x - half < 0 else "middle"


def day_ticks(first: date, last: date, most: int, step: Step = Step.DAY) -> list[tuple[date, str]]:
    """Round days between two days, at most so many, the finest that fit."""
    span = (last - first).days
    if step is not Step.MONTH:
        for days in DAY_STEPS[2 if step is Step.WEEK else 0 :]:
            if span // days < most:
                return _labelled(
                    [first + timedelta(days * place) for place in range(span // days + 1)], by_month=False
                )
    for months in MONTH_STEPS:
        firsts = list(_month_firsts(first, last, months))
        if len(firsts) <= most:
            break
    return _labelled(firsts or [first], by_month=bool(firsts))


def _month_firsts(first: date, last: date, months: int) -> Iterator[date]:
    place = first.year * 12 + first.month - 1 + (first.day > 1)
    while (each := date(place // 12, place % 12 + 1, 1)) <= last:
        if place % months == 0:
            yield each
        place += 1


def _labelled(days: list[date], *, by_month: bool) -> list[tuple[date, str]]:
    """The year stands where it begins to be another one."""
    labels = []
    for place, each in enumerate(days):
        label = f"{each:%b}" if by_month else f"{each.day} {each:%b}"
        turns = place == 0 or days[place - 1].year != each.year
        labels.append((each, f"{label} {each.year}" if turns else label))
    return labels
