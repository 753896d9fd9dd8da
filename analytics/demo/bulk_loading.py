"""Loads millions of rows as fast as the database can: indexes, keys and marks come at the end.

Row by row, checking foreign keys, sorting entries into indexes and marking days takes longer than the rows
themselves. All of it happens in one transaction, which holds these tables alone: nobody ever sees them
without their keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.apps import apps
from django.db import connection, models

from analytics.facts import fact_triggers
from analytics.past import balance_triggers
from claims import provider_triggers

_OWNED = """
SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid = ANY(%s::regclass[])
"""
_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY conname
"""
# Those that keep rows apart stay: they are filled in order, which costs little.
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE NOT indisunique AND indrelid = ANY(%s::regclass[]) ORDER BY indexrelid
"""


_SQLITE = """
SELECT type, name, sql FROM sqlite_master
WHERE tbl_name IN (SELECT value FROM json_each(%s)) AND sql NOT LIKE 'CREATE UNIQUE %%'
    AND type IN ('index', 'trigger') ORDER BY type
"""


class _Key(NamedTuple):
    table: str
    name: str
    definition: str


@contextmanager
def loading(*loaded: type[models.Model]) -> Iterator[bool]:
    """Fill these models' tables meanwhile, reading them by nothing but their ids.

    Told is whether there are triggers at work all the same, because the tables are somebody else's.
    """
    tables = [model._meta.db_table for model in loaded]
    if connection.vendor == "sqlite":
        put_aside = _answered(_SQLITE, json.dumps(tables))
        _run([f"DROP {kind} {name}" for kind, name, _ in put_aside])
        yield False
        _run([definition for _, _, definition in put_aside])
        _catch_up()
    elif _answered(_OWNED, tables)[0][0]:
        yield from _of_postgresql(tables)
        _catch_up()
    else:
        yield True


def _of_postgresql(tables: list[str]) -> Iterator[bool]:
    keys = [_Key(*row) for row in _answered(_KEYS, tables)]
    indexes = _answered(_INDEXES, tables)
    _run([f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables])
    _run([f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}" for key in keys])
    _run([f"DROP INDEX {name}" for name, _ in indexes])
    yield False
    know_sizes()
    _run(["SET LOCAL maintenance_work_mem = '256MB'", "SET LOCAL work_mem = '64MB'"])
    _run([definition for _, definition in indexes])
    _run([f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}" for key in keys])
    _run([f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables])


def _catch_up() -> None:
    """Note what triggers would have noted on the way."""
    editor = connection.SchemaEditorClass(connection)  # not entered: SQLite's wants no transaction around it
    provider_triggers.count_everything(editor)
    fact_triggers.mark_everything(editor)
    balance_triggers.mark_everything(editor)


def know_sizes() -> None:
    """Let PostgreSQL plan by how large the tables, unseen by others, are by now."""
    if connection.vendor == "postgresql":
        tables = ", ".join(model._meta.db_table for model in apps.get_app_config("claims").get_models())
        _run([f"ANALYZE {tables}"])


def _answered(sql: str, tables: list[str] | str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [tables])
        return cursor.fetchall()


def _run(statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
