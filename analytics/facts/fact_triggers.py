"""The database's own notes of which facts are outdated: whatever writes claims, by whatever way, is noted.

A mark is a day whose facts have to be added up again; too many cost time, a missing one makes numbers wrong.
On PostgreSQL a claim that comes in, with its lines in the same transaction, marks no day: it is noted itself,
and its few rows are counted beside the facts until they are in them (`NewClaim`). All else that hangs on it,
and whatever changes of it, marks its days as ever.
A moment's day depends on the site's time zone, which the database does not know: its neighbours are marked,
too.
Django remakes a table on SQLite to alter it, and the triggers would be lost: a migration that alters a table
named here calls `drop` before and `create` after.
"""

from __future__ import annotations

from datetime import date, timedelta
from types import ModuleType
from typing import Any

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from ..past import balance_triggers
from . import postgresql_triggers, sqlite_triggers
from .watched import CLAIM_DAYS, SHORTFALLS, TABLES

EMPTY = postgresql_triggers.EMPTY  # a migration asks for it here


def _of(vendor: str) -> ModuleType:
    return postgresql_triggers if vendor == "postgresql" else sqlite_triggers


def create(schema_editor: BaseDatabaseSchemaEditor, *, of_shortfalls: bool = True) -> None:
    for statement in _of(schema_editor.connection.vendor).statements():
        schema_editor.execute(statement, params=None)
    if of_shortfalls:
        watch_shortfalls(schema_editor)
    balance_triggers.create(schema_editor)


def drop(schema_editor: BaseDatabaseSchemaEditor) -> None:
    balance_triggers.drop(schema_editor)
    unwatch_shortfalls(schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        names = ", ".join((*postgresql_triggers.FUNCTIONS.values(), "mark_all"))
        schema_editor.execute(f"DROP FUNCTION {names} CASCADE", params=None)
        return
    for table in TABLES:
        for name in _of_table(table):
            schema_editor.execute(f"DROP TRIGGER {name}", params=None)


def trigger_names() -> set[str]:
    """All that there have to be."""
    if connection.vendor == "postgresql":
        events = (*postgresql_triggers.TRANSITIONS, "TRUNCATE")
        functions = (*postgresql_triggers.FUNCTIONS.values(), postgresql_triggers.MARK_SHORTFALLS)
        ours = {f"{each}_{event.lower()}" for each in functions for event in events}
    else:
        ours = {name for table in (*TABLES, SHORTFALLS) for name in _of_table(table)}
    return ours | balance_triggers.trigger_names(connection.vendor)


def missing_triggers() -> set[str]:
    """Those that are gone or switched off: without them numbers go stale unseen."""
    names = {
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    }
    with connection.cursor() as cursor:
        cursor.execute(names[connection.vendor])
        return trigger_names() - {name for (name,) in cursor.fetchall()}


# Where the days of claims stand, of whatever kind they are.
_SPANS = (
    ("claims_claim", CLAIM_DAYS),
    ("claims_claimline", ("service_date",)),
    ("claims_claimpayment", ("paid_on",)),
    ("claims_claimevent", ("at",)),
)


def mark_everything(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Mark all days that claims which are here already may count on, and those between."""
    with schema_editor.connection.cursor() as cursor:
        if ends := _days(cursor, "date(min({0})), date(max({0}))"):
            cursor.executemany(
                "INSERT INTO analytics_dirtyday (fact, day) VALUES (%s, %s)",
                list(_all_marks(min(ends), max(ends))),
            )


def days_of_claims(cursor: Any) -> set[date]:
    """The days on which anything may count, in whatever time zone."""
    return _days(cursor, "DISTINCT date({0})")


def _days(cursor: Any, which: str) -> set[date]:
    """Of each column these days and their neighbours."""
    days: set[date] = set()
    for table, columns in _SPANS:
        for name in columns:
            cursor.execute(f"SELECT {which.format(name)} FROM {table}")  # noqa: S608 - names of our own
            days |= {date.fromisoformat(str(day)) for row in cursor.fetchall() for day in row if day}
    return {day + timedelta(days=near) for day in days for near in (-1, 0, 1)}


def _all_marks(start: date, end: date) -> Any:
    day = start
    while day <= end:
        yield "day", str(day)
        yield "staff", str(day)
        day += timedelta(days=1)


# For migrations --------------------------------------------------------------------------------------


def watch_claims_anew(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For a migration after which other `COLUMNS` matter."""
    if schema_editor.connection.vendor == "postgresql":
        _replace_functions(schema_editor, postgresql_triggers.CLAIMS)
    else:
        _replace_triggers(schema_editor, "claims_claim_mark_update")


def watch_new_claims(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For the migration after which claims that come in are noted themselves."""
    if schema_editor.connection.vendor == "postgresql":
        _replace_functions(
            schema_editor, postgresql_triggers.CLAIMS, postgresql_triggers.LINES, postgresql_triggers.EVENTS
        )


def note_days_of_new_claims(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For the migration after which notes say when a claim counts: those from before mark all its days."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(postgresql_triggers.MARK_NOTED, params=None)
        schema_editor.execute("DELETE FROM analytics_newclaim", params=None)
        _replace_functions(schema_editor, postgresql_triggers.CLAIMS, postgresql_triggers.LINES)


def watch_lines_anew(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For a migration after which lines outdate something else."""
    if schema_editor.connection.vendor == "postgresql":
        _replace_functions(schema_editor, postgresql_triggers.LINES)
    else:
        _replace_triggers(schema_editor, *_of_table("claims_claimline"))


def watch_events_anew(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """For a migration after which events outdate something else."""
    if schema_editor.connection.vendor == "postgresql":
        _replace_functions(schema_editor, postgresql_triggers.EVENTS)
    else:
        _replace_triggers(schema_editor, *_of_table("claims_claimevent"))


def _of_table(table: str) -> list[str]:
    """Its triggers on SQLite."""
    return [f"{table}_mark_{event}" for event in sqlite_triggers.ROWS_OF]


def _replace_functions(schema_editor: BaseDatabaseSchemaEditor, *functions: str) -> None:
    for function in functions:
        replaced = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        schema_editor.execute(replaced, params=None)


def _replace_triggers(schema_editor: BaseDatabaseSchemaEditor, *names: str) -> None:
    for name in names:
        schema_editor.execute(f"DROP TRIGGER {name}", params=None)
        statement = next(each for each in sqlite_triggers.statements() if name in each)
        schema_editor.execute(statement, params=None)


def watch_shortfalls(schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in _of(schema_editor.connection.vendor).shortfall_statements():
        schema_editor.execute(statement, params=None)


def unwatch_shortfalls(schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        function = postgresql_triggers.MARK_SHORTFALLS
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {function} CASCADE", params=None)
        return
    for name in _of_table(SHORTFALLS):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)
