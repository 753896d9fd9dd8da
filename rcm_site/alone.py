"""Work that only one process does at a time: whoever comes second leaves it to the first."""

from __future__ import annotations

from django.db import connection


def is_alone(lock: int) -> bool:
    """Whether this transaction has the lock, until it ends. SQLite's writers take turns anyway."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
        return bool(cursor.fetchone()[0])
