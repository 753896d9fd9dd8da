# ruff: noqa: S608 - statements are made of our own tables' and columns' names, values are parameters
"""Many rows into one table at once: COPY on PostgreSQL, plain statements on SQLite and for a handful.

Rows are tuples of what the database keeps: cents, ids as `id_writer` writes them, ciphertext, JSON as text.
No validator sees them, so only rows made of checked records belong here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Any]]  # SQL and its parameters
HANDFUL = 8  # rows; beneath it COPY's round trips cost more than they save
_COPY_SIZE = 1 << 16  # characters sent at once
_NULL = "\\N"


def insert(model: type[models.Model], columns: Sequence[str], rows: Collection[Row]) -> None:
    together(insert_many(model, columns, rows))


def insert_many(model: type[models.Model], columns: Sequence[str], rows: Collection[Row]) -> list[Statement]:
    """Insert these rows, unless they are a handful: then the statement that does, for `together`."""
    if len(rows) <= HANDFUL:
        return [inserting(model, columns, rows)] if rows else []
    table, names = _quoted(model, columns)
    if connection.vendor == "postgresql":
        _copy(f"COPY {table} ({names}) FROM STDIN", rows)
    else:
        _execute_many(f"INSERT INTO {table} ({names}) VALUES ({_marks(len(columns))})", rows)
    return []


def insert_bytes(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Rows that hold many bytes: a statement would spell each as two letters, and take five times as long.

    Each is sent before the next is asked for, so a long file need not be held.
    """
    if connection.vendor != "postgresql":
        for row in rows:
            together([inserting(model, columns, [row])])
        return
    table, names = _quoted(model, columns)
    types = [model._meta.get_field(column).db_type(connection) or "" for column in columns]
    statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def insert_new(
    model: type[models.Model], columns: Sequence[str], rows: Collection[Row], *, key: str = ""
) -> set[Any]:
    """Leave out what the table's unique constraints know already, also where another writer is first.

    With a key column: the keys of the rows that went in.
    """
    if not rows:
        return set()
    table, names = _quoted(model, columns)
    told = f"ON CONFLICT DO NOTHING RETURNING {connection.ops.quote_name(key or columns[0])}"
    if len(rows) <= HANDFUL:
        (new,) = together([inserting(model, columns, rows, told)])
        return {value for (value,) in new}
    if connection.vendor == "postgresql":
        staging = _empty_staging(model, table, names)
        _copy(f"COPY {staging} ({names}) FROM STDIN", rows)
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {staging} {told}")
            return {value for (value,) in cursor.fetchall()}
    marks = _marks(len(columns))
    _execute_many(f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING", rows)
    if not key:
        return set()
    position = list(columns).index(key)
    return {value for (value,) in find(model, (key,), key, {row[position] for row in rows})}


def put(
    model: type[models.Model], columns: Sequence[str], rows: Collection[Row], *, renewed: Sequence[str]
) -> None:
    """Insert these rows in their order; where the first column's value is known, renew these columns."""
    if not rows:
        return
    quote = connection.ops.quote_name
    table, names = _quoted(model, columns)
    changes = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in renewed)
    told = f"ON CONFLICT ({quote(columns[0])}) DO UPDATE SET {changes}"
    if len(rows) <= HANDFUL:
        together([inserting(model, columns, rows, told)])
    elif connection.vendor == "postgresql":
        staging = _empty_staging(model, table, names)
        _copy(f"COPY {staging} ({names}) FROM STDIN", rows)
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {staging} {told}")
    else:
        _execute_many(f"INSERT INTO {table} ({names}) VALUES ({_marks(len(columns))}) {told}", rows)


def find(
    model: type[models.Model], columns: Sequence[str], by: str, values: Iterable[Any]
) -> list[tuple[Any, ...]]:
    """These columns of the rows whose column `by` has one of the values."""
    wanted = list(values)
    return together([finding(model, columns, by, wanted)])[0] if wanted else []


def listed(kind: str, keys: Iterable[Any]) -> RawSQL:
    """Keys, ids among them, as one value of a query: thousands would take longer to write than to find."""
    if connection.vendor == "postgresql":
        sql = f"SELECT unnest(%s::{kind}[])"  # a type of our own
        return RawSQL(sql, [f"{{{','.join(map(str, keys))}}}"])  # noqa: S611
    kept = [key.hex if isinstance(key, uuid.UUID) else key for key in keys]
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(kept)])


def delete(model: type[models.Model], keys: Collection[int]) -> None:
    """Delete these rows of a table that fills and empties all day, and is believed to be empty.

    As one array: of a list, the database would look through all rows for each of its keys.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [list(keys)])
        else:
            sql = f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(%s))"
            cursor.execute(sql, [json.dumps(list(keys))])


def id_writer() -> Callable[[uuid.UUID], str]:
    """Writes ids as the database keeps them: once for all the rows that hold one, which is much quicker."""
    return str if connection.vendor == "postgresql" else attrgetter("hex")


def _quoted(model: type[models.Model], columns: Sequence[str]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), ", ".join(map(quote, columns))


def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


# Several statements in one trip ------------------------------------------------------------------------


def together(statements: Sequence[Statement]) -> list[list[Row]]:
    """What each answers, one after the other: each sees what those before it did.

    One trip to PostgreSQL, since for a single claim the trips cost more than all else. Django puts the
    parameters in before it sends (unless told otherwise by `server_side_binding`), so they may be several.
    """
    if not statements:
        return []
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            return [list(cursor.execute(sql, parameters)) for sql, parameters in statements]
        cursor.execute(
            ";\n".join([sql for sql, _ in statements]),
            [value for _, parameters in statements for value in parameters],
        )
        answers = [_answered(cursor)]
        while cursor.nextset():
            answers.append(_answered(cursor))
        return answers


def _answered(cursor: Any) -> list[Row]:
    return cursor.fetchall() if cursor.description else []


def finding(model: type[models.Model], columns: Sequence[str], by: str, values: Iterable[Any]) -> Statement:
    """Like `find`, for `together`."""
    table, names = _quoted(model, columns)
    select = f"SELECT {names} FROM {table} WHERE {connection.ops.quote_name(by)}"
    if connection.vendor == "postgresql":
        return f"{select} = ANY(%s)", [list(values)]
    return f"{select} IN (SELECT value FROM json_each(%s))", [json.dumps(list(values))]


def inserting(
    model: type[models.Model], columns: Sequence[str], rows: Collection[Row], ending: str = ""
) -> Statement:
    """A handful of rows, for `together`."""
    table, names = _quoted(model, columns)
    marks = ", ".join([f"({_marks(len(columns))})"] * len(rows))
    values = [value for row in _adapted(rows) for value in row]
    return f"INSERT INTO {table} ({names}) VALUES {marks} {ending}", values


# COPY ------------------------------------------------------------------------------------------------


def _empty_staging(model: type[models.Model], table: str, names: str) -> str:
    """A table of this connection alone, without constraints, that is emptied with each transaction."""
    staging = connection.ops.quote_name(f"{model._meta.db_table}_arriving")
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} ON COMMIT DELETE ROWS"
            f" AS SELECT {names} FROM {table} WITH NO DATA"
        )
        cursor.execute(f"TRUNCATE {staging}")
    return staging


def _copy(statement: str, rows: Collection[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        block: list[str] = []
        size = 0
        for row in rows:
            line = _copied(row)
            block.append(line)
            size += len(line)
            if size >= _COPY_SIZE:
                copy.write("\n".join(block) + "\n")
                block, size = [], 0
        if block:
            copy.write("\n".join(block) + "\n")


def _copied(row: Row) -> str:
    """A row as COPY reads it. Hardly a value needs a backslash: only what looks odd is looked at twice."""
    line = "\t".join(
        [_NULL if value is None else value if value.__class__ is str else str(value) for value in row]
    )
    is_plain = (
        line.count("\\") == row.count(None)
        and line.count("\t") == len(row) - 1
        and "\n" not in line
        and "\r" not in line
    )
    return line if is_plain else "\t".join(map(_escaped, row))


def _escaped(value: Any) -> str:
    if value is None:
        return _NULL
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


# SQLite ----------------------------------------------------------------------------------------------


def _execute_many(statement: str, rows: Collection[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(statement, _adapted(rows))


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
        tuple([_FOR_SQLITE[type(value)](value) if type(value) in _FOR_SQLITE else value for value in row])
        for row in rows
    ]
