"""Cells of long tables, written a column at a time: what recurs in one is said once, and then remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

ROWS_AT_ONCE = 500
CELLS_KEPT = 4_096  # of a column: texts may be long

Say = Callable[[Any], object]
Write = Callable[[Any], str]


def as_it_is(value: object) -> object:
    return value


class Remembered(dict[Any, str]):
    """How the values of one column are written: all are of one type, so those that are equal look alike."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def __missing__(self, value: Any) -> str:
        if len(self) >= CELLS_KEPT:
            self.clear()
        written = self[value] = self._write(value)
        return written


def remembering(writes: Iterable[Write]) -> list[Write]:
    return [Remembered(write).__getitem__ for write in writes]


def batches(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    """Rows, so many at a time; the last batch is shorter, and may be empty."""
    waiting, batch = iter(rows), None
    while batch is None or len(batch) == ROWS_AT_ONCE:
        batch = list(islice(waiting, ROWS_AT_ONCE))
        yield batch


def written(batch: Sequence[Sequence[object]], writes: Sequence[Write]) -> Iterator[tuple[str, ...]]:
    """The cells of some rows, each column by its own."""
    columns = zip(*batch, strict=True)
    return zip(*map(map, writes, columns), strict=True)
