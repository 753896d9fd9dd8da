"""Spans of days that numbers are about, and the spans that they may fairly be compared with."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from accounts.models import User

DAY = timedelta(days=1)


class Step(StrEnum):
    """How a period is cut for a trend."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, order=True)
class Period:
    """From the first day to the last, both of them in."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise ValueError("A period ends on the day it starts, or later.")

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}"

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def is_whole_months(self) -> bool:
        return self.start.day == 1 and (self.end + DAY).day == 1

    def previous(self) -> Period:
        """As many days, right before: never a whole month against the ten days of another one so far."""
        return Period(self.start - self.days * DAY, self.start - DAY)

    def year_before(self) -> Period:
        """The same days a year earlier, and as many: around a 29 February it gives way at its start."""
        end = _a_year_before(self.end)
        return Period(end - (self.days - 1) * DAY, end)

    def steps(self, step: Step | str) -> Iterator[Period]:
        """The days, weeks (from Monday) or months that the period touches, cut off at its ends."""
        start = self.start
        while start <= self.end:
            end = min(LAST_OF[Step(step)](start), self.end)
            yield Period(start, end)
            start = end + DAY


LAST_OF: dict[Step, Callable[[date], date]] = {
    Step.DAY: lambda day: day,
    Step.WEEK: lambda day: day + (6 - day.weekday()) * DAY,
    Step.MONTH: lambda day: day.replace(day=monthrange(day.year, day.month)[1]),
}


def whole_months(day: date, count: int) -> Period:
    """So many months, the last of which is the day's."""
    first = day.year * 12 + day.month - count
    return Period(date(first // 12, first % 12 + 1, 1), LAST_OF[Step.MONTH](day))


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or the last of a shorter one."""
    count = day.year * 12 + day.month - 1 - months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _a_year_before(day: date) -> date:
    return months_before(day, 12)


def _last(days: int) -> Callable[[date], Period]:
    return lambda today: Period(today - (days - 1) * DAY, today)


def _last_month(today: date) -> Period:
    end = today.replace(day=1) - DAY
    return Period(end.replace(day=1), end)


NAMED: dict[str, Callable[[date], Period]] = {
    User.Period.LAST_30_DAYS: _last(30),
    User.Period.LAST_90_DAYS: _last(90),
    User.Period.THIS_MONTH: lambda today: Period(today.replace(day=1), today),
    User.Period.LAST_MONTH: _last_month,
    User.Period.THIS_YEAR: lambda today: Period(today.replace(month=1, day=1), today),
    "last_7_days": _last(7),
    "last_12_months": lambda today: Period(_a_year_before(today) + DAY, today),
}
LABELS: dict[str, str] = {key: User.Period(key).label for key in User.Period.values} | {
    "last_7_days": "Last 7 days",
    "last_12_months": "Last 12 months",
}


class UnknownPeriod(ValueError):
    """A name that no period has."""


def named(name: str, today: date) -> Period:
    try:
        return NAMED[name](today)
    except KeyError:
        raise UnknownPeriod(f"There is no period “{name[:40]}”; there are {', '.join(NAMED)}.") from None
