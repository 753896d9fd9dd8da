"""The demo's days: from so many months ago to yesterday, busy and quiet ones, and moments within them.

Days are counted from 0 (well before the first claim is submitted), so that a million claims' days are sums.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import accumulate

from rcm_site.days import midnight

_BEFORE = 520  # days of service may lie so long before the first submission
_WEEK = (1.1, 1.06, 1.02, 1.0, 0.9, 0.14, 0.05)
_YEAR = (0.94, 0.95, 1.05, 1.03, 1.02, 1.0, 0.93, 0.97, 1.02, 1.07, 1.03, 0.93)
_GROWTH = 0.06  # a year
_DAY_SECONDS = 86_400
_MINUTES = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(_DAY_SECONDS // 60)]
_SECONDS = [f"{second:02}" for second in range(60)]


class Days:
    """All days up to yesterday, by number."""

    def __init__(self, today: date, months: int) -> None:
        self.last = (today - _months_before(today, months)).days + _BEFORE - 1
        self.first = _BEFORE
        origin = today - timedelta(days=self.last + 1)
        self.dates = [origin + timedelta(days=number) for number in range(self.last + 1)]
        self.weekdays = [day.weekday() for day in self.dates]
        self.stamps = [f"{day:%Y%m%d}" for day in self.dates]
        # Moments are kept as UTC, as text that both databases read alike.
        self._midnights = [int(midnight(day).timestamp()) for day in self.dates]
        epoch = date(1970, 1, 1)
        self._epoch_day = (origin - epoch).days
        self._texts = [str(origin + timedelta(days=number)) for number in range(self.last + 3)]

    def moment(self, day: int, second: int) -> int:
        """The moment of a day's second by the site's clocks, as seconds since 1970."""
        return self._midnights[day] + second

    def text(self, moment: int) -> str:
        minute, second = divmod(moment, 60)
        day, minute = divmod(minute, 1440)
        return f"{self._texts[day - self._epoch_day]} {_MINUTES[minute]}:{_SECONDS[second]}"

    def month(self, day: int) -> str:
        return f"{self.dates[day]:%Y-%m}"

    def months_back(self, day: int) -> int:
        """How many calendar months lie between this day's and the last one's."""
        here, last = self.dates[day], self.dates[self.last]
        return (last.year - here.year) * 12 + last.month - here.month

    def quotas(self, count: int) -> dict[int, int]:
        """How many claims are submitted until each day's end."""
        days = range(self.first, self.last + 1)
        sums = list(accumulate(self._weight(day) for day in days))
        return {day: round(count * part / sums[-1]) for day, part in zip(days, sums, strict=True)}

    def _weight(self, day: int) -> float:
        years_back = (self.last - day) / 365
        return _WEEK[self.weekdays[day]] * _YEAR[self.dates[day].month - 1] / (1 + _GROWTH) ** years_back

    def next_of(self, weekdays: tuple[int, ...]) -> list[int]:
        """For each day the next one on such a weekday, itself included; beyond the last if there is none."""
        following, found = self.last + 1, []
        for day in range(self.last, -1, -1):
            if self.weekdays[day] in weekdays:
                following = day
            found.append(following)
        return found[::-1]


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))
