"""What a rule would have done in the past, by the same conditions that are looked at every day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ..models import AlertRule


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
        return f"Would have fired {times} in the last {self.days} days"


def replay(
    rule: AlertRule, *, until: date, days: int = 90, departments: tuple[int, ...] | None = None
) -> Replay:
    """The rule, saved or not, looked at on the evening of each of these days; of these departments alone."""
    raise NotImplementedError
