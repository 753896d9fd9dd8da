"""Statements that are asked over and over: PostgreSQL keeps them planned, as SQLite does by itself."""

from __future__ import annotations

from django.db import connection
from django.db.backends.utils import CursorWrapper


def cursor() -> CursorWrapper:
    """For one of few statements whose text stays the same: what differs each time is in its parameters."""
    if connection.vendor == "sqlite":
        return connection.cursor()
    return connection.prepared_cursor()  # type: ignore[attr-defined]  # rcm_site.postgresql has it
