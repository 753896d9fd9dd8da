"""A KPI as charts and tables show it: its unit, its benchmark as a line, its trend, its change in a cell."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpRequest

from rcm_site import charts
from rcm_site.charts import About, Benchmark, Chart, Series, Size, line_chart
from rcm_site.tables import Cell

from ..catalogue import Figure, Kpi, Unit
from ..questions import Question, span_in_words
from .report import part_url

CHART_UNITS: dict[Unit, charts.Unit] = {
    Unit.PERCENT: charts.PERCENT,
    Unit.DAYS: charts.DAYS,
    Unit.MONEY: charts.DOLLARS,
    Unit.COUNT: charts.COUNT,
}
HUNDREDTHS = Decimal(100)


def drawn(kpi: Kpi, value: Decimal | None) -> Decimal | None:
    """A value as charts take it: per cents are shares of one there."""
    return value / HUNDREDTHS if value is not None and kpi.unit == Unit.PERCENT else value


def benchmark_of(kpi: Kpi) -> Benchmark | None:
    if kpi.benchmark is None:
        return None
    value = drawn(kpi, kpi.benchmark.value)
    return Benchmark(value, "benchmark") if value is not None else None


def value_cell(kpi: Kpi, figure: Figure) -> Cell:
    """A value, and where one points how many it is of; too few are said to be few."""
    few = "only " if figure.is_few else ""
    return Cell(kpi.words(figure.value), title=f"{few}{figure.n:,} {kpi.n_noun}", numeric=True)


def trend_chart(
    request: HttpRequest,
    question: Question,
    kpi: Kpi,
    *,
    key: str = "trend",
    axis: str = "",
    size: Size = Size.WIDE,
) -> Chart:
    """How a KPI moved over the period, with its benchmark."""
    steps = kpi.series(question.scope, question.period, question.step)
    about = About(
        key,
        kpi.label,
        caption=span_in_words(question.period),
        axis=axis,
        rows=question.step.capitalize(),
        size=size,
        export_url=part_url(request, key),
    )
    values = [drawn(kpi, figure.value) for _, figure in steps]
    return line_chart(
        about,
        CHART_UNITS[kpi.unit],
        [each.start for each, _ in steps],
        [Series(kpi.label, values)],
        step=charts.Step(question.step),
        benchmark=benchmark_of(kpi),
    )
