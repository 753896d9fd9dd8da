"""A KPI as it was known when days were over, beside what is known of them now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from rcm_site.charts import About, Chart, Series, line_chart
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import MINUS, NOTHING, day, number, unbroken

from ..cards import Good
from ..catalogue import Figure, Kpi, Unit
from ..facts.measures import MEASURES
from ..known_then import Known, days_to_show, is_kept, known_now, known_then
from ..questions import Question
from .drawing import CHART_UNITS, drawn, value_cell
from .report import part_url

FEWEST_DRAWN = 4
# By how much a number shows that it differs.
STEPS = {
    Unit.PERCENT: Decimal("0.1"),
    Unit.DAYS: Decimal("0.1"),
    Unit.MONEY: Decimal("0.01"),
    Unit.COUNT: Decimal(1),
}
TABLE, CHART = "known_then", "known_course"


@dataclass(frozen=True)
class Compared:
    then: Known
    now: Figure

    @property
    def difference(self) -> Decimal | None:
        if self.then.figure.value is None or self.now.value is None:
            return None
        return self.now.value - self.then.figure.value


def then_and_now(request: HttpRequest, kpi: Kpi, question: Question) -> dict[str, Any]:
    """Nothing where the question asks for what is not kept, or nothing is kept yet."""
    days = days_to_show(kpi, question.period) if is_kept(question.scope) else []
    then = known_then(kpi, question.scope, days) if days else []
    if not then:
        return {}
    now = known_now(kpi, question.scope, [each.window for each in then])
    rows = [Compared(*pair) for pair in zip(then, now, strict=True)]
    return {
        "known_table": _table(request, kpi, rows),
        "known_chart": _chart(request, kpi, rows) if _is_worth_drawing(rows) else None,
        "known_of": _window_in_words(kpi, rows[-1].then.days),
    }


def _window_in_words(kpi: Kpi, days: int) -> str:
    if all(MEASURES[key].as_of for key in kpi.measures):
        return "at the end of each day"
    return f"over the {days} days that ended on each day"


def _is_worth_drawing(rows: list[Compared]) -> bool:
    """Two courses that are one, or two points of them, say less than the table."""
    return len(rows) >= FEWEST_DRAWN and any(each.difference for each in rows)


def _table(request: HttpRequest, kpi: Kpi, rows: list[Compared]) -> Table:
    columns: list[Column] = [
        Column(
            "day", "Day", lambda row: unbroken(day(row.then.day)), sort="day", value=lambda row: row.then.day
        ),
        Column("taken", "Written down", lambda row: unbroken(_taken(row)), value=_taken),
        Column(
            "then",
            "As known then",
            lambda row: value_cell(kpi, row.then.figure),
            numeric=True,
            value=lambda row: exported(kpi, row.then.figure.value),
        ),
        Column(
            "now",
            "As known now",
            lambda row: value_cell(kpi, row.now),
            numeric=True,
            value=lambda row: exported(kpi, row.now.value),
        ),
        Column(
            "difference",
            "Difference",
            lambda row: _difference(kpi, row.difference),
            numeric=True,
            value=lambda row: exported(kpi, row.difference),
        ),
    ]
    return Table(
        request,
        rows,
        columns,
        key=TABLE,
        default_sort="-day",
        caption=f"{kpi.label}, then and now",
        export_url=part_url(request, TABLE),
    )


def _taken(row: Compared) -> str:
    """Late says that it is what was known on that day, and not the night after."""
    return f"{day(timezone.localdate(row.then.taken_at))}{', late' if row.then.is_late else ''}"


def _difference(kpi: Kpi, difference: Decimal | None) -> Cell:
    """Signed; a share by points. It is good or bad as the number's direction is."""
    if difference is None:
        return Cell(NOTHING, numeric=True)
    shown = difference.quantize(STEPS[kpi.unit], ROUND_HALF_UP)
    size = abs(shown)
    words = f"{number(size, 1)} points" if kpi.unit == Unit.PERCENT else kpi.words(size)
    tone = ""
    if shown and kpi.good != Good.EITHER:
        tone = "good" if (shown > 0) == (kpi.good == Good.UP) else "bad"
    sign = "" if not shown else "+" if shown > 0 else MINUS
    return Cell(unbroken(f"{sign}{words}"), numeric=True, tone=tone)


def exported(kpi: Kpi, value: Decimal | None) -> Decimal | None:
    """Amounts without the places that they are kept with; quotients in full."""
    if value is None or kpi.unit in (Unit.PERCENT, Unit.DAYS):
        return value
    return value.quantize(STEPS[kpi.unit])


def _chart(request: HttpRequest, kpi: Kpi, rows: list[Compared]) -> Chart:
    about = About(
        CHART,
        kpi.label,
        caption=f"As known then and as known now, {_window_in_words(kpi, rows[-1].then.days)}",
        rows="Day",
        level=3,
        export_url=part_url(request, CHART),
    )
    return line_chart(
        about,
        CHART_UNITS[kpi.unit],
        [each.then.day for each in rows],
        [
            Series("Now", [drawn(kpi, each.now.value) for each in rows], is_focus=True),
            Series("Then", [drawn(kpi, each.then.figure.value) for each in rows]),
        ],
    )
