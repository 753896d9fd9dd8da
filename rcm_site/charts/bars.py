"""Bar charts: lying bars from zero in order of size, with their names before and their values behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .canvas import Canvas, Said
from .chart import (
    NOTHING_KNOWN,
    About,
    Benchmark,
    Chart,
    Numbers,
    NumbersColumn,
    Size,
    drawn,
    exact,
    from_to,
    tones,
)
from .keeping import kept
from .lettering import STRONG, cut, widest, width_of
from .scales import Scale, bar_scale
from .units import Number, Unit

TOP, GAP = 24.0, 8.0
ROW, BAR = 26.0, 14.0
NARROW_ROW = 38.0  # on a phone the name stands above its bar
MOST_FOR_NAMES = {Size.WIDE: 0.3, Size.HALF: 0.4}  # of a chart's width


@dataclass(frozen=True)
class Bar:
    label: str
    value: Number | None
    note: str = ""  # what else is said where one points: "219 of 1,204 claims"
    url: str = ""
    is_focus: bool = False
    is_rest: bool = False


def in_order(bars: Sequence[Bar]) -> list[Bar]:
    """From the largest down, then what is not known, and all the others last."""
    known = [bar for bar in bars if exact(bar.value) is not None and not bar.is_rest]
    unknown = [bar for bar in bars if exact(bar.value) is None and not bar.is_rest]
    largest_first = sorted(known, key=lambda bar: -(exact(bar.value) or Decimal(0)))
    return [*largest_first, *unknown, *(bar for bar in bars if bar.is_rest)]


def fold(bars: Sequence[Bar], most: int, rest: str = "All others") -> list[Bar]:
    """The largest, and the sum of the others as one. Only for what adds up: never fold rates."""
    ordered = in_order(bars)
    if len(ordered) <= most:
        return ordered
    kept, others = ordered[: most - 1], ordered[most - 1 :]
    total = sum((exact(bar.value) or Decimal(0) for bar in others), Decimal(0))
    return [*kept, Bar(f"{rest} ({len(others)})", total, is_rest=True)]


@dataclass(frozen=True)
class Rows:
    """Where the names, bars and values of lying bars go in one drawing."""

    canvas: Canvas
    names: list[str]
    top: float
    left: float
    right: float

    @property
    def height(self) -> float:
        return NARROW_ROW if self.canvas.is_narrow else ROW

    @property
    def bottom(self) -> float:
        return self.top + self.height * len(self.names)

    def bar_top(self, place: int) -> float:
        inset = self.height - BAR - 4 if self.canvas.is_narrow else (self.height - BAR) / 2
        return self.top + self.height * place + inset

    def area(self, place: int) -> tuple[float, float, float, float]:
        return 0, self.top + self.height * place, self.canvas.width, self.height

    def name(self, place: int, *, is_strong: bool = False) -> None:
        name, y = self.names[place], self.bar_top(place)
        if self.canvas.is_narrow:
            shown = cut(name, self.canvas.width)
            self.canvas.text(0, y - 5, shown, tone="text", title=name, is_strong=is_strong, has_halo=True)
        else:
            shown = cut(name, self.left - GAP)
            x = self.left - GAP
            self.canvas.text(x, y + 11, shown, anchor="end", tone="text", title=name, is_strong=is_strong)

    def grid(self, scale: Scale, unit: Unit, axis: str) -> None:
        labels = unit.ticks(scale.ticks)
        for tick, label in zip(scale.ticks, labels, strict=True):
            x = scale.at(tick)
            self.canvas.rule(x, self.top - 2, x, self.bottom, "axis" if tick == 0 else "grid")
            anchor = "start" if x - width_of(label) / 2 < 0 else "middle"
            self.canvas.text(x, self.bottom + 14, label, anchor=anchor)  # type: ignore[arg-type]
        self.canvas.text(0, 11, axis)


def rows_of(canvas: Canvas, names: list[str], values: list[str], *, top: float = TOP) -> Rows:
    """Room for names on the left and for values at the ends of the bars."""
    left = 0.0  # on a phone names stand above their bars
    if not canvas.is_narrow:
        left = min(widest(names) + GAP, canvas.width * MOST_FOR_NAMES[Size(canvas.kind)])
    rows = Rows(canvas, names, top, left, canvas.width - widest(values) * STRONG - GAP)
    canvas.height = rows.bottom + 20
    return rows


@kept
def bar_chart(about: About, unit: Unit, bars: Sequence[Bar], *, benchmark: Benchmark | None = None) -> Chart:
    """One lying bar each, the largest first."""
    ordered = in_order(bars)
    known = [value for bar in ordered if (value := exact(bar.value)) is not None]
    has_notes = any(bar.note for bar in ordered)
    columns = [NumbersColumn(about.rows or "Name"), NumbersColumn(about.axis or unit.axis, unit.write)]
    numbers = Numbers(
        columns + ([NumbersColumn("Note")] if has_notes else []),
        [[bar.label, bar.value, *([bar.note] if has_notes else [])] for bar in ordered],
    )
    if not known:
        return Chart(about, NOTHING_KNOWN, (), numbers)
    drawings = drawn(about, lambda canvas: _draw(canvas, about, unit, ordered, benchmark))
    return Chart(about, _description(unit, ordered, known, benchmark), drawings, numbers)


def _description(unit: Unit, bars: list[Bar], known: list[Decimal], benchmark: Benchmark | None) -> str:
    largest = next(bar for bar in bars if exact(bar.value) is not None)
    words = f"Bar chart of {len(bars)}, {from_to(known, unit)}; the first is {largest.label}."
    return f"{words} Dashed line: {benchmark.name} {unit.write(benchmark.value)}." if benchmark else words


def _draw(canvas: Canvas, about: About, unit: Unit, bars: list[Bar], benchmark: Benchmark | None) -> None:
    written = [unit.brief(exact(bar.value)) for bar in bars]
    values = [value for bar in bars if (value := exact(bar.value)) is not None]
    rows = rows_of(canvas, [bar.label for bar in bars], written, top=TOP + 12 if benchmark else TOP)
    before = widest([unit.brief(value) for value in values if value < 0]) + 2 * GAP if min(values) < 0 else 0
    shown = values + ([benchmark.value] if benchmark else [])
    scale = bar_scale(shown, rows.left + before, rows.right, is_whole=unit.is_whole)
    rows.grid(scale, unit, about.axis or unit.axis)
    for place, (bar, tone) in enumerate(zip(bars, tones(bars), strict=True)):
        colour = "context" if tone == "context" else "1"
        _bar(rows, scale, unit, place, bar, colour)
    if benchmark:
        _benchmark(canvas, rows, scale, unit, benchmark)
    for place, bar in enumerate(bars):
        rows.name(place, is_strong=bar.is_focus)


def _bar(rows: Rows, scale: Scale, unit: Unit, place: int, bar: Bar, tone: str) -> None:
    canvas, value, y = rows.canvas, exact(bar.value), rows.bar_top(place)
    written = unit.brief(value)
    zero = scale.at(Decimal(0))
    end = zero if value is None else scale.at(value)
    if value:
        canvas.rect(min(zero, end), y, max(abs(end - zero), 0.5), BAR, tone)
    is_left = value is not None and value < 0
    x, anchor = (end - 5, "end") if is_left else (end + 5, "start")
    canvas.text(x, y + 11, written, anchor=anchor, tone="text", is_strong=bar.is_focus, has_halo=True)  # type: ignore[arg-type]
    said = [Said(bar.label), Said(unit.write(value), "", tone)] + ([Said(bar.note)] if bar.note else [])
    canvas.spot(rows.area(place), said, url=bar.url)


def _benchmark(canvas: Canvas, rows: Rows, scale: Scale, unit: Unit, benchmark: Benchmark) -> None:
    x = scale.at(benchmark.value)
    words = f"{benchmark.name} {unit.write(benchmark.value)}"
    canvas.rule(x, rows.top - 4, x, rows.bottom, "soft", is_dashed=True)
    is_right = x + width_of(words) > canvas.width
    canvas.text(x, rows.top - 8, words, anchor="end" if is_right else "start", has_halo=True)
