"""When a number is beyond its limit, too few, unusual, and when it is back: all worked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from analytics.alerts.conditions import (
    Condition,
    Seen,
    Step,
    Verdict,
    band,
    days_of,
    judge,
    points_of,
    step_of,
)
from analytics.alerts.watched import Found
from analytics.periods import Period

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def found(value: Any, n: int = 100) -> Found:
    return Found(None if value is None else Decimal(str(value)), n)


def condition(kind: str, limit: Any, **more: Any) -> Condition:
    return Condition(kind, Decimal(str(limit)), **more)


@pytest.mark.parametrize(
    ("kind", "below", "at", "above"),
    [
        ("above", "clear", "clear", "beyond"),
        ("at_least", "clear", "beyond", "beyond"),
        ("below", "beyond", "clear", "clear"),
        ("at_most", "beyond", "beyond", "clear"),
    ],
)
def test_a_limit_itself_is_beyond_only_where_it_is_said(kind: str, below: str, at: str, above: str) -> None:
    for value, verdict in (("9.99", below), ("10", at), ("10.01", above)):
        assert judge(condition(kind, 10), Seen(found(value))).verdict == verdict


def test_an_alert_is_over_where_the_rule_says_that_it_clears() -> None:
    high, low = condition("above", 10, clears_at=Decimal(8)), condition("below", 95, clears_at=Decimal(97))
    said = [judge(high, Seen(found(value))).verdict for value in (11, 10, 9, "8.01", 8)]
    assert said == ["beyond", "between", "between", "between", "clear"]
    said = [judge(low, Seen(found(value))).verdict for value in (94, 95, 96, 97)]
    assert said == ["beyond", "between", "between", "clear"]


def test_too_few_say_neither_that_it_is_nor_that_it_is_over() -> None:
    asked = condition("above", 10, minimum_n=20)
    assert judge(asked, Seen(found(50, n=19))).verdict == Verdict.UNKNOWN
    assert judge(asked, Seen(found(5, n=19))).verdict == Verdict.UNKNOWN
    assert judge(asked, Seen(found(50, n=20))).verdict == Verdict.BEYOND
    assert judge(asked, Seen(found(None, n=0))).verdict == Verdict.UNKNOWN


def test_an_amount_is_what_it_is_and_that_it_fell_to_nothing_is_news() -> None:
    asked = condition("above", 1000, minimum_n=20, is_ratio=False)
    assert judge(asked, Seen(found(5000, n=1))).verdict == Verdict.BEYOND
    fell = condition("falls", 50, is_percent=True, minimum_n=20, is_ratio=False)
    assert judge(fell, Seen(found(0, n=0), found(8000, n=40))).verdict == Verdict.BEYOND
    assert judge(fell, Seen(found(0, n=0), found(8000, n=3))).verdict == Verdict.UNKNOWN


def test_a_rise_is_told_in_points_or_in_percent_of_what_it_was() -> None:
    """From 8 to 10.4 are 2.4 points, and 30 percent of 8."""
    seen = Seen(found("10.4"), found(8))
    assert judge(condition("rises", "2.4"), seen).verdict == Verdict.CLEAR
    assert judge(condition("rises", "2.39"), seen).verdict == Verdict.BEYOND
    assert judge(condition("rises", 30, is_percent=True), seen).verdict == Verdict.CLEAR
    assert judge(condition("rises", "29.9", is_percent=True), seen).verdict == Verdict.BEYOND
    assert judge(condition("falls", 1), seen).verdict == Verdict.CLEAR
    assert judge(condition("falls", 1), Seen(found(8), found("10.4"))).verdict == Verdict.BEYOND
    assert judge(condition("rises", 1), seen).compared_with == 8


def test_nobody_says_by_how_many_percent_nothing_rose() -> None:
    assert judge(condition("rises", 10, is_percent=True), Seen(found(5), found(0))).verdict == Verdict.UNKNOWN
    assert judge(condition("rises", 1), Seen(found(5), found(None, n=0))).verdict == Verdict.UNKNOWN


def test_a_rise_over_few_before_says_nothing() -> None:
    asked = condition("rises", 1, minimum_n=20)
    assert judge(asked, Seen(found(30), found(5, n=6))).verdict == Verdict.UNKNOWN


# What is unusual -----------------------------------------------------------------------------------

# The median is 10.5. The deviations from it are four times 0.5, four times 1.5, twice 2.5, 3.5 and 89.5:
# their median is 1.5.
PAST = (10, 10, 11, 9, 11, 9, 12, 8, 12, 7, 13, 100)


def test_usual_is_the_median_and_so_many_median_deviations() -> None:
    usual = band([Decimal(value) for value in PAST], Decimal(3), Decimal("0.1"))
    assert usual is not None
    assert (usual.middle, usual.deviation) == (Decimal("10.5"), Decimal("1.4826") * Decimal("1.5"))
    assert usual.highest == Decimal("10.5") + 3 * Decimal("2.2239")
    assert usual.lowest == Decimal("10.5") - 3 * Decimal("2.2239")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [("17.17", "clear"), ("17.18", "beyond"), ("3.83", "clear"), ("3.82", "beyond")],
)
def test_unusual_is_what_lies_outside_the_band(value: str, verdict: str) -> None:
    """10.5 ± 3 × 2.2239 = 3.8283 to 17.1717."""
    seen = Seen(found(value), history=tuple(found(each) for each in PAST))
    assert judge(condition("unusual", 3, least_step=Decimal("0.1")), seen).verdict == verdict


def test_an_unusual_number_clears_at_fewer_deviations() -> None:
    """2 deviations: up to 14.9478."""
    asked = condition("unusual", 3, clears_at=Decimal(2), least_step=Decimal("0.1"))
    history = tuple(found(each) for each in PAST)
    said = [judge(asked, Seen(found(value), history=history)).verdict for value in (18, 16, "14.94")]
    assert said == ["beyond", "between", "clear"]


def test_with_fewer_than_six_points_nothing_is_unusual() -> None:
    asked = condition("unusual", 3, least_step=Decimal("0.1"))
    assert judge(asked, Seen(found(500), history=(found(10),) * 5)).verdict == Verdict.UNKNOWN
    assert judge(asked, Seen(found(500), history=(found(10),) * 6)).verdict == Verdict.BEYOND


def test_what_was_always_the_same_is_unusual_from_the_least_step_that_is_shown() -> None:
    asked = condition("unusual", 3, least_step=Decimal("0.1"))
    history = (found(10),) * 12
    said = [judge(asked, Seen(found(value), history=history)).verdict for value in ("10.09", "10.1", "9.9")]
    assert said == ["clear", "beyond", "beyond"]


def test_shares_of_few_and_the_time_before_the_first_claims_are_no_past() -> None:
    history = (found(10), found(90, n=3), found(12), found(None, n=0), found(None, n=0))
    assert points_of(condition("unusual", 3, minimum_n=20), history) == [10, 12]
    amounts = (found(500), found(0, n=0), found(700), found(0, n=0), found(0, n=0))
    assert points_of(condition("unusual", 3, is_ratio=False), amounts) == [500, 0, 700]


# Which days ----------------------------------------------------------------------------------------


def test_a_limit_looks_at_today_and_comparisons_at_whole_days() -> None:
    today = date(2026, 6, 30)  # a Tuesday
    assert days_of("above", 30, today).all == (Period(date(2026, 6, 1), today),)
    moves = days_of("rises", 7, today)
    assert moves.now == Period(date(2026, 6, 23), date(2026, 6, 29))
    assert moves.before == Period(date(2026, 6, 16), date(2026, 6, 22))


def test_what_is_usual_is_told_by_the_same_weekday_or_the_same_day_of_months() -> None:
    weeks = days_of("unusual", 7, date(2026, 6, 30))
    assert len(weeks.history) == 12
    assert [each.end for each in weeks.history[:2]] == [date(2026, 6, 22), date(2026, 6, 15)]
    months = days_of("unusual", 30, date(2026, 4, 1))  # ends on 31 March
    assert [each.end for each in months.history[:3]] == [
        date(2026, 2, 28),
        date(2026, 1, 31),
        date(2025, 12, 31),
    ]
    assert {each.days for each in months.all} == {30}


# What becomes of it --------------------------------------------------------------------------------


def step(verdict: str, seen: datetime | None = None, resolved: datetime | None = None) -> Step:
    return step_of(
        Verdict(verdict),
        NOW,
        last_seen=seen,
        last_resolved=resolved,
        cool_down=timedelta(minutes=60),
        window=timedelta(days=7),
    )


def test_an_alert_opens_is_seen_and_resolved() -> None:
    assert step("beyond") == Step.OPEN
    assert step("between") == step("clear") == step("unknown") == Step.NOTHING
    assert step("beyond", NOW) == step("between", NOW) == Step.SEE
    assert step("clear", NOW) == Step.RESOLVE


def test_none_opens_while_the_last_one_cools_down() -> None:
    assert step("beyond", resolved=NOW - timedelta(minutes=59)) == Step.NOTHING
    assert step("beyond", resolved=NOW - timedelta(minutes=60)) == Step.OPEN


def test_what_nothing_can_be_said_about_stays_open_for_a_whole_window() -> None:
    assert step("unknown", NOW - timedelta(days=7)) == Step.NOTHING
    assert step("unknown", NOW - timedelta(days=7, seconds=1)) == Step.RESOLVE
