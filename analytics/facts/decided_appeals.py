"""Which events decided an appeal: looked for in the histories of claims when their day is added up, and kept.

The sums of a day say how many there were; to list them, each payment and denial would have to be held
against what was before it. Those of void claims are kept, too. A day that is marked is looked through again
by whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from ..models import DecidedAppeal, DirtyDay
from ..periods import Period
from .differences import Difference
from .sources import APPEALS_DECIDED, Source
from .spans import overlaps, ranges, without

(DECIDING,) = APPEALS_DECIDED
KEPT = Source(DecidedAppeal, DECIDING.day, DECIDING.within, DECIDING.claim, at=DECIDING.at)


def keep(periods: Sequence[Period]) -> None:
    """Those of these days, in place of what was kept of them; one may be kept under a day it has left."""
    DecidedAppeal.objects.filter(_within(KEPT, periods)).delete()
    DecidedAppeal.objects.bulk_create(
        (
            DecidedAppeal(event=event, claim_id=claim, at=at, to_status=outcome)
            for event, claim, at, outcome in _found(periods).values_list("pk", "claim", "at", "to_status")
        ),
        batch_size=1_000,
        update_conflicts=True,
        unique_fields=["event"],
        update_fields=["claim", "at", "to_status"],
    )


def kept_and_marked(source: Source, period: Period) -> Iterator[tuple[Source, Q]]:
    """Where to read rows of a source from: what is kept of them, if anything, but on days that are marked.

    A day that is marked after this was asked is told as it was before, or as it is when it was added up.
    """
    if source is not DECIDING:
        yield source, source.within(period)
        return
    dirty = _marked(period)
    if clean := without(period, dirty):
        yield KEPT, _within(KEPT, clean)
    if dirty:
        yield source, _within(source, overlaps(period, dirty))


def differing_appeals(month: Period) -> Iterator[Difference]:
    """Events that are kept and decided none, or decided one and are not kept."""
    clean = without(month, _marked(month))
    if not clean:
        return
    told = {*DecidedAppeal.objects.filter(_within(KEPT, clean)).values_list("event", "claim", "to_status")}
    found = {*_found(clean).values_list("pk", "claim", "to_status")}
    for each in sorted(told ^ found, key=str):
        key = dict(zip(("event", "claim", "outcome"), each, strict=True))
        yield Difference("day", key, "appeals_decided", int(each in told), int(each in found))


def _found(periods: Sequence[Period]) -> QuerySet[Any]:
    return DECIDING.rows_of_any().filter(_within(DECIDING, periods))


def _within(source: Source, periods: Sequence[Period]) -> Q:
    return reduce(or_, map(source.within, periods))


def _marked(period: Period) -> list[Period]:
    marks = DirtyDay.objects.filter(fact=DirtyDay.Fact.DAY, day__gte=period.start, day__lte=period.end)
    return ranges(Period(day, day) for day in marks.values_list("day", flat=True).distinct())
