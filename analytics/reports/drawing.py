"""A report's charts: a course over time, or bars beside one another, one chart a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from rcm_site import charts as drawing
from rcm_site.charts import About, Bar, Chart, Series, Size, bar_chart, fold, line_chart
from rcm_site.charts.chart import MOST_SERIES

from ..catalogue import FEW, Figure, Kpi, Unit
from ..overview import n_in_words
from ..pages.drawing import CHART_UNITS, benchmark_of, drawn
from .answering import ReportRow, ReportTable
from .asking import ReportQuestion, is_rate

MOST_CHARTS = 4  # of the first numbers: more of them are a wall
MOST_BARS = 15


def charts(table: ReportTable, size: Size = Size.WIDE) -> list[Chart]:
    """What the report's definition has drawn; a table too long to be read twice is not drawn."""
    if table.asked.chart == "none" or table.is_long:
        return []
    shown = list(table.rows)
    draw: Callable[[ReportQuestion, Sequence[ReportRow], int, Size], Chart]
    draw = _course if table.asked.chart == "line" else _bars
    return [
        draw(table.asked, shown, place, size) for place in range(min(len(table.asked.numbers), MOST_CHARTS))
    ]


def _about(asked: ReportQuestion, place: int, size: Size, caption: str) -> About:
    kpi = asked.numbers[place]
    axis = "" if kpi.unit != Unit.COUNT else kpi.label
    return About(f"chart-{place + 1}", kpi.label, caption=caption, axis=axis, size=size)


# Courses -------------------------------------------------------------------------------------------


def _course(asked: ReportQuestion, rows: Sequence[ReportRow], place: int, size: Size) -> Chart:
    kpi, time = asked.numbers[place], asked.time
    steps = list(asked.question.period.steps(str(time and time.key)))
    days = [each.start for each in steps]
    told = _by_member(rows, asked)
    if len(asked.groups) == 1:
        lines, caption = _alone(asked, rows, place), ""
    else:
        lines = [_line(kpi, label, days, found, place) for label, found in told[:MOST_SERIES]]
        caption = f"The {len(lines)} largest of {len(told)}." if len(told) > len(lines) else ""
    step = drawing.Step(str(time and time.key))
    about = _about(asked, place, size, caption)
    return line_chart(about, CHART_UNITS[kpi.unit], days, lines, step=step, benchmark=benchmark_of(kpi))


def _alone(asked: ReportQuestion, rows: Sequence[ReportRow], place: int) -> list[Series]:
    """The number itself, before the course that it is compared with."""
    kpi = asked.numbers[place]
    now = Series(kpi.label, [drawn(kpi, row.now[place].value) for row in rows], is_focus=True)
    if not asked.question.against:
        return [now]
    label = "A year before" if asked.question.compare == "year" else "Before"
    then = [drawn(kpi, row.then[place].value) if row.then else None for row in rows]
    return [now, Series(label, then, is_rest=True)]


def _by_member(rows: Sequence[ReportRow], asked: ReportQuestion) -> list[tuple[str, dict[date, ReportRow]]]:
    """The rows of each payer, department … by day, the largest first."""
    place = next((place for place, each in enumerate(asked.groups) if not each.is_time), None)
    if place is None:
        return []
    found: dict[Any, dict[date, ReportRow]] = {}
    labels, sizes = {}, dict[Any, int]()
    for row in rows:
        member = row.members[place]
        found.setdefault(member.key, {})[row.period.start] = row
        labels[member.key] = member.label
        sizes[member.key] = sizes.get(member.key, 0) + row.now[0].n
    ordered = sorted(found, key=lambda key: (-sizes[key], labels[key]))
    return [(labels[key], found[key]) for key in ordered]


def _line(kpi: Kpi, label: str, days: Sequence[date], rows: dict[date, ReportRow], place: int) -> Series:
    """Where nothing was counted, an amount is zero and a rate is not known."""
    nothing = None if is_rate(kpi) else Decimal(0)
    return Series(label, [drawn(kpi, rows[day].now[place].value) if day in rows else nothing for day in days])


# Bars ----------------------------------------------------------------------------------------------


def _bars(asked: ReportQuestion, rows: Sequence[ReportRow], place: int, size: Size) -> Chart:
    """The largest; what adds up ends in a bar of all others, rates of too few are left out."""
    kpi = asked.numbers[place]
    told = [row for row in rows if row.now[place].value is not None and not row.now[place].is_few]
    bars = [_bar(kpi, row, row.now[place]) for row in told]
    adds_up = not is_rate(kpi) and asked.code is None
    shown = fold(bars, MOST_BARS) if adds_up else sorted(bars, key=_size)[:MOST_BARS]
    caption = "" if adds_up or len(bars) <= MOST_BARS else f"The {MOST_BARS} largest of {len(bars)}."
    few = len(rows) - len(told)
    if few:
        caption = f"{caption} {few} left out: fewer than {FEW} {kpi.n_noun} each.".strip()
    about = _about(asked, place, size, caption)
    return bar_chart(about, CHART_UNITS[kpi.unit], shown, benchmark=benchmark_of(kpi))


def _bar(kpi: Kpi, row: ReportRow, figure: Figure) -> Bar:
    label = " · ".join(each.label for each in row.members)
    return Bar(label, drawn(kpi, figure.value), note=n_in_words(kpi, figure) if kpi.n_noun else "")


def _size(bar: Bar) -> Decimal:
    return -Decimal(bar.value or 0)
