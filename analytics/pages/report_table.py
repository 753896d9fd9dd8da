"""A report's rows as a table on a page: each figure leads to the page that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from django.http import HttpRequest

from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import money, money_brief

from ..catalogue import Kpi, Unit
from ..kpis import KPIS
from ..reports.answering import FEW_NOTE, ReportRow, ReportTable
from ..reports.asking import ReportQuestion
from ..reports.columns import FEW_MARK, ReportColumn, shown_columns

MOST_ON_PAGE = 1_000  # rows; whoever wants more takes the file
MOST_SMALL = 2  # numbers in little room
MOST_SIDE_BY_SIDE = 2  # numbers beside what they were: of more, a page shows how they changed


def report_table(
    request: HttpRequest,
    answer: ReportTable,
    *,
    key: str = "rows",
    most: int = MOST_ON_PAGE,
    is_sorted: bool = True,
    is_small: bool = False,
) -> Table:
    """The first rows of an answer, and what all of them come to."""
    asked = answer.asked
    shown = [each for each in shown_columns(asked) if fits(asked, each, is_small=is_small)]
    total = answer.total if asked.groups else None
    return Table(
        request,
        list(islice(iter(answer.rows), most)),
        [_column(asked, each, is_sorted=is_sorted) for each in shown]
        if asked.groups
        else _alone(asked, shown),
        key=key,
        caption=asked.title,
        totals=[_cell(asked, each, total) for each in shown] if total else None,
        empty_title="Nothing to show",
        empty_text="There is nothing of what it asks for in these days: widen the period, or filter less.",
    )


def fits(asked: ReportQuestion, column: ReportColumn, *, is_small: bool) -> bool:
    """Whether there is room for it; in little there is for the first numbers and how they changed."""
    if is_small and column.is_numeric and number_of(asked, column) not in asked.numbers[:MOST_SMALL]:
        return False
    is_room = len(asked.numbers) <= MOST_SIDE_BY_SIDE and not is_small
    return is_room or not column.key.endswith(".then")


def number_of(asked: ReportQuestion, column: ReportColumn) -> Kpi | None:
    """What a column is about, by its key: kpis.denial_rate.change."""
    key = column.key.partition(".")[2].partition(".")[0]
    return next((each for each in asked.numbers if each.key == key), None)


def _columns(asked: ReportQuestion, shown: Sequence[ReportColumn], *, is_sorted: bool) -> list[Column]:
    return [_column(asked, each, is_sorted=is_sorted) for each in shown]


def _column(asked: ReportQuestion, shown: ReportColumn, *, is_sorted: bool) -> Column:
    return Column(
        shown.key,
        heading(asked, shown),
        lambda row: _cell(asked, shown, row),
        numeric=shown.is_numeric,
        sort="value" if is_sorted else "",
        value=shown.value,
    )


def heading(asked: ReportQuestion, column: ReportColumn) -> str:
    """What a number is compared with stands right beside it on a page, so it need not be named again."""
    if column.key.endswith(".then"):
        return "A year before" if asked.question.compare == "year" else "Before"
    return "Change" if is_change(column) else column.label


def is_change(column: ReportColumn) -> bool:
    return column.key.endswith(".change")


def _alone(asked: ReportQuestion, shown: Sequence[ReportColumn]) -> list[Column]:
    """The one row of a report that tells nothing apart is named by its days."""
    days = Column("days", "Days", lambda _: asked.question.period_in_words)
    return [days, *(_column(asked, each, is_sorted=False) for each in shown)]


def _cell(asked: ReportQuestion, column: ReportColumn, row: ReportRow) -> Cell:
    text, title = column.text(row), column.title(row)
    value, number = column.value(row), number_of(asked, column)
    if number and number.unit == Unit.MONEY and isinstance(value, Decimal) and not is_change(column):
        text, title = money_brief(value), ", ".join(each for each in (money(value), title) if each)
    return Cell(
        text,
        title=title,
        numeric=column.is_numeric,
        tone=column.tone(row),
        url=_explained_at(asked, column, row),
    )


def _explained_at(asked: ReportQuestion, column: ReportColumn, row: ReportRow) -> str:
    """The page of the KPI, asked for this row alone; none where no page can be narrowed so."""
    kind, _, key = column.key.partition(".")
    if kind != "kpis" or key not in KPIS or row.narrows is None:
        return ""
    return asked.question.url("kpi", key, **row.narrows)


def notes(answer: ReportTable, table: Table) -> list[str]:
    """What a reader has to know; of few only where there are any."""
    has_few = any(FEW_MARK in cell.text for row in table.rows for cell in row.cells if cell.numeric)
    return [*answer.notes, *([FEW_NOTE] if has_few else [])]


def definitions(asked: ReportQuestion) -> Sequence[Kpi]:
    return asked.numbers


def shown_of(answer: ReportTable, table: Table) -> dict[str, Any]:
    """What templates show of an answer beside its charts."""
    return {"table": table, "notes": notes(answer, table), "definitions": definitions(answer.asked)}
