"""Histograms: how a number is spread, with marks where half of it and nine tenths of it lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .canvas import Canvas, Said
from .chart import About, Chart, Numbers, NumbersColumn, drawn
from .keeping import kept
from .lettering import LINE, widest, width_of
from .scales import Scale, scale_of
from .units import COUNT, PERCENT, Unit

HEIGHTS = {"wide": 280.0, "half": 256.0, "narrow": 240.0}
BOTTOM, GAP = 40.0, 8.0
MARKS_TOP = 30.0


@dataclass(frozen=True)
class Bin:
    """How many lie from `low` up to, but not at, `high`; the last one may be open."""

    low: Decimal
    high: Decimal | None
    count: int
    url: str = ""


@dataclass(frozen=True)
class Mark:
    name: str  # "Half are paid within"
    value: Decimal


@kept
def histogram(
    about: About, unit: Unit, bins: Sequence[Bin], marks: Sequence[Mark] = (), *, counted: str = "Claims"
) -> Chart:
    """Counts by value; `unit` is what the bins measure, `counted` what is in them."""
    total = sum(each.count for each in bins)
    columns = [
        NumbersColumn(about.rows or unit.axis),
        NumbersColumn(counted, COUNT.write),
        NumbersColumn("Share", PERCENT.write),
    ]
    spread = _Spread(about, unit, list(bins), list(marks), counted, total)
    rows: list[list[object]] = [[spread.label(each), each.count, spread.share(each)] for each in bins]
    numbers = Numbers(columns, rows)
    if not total:
        return Chart(about, "Nothing is counted in this period.", (), numbers)
    return Chart(about, spread.description(), drawn(about, spread.draw), numbers)


@dataclass(frozen=True)
class _Spread:
    about: About
    unit: Unit
    bins: list[Bin]
    marks: list[Mark]
    counted: str
    total: int

    def label(self, each: Bin) -> str:
        low = self.unit.write(each.low)
        if each.high is None:
            return f"{low} and more"
        return f"{low} to under {self.unit.write(each.high)}"

    def share(self, each: Bin) -> Decimal | None:
        return Decimal(each.count) / self.total if self.total else None

    def description(self) -> str:
        marks = "".join(f" {mark.name} {self.unit.write(mark.value)}." for mark in self.marks)
        most = max(self.bins, key=lambda each: each.count)
        return (
            f"Histogram of {COUNT.write(self.total)}, {len(self.bins)} bins of {self.unit.axis}; "
            f"most lie at {self.label(most)}.{marks}"
        )

    @property
    def end(self) -> Decimal:
        """Where the drawing ends: an open bin is drawn as wide as the one before it."""
        last = self.bins[-1]
        if last.high is not None:
            return last.high
        before = self.bins[-2] if len(self.bins) > 1 else None
        return last.low + (before.high - before.low if before and before.high is not None else Decimal(1))

    def draw(self, canvas: Canvas) -> None:
        canvas.height = HEIGHTS[canvas.kind]
        top, bottom = MARKS_TOP + LINE * len(self.marks), canvas.height - BOTTOM
        counts = [Decimal(each.count) for each in self.bins]
        up = scale_of(counts, bottom, top, most=4, is_whole=True)
        labels = COUNT.ticks(up.ticks)
        left = widest(labels) + GAP
        along = Scale(self.bins[0].low, self.end, left, canvas.width - GAP)
        for tick, label in zip(up.ticks, labels, strict=True):
            canvas.rule(left, up.at(tick), canvas.width, up.at(tick), "axis" if tick == 0 else "grid")
            canvas.text(left - GAP, up.at(tick) + 4, label, anchor="end")
        canvas.text(0, 11, self.counted)
        self._columns(canvas, along, up)
        self._edges(canvas, along, bottom)
        for place, mark in enumerate(self.marks):
            self._mark(canvas, along, MARKS_TOP + LINE * place, bottom, mark)

    def _columns(self, canvas: Canvas, along: Scale, up: Scale) -> None:
        for each in self.bins:
            x = along.at(each.low)
            width = along.at(self.end if each.high is None else each.high) - x
            y = up.at(Decimal(each.count))
            tone = "context" if each.high is None else "1"
            if each.count:
                canvas.rect(x + 0.5, y, max(width - 1, 0.5), up.start - y, tone)
            said = [
                Said(
                    f"{self.label(each)} {self.unit.axis.lower()}"
                    if self.unit.axis.isalpha()
                    else self.label(each)
                ),
                Said(self.counted, COUNT.write(each.count), tone),
                Said("Share", PERCENT.write(self.share(each))),
            ]
            canvas.spot((x, up.end, width, up.start - up.end), said, beside=(x + width / 2, y), url=each.url)

    def _edges(self, canvas: Canvas, along: Scale, bottom: float) -> None:
        """The bins' edges, as many as have room."""
        edges = [each.low for each in self.bins] + ([] if self.bins[-1].high is None else [self.end])
        written, last = self.unit.ticks(edges), float("-inf")
        if self.bins[-1].high is None:
            written[-1] += "+"
        for edge, words in zip(edges, written, strict=True):
            x = along.at(edge)
            if x - width_of(words) / 2 > last + GAP:
                canvas.text(min(x, canvas.width - width_of(words) / 2), bottom + 16, words, anchor="middle")
                last = x + width_of(words) / 2
        axis = self.about.axis or self.unit.axis
        canvas.text((along.start + along.end) / 2, canvas.height - 6, axis, anchor="middle")

    def _mark(self, canvas: Canvas, along: Scale, y: float, bottom: float, mark: Mark) -> None:
        x = along.at(min(max(mark.value, along.low), along.high))
        words = f"{mark.name} {self.unit.write(mark.value)}"
        canvas.rule(x, y - 6, x, bottom, "2", is_dashed=True)
        fits = x + 5 + width_of(words) <= canvas.width
        canvas.text(
            x + 5 if fits else x - 5, y, words, anchor="start" if fits else "end", tone="text", has_halo=True
        )
