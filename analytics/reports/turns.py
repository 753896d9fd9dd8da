"""When a schedule's turns come: by the clock on the wall of its time zone.

So 09:00 stays 09:00 when the clocks change. A time that a day skips comes as the clocks jump, and one that a
day has twice comes the first time alone.
"""

from __future__ import annotations

from calendar import day_name, monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from ..models import Schedule, ScheduledRun
from ..periods import DAY

LONGEST_GAP = 40  # days that are looked through for a turn: there is one in every month
MINUTE = timedelta(minutes=1)

Every = Schedule.Every
LAST_RUN = Prefetch(
    "runs", ScheduledRun.objects.select_related("schedule").order_by("-due_at")[:1], to_attr="last_runs"
)

FALLS_ON: dict[str, Callable[[Schedule, date], bool]] = {
    Every.DAY: lambda schedule, day: True,
    Every.WEEK: lambda schedule, day: day.weekday() == schedule.weekday,
    Every.MONTH: lambda schedule, day: day.day == min(schedule.day_of_month, last_of_month(day)),
}


def last_of_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def next_turn(schedule: Schedule, after: datetime) -> datetime:
    """The first turn later than a moment."""
    return next(turn for turn in _turns(schedule, after, DAY) if turn > after)


def last_turn(schedule: Schedule, until: datetime) -> datetime:
    """The latest turn that has come by a moment."""
    return next(turn for turn in _turns(schedule, until, -DAY) if turn <= until)


def _turns(schedule: Schedule, near: datetime, step: timedelta) -> Iterator[datetime]:
    """Day by day from the one before or after, so that none is missed around midnight."""
    zone = ZoneInfo(schedule.time_zone)
    day = near.astimezone(zone).date() - step
    for _ in range(LONGEST_GAP):
        if FALLS_ON[schedule.every](schedule, day):
            yield on_the_wall(datetime.combine(day, schedule.at), zone)
        day += step


def on_the_wall(clock: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks there first show this; if they skip it, the one at which they jump."""
    moment = clock.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == clock:
        return moment
    after = moment.astimezone(zone).utcoffset()
    while (moment - MINUTE).astimezone(zone).utcoffset() == after:
        moment -= MINUTE
    return moment.replace(second=0, microsecond=0)


# In words ------------------------------------------------------------------------------------------


def in_words(schedule: Schedule) -> str:
    """Every Monday at 08:00 Chicago time."""
    return f"Every {_day_in_words(schedule)} at {schedule.at:%H:%M} {zone_in_words(schedule.time_zone)}"


def _day_in_words(schedule: Schedule) -> str:
    if schedule.every == Every.WEEK:
        return day_name[schedule.weekday]
    if schedule.every == Every.DAY:
        return "day"
    if schedule.day_of_month == 31:
        return "month on its last day"
    or_last = " (or its last day)" if schedule.day_of_month > 28 else ""
    return f"month on the {ordinal(schedule.day_of_month)}{or_last}"


def zone_in_words(name: str) -> str:
    place = name.rpartition("/")[2].replace("_", " ")
    return place if place == "UTC" else f"{place} time"


def ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number not in (11, 12, 13) else "th"
    return f"{number}{ending}"


def on_its_clock(schedule: Schedule, moment: datetime) -> str:
    """Mon 23 Nov 2026, 08:00."""
    here = moment.astimezone(ZoneInfo(schedule.time_zone))
    return f"{here:%a} {here.day} {here:%b %Y}, {here:%H:%M}"
