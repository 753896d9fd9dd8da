"""Writing facts: what days come to, in place of what was kept of them, and months as sums of days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from ..periods import LAST_OF, Period, Step
from .spans import during, ranges

_MONTH = {
    "postgresql": "date_trunc('month', day)::date",
    "sqlite": "date(day, 'start of month')",
}


# Of days, the outermost; of all else, the sum.
_OUTERMOST = {"first": "min", "last": "max"}


def summed(names: Iterable[str]) -> str:
    return ", ".join(
        f"{_OUTERMOST[name]}({name}) AS {name}"
        if name in _OUTERMOST
        else f"CAST(sum({name}) AS bigint) AS {name}"
        for name in names
    )


def _by_keys(keys: str, names: Sequence[str], rows: str) -> str:
    """These rows added up: one of each day and keys."""
    return f"SELECT {keys}, {summed(names)} FROM ({rows}) AS rows GROUP BY {keys}"  # noqa: S608


def replace(
    model: type[Any],
    periods: Sequence[Period],
    columns: Mapping[str, str],
    names: Sequence[str],
    rows: str,
    values: Sequence[Any] = (),
) -> None:
    """Keep these rows of these days, added up by day and keys; `columns` says how facts call each key.

    Day by day, as they are read: else the rows of each day would lie on as many pages as there are rows.
    """
    model._default_manager.filter(during("day", periods)).delete()
    keys = ", ".join(["day", *columns.values()])
    sql = (
        f"INSERT INTO {model._meta.db_table} (day, {', '.join([*columns, *names])}) "
        f"{_by_keys(keys, names, rows)} ORDER BY day"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def add(
    model: type[Any],
    columns: Mapping[str, str],
    names: Sequence[str],
    rows: str,
    values: Sequence[Any] = (),
) -> None:
    """Add these rows to what is kept of their days.

    Rows of the same keys become one again, but not by provider and more: those are so many that hardly two
    have the same, and to look for them takes longer than to read them.
    """
    keys = ", ".join(["day", *columns.values()])
    kept = ", ".join(["day", *columns])
    told = ", ".join([kept, *names])
    table = model._meta.db_table
    fresh = _by_keys(keys, names, rows)
    sql = f"INSERT INTO {table} ({told}) {fresh}"
    if "provider_id" not in columns or len(columns) == 1:
        same = " AND ".join(_same(column, key) for column, key in (("day", "day"), *columns.items()))
        both = f"SELECT {told} FROM before UNION ALL SELECT {', '.join([keys, *names])} FROM fresh"  # noqa: S608
        sql = f"""
            WITH fresh AS MATERIALIZED ({fresh}),
            before AS (DELETE FROM {table} AS before USING fresh WHERE {same} RETURNING before.*)
            INSERT INTO {table} ({told}) {_by_keys(kept, names, both)}
        """  # noqa: S608 - names of our own
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _same(column: str, key: str) -> str:
    """Nothing is the same as nothing. Said as an equality, it can be looked up however many there are."""
    if not column.endswith("_id"):
        return f"before.{column} = fresh.{key}"
    return f"coalesce(before.{column}, 0) = coalesce(fresh.{key}, 0)"


def add_months(
    months: type[Any],
    columns: Mapping[str, str],
    names: Sequence[str],
    rows: str,
    values: Sequence[Any] = (),
) -> None:
    """Add rows of days to their months."""
    told = ", ".join([*columns.values(), *names])
    by_month = f"SELECT {_MONTH[connection.vendor]} AS day, {told} FROM ({rows}) AS days"  # noqa: S608
    add(months, columns, names, by_month, values)


def replace_months(
    model: type[Any],
    months: type[Any],
    periods: Sequence[Period],
    columns: Sequence[str],
    names: Sequence[str],
) -> None:
    """Add up anew the months in which these days lie."""
    whole = ranges(Period(each.start.replace(day=1), LAST_OF[Step.MONTH](each.end)) for each in periods)
    days = model._default_manager.filter(during("day", whole)).values("day", *columns, *names)
    sql, values = days.query.sql_with_params()
    named = ", ".join([*columns, *names])
    rows = f"SELECT {_MONTH[connection.vendor]} AS day, {named} FROM ({sql}) AS days"  # noqa: S608
    replace(months, whole, dict(zip(columns, columns, strict=True)), names, rows, values)
