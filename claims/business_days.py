"""Days on which offices work: Monday to Friday, without the holidays of the United States' government."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

DAY = timedelta(days=1)
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


def is_business_day(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def plus_business_days(day: date, count: int) -> date:
    """The day so many business days after this one, which itself need not be one."""
    while count > 0:
        day += DAY
        count -= is_business_day(day)
    return day


def last_business_day(day: date) -> date:
    """This day, or the last before it on which offices work: what is due then has to be done by this one."""
    while not is_business_day(day):
        day -= DAY
    return day


@lru_cache
def holidays(year: int) -> frozenset[date]:
    """The days off: a holiday on a Saturday is kept on the Friday before, one on a Sunday the day after."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25), date(year + 1, 1, 1)]
    if year >= 2021:
        fixed.append(date(year, 6, 19))
    moving = [
        _nth(year, 1, MONDAY, 3),  # Martin Luther King
        _nth(year, 2, MONDAY, 3),  # Washington's birthday
        _nth(year, 6, MONDAY, 1) - timedelta(weeks=1),  # Memorial Day: the last Monday of May
        _nth(year, 9, MONDAY, 1),  # Labor Day
        _nth(year, 10, MONDAY, 2),  # Columbus Day
        _nth(year, 11, THURSDAY, 4),  # Thanksgiving
    ]
    return frozenset([*map(_kept_on, fixed), *moving])


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7, weeks=count - 1)


def _kept_on(holiday: date) -> date:
    return holiday + {SATURDAY: -DAY, SUNDAY: DAY}.get(holiday.weekday(), timedelta())
