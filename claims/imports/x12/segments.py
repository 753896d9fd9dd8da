"""Cut the bytes of an X12 file into segments, a block at a time, however large the file.

A segment is its place in the file, counted from 1, and its elements, the first of which is its name. One that
cannot be read has the name DAMAGED and the reason as its second element, so that whoever reads a claim learns
that something of it is missing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from typing import BinaryIO

from ..records import Unreadable
from .delimiters import LOOK_AHEAD, Delimiters, find_delimiters

Segment = tuple[int, list[str]]

DAMAGED = ""
LONGEST_SEGMENT = 16_384
LONGEST_ELEMENT = 1_024

_BLOCK = 65_536
_OPENING_LENGTH = 8_192  # enough to meet a composite element where no ISA tells what divides it
_WIDE_BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HELD_BACK = 8  # an ISA is recognised by its first seven bytes, ISA*00*: they must be seen together

_NAME = re.compile(r"[A-Z][A-Z0-9]{1,2}", re.ASCII)
_OPENING = re.compile(rb"(?:ISA|GS|ST)[^\w\s]", re.ASCII)
_ISA = re.compile(rb"ISA([^\w\s])\w\w\1", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _as_windows_text(error: UnicodeError) -> tuple[str, int]:
    """Older senders write accents in Windows' code page; everyone else's UTF-8 stays what it is."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("x12-windows", _as_windows_text)


class SegmentStream:
    """The segments of one file; `delimiters` are those of the interchange that is being read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._place = 0
        self._names: set[str] = set()  # names seen to be well formed; there are few
        self.delimiters = Delimiters("*", ":", "~")

    def __iter__(self) -> Iterator[Segment]:
        buffer = self._opening()
        if not _OPENING.match(buffer):
            isa = _ISA.search(buffer)
            if isa is None:
                raise Unreadable(1, "The file begins with neither ISA, GS nor ST; it is not X12.")
            self._place = 1
            yield 1, [DAMAGED, "is text before the first segment and is skipped"]
            buffer = buffer[isa.start() :]
        while buffer:
            buffer = yield from self._interchange(buffer)

    def _opening(self) -> bytes:
        opening = self._read_ahead(b"")
        if opening.startswith(_WIDE_BYTE_ORDER_MARKS):
            raise Unreadable(1, "The file is UTF-16; save it as UTF-8 or plain text.")
        return opening.removeprefix(codecs.BOM_UTF8).lstrip()

    def _read_ahead(self, buffer: bytes) -> bytes:
        while len(buffer) < LOOK_AHEAD and (more := self._file.read(_BLOCK)):
            buffer += more
        return buffer

    def _interchange(self, buffer: bytes) -> Generator[Segment, None, bytes]:
        """The segments before the next ISA; what stands from there on is returned."""
        buffer = self._read_ahead(buffer)
        delimiters = find_delimiters(buffer[:_OPENING_LENGTH])
        if delimiters is None:
            raise Unreadable(
                self._place + 1, "It cannot be told which characters divide segments and elements."
            )
        self.delimiters = delimiters
        mark = delimiters.segment.encode("ascii")
        search_from = len("ISA")  # beyond its own
        while True:
            following = _next_interchange(buffer, search_from, mark)
            if following >= 0:
                yield from self._cut(buffer[:following])
                return buffer[following:]
            end = buffer.rfind(mark, 0, max(len(buffer) - _HELD_BACK, 0)) + 1
            if end:
                yield from self._cut(buffer[:end])
                buffer, search_from = buffer[end:], 0
            if len(buffer) > LONGEST_SEGMENT:
                raise Unreadable(self._place + 1, f"A segment is longer than {LONGEST_SEGMENT} bytes.")
            more = self._file.read(_BLOCK)
            if not more:
                yield from self._cut(buffer)
                return b""
            buffer += more

    def _cut(self, part: bytes) -> Iterator[Segment]:
        element, _, end = self.delimiters
        text = part.decode("utf-8", "x12-windows")
        for newline in {"\r", "\n"} - {end}:  # some break lines after segments, some at column 80
            text = text.replace(newline, "")
        segments = text.split(end)
        if max(map(len, segments)) > LONGEST_ELEMENT:
            self._refuse_oversized(segments)
        has_controls = not text.isprintable() and self._holds_controls(text)
        names = self._names
        place = self._place
        for segment in segments:
            elements = segment.split(element)
            if has_controls or elements[0] not in names:
                elements = self._inspected(elements)
                if not elements:
                    continue
            place += 1
            yield place, elements
        self._place = place

    def _refuse_oversized(self, segments: list[str]) -> None:
        for place, segment in enumerate(segments, start=self._place + 1):
            if len(segment) > LONGEST_SEGMENT:
                raise Unreadable(place, f"A segment is longer than {LONGEST_SEGMENT} characters.")
            if max(map(len, segment.split(self.delimiters.element))) > LONGEST_ELEMENT:
                raise Unreadable(place, f"An element is longer than {LONGEST_ELEMENT} characters.")

    def _holds_controls(self, text: str) -> bool:
        """Whether it holds control characters other than its delimiters, which often are some."""
        for delimiter in self.delimiters:
            text = text.replace(delimiter, "")
        return _CONTROL.search(text) is not None

    def _inspected(self, elements: list[str]) -> list[str]:
        """The elements if they can be read, the reason if they cannot, nothing if the segment is blank."""
        elements[0] = elements[0].strip()
        if elements == [""]:
            return []
        if not _NAME.fullmatch(elements[0]):
            return [DAMAGED, "is a segment without a valid name; correct it or take it out"]
        if any(map(self._holds_controls, elements)):
            return [DAMAGED, "is a segment with control characters; take them out"]
        self._names.add(elements[0])
        return elements


def _next_interchange(buffer: bytes, start: int, segment_mark: bytes) -> int:
    """Where the next ISA stands at the beginning of a segment or a line, or -1."""
    at = start
    while (at := buffer.find(b"ISA", at)) >= 0:
        before = buffer[max(at - LOOK_AHEAD, 0) : at]
        begins_here = not before or before.endswith((b"\n", b"\r")) or before.rstrip().endswith(segment_mark)
        if begins_here and _ISA.match(buffer, at):
            return at
        at += 3
    return -1
