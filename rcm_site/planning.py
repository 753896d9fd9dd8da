"""How the database is to look for few rows among very many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def found_one_by_one() -> Iterator[None]:
    """What is asked often is in memory: taken to come from a disk, all of it would be read for some."""
    with _planned("random_page_cost", "1.1"):
        yield


@contextmanager
def never_read_whole() -> Iterator[None]:
    """A page wants a few rows: an index leads to them, whatever the planner takes it to cost."""
    with _planned("enable_seqscan", "off"):
        yield


@contextmanager
def _planned(setting: str, value: str) -> Iterator[None]:
    """Only here, also within a longer transaction."""
    with transaction.atomic():
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL {setting} = {value}")
        yield
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL {setting} TO DEFAULT")
