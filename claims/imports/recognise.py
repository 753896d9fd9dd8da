"""Tells from its content what kind of file somebody sent, and reads it with the reader for that kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import BinaryIO

from . import activity_csv, claim_lines, claims_csv
from .activity_csv import read_activity
from .claim_json import read_claim_json
from .claim_lines import read_claim_lines
from .claims_csv import read_claims
from .records import Record, Unreadable
from .rules import Limits, Rules
from .tabular import Column, LacksColumns, Table
from .x12 import read_x12

_HEAD = 1 << 16


class FileKind(StrEnum):
    CLAIM_LINES = "claim_lines"
    CLAIMS = "claims"
    ACTIVITY = "activity"
    CLAIM_JSON = "claim_json"
    X12 = "x12"


READERS: dict[FileKind, Callable[[BinaryIO, Rules], Iterator[Record]]] = {
    FileKind.CLAIM_LINES: read_claim_lines,
    FileKind.CLAIMS: read_claims,
    FileKind.ACTIVITY: read_activity,
    FileKind.CLAIM_JSON: read_claim_json,
    FileKind.X12: lambda file, _rules: read_x12(file),
}
_COLUMNS: dict[FileKind, Sequence[Column]] = {
    FileKind.CLAIM_LINES: claim_lines.COLUMNS,
    FileKind.CLAIMS: claims_csv.COLUMNS,
    FileKind.ACTIVITY: activity_csv.COLUMNS,
}
_X12 = re.compile(rb"(?:ISA|GS|ST)[^0-9A-Za-z\s]")
_FOREIGN = {
    b"%PDF": "is a PDF: send the file that it was made of",
    b"PK": "is an Excel workbook or an archive: save it as CSV",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook: save it as CSV",
    b"\xff\xfe": "is UTF-16: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
}


def read(file: BinaryIO, rules: Rules, kind: FileKind | None = None) -> Iterator[Record]:
    """The records of a file, of the kind that its content shows unless somebody knows better."""
    return READERS[kind or recognise(file, rules.limits)](file, rules)


def recognise(file: BinaryIO, limits: Limits) -> FileKind:
    """What the content says, whatever the name; the file stands at its start again."""
    head = file.read(_HEAD)
    file.seek(0)
    for opening, advice in _FOREIGN.items():
        if head.startswith(opening):
            raise Unreadable(1, advice)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise Unreadable(1, "is empty")
    if _X12.match(text):
        return FileKind.X12
    if text.startswith((b"{", b"[")):
        return FileKind.CLAIM_JSON
    return _recognise_table(file, limits)


def _recognise_table(file: BinaryIO, limits: Limits) -> FileKind:
    """The kind whose columns the header names; otherwise say what the nearest kind lacks."""
    known: dict[FileKind, int] = {}
    lacking: list[LacksColumns] = []
    for kind, columns in _COLUMNS.items():
        try:
            known[kind] = len(Table(file, columns, limits).at)
        except LacksColumns as refusal:
            lacking.append(refusal)
        file.seek(0)
    if known:
        return max(known, key=lambda kind: known[kind])
    nearest = max(lacking, key=lambda refusal: refusal.nearness)
    if nearest.nearness[0] > 1:  # one column, as a number or a day, is in files of all sorts
        raise nearest
    raise Unreadable(nearest.place, "is no file of claims, remittances or activity with a header")
