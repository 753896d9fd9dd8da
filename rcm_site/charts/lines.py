"""Line charts: the course of up to five things over time, with their names at their ends.

On narrow screens and in mails, names that would be cut there stand above the plot instead, whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from .canvas import KEY, Canvas, Said, element
from .chart import (
    MOST_SERIES,
    NOTHING_KNOWN,
    About,
    Benchmark,
    Chart,
    Numbers,
    NumbersColumn,
    Series,
    drawn,
    exact,
    from_to,
    tones,
)
from .keeping import kept
from .lettering import LINE, STRONG, cut, widest, width_of
from .scales import Scale, scale_of
from .time_axis import Step, TimeAxis
from .units import Unit

TOP, BOTTOM = 26.0, 26.0
HEIGHTS = {"wide": 268.0, "half": 240.0, "narrow": 220.0}
GAP = 8.0
# More points than this cannot be pointed at one by one: every second, third … of them speaks.
MOST_SPOTS = 120


@kept
def line_chart(
    about: About,
    unit: Unit,
    days: Sequence[date],
    series: Sequence[Series],
    *,
    step: Step = Step.DAY,
    benchmark: Benchmark | None = None,
    from_zero: bool = False,
) -> Chart:
    """Courses over time. The axis leaves zero out only where all of it lies high above, and then says so."""
    if len(series) > MOST_SERIES:
        raise ValueError(
            f"a line chart shows at most {MOST_SERIES} series: fold the rest where it is counted"
        )
    lines = _Lines(about, unit, list(days), list(series), step, benchmark, from_zero)
    return Chart(about, lines.description(), drawn(about, lines.draw) if lines.known else (), lines.numbers())


class _Lines:
    def __init__(
        self,
        about: About,
        unit: Unit,
        days: list[date],
        series: list[Series],
        step: Step,
        benchmark: Benchmark | None,
        from_zero: bool,
    ) -> None:
        self.about, self.unit, self.days, self.series, self.step = about, unit, days, series, step
        self.benchmark, self.from_zero = benchmark, from_zero
        self.known = [value for each in series for value in each.known]
        self.tones = tones(series)
        self.top = TOP

    def description(self) -> str:
        if not self.known:
            return NOTHING_KNOWN
        names = [each.name for each in self.series]
        first, last = self.step.write(self.days[0]), self.step.write(self.days[-1])
        parts = [f"Line chart of {', '.join(names)}: {len(self.days)} points from {first} to {last}."]
        parts += [f"{each.name} {from_to(each.known, self.unit)}." for each in self.series if each.known]
        if self.benchmark:
            parts.append(f"Dashed line: {self._benchmark_words()}.")
        return " ".join(parts)

    def numbers(self) -> Numbers:
        columns = [NumbersColumn(self.about.rows or self.step.value.capitalize())]
        columns += [NumbersColumn(each.name, self.unit.write) for each in self.series]
        rows: list[list[object]] = [
            [self.step.write(day), *(each.values[place] for each in self.series)]
            for place, day in enumerate(self.days)
        ]
        return Numbers(columns, rows)

    def draw(self, canvas: Canvas) -> None:
        keyed = self._key(canvas) if self._is_keyed(canvas) else 0
        self.top = TOP + keyed
        canvas.height = HEIGHTS[canvas.kind] + keyed
        scale = self._scale(canvas.height)
        labels = self.unit.ticks(scale.ticks)
        left = widest(labels) + GAP
        right = canvas.width - self._room_for_names(canvas)
        axis = TimeAxis(self.days, left, right)
        self._grid(canvas, scale, labels, left, right)
        axis.draw(canvas, canvas.height - BOTTOM, self.step)
        if self.benchmark:
            y = scale.at(self.benchmark.value)
            canvas.rule(left, y, right, y, "soft", is_dashed=True)
        # What matters is drawn last, above its context.
        for place in sorted(range(len(self.series)), key=lambda place: self.tones[place] != "context"):
            self._course(canvas, scale, axis, place)
        if self.benchmark:
            self._name_benchmark(canvas, scale, axis, y)
        self._names(canvas, scale, axis)
        self._spots(canvas, scale, axis)

    def _scale(self, height: float) -> Scale:
        values = self.known + ([self.benchmark.value] if self.benchmark else [])
        return scale_of(
            values, height - BOTTOM, self.top, is_whole=self.unit.is_whole, from_zero=self.from_zero
        )

    def _room_for_names(self, canvas: Canvas) -> float:
        names = 0 if self._is_keyed(canvas) else self._widest_name()
        return min(names + self._widest_value() + 4 * GAP, self._most_for_names(canvas))

    def _widest_name(self) -> float:
        return widest([each.name for each in self.series]) if len(self.series) > 1 else 0

    def _widest_value(self) -> float:
        return widest([self._last_words(each) for each in self.series])

    def _most_for_names(self, canvas: Canvas) -> float:
        return canvas.width * (0.3 if canvas.is_narrow else 0.26)

    def _is_keyed(self, canvas: Canvas) -> bool:
        room = self._most_for_names(canvas) - self._widest_value() - 4 * GAP
        return canvas.is_narrow and self._widest_name() > room

    def _key(self, canvas: Canvas) -> float:
        """The names above the plot, as many in a row as fit; how much room they take."""
        x, row = 0.0, 1
        for series, tone in zip(self.series, self.tones, strict=True):
            shown = cut(series.name, canvas.width - KEY)
            width = KEY + width_of(shown) + 2 * GAP
            if x and x + width - 2 * GAP > canvas.width:
                x, row = 0.0, row + 1
            y = 11.0 + row * LINE
            canvas.rule(x, y - 4, x + KEY - 4, y - 4, tone)
            canvas.text(x + KEY, y, shown, title=series.name)
            x += width
        return row * LINE

    def _last_words(self, series: Series) -> str:
        return self.unit.write(series.known[-1]) if series.known else ""

    def _grid(self, canvas: Canvas, scale: Scale, labels: list[str], left: float, right: float) -> None:
        for tick, label in zip(scale.ticks, labels, strict=True):
            y = scale.at(tick)
            canvas.rule(left, y, right, y, "axis" if tick == 0 or tick == scale.ticks[0] else "grid")
            canvas.text(left - GAP, y + 4, label, anchor="end")
        start = f" – the axis starts at {labels[0]}, not at zero" if not scale.starts_at_zero else ""
        canvas.text(0, 11, f"{self.about.axis or self.unit.axis}{start}")

    def _benchmark_words(self) -> str:
        return f"{self.benchmark.name} {self.unit.write(self.benchmark.value)}" if self.benchmark else ""

    def _name_benchmark(self, canvas: Canvas, scale: Scale, axis: TimeAxis, y: float) -> None:
        words = self._benchmark_words()
        x, baseline = self._clearest(scale, axis, y, width_of(words))
        canvas.text(x, baseline, words, has_halo=True)

    def _clearest(self, scale: Scale, axis: TimeAxis, y: float, width: float) -> tuple[float, float]:
        """Where along the benchmark its name hides the least of any line."""
        points = [point for series in self.series for point in self._along(series, scale, axis)]
        first, last = axis.start + 4, axis.end - width - 4
        spaces = [(x, y + below) for x in (first, last, (first + last) / 2) for below in (-5, 14)]
        inside = [space for space in spaces if self.top < space[1] < scale.start] or spaces[:1]

        def hidden(space: tuple[float, float]) -> int:
            left, baseline = space
            return sum(
                left - 6 < x < left + width + 6 and baseline - 14 < y < baseline + 4 for x, y in points
            )

        return min(inside, key=hidden)

    def _along(self, series: Series, scale: Scale, axis: TimeAxis) -> list[tuple[float, float]]:
        """Points of its line, on the way between two of its values as well."""
        found: list[tuple[float, float]] = []
        known = [
            (axis.at(day), scale.at(value))
            for day, each in zip(self.days, series.values, strict=True)
            if (value := exact(each)) is not None
        ]
        for (x, y), (next_x, next_y) in pairwise([*known, *known[-1:]]):
            right, down = next_x - x, next_y - y
            count = int(max(right, abs(down)) / GAP) + 1
            found += [(x + right * n / count, y + down * n / count) for n in range(count)]
        return found

    def _course(self, canvas: Canvas, scale: Scale, axis: TimeAxis, place: int) -> None:
        tone = self.tones[place]
        values = [exact(value) for value in self.series[place].values]
        steps, run = [], 0
        for day, value in zip(self.days, values, strict=True):
            if value is None:
                run = 0
                continue
            steps.append(f"{'L' if run else 'M'}{axis.at(day):.1f} {scale.at(value):.1f}")
            run += 1
        if len(steps) > 1:
            canvas.path("".join(steps), tone, is_strong=tone != "context")
        for spot in _alone(values):
            canvas.dot(axis.at(self.days[spot]), scale.at(values[spot] or Decimal(0)), tone, 2.5)

    def _names(self, canvas: Canvas, scale: Scale, axis: TimeAxis) -> None:
        """Each line's name and last value at its end, moved apart where they would lie on each other."""
        ends = [
            (scale.at(each.known[-1]), place, axis.at(self._last_day(each)))
            for place, each in enumerate(self.series)
            if each.known
        ]
        heights = spread([y for y, _, _ in sorted(ends)], self.top - TOP + 8, canvas.height - BOTTOM - 2)
        for (y, place, x), height in zip(sorted(ends), heights, strict=True):
            self._name(canvas, place, (x, y), axis.end, height)

    def _name(
        self, canvas: Canvas, place: int, end: tuple[float, float], start: float, height: float
    ) -> None:
        series, tone, words = self.series[place], self.tones[place], self._last_words(self.series[place])
        canvas.dot(*end, tone)
        is_strong = series.is_focus or len(self.series) == 1
        room = canvas.width - start - GAP
        if len(self.series) == 1:
            canvas.text(start + GAP, height + 4, words, tone="text", is_strong=True)
            return
        canvas.rule(start + 6, height, start + 14, height, tone)
        if self._is_keyed(canvas):
            canvas.text(start + 18, height + 4, words, is_strong=is_strong)
            return
        shown = cut(series.name, (room - 10 - width_of(f"{words} ")) / (STRONG if is_strong else 1))
        canvas.text(start + 18, height + 4, shown, value=words, title=series.name, is_strong=is_strong)

    def _last_day(self, series: Series) -> date:
        return max(
            day for day, value in zip(self.days, series.values, strict=True) if exact(value) is not None
        )

    def _spots(self, canvas: Canvas, scale: Scale, axis: TimeAxis) -> None:
        every = -(-len(self.days) // MOST_SPOTS)
        for place in range((len(self.days) - 1) % every, len(self.days), every):
            left, right = axis.reach(place)
            x = axis.at(self.days[place])
            marks = [element("line", class_="guide", x1=x, y1=self.top, x2=x, y2=canvas.height - BOTTOM)]
            said = [Said(self.step.write(self.days[place]))]
            for series, tone in zip(self.series, self.tones, strict=True):
                value = exact(series.values[place])
                said.append(Said(series.name, self.unit.write(value), tone))
                if value is not None:
                    marks.append(element("circle", class_=f"fill-{tone}", cx=x, cy=scale.at(value), r=4))
            area = (
                left - (every - 1) * (right - left),
                self.top,
                (right - left) * every,
                canvas.height - self.top - BOTTOM,
            )
            canvas.spot(area, said, beside=(x, self.top + LINE * 2), marks="".join(marks))


def _alone(values: Sequence[Decimal | None]) -> list[int]:
    """Points with a gap on both sides, which no line would show."""
    fenced = [None, *values, None]
    return [
        place
        for place, ((before, here), after) in enumerate(zip(pairwise(fenced), fenced[2:], strict=False))
        if here is not None and before is None and after is None
    ]


def spread(heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """Labels at rising heights, moved apart until each has a line of its own."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + LINE) if placed else max(height, top))
    overhang = placed[-1] - bottom if placed else 0
    limit = bottom
    if overhang > 0:
        for place in reversed(range(len(placed))):
            placed[place] = min(placed[place], limit)
            limit = placed[place] - LINE
    return placed
