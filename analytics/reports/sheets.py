"""Reports as CSV and Excel sheets: numbers as numbers, in CSV the rows alone, in Excel with their totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

from accounts.models import User
from rcm_site.spreadsheets import csv_chunks, safe_cell, safe_row
from rcm_site.xlsx import Table, book_chunks

from . import answering
from .answering import ReportRow
from .columns import ReportColumn, columns
from .parts import Counted, Part, whose


def csv(part: Part, counted: Counted) -> Iterator[bytes]:
    """The plain table: who adds it up or pivots it must not find its totals among the rows."""
    shown = columns(part.asked)
    table = answering.rows(part.asked)
    return csv_chunks(_headings(shown), _values(shown, counted(table.rows)))


def xlsx(title: str, parts: Sequence[Part], owner: User, at: datetime, counted: Counted) -> Iterator[bytes]:
    return book_chunks(_tables(parts, counted), [safe_row(each) for each in about(title, parts, owner, at)])


def _tables(parts: Sequence[Part], counted: Counted) -> Iterator[Table]:
    for part in parts:
        shown = columns(part.asked)
        table = answering.rows(part.asked)
        total = [table.total] if table.total else []
        rows = _values(shown, chain(counted(table.rows), total))
        yield Table(part.sheet, _headings(shown), map(safe_row, rows))


def _headings(shown: Sequence[ReportColumn]) -> list[str]:
    return [str(safe_cell(each.label)) for each in shown]


def _values(shown: Sequence[ReportColumn], rows: Iterable[ReportRow]) -> Iterator[list[object]]:
    for row in rows:
        yield [each.value(row) for each in shown]


def about(title: str, parts: Sequence[Part], owner: User, at: datetime) -> list[tuple[str, object]]:
    """What a file says of itself."""
    said: list[tuple[str, object]] = [("Report", title)]
    for part in parts:
        heading = f"Filters, {part.sheet}" if len(parts) > 1 else "Filters"
        said.append((heading, part.asked.words))
    said += [("Claims of", whose(owner)), ("Made", at), ("For", owner.name or owner.email)]
    noted = dict.fromkeys(note for part in parts for note in answering.notes(part.asked))
    said += [("Note", note) for note in noted]
    numbers = {kpi.label: kpi for part in parts for kpi in part.asked.numbers}
    said += [(kpi.label, f"{kpi.definition} ({kpi.formula})") for kpi in numbers.values()]
    return said
