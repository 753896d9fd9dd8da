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
            cursor.execute(_SET, [setting, setting, value])
            before = cursor.fetchone()[0]
        yield
        with connection.cursor() as cursor:
            cursor.execute(_SET, [setting, setting, before])


# Until the transaction ends; tells what it was before.
_SET = """
WITH before AS MATERIALIZED (SELECT current_setting(%s) AS value)
SELECT value, set_config(%s, %s, true) FROM before
"""
