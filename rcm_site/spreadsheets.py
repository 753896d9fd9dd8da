"""Tables that spreadsheets open, as CSV or Excel sheets, without running what somebody typed into a field.

A page exports the table that it shows: `export(kind, name, *of_table(columns, queryset))`.
Whoever exports writes that into the audit trail first: the first byte leaves before the last row is read.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.core.exceptions import BadRequest
from django.http import StreamingHttpResponse

from .tables import Column
from .xlsx import CONTENT_TYPE, xlsx_chunks

# What spreadsheets take for the start of a formula, full-width forms included.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
ROWS_A_CHUNK = 500


def safe_cell(value: object) -> object:
    """Text that would run as a formula is quoted; numbers stay numbers, negative ones too."""
    if isinstance(value, int | float | Decimal) or value is None:
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


class _Line:
    """A file for csv.writer that hands each line on."""

    def write(self, line: str) -> str:
        return line


def csv_chunks(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    writer = csv.writer(_Line())
    lines: list[str] = ["\ufeff", writer.writerow(headings)]  # the mark tells Excel that this is UTF-8
    for row in rows:
        lines.append(writer.writerow([safe_cell(value) for value in row]))
        if len(lines) >= ROWS_A_CHUNK:
            yield "".join(lines).encode(errors="replace")
            lines.clear()
    yield "".join(lines).encode(errors="replace")


def stream_csv(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        csv_chunks(headings, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )


def safe_typed(value: object) -> object:
    """As `safe_cell`, but days and moments stay what they are too."""
    return value if isinstance(value, date) else safe_cell(value)


def stream_xlsx(
    name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    safe_rows = ([safe_typed(value) for value in row] for row in rows)
    return StreamingHttpResponse(
        xlsx_chunks([str(safe_cell(heading)) for heading in headings], safe_rows),
        content_type=CONTENT_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"},
    )


def of_table(
    columns: Sequence[Column], objects: Iterable[object]
) -> tuple[list[str], Iterator[list[object]]]:
    """What a page's table shows, as headings and rows."""
    rows = ([column.exported(each) for column in columns] for each in objects)
    return [column.label for column in columns], rows


Exporter = Callable[[str, Sequence[str], Iterable[Sequence[object]]], StreamingHttpResponse]
EXPORTS: dict[str, Exporter] = {"csv": stream_csv, "xlsx": stream_xlsx}


def export(
    kind: str, name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """A table as a file to keep: `kind` is "csv" or "xlsx", `name` the file's without its ending."""
    if kind not in EXPORTS:
        raise BadRequest(f"An export is one of {', '.join(EXPORTS)}.")
    return EXPORTS[kind](name, headings, rows)
