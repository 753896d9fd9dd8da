"""Adds dirty days up again, newest first, and takes back the marks that it saw before it began.

A mark that comes in meanwhile stays: its day is read from the claims until the next time. One transaction a
batch, and one refresher at a time, so that facts and marks always belong together.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q

from .models import DirtyDay, FactState
from .periods import LAST_OF, Period, Step
from .reading import PROVIDERS, TIME_SQL, FactTable, Reading, ranges
from .scopes import Scope

REFRESHER_LOCK = 7_263_003
AT_ONCE = {"day": 31, "staff": 31, "provider": 3}  # days, and months
EVERYTHING = Scope(None, today=date.max)


def refresh(fact: FactTable, most: int = 0) -> int:
    """Add the newest dirty days up again; how many there were, or 0 when somebody else is at it."""
    with transaction.atomic():
        if not is_alone(REFRESHER_LOCK):
            return 0
        marks = list(_newest(fact, most or AT_ONCE[fact.fact]))
        if not marks:
            return 0
        days = sorted({day for _, day in marks})
        _add_up(fact, ranges(Period(day, _last_day(fact, day)) for day in days))
        ids = [pk for pk, _ in marks]
        for start in range(0, len(ids), 500):
            DirtyDay.objects.filter(pk__in=ids[start : start + 500]).delete()
        _count_refresh()
        return len(days)


def is_alone(lock: int) -> bool:
    """Two refreshers would add the same days twice. On SQLite writers take turns anyway."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
        return bool(cursor.fetchone()[0])


def _count_refresh() -> None:
    state, _ = FactState.objects.get_or_create(pk=1)
    FactState.objects.filter(pk=state.pk).update(refreshes=F("refreshes") + 1)


def _newest(fact: FactTable, most: int) -> Any:
    marks = DirtyDay.objects.filter(fact=fact.fact)
    days = marks.order_by("-day").values_list("day", flat=True).distinct()[:most]
    return marks.filter(day__in=list(days)).values_list("pk", "day")


def _last_day(fact: FactTable, day: date) -> date:
    return LAST_OF[Step.MONTH](day) if fact is PROVIDERS else day


def _add_up(fact: FactTable, periods: list[Period]) -> None:
    """Replace the facts of these days by what the claims say now."""
    span = Period(periods[0].start, periods[-1].end)
    reading = Reading(EVERYTHING, span, fact.measures, ("day", *fact.keys), from_facts=False)
    parts = reading.live(fact.measures, periods)
    day = TIME_SQL[connection.vendor]["month" if fact is PROVIDERS else "day"]
    names = ", ".join(each.key for each in fact.measures)
    columns = ", ".join(f"{key}_id" for key in fact.keys)
    sums = ", ".join(f"sum({each.key})" for each in fact.measures)
    union = " UNION ALL ".join(sql for sql, _ in parts)
    old = Q()
    for each in periods:
        old |= Q(day__gte=each.start, day__lte=each.end)
    fact.model._default_manager.filter(old).delete()
    keys = ", ".join(fact.keys)
    sql = (
        f"INSERT INTO {fact.model._meta.db_table} (day, {columns}, {names}) "  # noqa: S608 - names of our own
        f"SELECT {day}, {keys}, {sums} FROM ({union}) AS parts GROUP BY {day}, {keys}"
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL jit = off")  # compiling so many sums takes longer than they do
        cursor.execute(sql, [value for _, values in parts for value in values])
