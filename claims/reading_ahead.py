"""The next part of a long list is read while the one before is in use: the database works meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, connections

Part = TypeVar("Part")
Rows = TypeVar("Rows")


def read_ahead(read: Callable[[Part], Rows], parts: Iterable[Part]) -> Generator[Rows, None, None]:
    """What each part reads, in order, over a connection that is closed in the end.

    Within a transaction there is none: what is not committed yet only the transaction's own would see.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield from map(read, parts)
        return
    with ThreadPoolExecutor(1, "reading-ahead") as reader:
        try:
            begun: deque[Future[Rows]] = deque()
            for part in parts:
                begun.append(reader.submit(read, part))
                if len(begun) > 1:
                    yield begun.popleft().result()
            yield from (reading.result() for reading in begun)
        finally:
            reader.submit(connections.close_all)  # the reader's own, as it is the reader who closes
