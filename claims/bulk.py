# ruff: noqa: S608 - statements are made of our own tables' and columns' names, values are parameters
"""Many rows into one table at once: COPY on PostgreSQL, plain statements on SQLite and for a handful.

Rows are tuples of what the database keeps: cents, ids, ciphertext, JSON as text. No validator sees them, so
only rows made of checked records belong here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, models

Row = tuple[Any, ...]
HANDFUL = 8  # rows; beneath it COPY's round trips cost more than they save
_MOST_PARAMETERS = 900  # of one statement on SQLite


def insert(model: type[models.Model], columns: Sequence[str], rows: Collection[Row]) -> None:
    if not rows:
        return
    table, names = _quoted(model, columns)
    if len(rows) <= HANDFUL:
        _insert_a_handful(f"INSERT INTO {table} ({names}) VALUES", rows)
    elif connection.vendor == "postgresql":
        _copy(f"COPY {table} ({names}) FROM STDIN", rows)
    else:
        _execute_many(f"INSERT INTO {table} ({names}) VALUES ({_marks(len(columns))})", rows)


def insert_new(model: type[models.Model], columns: Sequence[str], rows: Collection[Row]) -> None:
    """Leave out what the table's unique constraints know already, also where another writer is first."""
    if not rows:
        return
    table, names = _quoted(model, columns)
    if len(rows) <= HANDFUL:
        _insert_a_handful(f"INSERT INTO {table} ({names}) VALUES", rows, "ON CONFLICT DO NOTHING")
    elif connection.vendor == "postgresql":
        staging = connection.ops.quote_name(f"{model._meta.db_table}_arriving")
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} ON COMMIT DELETE ROWS"
                f" AS SELECT {names} FROM {table} WITH NO DATA"
            )
            cursor.execute(f"TRUNCATE {staging}")
        _copy(f"COPY {staging} ({names}) FROM STDIN", rows)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM {staging} ON CONFLICT DO NOTHING"
            )
    else:
        marks = _marks(len(columns))
        _execute_many(f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING", rows)


def kept(model: type[models.Model], ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these ids the table has."""
    found: set[uuid.UUID] = set()
    step = len(ids) if connection.vendor == "postgresql" else _MOST_PARAMETERS
    for start in range(0, len(ids), max(step, 1)):
        batch = ids[start : start + step]
        found.update(model._default_manager.filter(pk__in=batch).values_list("pk", flat=True))
    return found


def _quoted(model: type[models.Model], columns: Sequence[str]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), ", ".join(map(quote, columns))


def _copy(statement: str, rows: Collection[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _insert_a_handful(statement: str, rows: Collection[Row], ending: str = "") -> None:
    marks = ", ".join(f"({_marks(len(row))})" for row in rows)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} {marks} {ending}", [value for row in _adapted(rows) for value in row])


def _execute_many(statement: str, rows: Collection[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(statement, _adapted(rows))


def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


_FOR_SQLITE: dict[type, Callable[[Any], Any]] = {
    uuid.UUID: lambda value: value.hex,
    date: date.isoformat,
    datetime: lambda value: str(value.astimezone(UTC).replace(tzinfo=None)),
}


def _adapted(rows: Collection[Row]) -> Sequence[Row]:
    """As Django's own fields write these values on SQLite."""
    if connection.vendor == "postgresql":
        return list(rows)
    return [
        tuple(_FOR_SQLITE[type(value)](value) if type(value) in _FOR_SQLITE else value for value in row)
        for row in rows
    ]
