"""Heat maps: a number for each pair of two things, darker where it is more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .canvas import Canvas, Said
from .chart import NOTHING_KNOWN, About, Chart, Numbers, NumbersColumn, drawn, exact, from_to
from .keeping import kept
from .lettering import LETTER, cut, widest, width_of
from .units import Number, Unit

SHADES = 7
GAP = 8.0
ROW = 28.0
MOST_FOR_NAMES = {"wide": 0.2, "half": 0.26, "narrow": 0.26}
MOST_FOR_COLUMNS = 104.0  # of height, where their names stand upright


@dataclass(frozen=True)
class HeatCell:
    value: Number | None
    note: str = ""  # "3 of 12 claims"
    url: str = ""


@dataclass(frozen=True)
class _Map:
    about: About
    unit: Unit
    rows: list[str]
    columns: list[str]
    cells: list[list[HeatCell]]
    low: Decimal
    high: Decimal

    def shade(self, value: Decimal) -> int:
        """From 1 to 7, in equal steps of the value."""
        if self.high == self.low:
            return SHADES if value else 1
        step = int((value - self.low) / (self.high - self.low) * SHADES)
        return min(step, SHADES - 1) + 1

    def brief(self, value: Decimal) -> str:
        """Two figures of the largest, where there is little room; a little is never written as nothing."""
        unit = Decimal(1).scaleb(max(abs(self.low), abs(self.high)).adjusted() - 1)
        rounded = value.quantize(unit)
        if value and not rounded:
            return f"<{self.unit.ticks([unit])[0]}"
        return self.unit.ticks([rounded], is_tight=True)[0]


@kept
def heat_map(
    about: About, unit: Unit, rows: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[HeatCell]]
) -> Chart:
    """A cell for each row and column. The scale starts at zero, or below where values do."""
    known = [value for row in cells for cell in row if (value := exact(cell.value)) is not None]
    numbers = Numbers(
        [NumbersColumn(about.rows or "Name"), *(NumbersColumn(column, unit.write) for column in columns)],
        [[name, *(cell.value for cell in row)] for name, row in zip(rows, cells, strict=True)],
    )
    if not known:
        return Chart(about, NOTHING_KNOWN, (), numbers)
    low, high = min(*known, Decimal(0)), max(*known, Decimal(0))
    heat = _Map(about, unit, list(rows), list(columns), [list(row) for row in cells], low, high)
    return Chart(about, _description(heat, known), drawn(about, lambda canvas: _draw(canvas, heat)), numbers)


def _description(heat: _Map, known: list[Decimal]) -> str:
    value, row, column = max(
        (exact(cell.value) or Decimal(0), row, column)
        for row, cells in zip(heat.rows, heat.cells, strict=True)
        for column, cell in zip(heat.columns, cells, strict=True)
        if exact(cell.value) is not None
    )
    return (
        f"Heat map of {len(heat.rows)} rows and {len(heat.columns)} columns, {from_to(known, heat.unit)}. "
        f"The most is {row}, {column}: {heat.unit.write(value)}."
    )


def _draw(canvas: Canvas, heat: _Map) -> None:
    left = min(widest(heat.rows) + GAP, canvas.width * MOST_FOR_NAMES[canvas.kind])
    width = (canvas.width - left) / len(heat.columns)
    top = _columns(canvas, heat, left, width)
    canvas.height = top + ROW * len(heat.rows) + 30
    for place, (name, cells) in enumerate(zip(heat.rows, heat.cells, strict=True)):
        y = top + ROW * place
        canvas.text(left - GAP, y + 18, cut(name, left - GAP), anchor="end", tone="text", title=name)
        for at, (column, cell) in enumerate(zip(heat.columns, cells, strict=True)):
            _cell(canvas, heat, (left + width * at, y, width, ROW), f"{name}, {column}", cell)
    _key(canvas, heat, left, canvas.height - 14)


def _columns(canvas: Canvas, heat: _Map, left: float, width: float) -> float:
    """The columns' names: level where they fit, else upright; returns where the cells begin."""
    longest = widest(heat.columns)
    canvas.text(0, 11, heat.about.axis or heat.unit.axis)
    if longest + GAP <= width:
        for place, name in enumerate(heat.columns):
            canvas.text(left + width * (place + 0.5), 32, name, anchor="middle")
        return 40.0
    top = 20 + min(longest, MOST_FOR_COLUMNS) + GAP
    for place, name in enumerate(heat.columns):
        x = left + width * (place + 0.5) + LETTER / 3
        canvas.text(x, top - 6, cut(name, MOST_FOR_COLUMNS), title=name, turn=-90)
    return top


def _cell(
    canvas: Canvas, heat: _Map, area: tuple[float, float, float, float], label: str, cell: HeatCell
) -> None:
    x, y, width, height = area
    value = exact(cell.value)
    written = heat.unit.write(value)
    words = written if value is None or _fits(written, width) else heat.brief(value)
    tone = "none"
    if value is not None:
        shade = heat.shade(value)
        tone = f"scale-{shade}"
        canvas.rect(x + 1, y + 1, width - 2, height - 2, tone)
    if _fits(words, width):
        ink = "soft" if value is None else "on-low" if shade < 5 else "on-middle" if shade == 5 else "on-high"
        canvas.text(x + width / 2, y + 18, words, anchor="middle", tone=ink)
    said = [Said(label), Said(written)] + ([Said(cell.note)] if cell.note else [])
    canvas.spot(area, said, url=cell.url)


def _fits(words: str, width: float) -> bool:
    return width_of(words) + 2 <= width


def _key(canvas: Canvas, heat: _Map, left: float, y: float) -> None:
    low, high = (cut(label, 72) for label in heat.unit.ticks([heat.low, heat.high]))
    x = left + width_of(low) + GAP
    canvas.text(left, y + 9, low)
    for shade in range(SHADES):
        canvas.rect(x + 18 * shade, y, 17, 10, f"scale-{shade + 1}")
    canvas.text(x + 18 * SHADES + GAP - 1, y + 9, high)
