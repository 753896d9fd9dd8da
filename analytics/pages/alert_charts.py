"""The course of a number that is watched: with its limit or what is usual, the days of an alert marked."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from rcm_site.charts import About, Benchmark, Chart, Series, line_chart
from rcm_site.templatetags.ui import number

from ..alerts.preview import Course, Point, Replay, replay
from ..alerts.watched import WATCHED, Watched
from ..alerts.wording import MOVES, Condition, subject_of
from ..catalogue import Unit
from ..models import Alert, AlertRule
from ..names import LABELS
from .drawing import CHART_UNITS, HUNDREDTHS

DAYS = 90
AFTER = timedelta(days=14)  # shown of the days after an alert was over


def alert_chart(alert: Alert, today: date) -> Chart | None:
    """What its rule looked at on each day before it opened and since; none of a number without a past."""
    watched = WATCHED.get(alert.watches)
    if watched is None or not watched.knows_past:
        return None
    over = timezone.localdate(alert.resolved_at) if alert.resolved_at else None
    until = min(today, over + AFTER) if over else today
    tried = replay(narrowed(alert), until=until, days=DAYS)
    course = own(alert, tried)
    if course is None:
        return None
    days = timezone.localdate(alert.opened_at), over or until
    return course_chart(
        watched,
        alert.rule,
        [marked(point, days) for point in course.points],
        key="course",
        title=subject_of(alert),
        caption=f"What the rule looked at on each of {DAYS} days, as it is known now.",
    )


def own(alert: Alert, tried: Replay) -> Course | None:
    """Claims without a payer, say, are no payer's to whom a rule could be narrowed: they have a name."""
    each = alert.rule.each
    if each and getattr(alert, f"{each}_id") is None:
        none = LABELS[each]({None})[None]
        return next((course for course in tried.courses if course.label == none), None)
    return tried.courses[0] if tried.courses else None


def narrowed(alert: Alert) -> AlertRule:
    """Its rule, about this alone."""
    rule = copy(alert.rule)
    rule.condition, rule.limit = alert.condition, alert.limit
    for name in ("payer", "department", "provider"):
        if getattr(alert, f"{name}_id") is not None:
            setattr(rule, name, getattr(alert, name))
            rule.each = "" if rule.each == name else rule.each
    return rule


def marked(point: Point, days: tuple[date, date]) -> tuple[Point, bool]:
    return point, days[0] <= point.day <= days[1]


def preview_chart(watched: Watched, rule: AlertRule, course: Course, words: str) -> Chart:
    """The days on which there would have been an alert stand out."""
    return course_chart(
        watched,
        rule,
        [(point, point.is_open) for point in course.points],
        key="preview",
        title=course.label or watched.label,
        caption=words,
        level=3,
    )


def course_chart(
    watched: Watched,
    rule: AlertRule,
    points: Sequence[tuple[Point, bool]],
    *,
    key: str,
    title: str,
    caption: str,
    level: int = 2,
) -> Chart:
    about = About(
        key,
        title,
        caption=" ".join([caption, *left_out(watched, rule, points)]).strip(),
        rows="Day",
        level=level,
        empty_title="Nothing can be told of these days",
        empty_text="There was too little to count.",
    )
    values = [
        None if is_few(watched, rule, point) else drawn(watched.unit, point.value) for point, _ in points
    ]
    alarmed = [value if is_open else None for value, (_, is_open) in zip(values, points, strict=True)]
    found = [Series("Alert", alarmed), *bounds(watched.unit, rule, [point for point, _ in points])]
    series = [Series(watched.label, values), *(each for each in found if each.known)]
    days = [point.day for point, _ in points]
    return line_chart(
        about, CHART_UNITS[watched.unit], days, series, benchmark=limit_line(watched.unit, rule)
    )


def is_few(watched: Watched, rule: AlertRule, point: Point) -> bool:
    """Of too few for the rule to say anything: far out, it would seem to have been missed."""
    return watched.is_ratio and point.n < rule.minimum_n


def left_out(watched: Watched, rule: AlertRule, points: Sequence[tuple[Point, bool]]) -> list[str]:
    if not any(is_few(watched, rule, point) for point, _ in points):
        return []
    return [f"Days that tell of fewer than {number(rule.minimum_n)} {watched.noun_of_n} are left out."]


def drawn(unit: Unit, value: Decimal | None) -> Decimal | None:
    """As charts take it: per cents are shares of one there."""
    return value / HUNDREDTHS if value is not None and unit == Unit.PERCENT else value


def limit_line(unit: Unit, rule: AlertRule) -> Benchmark | None:
    """A limit that is the same on every day."""
    value = drawn(unit, rule.limit)
    has_one = rule.condition not in (*MOVES, Condition.UNUSUAL)
    return Benchmark(value, "limit") if has_one and value is not None else None


def bounds(unit: Unit, rule: AlertRule, points: Sequence[Point]) -> list[Series]:
    """A limit that each day has its own of: what is usual, or what it was before and how far it may move."""
    if rule.condition == Condition.UNUSUAL:
        lowest = [drawn(unit, point.lowest_usual) for point in points]
        highest = [drawn(unit, point.highest_usual) for point in points]
        return [
            Series("Usual, at most", highest, is_rest=True),
            Series("Usual, at least", lowest, is_rest=True),
        ]
    if rule.condition in MOVES:
        limits = [drawn(unit, moved(rule, point.compared_with)) for point in points]
        return [Series("Limit", limits, is_rest=True)]
    return []


def moved(rule: AlertRule, before: Decimal | None) -> Decimal | None:
    """How far it may have moved from what it was."""
    if before is None:
        return None
    by = rule.limit
    if rule.change_in == AlertRule.ChangeIn.PERCENT:
        by = abs(before) * by / HUNDREDTHS
    return before + by if rule.condition == Condition.RISES else before - by
