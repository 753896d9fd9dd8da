"""What every chart has: words about it, drawings for much and for little room, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from ..tables import export_links
from .canvas import Canvas, Drawing
from .units import Number, Unit

MOST_SERIES = 5
NOTHING_KNOWN = "Nothing is known of this period."
NARROW = 340.0


class Size(StrEnum):
    """How much of a desk's page a chart takes; on a phone every chart takes all of it."""

    WIDE = "wide"
    HALF = "half"


WIDTHS = {Size.WIDE: 960.0, Size.HALF: 460.0}


@dataclass(frozen=True)
class About:
    """What is said about a chart: `key` names it within its page, `caption` is what it shows."""

    key: str
    title: str
    caption: str = ""
    axis: str = ""  # what the axis is headed with: "% of decided claims"
    rows: str = ""  # what heads the first column of the numbers behind it
    size: Size = Size.WIDE
    level: int = 2  # of its heading on the page
    export_url: str = ""  # answers with the chart's numbers when `format=csv` or `format=xlsx` is added
    empty_title: str = "Nothing to show"
    empty_text: str = "Widen the period or empty a filter."
    empty_url: str = ""
    empty_action: str = ""


@dataclass(frozen=True)
class Benchmark:
    value: Decimal
    name: str


@dataclass(frozen=True)
class Series:
    """The course of one thing. Where one is in focus the others are context; `is_rest` is all the others."""

    name: str
    values: Sequence[Number | None]
    is_focus: bool = False
    is_rest: bool = False

    @property
    def known(self) -> list[Decimal]:
        return [value for value in map(exact, self.values) if value is not None]


@dataclass(frozen=True)
class NumbersColumn:
    label: str
    write: Callable[[Number | None], str] | None = None  # of a column of numbers

    @property
    def is_numeric(self) -> bool:
        return self.write is not None


@dataclass(frozen=True)
class NumbersCell:
    text: str
    is_numeric: bool


@dataclass(frozen=True)
class Numbers:
    """The table behind a chart: values as they are for a spreadsheet, written for a page."""

    columns: list[NumbersColumn]
    rows: list[list[object]] = field(default_factory=list)

    @property
    def headings(self) -> list[str]:
        return [column.label for column in self.columns]

    @property
    def cells(self) -> Iterable[list[NumbersCell]]:
        for row in self.rows:
            yield [
                NumbersCell(column.write(value) if column.write else str(value), column.write is not None)  # type: ignore[arg-type]
                for column, value in zip(self.columns, row, strict=True)
            ]


@dataclass(frozen=True)
class Chart:
    about: About
    description: str
    drawings: tuple[Drawing, ...]
    numbers: Numbers

    @property
    def exports(self) -> list[tuple[str, str]]:
        return export_links(self.about.export_url)

    @cached_property
    def html(self) -> SafeString:
        """As it stands on a page; kept with the chart."""
        return render_to_string("charts/chart.html", {"chart": self})


def exact(value: Number | None) -> Decimal | None:
    """A value as the charts compute with it; what is not a number is not known."""
    if value is None:
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


class Weighed(Protocol):
    @property
    def is_focus(self) -> bool: ...
    @property
    def is_rest(self) -> bool: ...


def tones(series: Sequence[Weighed]) -> list[str]:
    """A colour for each: the accent for what matters and grey for the rest, or one after the other."""
    has_focus = any(each.is_focus for each in series)
    chosen, next_place = [], 1
    for each in series:
        if each.is_rest or (has_focus and not each.is_focus):
            chosen.append("context")
        else:
            chosen.append(str(next_place))
            next_place += 1
    return chosen


def drawn(about: About, draw: Callable[[Canvas], None]) -> tuple[Drawing, ...]:
    """The same chart for the room it has on a desk, and for a phone."""
    drawings = []
    for kind, width in ((about.size.value, WIDTHS[about.size]), ("narrow", NARROW)):
        canvas = Canvas(kind, width)
        draw(canvas)
        drawings.append(canvas.finish())
    return tuple(drawings)


def from_to(values: Sequence[Decimal], unit: Unit) -> str:
    """The range of some values in words."""
    low, high = min(values), max(values)
    return f"all at {unit.write(low)}" if low == high else f"from {unit.write(low)} to {unit.write(high)}"
