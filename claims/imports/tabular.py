"""Reads CSV files as people save them: any delimiter, encoding, line ending and spelling of headers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import BinaryIO

from .records import Problem, Severity, Unreadable
from .rules import Limits

DELIMITERS = (",", ";", "\t", "|")
_BLOCK = 1 << 18
_HEAD = 1 << 16  # the header, with its line breaks, stands within it
_NAME_LENGTH = 60

Row = list[str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a reader knows; capitals, spaces and punctuation in its spellings mean nothing."""

    field: str
    label: str
    also: tuple[str, ...] = ()  # the surer spelling first
    required: bool = True

    @property
    def spellings(self) -> list[str]:
        return _spellings_of(self)


@cache
def _spellings_of(column: Column) -> list[str]:
    return [spelling_of(each) for each in (column.label, column.field, *column.also)]


@lru_cache(maxsize=4_096)
def spelling_of(header: str) -> str:
    return re.sub("[^a-z0-9]", "", header.lower())


def shown(header: str) -> str:
    """A header as a problem names it: on one line, and short."""
    return " ".join(header.split())[:_NAME_LENGTH]


class LacksColumns(Unreadable):
    def __init__(self, place: int, missing: Sequence[str], known: int) -> None:
        super().__init__(place, f"the header lacks {_listed(missing)}")
        self.nearness = (known, -len(missing))  # to being a file of this kind


class Table:
    """The rows of a CSV file whose header names the columns asked for."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column], limits: Limits) -> None:
        self._limits = limits
        self._lines = _Lines(file, limits)
        head = self._lines.head()
        delimiter = max(DELIMITERS, key=lambda each: _recognised(head, each, columns))
        self._reader = csv.reader(chain(head, self._lines), delimiter=delimiter)
        self.header_place, self.header = self._read_header()
        self.at = _places_of(columns, self.header, self.header_place)
        self.names = {field: shown(self.header[index]) for field, index in self.at.items()}
        missing = [column.label for column in columns if column.required and column.field not in self.at]
        if missing:
            raise LacksColumns(self.header_place, missing, known=len(self.at))

    def notes(self) -> Iterator[Problem]:
        """What the sender should know although nothing is refused.

        A column is told by its number: where a line break was lost, what looks like a header is a patient's.
        """
        known = set(self.at.values())
        for number, header in enumerate(self.header, start=1):
            if number - 1 not in known and header.strip():
                yield Problem(self.header_place, f"column {number}", "is not read", Severity.WARNING)

    def closing_notes(self) -> Iterator[Problem]:
        """What became known while the rows were read."""
        if self._lines.first_windows_line:
            reason = "is not UTF-8, and was read as Windows-1252"
            yield Problem(self._lines.first_windows_line, "", reason, Severity.WARNING)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Every row that holds something, with the line on which it begins."""
        lines, reader = self._lines, self._reader
        ended = reader.line_num
        try:
            for row in reader:
                place, ended = ended + 1, reader.line_num
                lines.row_ended = ended
                if row and (row[0] or any(row)):
                    yield place, row
        except csv.Error:
            raise Unreadable(ended + 1, f"is no row of a CSV file; {_QUOTE_HINT}") from None

    def wrong_width(self, row: Row) -> str:
        """Why a row does not fit its header, or nothing; empty cells at its end do no harm."""
        width = len(self.header)
        if len(row) < width or any(cell.strip() for cell in row[width:]):
            reason = f"has {len(row)} columns where the header has {width}"
            if any("\n" in cell or "\r" in cell for cell in row):
                reason += f"; {_QUOTE_HINT}"
            return reason
        return ""

    def texts(self, row: Row) -> dict[str, str]:
        """What the row says in each known column; one that is too short says nothing in the last ones."""
        return {field: row[index] for field, index in self.at.items() if index < len(row)}

    def _read_header(self) -> tuple[int, Row]:
        place, header = next(self.rows(), (1, []))
        if len(header) > self._limits.columns:
            raise Unreadable(place, f"has more than {self._limits.columns} columns")
        while header and not header[-1].strip():
            header.pop()
        if not header:
            raise Unreadable(place, "is empty")
        return place, header


_QUOTE_HINT = "perhaps a quotation mark is not closed"


def header_of(file: BinaryIO, columns: Sequence[Column], limits: Limits) -> Row:
    """The header as it was sent, to be put over refused rows that people download, mend and send again."""
    return Table(file, columns, limits).header


def _recognised(head: Iterable[str], delimiter: str, columns: Sequence[Column]) -> int:
    known = {spelling for column in columns for spelling in column.spellings}
    try:
        header = next((row for row in csv.reader(head, delimiter=delimiter) if any(row)), [])
    except csv.Error:
        return 0
    return len(known.intersection(map(spelling_of, header)))


def _places_of(columns: Sequence[Column], header: Row, place: int) -> Mapping[str, int]:
    """Where each column stands. The surest of several spellings counts; the same one twice is refused."""
    spelled: dict[str, list[int]] = {}
    for index, each in enumerate(header):
        spelled.setdefault(spelling_of(each), []).append(index)
    at = {}
    for column in columns:
        found = next((spelled[each] for each in column.spellings if each in spelled), [])
        if len(found) > 1:
            raise Unreadable(place, f"the header names {column.label} more than once")
        if found:
            at[column.field] = found[0]
    return at


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


class _Lines:
    """The lines of a file, decoded, of which no more than a block is held at a time.

    Lines end as bytes do (LF, CRLF, CR): text would also break at form feeds and Unicode's separators.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limit = limits.line_bytes
        self._lines = self._cut()
        self._count = 0
        self.row_ended = 0  # the last line of the last whole row, told by whoever makes rows of lines
        self._unended = 0  # bytes of the lines since then, in whole blocks
        self.first_windows_line = 0

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def head(self) -> list[str]:
        head: list[str] = []
        length = 0
        for line in self._lines:
            head.append(line)
            length += len(line)
            if length >= _HEAD:
                break
        return head

    def _cut(self) -> Iterator[str]:
        rest = self._file.read(_BLOCK)
        if rest.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Unreadable(1, "is UTF-16: save it as UTF-8")
        rest = rest.removeprefix(b"\xef\xbb\xbf")
        block = rest
        while block:
            # The last piece waits: its line may go on in the next block, or its CR may be followed by LF.
            *pieces, rest = rest.splitlines(keepends=True)
            yield from self._decoded(pieces)
            block = self._file.read(_BLOCK)
            rest += block
            if len(rest) > self._limit + _BLOCK:
                raise Unreadable(self._count + 1, f"is a line of more than {self._limit:,} bytes")
        yield from self._decoded(rest.splitlines(keepends=True))

    def _decoded(self, pieces: list[bytes]) -> Iterator[str]:
        before = self._count
        for piece in pieces:
            self._count += 1
            try:
                yield piece.decode()
            except UnicodeDecodeError:
                yield self._from_windows(piece)
        self._unended = 0 if self.row_ended > before else self._unended + sum(map(len, pieces))
        if self._unended > self._limit + _BLOCK:
            raise Unreadable(
                self.row_ended + 1, f"is a row of more than {self._limit:,} bytes; {_QUOTE_HINT}"
            )

    def _from_windows(self, piece: bytes) -> str:
        self.first_windows_line = self.first_windows_line or self._count
        try:
            return piece.decode("cp1252")
        except UnicodeDecodeError:
            # Its five undefined bytes become control characters, which every field refuses.
            return piece.decode("latin-1")
