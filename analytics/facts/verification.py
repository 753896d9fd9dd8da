"""Compares what is kept with what the claims say, to the cent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import Max, Min

from ..codes import CODES, FACT_KEYS, code_totals
from ..past.verification import differing_ages, differing_balances
from ..periods import DAY, LAST_OF, Period, Step
from .differences import Difference
from .fact_triggers import days_of_claims
from .reading import DAYS, TABLES, Amount, FactTable, Reading
from .refreshing import EVERYTHING

MOST_NAMED = 100  # differences of one kind of facts


def differences() -> Iterator[Difference]:
    """What reading tells, month by month, against the claims; days known to be outdated are told rightly."""
    for table in TABLES:
        for month in _months(table):
            yield from _compare(table, month, "day")
            if table.months is not None:
                yield from _compare(table, month, "month")
    for name in CODES:
        for month in _months(DAYS):
            middle = month.start.replace(day=15)
            for period in (month, Period(month.start, middle), Period(middle + DAY, month.end)):
                yield from _compare_codes(name, period)
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


def _compare(table: FactTable, month: Period, each: str) -> Iterator[Difference]:
    by = (each, *table.keys)
    # How things stand is compared day by day, too, as it is kept.
    measures = [replace(each, as_of=False) for each in table.measures]
    told, found = (
        {row.key: row.sums for row in Reading(EVERYTHING, month, measures, by, from_facts=kept).rows()}
        for kept in (True, False)
    )
    yield from _differences(table.fact, by, [each.key for each in measures], told, found)


def _compare_codes(name: str, period: Period) -> Iterator[Difference]:
    """A month is read from the facts of months, a part of it from those of days."""
    told, found = (
        {row.key: row.sums for row in code_totals(EVERYTHING, period, name, FACT_KEYS, from_facts=kept)}
        for kept in (True, False)
    )
    yield from _differences(name, ("code", *FACT_KEYS), CODES[name].measures, told, found)


Sums = Mapping[tuple[Any, ...], dict[str, Amount]]


def _differences(
    fact: str, by: Sequence[str], measures: Sequence[str], told: Sums, found: Sums
) -> Iterator[Difference]:
    nothing: dict[str, Amount] = dict.fromkeys(measures, 0)
    for key in sorted(told.keys() | found.keys(), key=str):
        ours, theirs = told.get(key, nothing), found.get(key, nothing)
        for measure in measures:
            if ours[measure] != theirs[measure]:
                yield Difference(
                    fact, dict(zip(by, key, strict=True)), measure, ours[measure], theirs[measure]
                )
