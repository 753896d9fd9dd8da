"""Reads a kept file in chunks, from wherever the last worker left off; ahead of the storing, in a thread.

While the database stores one chunk the next is being read. Never more than three are in memory: the one that
is being read, one that waits and the one that is being stored.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from django.db import connection

from claims.models import Import

from .blocks import Blocks
from .recognise import READERS, FileKind, recognise
from .records import ClaimPaymentRecord, ClaimRecord, Problem, Record, Unreadable
from .refusals import rules_of
from .rules import Rules
from .unpack import unpack

HEAVIEST = 12_500  # records and their lines: half a second's work
IDLE_SECONDS = 5.0


@dataclass
class Chunk:
    """Records that are stored in one transaction; all of one file."""

    file: str
    position: int  # of the file in its archive
    kind: FileKind | None
    first: int  # how many items of the file come before
    items: list[Record] = field(default_factory=list)
    is_last: bool = False  # of its file
    bytes_done: int = 0


class UnreadableFile(Exception):
    """Where in which file the reading ended, and why."""

    def __init__(self, file: str, cause: Unreadable) -> None:
        super().__init__(cause.reason)
        self.file, self.place, self.reason = file, cause.place, cause.reason


def read_chunks(source: Import) -> Iterator[Chunk]:
    """From where the import stands; the part before it is read again and skipped."""
    rules = rules_of(source)
    with Blocks.open(source) as file:
        name = source.name
        try:
            for position, (name, content) in enumerate(unpack(file, source.name, rules.limits)):
                if position < source.files_done:
                    continue
                skip = source.records_done if position == source.files_done else 0
                yield from _chunks_of_file(source, position, name, content, rules, skip, file)
        except Unreadable as unreadable:
            raise UnreadableFile(name, unreadable) from None


def _chunks_of_file(
    source: Import, position: int, name: str, content: BinaryIO, rules: Rules, skip: int, file: BinaryIO
) -> Iterator[Chunk]:
    kind, records = _records(source, name, content, rules)
    chunk, weight = Chunk(name, position, kind, skip), 0
    cut_off: Unreadable | None = None
    try:
        for ordinal, record in enumerate(records):
            if ordinal < skip:
                continue
            chunk.items.append(record)
            weight += _weight(record)
            if weight >= HEAVIEST:
                chunk.bytes_done = file.tell()
                yield chunk
                chunk, weight = Chunk(name, position, kind, ordinal + 1), 0
    except Unreadable as unreadable:
        cut_off = unreadable  # what was read before it still counts
    chunk.is_last, chunk.bytes_done = cut_off is None, file.tell()
    yield chunk
    if cut_off:
        raise cut_off


def _records(
    source: Import, name: str, content: BinaryIO, rules: Rules
) -> tuple[FileKind | None, Iterator[Record]]:
    """In an archive, a file that is of no known kind is told and left out."""
    try:
        kind = FileKind(source.kind) if source.kind else recognise(content, rules.limits)
    except Unreadable as unreadable:
        if name == source.name:
            raise
        return None, iter([Problem(unreadable.place, "", unreadable.reason)])
    return kind, READERS[kind](content, rules)


def _weight(record: Record) -> int:
    if isinstance(record, ClaimRecord):
        return 1 + len(record.lines)
    if isinstance(record, ClaimPaymentRecord):
        return 1 + len(record.services)
    return 1


# Ahead of the storing --------------------------------------------------------------------------------

_End = UnreadableFile | Exception | None


@contextmanager
def read_ahead(source: Import) -> Iterator[Iterator[Chunk | None]]:
    """The chunks, and None now and then while the next one is long in coming."""
    if connection.in_atomic_block:  # another thread would not see a file that is not committed yet
        yield read_chunks(source)
        return
    waiting: queue.Queue[Chunk | _End] = queue.Queue(maxsize=1)
    is_over = threading.Event()
    reader = threading.Thread(target=_read_into, args=(source, waiting, is_over), daemon=True)
    reader.start()
    try:
        yield _handed_over(waiting)
    finally:
        is_over.set()
        reader.join()


def _read_into(source: Import, waiting: queue.Queue[Chunk | _End], is_over: threading.Event) -> None:
    end: _End = None
    try:
        for chunk in read_chunks(source):
            if not _put(waiting, chunk, is_over):
                return
    except Exception as error:  # noqa: BLE001 - raised again where the chunks are stored
        end = error
    finally:
        connection.close()
    _put(waiting, end, is_over)


def _put(waiting: queue.Queue[Chunk | _End], what: Chunk | _End, is_over: threading.Event) -> bool:
    while not is_over.is_set():
        try:
            waiting.put(what, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False


def _handed_over(waiting: queue.Queue[Chunk | _End]) -> Iterator[Chunk | None]:
    while True:
        try:
            found = waiting.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            yield None
            continue
        if found is None:
            return
        if isinstance(found, Exception):
            raise found
        yield found
