"""Adds dirty days up again, newest first, and takes back the marks that it saw before it began.

A mark that comes in meanwhile stays: its day is read from the claims until the next time. One transaction a
batch, and one refresher at a time, so that facts and marks always belong together.

A large import marks the same days with each block. To add them up between two blocks is in vain, and takes
what the import and the readers need: a day has its turn when nobody has marked it since the last look.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, Max, OuterRef

from ..codes import add_up_codes
from ..models import DirtyDay, FactState
from ..periods import Period
from ..scopes import Scope
from .keeping import replace, replace_months, summed
from .reading import COLUMNS, KEYS, TABLES, TIME_SQL, FactTable, Reading, ranges

REFRESHER_LOCK = 7_263_003
# Days: on SQLite nobody else writes while they are added up.
AT_ONCE = {"postgresql": 31, "sqlite": 7}
EVERYTHING = Scope(None, today=date.max)


def look() -> int | None:
    """The newest mark at the last look, should there have been one; this is the next."""
    with transaction.atomic():
        newest = DirtyDay.objects.aggregate(newest=Max("pk"))["newest"]
        if newest is None or not is_alone(REFRESHER_LOCK):
            return None
        state, _ = FactState.objects.get_or_create(pk=1)
        FactState.objects.filter(pk=1).update(looked_until=newest)
        _forget_repeated()
    return state.looked_until


def _forget_repeated() -> None:
    """One mark says it of a day, the last one; readers have fewer to look through.

    Of a later transaction, too: without its number, the version would be that from before it was committed.
    """
    later = DirtyDay.objects.filter(
        fact=OuterRef("fact"),
        day=OuterRef("day"),
        pk__gt=OuterRef("pk"),
        written_in__gte=OuterRef("written_in"),
    )
    DirtyDay.objects.filter(Exists(later)).delete()


def refresh(fact: FactTable, most: int = 0, *, until: int | None = None) -> int:
    """Add the newest dirty days up again, in all facts that have the marks of this one.

    Only those that have no mark after this one, if it is given. Returns how many there were, or 0 when
    somebody else is at it.
    """
    with transaction.atomic():
        if not is_alone(REFRESHER_LOCK):
            return 0
        marks = list(_newest(fact, most or AT_ONCE[connection.vendor], until))
        if not marks:
            return 0
        days = sorted({day for _, day in marks})
        periods = ranges(Period(day, day) for day in days)
        _add_up([each for each in TABLES if each.fact == fact.fact], periods)
        if fact.fact == DirtyDay.Fact.DAY:
            add_up_codes(EVERYTHING, periods)
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


def _newest(fact: FactTable, most: int, until: int | None) -> Any:
    marks = DirtyDay.objects.filter(fact__in=fact.marks)
    days = marks.values("day").annotate(last=Max("pk")).order_by("-day")
    if until is not None:
        days = days.filter(last__lte=until)
    return marks.filter(day__in=list(days.values_list("day", flat=True)[:most])).values_list("pk", "day")


# What claims come to by all that facts tell apart: each kind of facts adds it up by its own keys.
_FRESH = "fresh_facts"


def _add_up(tables: list[FactTable], periods: list[Period]) -> None:
    """Replace the facts of these days by what the claims say now."""
    keys = [key for key in KEYS if any(key in each.keys for each in tables)]
    measures = tables[0].measures
    names = [each.key for each in measures]
    span = Period(periods[0].start, periods[-1].end)
    reading = Reading(EVERYTHING, span, measures, ("day", *keys), from_facts=False)
    parts = reading.live(measures, periods)
    union = " UNION ALL ".join(sql for sql, _ in parts)
    day = TIME_SQL[connection.vendor]["day"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL jit = off")  # compiling so many sums takes longer than they do
        cursor.execute(
            f"CREATE TEMPORARY TABLE {_FRESH} AS SELECT {day} AS day, {', '.join(keys)}, "  # noqa: S608
            f"{summed(names)} FROM ({union}) AS parts GROUP BY {', '.join([day, *keys])}",
            [value for _, values in parts for value in values],
        )
        for table in tables:
            columns = {COLUMNS[key]: key for key in table.keys}
            replace(table.model, periods, columns, names, f"SELECT * FROM {_FRESH}")  # noqa: S608
            if table.months is not None:
                replace_months(table.model, table.months, periods, list(columns), names)
        cursor.execute(f"DROP TABLE {_FRESH}")
