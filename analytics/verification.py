"""Compares what is kept with what the claims say, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.db import connection
from django.db.models import Max, Min

from .differences import Difference
from .fact_triggers import days_of_claims
from .past_verification import differing_ages, differing_balances
from .periods import LAST_OF, Period, Step
from .reading import DAYS, PROVIDERS, STAFF, Amount, FactTable, Reading
from .refreshing import EVERYTHING

MOST_NAMED = 100  # differences of one kind of facts


def differences() -> Iterator[Difference]:
    """What reading tells, month by month, against the claims; days known to be outdated are told rightly."""
    for table in (DAYS, PROVIDERS, STAFF):
        for month in _months(table):
            yield from _compare(table, month)
    yield from differing_balances()
    yield from differing_ages()


def _months(table: FactTable) -> Iterator[Period]:
    """From the first day to the last of facts or claims."""
    ends = table.model._default_manager.aggregate(first=Min("day"), last=Max("day"))
    with connection.cursor() as cursor:
        days = [each for each in (*ends.values(), *(days_of_claims(cursor) or ())) if each]
    if days:
        whole = Period(min(days).replace(day=1), LAST_OF[Step.MONTH](max(days)))
        yield from whole.steps(Step.MONTH)


def _compare(table: FactTable, month: Period) -> Iterator[Difference]:
    by = ("month" if table is PROVIDERS else "day", *table.keys)
    # How things stand is compared day by day, too, as it is kept.
    measures = [replace(each, as_of=False) for each in table.measures]
    told, found = (
        {row.key: row.sums for row in Reading(EVERYTHING, month, measures, by, from_facts=kept).rows()}
        for kept in (True, False)
    )
    nothing: dict[str, Amount] = dict.fromkeys((each.key for each in table.measures), 0)
    for key in sorted(told.keys() | found.keys(), key=str):
        ours, theirs = told.get(key, nothing), found.get(key, nothing)
        for measure in nothing:
            if ours[measure] != theirs[measure]:
                named = dict(zip(by, key, strict=True))
                yield Difference(table.fact, named, measure, ours[measure], theirs[measure])
