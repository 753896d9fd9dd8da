"""Adds dirty days up again, newest first, and takes back the marks that it saw before it began.

A mark that comes in meanwhile stays: its day is read from the claims until the next time. One transaction a
batch, and one refresher at a time, so that facts and marks always belong together.

A large import marks the same days with each block. To add them up between two blocks is in vain, and takes
what the import and the readers need: a day has its turn when nobody has marked it since the last look.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, Max, OuterRef

from claims import bulk
from rcm_site.alone import is_alone

from ..causes import add_up_causes, keep_by_settings
from ..codes import add_codes_of, add_up_codes
from ..models import DirtyDay, FactState, NewClaim
from ..periods import Period
from ..scopes import Scope
from .decided_appeals import keep as keep_decided_appeals
from .keeping import summed
from .marks import NEW_CLAIMS, is_counted
from .parts import TIME_SQL, Sql, as_of_these, together
from .reading import Reading
from .spans import ranges
from .tables import KEYS, TABLES, FactTable

REFRESHER_LOCK = 7_263_003  # two would add the same days twice
# Days: on SQLite nobody else writes while they are added up.
AT_ONCE = {"postgresql": 31, "sqlite": 7}
EVERYTHING = Scope(None, today=date.max)
CLAIMS_AT_ONCE = 20_000
EVER = Period(date(1, 1, 2), date.max)


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

    Only those that have no mark after this one, if it is given. Claims that came in go first: whoever reads
    waits for them each time. Returns how many days or claims there were, or 0 when somebody else is at it.
    """
    with transaction.atomic():
        if not is_alone(REFRESHER_LOCK):
            return 0
        # Before claims that came in are looked for: what happens to one of them marks its days, and these
        # stay marked until it is counted.
        marks = list(_newest(fact, most or AT_ONCE[connection.vendor], until))
        if fact.fact == DirtyDay.Fact.DAY:
            keep_by_settings(EVERYTHING)
            if claims := _count_new_claims():
                _count_refresh()
                return claims
        if not marks:
            return 0
        days = sorted({day for _, day in marks})
        periods = ranges(Period(day, day) for day in days)
        _add_up([each for each in TABLES if each.fact == fact.fact], periods)
        if fact.fact == DirtyDay.Fact.DAY:
            add_up_codes(EVERYTHING, periods)
            add_up_causes(EVERYTHING, periods)
            keep_decided_appeals(periods)
        bulk.delete(DirtyDay, [pk for pk, _ in marks])
        _count_refresh()
        return len(days)


def _count_refresh() -> None:
    state, _ = FactState.objects.get_or_create(pk=1)
    FactState.objects.filter(pk=state.pk).update(refreshes=F("refreshes") + 1)


def _newest(fact: FactTable, most: int, until: int | None) -> Any:
    marks = DirtyDay.objects.filter(fact__in=fact.marks)
    days = marks.values("day").annotate(last=Max("pk")).order_by("-day")
    if until is not None:
        days = days.filter(last__lte=until)
    return marks.filter(day__in=list(days.values_list("day", flat=True)[:most])).values_list("pk", "day")


def _count_new_claims() -> int:
    """Add claims that came in to the facts of their days, marked or not, but for what marks its days."""
    if not NewClaim.objects.exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_NOTES, [CLAIMS_AT_ONCE])
        count = cursor.rowcount
        cursor.execute(f"DELETE FROM {NEW_CLAIMS} WHERE id = ANY(ARRAY(SELECT id FROM {_NOTED}))")  # noqa: S608
    tables = [each for each in TABLES if each.fact == DirtyDay.Fact.DAY]
    reading = reading_by_all(tables)
    noted: Sql = (f"SELECT claim_id FROM {_NOTED}", ())  # noqa: S608 - a name of our own
    parts = as_of_these(noted, reading.live(reading.measures, [EVER], of_new=True))
    with summed_up(reading, parts) as rows:
        for table in tables:
            table.add(rows)
    add_codes_of(noted, EVERYTHING, EVER)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {_NOTED}")
    return count


# Claims that come in meanwhile have their turn after these.
_NOTED = "noted_claims"
_TAKE_NOTES = f"""
CREATE TEMPORARY TABLE {_NOTED} AS SELECT id, claim_id FROM {NEW_CLAIMS} ORDER BY id LIMIT %s
"""  # noqa: S608 - names of our own


# What claims come to by all that facts tell apart: each kind of facts adds it up by its own keys.
_FRESH = "fresh_facts"


def _add_up(tables: list[FactTable], periods: list[Period]) -> None:
    """Replace the facts of these days by what the claims say now, but for those that wait to be added."""
    which = is_counted if tables[0].fact == DirtyDay.Fact.DAY else None
    reading = reading_by_all(tables)
    with summed_up(reading, reading.live(reading.measures, periods, which)) as rows:
        for table in tables:
            table.replace(periods, rows)


def reading_by_all(tables: list[FactTable]) -> Reading:
    """By day and all keys of these tables."""
    keys = [key for key in KEYS if any(key in each.keys for each in tables)]
    return Reading(EVERYTHING, EVER, tables[0].measures, ("day", *keys), from_facts=False)


@contextmanager
def summed_up(reading: Reading, parts: list[Sql]) -> Iterator[str]:
    """What these parts of a reading come to."""
    names = [each.key for each in reading.measures]
    union, values = together(parts)
    day = TIME_SQL[connection.vendor]["day"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL jit = off")  # compiling so many sums takes longer than they do
        cursor.execute(
            f"CREATE TEMPORARY TABLE {_FRESH} AS SELECT {day} AS day, {', '.join(reading.keys)}, "  # noqa: S608
            f"{summed(names)} FROM ({union}) AS parts GROUP BY {', '.join(['day', *reading.keys])}",
            values,
        )
        yield f"SELECT * FROM {_FRESH}"  # noqa: S608
        cursor.execute(f"DROP TABLE {_FRESH}")
