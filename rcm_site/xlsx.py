"""Excel sheets written as they are read: no row is kept, in memory or on a disk.

An .xlsx file is a zip of a few small XML files and one large one for each sheet (ECMA-376). Text is written
as text, in place, so nothing in it can run; numbers, days and moments are written as what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count, islice
from typing import Any, BinaryIO, NamedTuple, cast
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils import timezone

from .cells import Remembered, Say, Write, are_plain, as_it_is, batches, written

# What Excel takes: more rows go onto another sheet, longer text is cut and ends in an ellipsis, a number too
# large for it to hold exactly is written as text, and so is a day before its calendar begins.
ROWS_A_SHEET = 1_048_575
BYTES_A_SHEET = 1_000_000_000
LETTERS_A_CELL = 32_767
DIGITS = 15
FIRST_DAY, DAY_ZERO = date(1900, 3, 1), date(1899, 12, 30)
SECONDS_A_DAY = 86_400
NARROWEST, WIDEST = 8, 60
ROWS_MEASURED = 200
ROW = "\0"  # where a row's number belongs: no text in XML holds this letter

# Places in the list of styles below.
PLAIN, HEADING, SHARE, DAY, MOMENT, WHOLE = range(6)
MOST_PLACES = 4
NUMBER_FORMATS = ["", "", "0.0%", "d mmm yyyy", "d mmm yyyy hh:mm", "#,##0"]
NUMBER_FORMATS += [f"#,##0.{'0' * places}" for places in range(1, MOST_PLACES + 1)]

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
PART = "application/vnd.openxmlformats-officedocument.spreadsheetml"
CONTENT_TYPE = f"{PART}.sheet"

# What XML cannot hold, and what Excel would read as an escaped letter.
SPECIAL = re.compile("[&<>\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "_": "_x005F_"}


class Table(NamedTuple):
    """A sheet: its name, headings and rows, whose text is safe, and what columns say where values do not."""

    name: str
    headings: Sequence[str]
    rows: Iterable[Sequence[object]]
    says: Sequence[Say] = ()


class Share(Decimal):
    """A share of one: 0.1119 in CSV, 11.2% in Excel."""


def book_chunks(tables: Iterable[Table], about: Sequence[Sequence[object]] = ()) -> Iterator[bytes]:
    """The file's bytes, each table on a sheet of its own; `about` goes onto a last one."""
    pipe, names = _Pipe(), []
    with ZipFile(cast(BinaryIO, pipe), "w", ZIP_DEFLATED, compresslevel=1) as book:
        for sheet, content in _sheets(tables, about):
            names.append(sheet)
            with book.open(f"xl/worksheets/sheet{len(names)}.xml", "w") as file:
                for chunk in content:
                    file.write(chunk.encode())
                    yield pipe.taken()
        for part, text in _frame(names):
            book.writestr(part, XML + text)
    yield pipe.taken()


def _sheets(
    tables: Iterable[Table], about: Sequence[Sequence[object]]
) -> Iterator[tuple[str, Iterator[str]]]:
    """Each sheet by its name: one is read to its end before the next begins."""
    for name, headings, rows, says in tables:
        waiting = iter(rows)
        for place in count(1):
            first = next(waiting, None)
            if first is None and place > 1:
                break
            here = chain([] if first is None else [first], waiting)
            yield (f"{name} {place}" if place > 1 else name), _sheet(headings, here, says)
    if about:
        yield "About", _sheet(("About this file", ""), iter(about))


class _Pipe:
    """A file for ZipFile that hands its bytes on; it cannot be wound back, and ZipFile asks for no more."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self.parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        taken = b"".join(self.parts)
        self.parts.clear()
        return taken


def _sheet(
    headings: Sequence[str], rows: Iterator[Sequence[object]], says: Sequence[Say] = ()
) -> Iterator[str]:
    """One sheet, as far as rows and limits go: a frozen heading, columns as wide as the first rows."""
    measured = list(islice(rows, min(ROWS_MEASURED, ROWS_A_SHEET)))
    said = (
        [[say(value) for say, value in zip(says, row, strict=True)] for row in measured] if says else measured
    )
    frozen = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    views = f'<sheetViews><sheetView workbookViewId="0">{frozen}</sheetView></sheetViews>'
    columns = f"<cols>{_widths(headings, said)}</cols>"
    yield f'{XML}<worksheet xmlns="{MAIN}">{views}{columns}<sheetData>{_heading(headings)}'
    writes: list[Write] = [_column(place, as_it_is) for place in range(len(headings))]
    if says:
        writes = [Remembered(_column(place, say)) for place, say in enumerate(says)]
    place, size = 2, 0
    for batch in batches(chain(measured, islice(rows, ROWS_A_SHEET - len(measured)))):
        lines = [
            f'<row r="{ROW}">{"".join(cells)}</row>'.replace(ROW, str(row))
            for row, cells in enumerate(written(batch, writes), start=place)
        ]
        chunk = "".join(lines)
        yield chunk
        place, size = place + len(lines), size + len(chunk)
        if size > BYTES_A_SHEET:
            break
    yield "</sheetData></worksheet>"


def _widths(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lengths = [len(heading) for heading in headings]
    for row in rows:
        lengths = [max(length, len(str(value))) for length, value in zip(lengths, row, strict=True)]
    widths = [min(max(length + 2, NARROWEST), WIDEST) for length in lengths]
    return "".join(
        f'<col min="{column}" max="{column}" width="{width}" customWidth="1"/>'
        for column, width in enumerate(widths, start=1)
    )


def _heading(headings: Sequence[str]) -> str:
    cells = [
        f'<c r="{_letters(column)}1" s="{HEADING}"{_text(heading)}' for column, heading in enumerate(headings)
    ]
    return f'<row r="1">{"".join(cells)}</row>'


def _column(place: int, say: Say) -> Write:
    """How a column's values are written, each after the cell's own beginning; nothing has no cell."""
    begun = f'<c r="{_letters(place)}{ROW}"'

    def write(values: Sequence[Any]) -> Iterable[str]:
        said = list(map(say, values))
        if are_plain(said, "&<>_") and max(map(len, said)) <= LETTERS_A_CELL:
            return [f'{begun} t="inlineStr"><is><t>{text}</t></is></c>' for text in said]
        return ["" if each is None else f"{begun}{WRITERS.get(type(each), _of_kin)(each)}" for each in said]

    return write


def _letters(column: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    while column >= 0:
        letters = chr(ord("A") + column % 26) + letters
        column = column // 26 - 1
    return letters


def _text(value: object) -> str:
    text = str(value)
    if len(text) > LETTERS_A_CELL:
        text = f"{text[: LETTERS_A_CELL - 1]}…"
    if SPECIAL.search(text):
        text = SPECIAL.sub(lambda found: ESCAPED.get(found[0], "\ufffd"), text)
    space = ' xml:space="preserve"' if text != text.strip() else ""
    return f' t="inlineStr"><is><t{space}>{text}</t></is></c>'


def _number(value: Decimal) -> str:
    if not value.is_finite() or value.adjusted() >= DIGITS:
        return _text(value)
    places = max(-int(value.as_tuple().exponent), 0)
    return f' s="{WHOLE + min(places, MOST_PLACES)}"><v>{value:.{DIGITS}g}</v></c>'


def _share(value: Share) -> str:
    return f' s="{SHARE}"><v>{Decimal(value):.{DIGITS}g}</v></c>' if value.is_finite() else _text(value)


def _whole(value: int) -> str:
    return f' s="{WHOLE}"><v>{value}</v></c>' if abs(value) < 10**DIGITS else _text(value)


def _yes_or_no(value: bool) -> str:
    return _text("yes" if value else "no")


def _day(value: date) -> str:
    return f' s="{DAY}"><v>{(value - DAY_ZERO).days}</v></c>' if value >= FIRST_DAY else _text(value)


def _moment(value: datetime) -> str:
    """On the clock of the site's time zone: Excel knows no zones."""
    here = timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
    if here.date() < FIRST_DAY:
        return _text(here)
    past = here - datetime(DAY_ZERO.year, DAY_ZERO.month, DAY_ZERO.day)  # noqa: DTZ001 - Excel's own clock
    return f' s="{MOMENT}"><v>{past.days + past.seconds / SECONDS_A_DAY:.10f}</v></c>'


WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    Decimal: _number,
    Share: _share,
    int: _whole,
    bool: _yes_or_no,
    datetime: _moment,
    date: _day,
}


def _of_kin(value: object) -> str:
    """Subclasses are written as what they derive from, and whatever else in words."""
    write = next((WRITERS[kind] for kind in type(value).__mro__ if kind in WRITERS), _text)
    return write(value)


def _frame(sheets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The small files around the sheets, which say what they are and how cells look."""
    every = range(1, len(sheets) + 1)
    parts = [("/xl/workbook.xml", "sheet.main"), ("/xl/styles.xml", "styles")]
    parts += [(f"/xl/worksheets/sheet{place}.xml", "worksheet") for place in every]
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{PART}.{kind}+xml"/>' for name, kind in parts
    )
    default = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    )
    yield "[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types">{default}{overrides}</Types>'
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    names = "".join(
        f'<sheet name="{name}" sheetId="{place}" r:id="rId{place}"/>'
        for place, name in enumerate(sheets, start=1)
    )
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>{names}</sheets></workbook>',
    )
    targets = [("worksheet", f"worksheets/sheet{place}.xml") for place in every]
    yield "xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")])
    yield "xl/styles.xml", _styles()


def _relations(targets: list[tuple[str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="rId{place}" Type="{DOCUMENT}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{each}</Relationships>'


def _styles() -> str:
    custom = [(164 + place, code) for place, code in enumerate(NUMBER_FORMATS) if code]
    formats = "".join(f'<numFmt numFmtId="{number}" formatCode="{code}"/>' for number, code in custom)
    looks = "".join(
        f'<xf numFmtId="{164 + place if code else 0}" fontId="{int(place == HEADING)}" fillId="0" '
        'borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
        for place, code in enumerate(NUMBER_FORMATS)
    )
    font = '<sz val="11"/><name val="Calibri"/>'
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts count="{len(custom)}">{formats}</numFmts>'
        f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(NUMBER_FORMATS)}">{looks}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
