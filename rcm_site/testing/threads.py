"""Several at once: each in a thread, and so with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connections

Item = TypeVar("Item")
Found = TypeVar("Found")


def at_once(work: Callable[[Item], Found], items: Iterable[Item]) -> list[Found]:
    """What comes of each, all begun at the same moment; what goes wrong in one is raised here."""
    given = list(items)
    start = threading.Barrier(len(given), timeout=60)

    def begin(item: Item) -> Found:
        start.wait()
        return _alone(lambda: work(item))

    with ThreadPoolExecutor(len(given)) as threads:
        return list(threads.map(begin, given))


def in_thread(what: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=_alone, args=[what])
    thread.start()
    return thread


def _alone(what: Callable[[], Found]) -> Found:
    try:
        return what()
    finally:
        connections.close_all()
