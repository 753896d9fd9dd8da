"""How numbers, days and small pieces of a page are written: the filters and tags that every template has.

The functions are plain and pure, so tables, exports and e-mails write a number as the pages do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

NOTHING = "–"  # what stands where there is no number: nothing to divide, not known, not yet
MINUS = "\N{MINUS SIGN}"

Number = Decimal | int


@register.filter
def number(value: Number | None, places: int = 0) -> str:
    """1234 as 1,234."""
    return NOTHING if value is None else _written(Decimal(value), places)


@register.filter
def money(value: Number | None) -> str:
    """An amount to the cent: $1,234.50."""
    return NOTHING if value is None else _with_dollar(Decimal(value), places=2)


@register.filter
def money_brief(value: Number | None) -> str:
    """An amount in a table: from $1,000 on without cents. Put `money` into the title, where it is exact."""
    if value is None:
        return NOTHING
    amount = Decimal(value)
    return _with_dollar(amount, places=2 if abs(amount) < 1000 else 0)


@register.filter
def percent(share: Decimal | None, places: int = 1) -> str:
    """A share of one, 0.1119, as 11.2%."""
    return NOTHING if share is None else f"{_written(Decimal(share) * 100, places)}%"


@register.filter
def day(value: date | None) -> str:
    """12 Nov 2026."""
    return NOTHING if value is None else f"{value.day} {value:%b %Y}"


@register.filter
def moment(value: datetime | None) -> str:
    """12 Nov 2026, 14:05, on the clock of the site's time zone."""
    if value is None:
        return NOTHING
    here = timezone.localtime(value)
    return f"{day(here)}, {here:%H:%M}"


@register.filter
def unbroken(text: str) -> str:
    """A short text that stays on one line in a table's narrow column."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def dash(value: Any) -> Any:
    """The value, or a dash where there is none. Zero is a measurement and stays."""
    return NOTHING if value is None or value == "" else value


def _written(value: Decimal, places: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{MINUS if rounded < 0 else ''}{abs(rounded):,}"


def _with_dollar(value: Decimal, *, places: int) -> str:
    written = _written(value, places)
    return f"{MINUS}${written[1:]}" if written.startswith(MINUS) else f"${written}"


@register.simple_tag
@cache
def icon(name: str, label: str = "") -> SafeString:
    """A drawing of img/icons.svg; without a label it decorates and screen readers skip it.

    Written here and not in a template, as cells are, and each but once: a page has hundreds.
    """
    known = format_html('role="img" aria-label="{}"', label) if label else DECORATES
    return format_html('<svg class="icon icon-{}" {}><use href="{}#{}"/></svg>', name, known, sprite(), name)


@cache
def sprite() -> str:
    """Where the drawings are, with their digest in the address: looked up once."""
    return static("img/icons.svg")


DECORATES = mark_safe('aria-hidden="true" focusable="false"')


@dataclass(frozen=True)
class BadgeKind:
    label: str
    tone: str
    icon: str


BADGES = {
    "submitted": BadgeKind("Submitted", "info", "sent"),
    "pending": BadgeKind("Pending", "quiet", "pending"),
    "paid": BadgeKind("Paid", "good", "check"),
    "denied": BadgeKind("Denied", "bad", "close"),
    "appealed": BadgeKind("Appealed", "warning", "appeal"),
    "written_off": BadgeKind("Written off", "quiet", "arrow-down"),
    "void": BadgeKind("Void", "quiet", "void"),
    "urgent": BadgeKind("Urgent", "bad", "warning"),
    "late": BadgeKind("Overdue", "bad", "warning"),
    "right": BadgeKind("Right", "good", "check"),
    "this": BadgeKind("This action", "info", "arrow-flat"),
    "reminder": BadgeKind("Reminder", "warning", "calendar"),
    "done": BadgeKind("Done", "good", "check"),
    "refused": BadgeKind("Refused", "warning", "refused"),
    "failed": BadgeKind("Failed", "bad", "close"),
    # What became of an appeal.
    "overturned": BadgeKind("Overturned", "good", "check"),
    "partly": BadgeKind("Partly overturned", "good", "check"),
    "upheld": BadgeKind("Denial upheld", "bad", "close"),
    "withdrawn": BadgeKind("Withdrawn", "quiet", "void"),
    # How far a file has been taken in, and what came of a row.
    "waiting": BadgeKind("Waiting", "quiet", "pending"),
    "running": BadgeKind("Running", "info", "refresh"),
    "paused": BadgeKind("Paused", "warning", "pause"),
    "cancelled": BadgeKind("Cancelled", "quiet", "void"),
    "doubt": BadgeKind("Taken, with a doubt", "warning", "warning"),
    "duplicate": BadgeKind("Here already", "quiet", "duplicate"),
    # Whether a remittance adds up, and what became of a payment.
    "balanced": BadgeKind("Balanced", "good", "check"),
    "unbalanced": BadgeKind("Does not add up", "bad", "warning"),
    "posted": BadgeKind("Posted", "good", "check"),
    "unmatched": BadgeKind("Waits for its claim", "warning", "search"),
    "held": BadgeKind("Held back", "warning", "pause"),
    "noted": BadgeKind("Noted", "quiet", "info"),
    # What a payer's intake said.
    "accepted": BadgeKind("Accepted", "good", "check"),
    "rejected": BadgeKind("Rejected", "bad", "close"),
    # How grave an alert is, and one that nobody has looked at.
    "critical": BadgeKind("Critical", "bad", "warning"),
    "warning": BadgeKind("Warning", "warning", "warning"),
    "low": BadgeKind("For information", "info", "info"),
    "new": BadgeKind("New", "info", "alerts"),
}


@register.simple_tag
def badge(kind: str, label: str = "") -> SafeString:
    """A status as word, drawing and colour, so that no one of them has to be seen."""
    known = BADGES[kind]
    words = label or known.label
    return format_html('<span class="badge badge-{}">{}{}</span>', known.tone, icon(known.icon), words)


SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 120, 28, 3


@register.simple_tag
def sparkline(values: Sequence[Number | None]) -> SafeString | str:
    """The course of a number as a small line, its last point marked. A missing value breaks the line.

    It decorates: whoever shows it also says the number and its change in words.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    points = [_spark_point(values, index, min(known), max(known)) for index in range(len(values))]
    last = next(point for point in reversed(points) if point)
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">'
        '<path d="{}"/><circle cx="{}" cy="{}" r="2.5"/></svg>',
        SPARK_WIDTH,
        SPARK_HEIGHT,
        _spark_path(points),
        *last,
    )


def _spark_point(
    values: Sequence[Number | None], index: int, lowest: Number, highest: Number
) -> tuple[str, str] | None:
    value = values[index]
    if value is None:
        return None
    span = highest - lowest
    height = (Decimal(value) - lowest) / span if span else Decimal("0.5")
    x = SPARK_MARGIN + Decimal(index) / (len(values) - 1) * (SPARK_WIDTH - 2 * SPARK_MARGIN)
    y = SPARK_HEIGHT - SPARK_MARGIN - height * (SPARK_HEIGHT - 2 * SPARK_MARGIN)
    return f"{x:.1f}", f"{y:.1f}"


def _spark_path(points: list[tuple[str, str] | None]) -> str:
    steps = []
    pen_is_down = False
    for point in points:
        if point:
            steps.append(f"{'L' if pen_is_down else 'M'}{point[0]} {point[1]}")
        pen_is_down = point is not None
    return "".join(steps)
