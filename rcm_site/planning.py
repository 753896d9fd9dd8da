"""How the database is to look for few rows among very many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def found_one_by_one() -> Iterator[None]:
    """What is asked often is in memory: taken to come from a disk, all of it would be read for some."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL random_page_cost = 1.1")
        yield
