"""Pareto charts: how few causes make up most of a sum.

Bars and the running share stand on one scale, so the line begins where the first bar ends and nobody has to
compare two axes. The causes that make up the first 80% carry the accent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .bars import BAR, GAP, Bar, Rows, in_order, rows_of
from .canvas import Canvas, Said
from .chart import About, Chart, Numbers, NumbersColumn, drawn, exact
from .keeping import kept
from .lettering import widest, width_of
from .scales import Scale
from .units import PERCENT, Unit

MOST = Decimal("0.8")
TICKS = tuple(Decimal(tick) / 100 for tick in (0, 20, 40, 60, 80, 100))
TOP = 38.0


@dataclass(frozen=True)
class _Cause:
    bar: Bar
    value: Decimal
    share: Decimal
    running: Decimal

    @property
    def is_vital(self) -> bool:
        return self.running - self.share < MOST and not self.bar.is_rest


@kept
def pareto(about: About, unit: Unit, bars: Sequence[Bar]) -> Chart:
    """Causes from the largest down, and what they make up together. Only what is above zero has a share."""
    ordered = in_order(bars)
    causes = _causes(ordered)
    columns = [
        NumbersColumn(about.rows or "Cause"),
        NumbersColumn(about.axis or unit.axis, unit.write),
        NumbersColumn("Share", PERCENT.write),
        NumbersColumn("Running share", PERCENT.write),
    ]
    shares = {id(cause.bar): cause for cause in causes}
    rows: list[list[object]] = []
    for bar in ordered:
        cause = shares.get(id(bar))
        rows.append([bar.label, bar.value, cause and cause.share, cause and cause.running])
    numbers = Numbers(columns, rows)
    if not causes:
        return Chart(about, "Nothing above zero in this period.", (), numbers)
    return Chart(
        about, _description(causes, unit), drawn(about, lambda canvas: _draw(canvas, unit, causes)), numbers
    )


def _causes(bars: list[Bar]) -> list[_Cause]:
    counted = [(bar, value) for bar in bars if (value := exact(bar.value)) is not None and value > 0]
    total = sum((value for _, value in counted), Decimal(0))
    causes, running = [], Decimal(0)
    for bar, value in counted:
        running += value
        causes.append(_Cause(bar, value, value / total, running / total))
    return causes


def _description(causes: list[_Cause], unit: Unit) -> str:
    vital = [cause for cause in causes if cause.is_vital]
    words = f"Pareto chart of {len(causes)} causes, {unit.write(_sum(causes))} together."
    if not vital:
        return words
    first = f"The first is {vital[0].bar.label} with {PERCENT.write(vital[0].share)}"
    return f"{words} {first}; {len(vital)} make up {PERCENT.write(vital[-1].running)}."


def _sum(causes: list[_Cause]) -> Decimal:
    return sum((cause.value for cause in causes), Decimal(0))


def _draw(canvas: Canvas, unit: Unit, causes: list[_Cause]) -> None:
    written = [unit.write(cause.value) for cause in causes]
    # Values lie beside the bars, where the line only passes in the first row; shares stand at its points.
    rows = rows_of(canvas, [cause.bar.label for cause in causes], ["100.0%"], top=TOP)
    scale = Scale(Decimal(0), Decimal(1), rows.left, rows.right, TICKS[::2] if canvas.is_narrow else TICKS)
    rows.grid(
        scale,
        PERCENT,
        f"% of {unit.write(_sum(causes))} · line: running share",
    )
    _most(canvas, rows, scale)
    for place, cause in enumerate(causes):
        width = max(scale.at(cause.share) - rows.left, 0.5)
        canvas.rect(rows.left, rows.bar_top(place), width, BAR, "1" if cause.is_vital else "context")
    _running(canvas, rows, scale, causes)
    room = widest(written)
    for place, cause in enumerate(causes):
        x = scale.at(cause.share) + 5
        y = rows.bar_top(place)
        rows.name(place, is_strong=cause.bar.is_focus)
        if place and x + room < scale.at(cause.running) - GAP:
            canvas.text(x, y + 11, written[place], tone="text", has_halo=True)
        said = [
            Said(cause.bar.label),
            Said("Here", written[place], "1" if cause.is_vital else "context"),
            Said("Share", PERCENT.write(cause.share)),
            Said("With those above", PERCENT.write(cause.running), "2"),
        ]
        if cause.bar.note:
            said.append(Said(cause.bar.note))
        canvas.spot(rows.area(place), said, url=cause.bar.url)


def _most(canvas: Canvas, rows: Rows, scale: Scale) -> None:
    x = scale.at(MOST)
    canvas.rule(x, rows.top - 4, x, rows.bottom, "soft", is_dashed=True)
    canvas.text(x, rows.top - 8, "80%", anchor="middle", has_halo=True)


def _running(canvas: Canvas, rows: Rows, scale: Scale, causes: list[_Cause]) -> None:
    points = [(scale.at(cause.running), rows.bar_top(place) + BAR / 2) for place, cause in enumerate(causes)]
    canvas.path(
        "".join(f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(points)), "2"
    )
    for (x, y), cause in zip(points, causes, strict=True):
        canvas.dot(x, y, "2")
        words = PERCENT.write(cause.running)
        # Above to the right, where the line neither comes from nor goes; on a phone a name may stand there.
        if canvas.is_narrow and x < width_of(cause.bar.label) + GAP:
            continue
        canvas.text(min(x + 5, canvas.width - width_of(words)), y - 5, words, has_halo=True)
