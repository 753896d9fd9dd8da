"""Parts of a statement, each of which says something of what is asked: a union of them says it all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

Sql = tuple[str, tuple[Any, ...]]

# In which day, week or month a row of a part counts.
TIME_SQL = {
    "postgresql": {
        "day": "on_day",
        "week": "date_trunc('week', on_day)::date",
        "month": "date_trunc('month', on_day)::date",
    },
    "sqlite": {
        "day": "on_day",
        "week": "date(on_day, 'weekday 0', '-6 days')",
        "month": "date(on_day, 'start of month')",
    },
}


def part_of(columns: str, rows: QuerySet[Any], after: str = "") -> list[Sql]:
    """The part that has these columns of some rows; none where Django knows that there are no rows."""
    try:
        sql, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    return [(f"SELECT {columns} FROM ({sql}) AS part{after}", tuple(values))]  # noqa: S608 - names of our own


def together(parts: Sequence[Sql]) -> Sql:
    return " UNION ALL ".join(sql for sql, _ in parts), tuple(value for _, given in parts for value in given)


def as_of_these(claims: Sql, parts: Sequence[Sql]) -> list[Sql]:
    """These parts of a union as if there were no claims but those whose ids are told.

    They are looked up once, under the name of all claims: each part begins with them. The database takes one
    value for a few, and looks up what hangs on each; as one list it is looked up in one go.
    """
    if not parts:
        return []
    union, values = together(parts)
    ids, id_values = claims
    sql = (
        f"(WITH claims_claim AS MATERIALIZED (SELECT * FROM claims_claim WHERE id = ANY(ARRAY({ids}))) "  # noqa: S608
        f"{union})"
    )
    return [(sql, (*id_values, *values))]


def as_day(value: Any) -> Any:
    """SQLite has no dates of its own."""
    return date.fromisoformat(value) if isinstance(value, str) else value
