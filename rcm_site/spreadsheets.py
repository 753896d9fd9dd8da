"""Tables that spreadsheets open, as CSV or Excel sheets, without running what somebody typed into a field.

A page exports the table that it shows: `export(kind, name, *of_table(columns, queryset), sheet)`.
Whoever exports writes that into the audit trail first: the first byte leaves before the last row is read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import SEEK_END, StringIO
from typing import Any

from django.core.exceptions import BadRequest
from django.http import StreamingHttpResponse

from .cells import FORMULA_STARTS, Remembered, Say, Write, are_plain, batches, written
from .tables import Column
from .xlsx import CONTENT_TYPE, Table, book_chunks

SUSPECT = frozenset(FORMULA_STARTS) | {" "}
NEVER_RUN = (int, float, Decimal, date, type(None))
QUOTE, QUOTED = '"', re.compile('[,"\r\n]')
PLAIN = frozenset({int, float, Decimal, date, datetime, type(None)})


def safe_cell(value: object) -> object:
    """Text that would run as a formula is quoted; numbers, days and moments stay what they are."""
    if isinstance(value, NEVER_RUN):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def safe_row(row: Sequence[object]) -> list[object]:
    """Most cells are seen at a glance to be harmless: a long table is mostly made of this."""
    return [
        value
        if (value[:1] not in SUSPECT if type(value) is str else type(value) in PLAIN)
        else safe_cell(value)
        for value in row
    ]


def csv_chunks(
    headings: Sequence[str], rows: Iterable[Sequence[object]], says: Sequence[Say] = ()
) -> Iterator[bytes]:
    lines = StringIO("\ufeff", newline="")  # the mark tells Excel that this is UTF-8
    lines.seek(0, SEEK_END)
    writer = csv.writer(lines)
    writer.writerow(headings)
    writes = [Remembered(_in_csv(say)) for say in says]
    for batch in batches(rows):
        if says:
            lines.write("\r\n".join([*map(",".join, written(batch, writes)), ""]))
        else:
            writer.writerows(map(safe_row, batch))
        yield lines.getvalue().encode(errors="replace")
        lines.seek(0)
        lines.truncate()


def _in_csv(say: Say) -> Write:
    """As `csv` writes them, which would look at every letter of every cell."""

    def write(values: Sequence[Any]) -> Iterable[str]:
        said = list(map(say, values))
        return said if are_plain(said, ',"') else map(_csv_cell, said)

    return write


def _csv_cell(said: object) -> str:
    if said is None:
        return ""
    text = said if type(said) is str and said[:1] not in SUSPECT else str(safe_cell(said))
    return f'"{text.replace(QUOTE, QUOTE * 2)}"' if QUOTED.search(text) else text


def stream_csv(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    return export("csv", name, headings, rows)


def of_table(
    columns: Sequence[Column], objects: Iterable[object]
) -> tuple[list[str], Iterator[list[object]]]:
    """What a page's table shows, as headings and rows."""
    rows = ([column.exported(each) for column in columns] for each in objects)
    return [column.label for column in columns], rows


@dataclass(frozen=True)
class Sheet:
    """What an Excel file says of itself: how its sheet is called, and on another one what it shows."""

    name: str = "Sheet"
    about: Sequence[tuple[str, object]] = ()


PLAIN_SHEET = Sheet()
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": CONTENT_TYPE}


def chunks(
    kind: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    sheet: Sheet = PLAIN_SHEET,
    says: Sequence[Say] = (),
) -> Iterator[bytes]:
    """A file's bytes, as its rows are read; CSV is the plain table.

    Values of columns whose `says` are given are of one type each, and say what those make of them.
    """
    if kind == "csv":
        return csv_chunks(headings, rows, says)
    safe_headings = [str(safe_cell(heading)) for heading in headings]
    safe_says = [_safely(say) for say in says]
    table = Table(sheet.name, safe_headings, rows if says else map(safe_row, rows), safe_says)
    return book_chunks([table], [*map(safe_row, sheet.about)])


def _safely(say: Say) -> Say:
    return lambda value: safe_cell(say(value))


def export(
    kind: str,
    name: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    sheet: Sheet = PLAIN_SHEET,
    says: Sequence[Say] = (),
) -> StreamingHttpResponse:
    """A table as a file to keep: `kind` is "csv" or "xlsx", `name` the file's without its ending."""
    if kind not in CONTENT_TYPES:
        raise BadRequest(f"An export is one of {', '.join(CONTENT_TYPES)}.")
    return StreamingHttpResponse(
        chunks(kind, headings, rows, sheet, says),
        content_type=CONTENT_TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"},
    )
