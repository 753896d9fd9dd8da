"""CSV that a spreadsheet opens without running what somebody typed into a field."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.http import StreamingHttpResponse

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


def csv_chunks(headings: list[str], rows: Iterable[list[object]]) -> Iterator[bytes]:
    writer = csv.writer(_Line())
    lines: list[str] = ["\ufeff", writer.writerow(headings)]  # the mark tells Excel that this is UTF-8
    for row in rows:
        lines.append(writer.writerow([safe_cell(value) for value in row]))
        if len(lines) >= ROWS_A_CHUNK:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def stream_csv(name: str, headings: list[str], rows: Iterable[list[object]]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        csv_chunks(headings, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )
