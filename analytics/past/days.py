"""How things stood at the end of each of several past days, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection

from ..facts.measures import Measure
from ..facts.parts import as_day, together
from ..facts.reading import Row, amounts_of, paths_to
from ..facts.tables import KEYS
from ..scopes import Scope
from .standings import Standings, column


def standings_on(
    scope: Scope, days: Sequence[date], measures: Sequence[Measure], by: Sequence[str] = ()
) -> dict[date, list[Row]]:
    """For each day what `totals` says of it, of measures of how things stand."""
    paths = paths_to("")
    keys = [key for key in KEYS if key in by]
    asked = Standings(scope, tuple(days), {key: paths[key] for key in keys})
    while True:
        answer = _ask(asked, measures, by)
        corrected = asked.corrected(answer[0][:3])
        if corrected is None:
            break
        asked = corrected
    found: dict[date, list[Row]] = {day: [] for day in days}
    amounts = amounts_of(measures)
    for day, *told in (each[3:] for each in answer if each[3] is not None):
        sums = {key: amount(value) for (key, amount), value in zip(amounts, told[len(by) :], strict=True)}
        found[as_day(day)].append(Row(tuple(told[: len(by)]), sums))
    nothing = Row((), {key: amount(0) for key, amount in amounts})
    return found if by else {day: rows or [nothing] for day, rows in found.items()}


def _ask(asked: Standings, measures: Sequence[Measure], by: Sequence[str]) -> list[tuple[Any, ...]]:
    union, values = together(asked.parts())
    keys = "".join(f", {key if key == 'age' else f'key_{key}'}" for key in by)
    sums = "".join(f", sum({column(each)}) AS {each.key}" for each in measures)
    seen, seen_values = asked.seen()
    statement = (
        f"SELECT seen.*, sums.* FROM ({seen}) AS seen LEFT JOIN (SELECT as_of{keys}{sums} "  # noqa: S608
        f"FROM ({union}) AS standings GROUP BY as_of{keys}) AS sums ON 1 = 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*seen_values, *values])
        return cursor.fetchall()
