"""Reports that are sent again and again: when, to whom, and that each turn comes once."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from analytics.models import Schedule
from analytics.turns import in_words, last_turn, next_turn

CHICAGO = "America/Chicago"


def schedule_of(every: str, at: str, zone: str = CHICAGO, **fields: Any) -> Schedule:
    return Schedule(name="S", every=every, at=time.fromisoformat(at), time_zone=zone, **fields)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def turns(schedule: Schedule, after: str, count: int) -> list[str]:
    found, moment = [], utc(after)
    for _ in range(count):
        moment = next_turn(schedule, moment)
        found.append(f"{moment:%m-%d %H:%M}")
    return found


# When ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "after", "expected"),
    [
        # On 8 March 2026 the clocks of Chicago jump from 02:00 CST (08:00 UTC) to 03:00 CDT.
        ("09:00", "2026-03-06 16:00", ["03-07 15:00", "03-08 14:00", "03-09 14:00"]),
        ("02:30", "2026-03-06 16:00", ["03-07 08:30", "03-08 08:00", "03-09 07:30"]),
        ("02:00", "2026-03-07 16:00", ["03-08 08:00", "03-09 07:00"]),
        ("03:00", "2026-03-07 16:00", ["03-08 08:00", "03-09 08:00"]),
        # On 1 November 2026 they fall back from 02:00 CDT (07:00 UTC) to 01:00 CST.
        ("09:00", "2026-10-30 20:00", ["10-31 14:00", "11-01 15:00", "11-02 15:00"]),
        ("01:30", "2026-10-30 20:00", ["10-31 06:30", "11-01 06:30", "11-02 07:30"]),
        ("00:00", "2026-10-31 20:00", ["11-01 05:00", "11-02 06:00"]),
    ],
)
def test_the_wall_clock_is_kept_over_a_change_of_clocks(at: str, after: str, expected: list[str]) -> None:
    assert turns(schedule_of("day", at), after, len(expected)) == expected


def test_a_time_that_a_day_has_twice_comes_once() -> None:
    """01:30 comes at 06:30 and at 07:30 UTC: after the first of them the next is tomorrow's."""
    schedule = schedule_of("day", "01:30")
    assert next_turn(schedule, utc("2026-11-01 06:30")) == utc("2026-11-02 07:30")
    assert last_turn(schedule, utc("2026-11-01 07:30")) == utc("2026-11-01 06:30")


def test_a_month_without_the_day_has_its_last_day() -> None:
    schedule = schedule_of("month", "08:00", "UTC", day_of_month=31)
    assert turns(schedule, "2027-12-31 08:00", 4) == [
        "01-31 08:00",
        "02-29 08:00",
        "03-31 08:00",
        "04-30 08:00",
    ]
    assert turns(schedule_of("month", "08:00", "UTC", day_of_month=30), "2027-01-30 08:00", 2) == [
        "02-28 08:00",
        "03-30 08:00",
    ]


def test_a_week_turns_on_its_day_where_its_clock_is() -> None:
    """Monday 08:00 in Auckland is Sunday evening in UTC."""
    schedule = schedule_of("week", "08:00", "Pacific/Auckland", weekday=0)
    assert next_turn(schedule, utc("2026-11-18 12:00")) == utc("2026-11-22 19:00")
    assert last_turn(schedule, utc("2026-11-22 18:59")) == utc("2026-11-15 19:00")


def test_a_turn_is_said_in_words() -> None:
    assert in_words(schedule_of("week", "08:00", weekday=0)) == "Every Monday at 08:00 Chicago time"
    assert in_words(schedule_of("day", "17:30", "UTC")) == "Every day at 17:30 UTC"
    assert (
        in_words(schedule_of("month", "06:00", "America/New_York", day_of_month=30))
        == "Every month on the 30th (or its last day) at 06:00 New York time"
    )
