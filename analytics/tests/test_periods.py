"""Periods, and what they may be compared with."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.models import User
from analytics.periods import LABELS, NAMED, Period, Step, UnknownPeriod, named

TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("last_7_days", date(2026, 3, 4), TODAY),
        ("last_30_days", date(2026, 2, 9), TODAY),
        ("last_90_days", date(2025, 12, 11), TODAY),
        ("this_month", date(2026, 3, 1), TODAY),
        ("last_month", date(2026, 2, 1), date(2026, 2, 28)),
        ("this_year", date(2026, 1, 1), TODAY),
        ("last_12_months", date(2025, 3, 11), TODAY),
    ],
)
def test_named_periods_end_today_or_with_their_month(name: str, start: date, end: date) -> None:
    assert named(name, TODAY) == Period(start, end)


def test_everybodys_default_period_is_known() -> None:
    assert {*User.Period.values} <= NAMED.keys()
    assert NAMED.keys() == LABELS.keys()


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(UnknownPeriod, match="last_month"):
        named("yesteryear", TODAY)


def test_a_period_has_both_of_its_ends() -> None:
    assert Period(TODAY, TODAY).days == 1
    assert TODAY in Period(TODAY, TODAY)
    with pytest.raises(ValueError, match="ends"):
        Period(TODAY, date(2026, 3, 9))


@pytest.mark.parametrize("name", NAMED)
def test_periods_are_compared_with_as_many_days(name: str) -> None:
    period = named(name, TODAY)
    assert period.previous().days == period.year_before().days == period.days
    assert period.previous().end.toordinal() == period.start.toordinal() - 1


def test_a_leap_day_is_compared_with_the_day_before() -> None:
    february = Period(date(2024, 2, 1), date(2024, 2, 29))
    assert february.year_before() == Period(date(2023, 1, 31), date(2023, 2, 28))


def test_steps_cover_the_period_and_no_more() -> None:
    period = Period(date(2026, 1, 30), TODAY)
    for step in Step:
        steps = list(period.steps(step))
        assert (steps[0].start, steps[-1].end) == (period.start, period.end)
        assert sum(each.days for each in steps) == period.days
    assert [each.days for each in period.steps("month")] == [2, 28, 10]
    assert next(iter(period.steps("week"))).days == 3  # a Friday: until Sunday
