"""Cells of long tables, written a column at a time: what recurs in one is said once, and then remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeGuard, cast

ROWS_AT_ONCE = 500
CELLS_KEPT = 4_096  # of a column: texts may be long

Say = Callable[[Any], object]
Write = Callable[[Sequence[Any]], Iterable[str]]  # values of one column, each as it is written

# What spreadsheets take for the start of a formula, full-width forms included.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
# Between bars, where texts begin and end: a formula perhaps, or spaces that matter.
NOT_PLAIN = ("| ", " |", *(f"|{start}" for start in FORMULA_STARTS))


def as_it_is(value: object) -> object:
    return value


def are_plain(said: Sequence[object], marks: str) -> TypeGuard[Sequence[str]]:
    """Whether all are texts, none with such a mark, that can stand as they are: seen sooner than of each."""
    if set(map(type, said)) != {str}:
        return False
    joined = "|".join(["", *cast(Sequence[str], said), ""])
    return joined.isprintable() and not any(each in joined for each in (*marks, *NOT_PLAIN))


class Remembered:
    """How the values of one column are written: all are of one type, so those that are equal look alike."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._known: dict[Any, str] = {}

    def __call__(self, values: Sequence[Any]) -> list[str]:
        known = self._known
        try:
            return [*map(known.__getitem__, values)]
        except KeyError:
            new = set(values).difference(known)
        if len(known) + len(new) > CELLS_KEPT:
            known.clear()
            new = set(values)
        known.update(zip(new, self._write([*new]), strict=True))
        return [*map(known.__getitem__, values)]


def batches(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    """Rows, so many at a time; the last batch is shorter, and may be empty."""
    waiting, batch = iter(rows), None
    while batch is None or len(batch) == ROWS_AT_ONCE:
        batch = list(islice(waiting, ROWS_AT_ONCE))
        yield batch


def written(batch: Sequence[Sequence[object]], writes: Sequence[Write]) -> Iterator[tuple[str, ...]]:
    """The cells of some rows, each column by its own."""
    if not batch:
        return iter(())
    columns = zip(*batch, strict=True)
    return zip(*[write(column) for write, column in zip(writes, columns, strict=True)], strict=True)
