"""Stacked bars: what a whole is made of, lying for things and standing for a course over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from math import ceil

from .bars import BAR, GAP, rows_of
from .canvas import Canvas, Said
from .chart import NOTHING_KNOWN, About, Chart, Numbers, NumbersColumn, drawn, exact, tones
from .heat import SHADES
from .keeping import kept
from .lettering import LINE, cut, widest, width_of
from .scales import Scale, bar_scale, scale_of
from .time_axis import Step
from .units import Number, Unit

LEGEND_TOP = 20.0
HEIGHTS = {"wide": 280.0, "half": 252.0, "narrow": 236.0}
BOTTOM = 26.0
MOST_PARTS = 8


@dataclass(frozen=True)
class Stack:
    """One whole and its parts, in the order of the chart's parts."""

    label: str
    values: Sequence[Number | None]
    url: str = ""

    @property
    def known(self) -> list[Decimal]:
        return [exact(value) or Decimal(0) for value in self.values]

    @property
    def has_values(self) -> bool:
        return any(exact(value) is not None for value in self.values)

    @property
    def over(self) -> Decimal:
        return sum((value for value in self.known if value > 0), Decimal(0))

    @property
    def under(self) -> Decimal:
        return sum((value for value in self.known if value < 0), Decimal(0))

    @property
    def whole(self) -> Decimal | None:
        return self.total if self.has_values else None

    @property
    def total(self) -> Decimal:
        return self.over + self.under


@dataclass(frozen=True)
class Part:
    name: str
    is_focus: bool = False
    is_rest: bool = False


@kept
def stacked_bars(
    about: About, unit: Unit, parts: Sequence[Part], stacks: Sequence[Stack], *, are_steps: bool = False
) -> Chart:
    """Lying stacks, the largest whole first; what is negative lies left of zero.

    Parts that are steps of one thing, as ages are, go from light to dark.
    """
    ordered = sorted(stacks, key=lambda stack: -stack.total)
    return _chart(_Parts(about, unit, list(parts), ordered, are_steps), _draw_lying)


@kept
def stacked_columns(
    about: About,
    unit: Unit,
    parts: Sequence[Part],
    columns: Sequence[tuple[date, Sequence[Number | None]]],
    *,
    step: Step = Step.WEEK,
    are_steps: bool = False,
) -> Chart:
    """Standing stacks over time, one for each day with its parts."""
    stacks = [Stack(step.write(day), values) for day, values in columns]
    days = [day for day, _ in columns]
    chart = _Parts(about, unit, list(parts), stacks, are_steps)
    return _chart(chart, lambda canvas, chart: _draw_standing(canvas, chart, days, step))


@dataclass(frozen=True)
class _Parts:
    about: About
    unit: Unit
    parts: list[Part]
    stacks: list[Stack]
    are_steps: bool

    @property
    def values(self) -> list[Decimal]:
        return [value for stack in self.stacks for value in (stack.over, stack.under)]

    @cached_property
    def tones(self) -> list[str]:
        if not self.are_steps or any(part.is_focus for part in self.parts):
            return tones(self.parts)
        pace = Decimal(SHADES - 2) / max(len(self.parts) - 1, 1)
        return [f"scale-{2 + round(place * pace)}" for place in range(len(self.parts))]

    def said(self, stack: Stack) -> list[Said]:
        lines = [
            Said(part.name, self.unit.write(exact(value)), tone)
            for part, value, tone in zip(self.parts, stack.values, self.tones, strict=True)
        ]
        return [Said(stack.label), *lines, Said("Together", self.unit.write(stack.whole))]

    def numbers(self) -> Numbers:
        columns = [
            NumbersColumn(self.about.rows or "Name"),
            *(NumbersColumn(part.name, self.unit.write) for part in self.parts),
            NumbersColumn("Together", self.unit.write),
        ]
        return Numbers(columns, [[stack.label, *stack.values, stack.whole] for stack in self.stacks])


def _chart(chart: _Parts, draw: Callable[[Canvas, _Parts], None]) -> Chart:
    if len(chart.parts) > MOST_PARTS:
        raise ValueError(f"a stack has at most {MOST_PARTS} parts: fold the rest")
    if not any(stack.has_values for stack in chart.stacks):
        return Chart(chart.about, NOTHING_KNOWN, (), chart.numbers())
    drawings = drawn(chart.about, lambda canvas: draw(canvas, chart))
    return Chart(chart.about, _description(chart), drawings, chart.numbers())


def _description(chart: _Parts) -> str:
    largest = max(chart.stacks, key=lambda stack: stack.total)
    names = ", ".join(part.name for part in chart.parts)
    return (
        f"Stacked bar chart of {len(chart.stacks)}, each made of {names}. "
        f"The largest is {largest.label} with {chart.unit.write(largest.total)}."
    )


def _legend(canvas: Canvas, chart: _Parts) -> float:
    """The parts in their order, above the chart, in as many lines as they need; returns where they end.

    Parts of one grey are one entry: their order says which is which, and so does pointing at them.
    """
    x, y = 0.0, LEGEND_TOP
    for tone, group in groupby(zip(chart.parts, chart.tones, strict=True), key=lambda pair: pair[1]):
        name = " · ".join(part.name for part, _ in group)
        shown = cut(name, canvas.width - 3 * GAP)
        width = width_of(shown) + 3.5 * GAP
        if x and x + width - GAP > canvas.width:
            x, y = 0.0, y + LINE
        canvas.rect(x, y, 10, 10, tone)
        canvas.text(x + 15, y + 9, shown, title=name)
        x += width
    return y + LINE + GAP


def _draw_lying(canvas: Canvas, chart: _Parts) -> None:
    totals = [chart.unit.brief(stack.whole) for stack in chart.stacks]
    rows = rows_of(canvas, [stack.label for stack in chart.stacks], totals, top=_legend(canvas, chart))
    scale = bar_scale(chart.values, rows.left, rows.right, is_whole=chart.unit.is_whole)
    rows.grid(scale, chart.unit, chart.about.axis or chart.unit.axis)
    for place, stack in enumerate(chart.stacks):
        rows.name(place)
        y = rows.bar_top(place)
        for tone, start, end in _segments(stack, chart.tones, scale):
            canvas.rect(min(start, end), y, abs(end - start), BAR, tone, "part")
        x = scale.at(stack.over) + 5
        canvas.text(x, y + 11, totals[place], tone="text", has_halo=True)
        canvas.spot(rows.area(place), chart.said(stack), url=stack.url)


def _segments(stack: Stack, colours: list[str], scale: Scale) -> Iterator[tuple[str, float, float]]:
    """Each part with its colour, from where to where it lies."""
    over = under = Decimal(0)
    for value, tone in zip(stack.known, colours, strict=True):
        if value > 0:
            yield tone, scale.at(over), scale.at(over + value)
            over += value
        elif value < 0:
            yield tone, scale.at(under), scale.at(under + value)
            under += value


def _draw_standing(canvas: Canvas, chart: _Parts, days: list[date], step: Step) -> None:
    canvas.height = HEIGHTS[canvas.kind]
    top, bottom = _legend(canvas, chart) + GAP / 2, canvas.height - BOTTOM
    scale = scale_of(chart.values, bottom, top, is_whole=chart.unit.is_whole)
    labels = chart.unit.ticks(scale.ticks)
    left = widest(labels) + GAP
    for tick, label in zip(scale.ticks, labels, strict=True):
        y = scale.at(tick)
        canvas.rule(left, y, canvas.width, y, "axis" if tick == 0 else "grid")
        canvas.text(left - GAP, y + 4, label, anchor="end")
    canvas.text(0, 11, chart.about.axis or chart.unit.axis)
    band = (canvas.width - left) / len(days)
    for place, stack in enumerate(chart.stacks):
        x = left + band * place
        for tone, start, end in _segments(stack, chart.tones, scale):
            canvas.rect(x + band * 0.12, min(start, end), band * 0.76, abs(end - start), tone, "part")
        area = (x, top, band, bottom - top)
        canvas.spot(area, chart.said(stack), beside=(x + band / 2, top + LINE * 2), url=stack.url)
    _days(canvas, days, step, left, band)


def _days(canvas: Canvas, days: list[date], step: Step, left: float, band: float) -> None:
    """Every so many columns a date, counted from the last one, as many as have room."""
    written = [f"{day:%b %Y}" if step is Step.MONTH else f"{day.day} {day:%b}" for day in days]
    every = max(ceil((widest(written) + 2 * GAP) / band), 1)
    for place in range((len(days) - 1) % every, len(days), every):
        middle, half = left + band * (place + 0.5), width_of(written[place]) / 2
        x = min(middle, canvas.width - half)
        canvas.text(x, canvas.height - BOTTOM + 17, written[place], anchor="middle")
