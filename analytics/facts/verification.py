"""Compares what is kept with what the claims say, to the cent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from ..causes import CAUSE, CAUSES, Asked, read
from ..codes import CODE_TABLES, Code, code_totals
from ..models import ClaimBalance, DecidedAppeal, FactState
from ..past.verification import differing_ages, differing_balances
from ..periods import DAY, LAST_OF, Period, Step
from .decided_appeals import differing_appeals
from .differences import Difference
from .fact_triggers import days_of_claims
from .marks import Dirty
from .parts import Sql
from .reading import Amount, Reading
from .refreshing import EVERYTHING, reading_by_all, summed_up
from .tables import TABLES, FactTable

MOST_NAMED = 100  # differences

Sums = Mapping[tuple[Any, ...], dict[str, Amount]]


def differences(tell: Callable[[Period], None] = lambda month: None) -> Iterator[Difference]:
    """What reading tells, month by month, against the claims; days known to be outdated are told rightly."""
    for month in months():
        tell(month)
        for compare in COMPARISONS:
            with _one_moment():
                found = list(compare(month))
            yield from found


def months() -> Iterator[Period]:
    """Those with a claim, or with whatever is kept of one: a mistyped date may lie a hundred years back."""
    tables = (*TABLES, *CODE_TABLES, CAUSES)
    kept: list[tuple[type[Model], str]] = [(each, "day") for table in tables for each in table.models]
    kept += [(ClaimBalance, "submitted_on"), (DecidedAppeal, "at__date")]
    with connection.cursor() as cursor:
        days = days_of_claims(cursor)
    for model, column in kept:
        days.update(model._default_manager.order_by().values_list(column, flat=True).distinct())
    state = FactState.objects.filter(pk=1).first()
    if state and state.kept_from and state.kept_until:
        days.update(month.start for month in Period(state.kept_from, state.kept_until).steps(Step.MONTH))
    for start in sorted({day.replace(day=1) for day in days}):
        yield Period(start, LAST_OF[Step.MONTH](start))


@contextmanager
def _one_moment() -> Iterator[None]:
    """Whatever is changed meanwhile is no difference."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


# Measures --------------------------------------------------------------------------------------------


class _Remainder(Reading):
    """What is told less what the claims say, where anything is left."""

    def __init__(self, table: FactTable, month: Period, by: tuple[str, ...], claims: str) -> None:
        super().__init__(EVERYTHING, month, measures_of(table), by)
        self.claims = claims
        self.told_where = " OR ".join(f"sums.{each.key} <> 0" for each in self.measures)

    def _parts(self, dirty: Dirty) -> list[Sql]:
        keys = "".join(f"{key}, " for key in self.keys)
        taken_off = ", ".join(f"-{each.key} AS {each.key}" for each in self.measures)
        claims = f"SELECT {keys}day AS on_day, {taken_off} FROM ({self.claims}) AS claims"  # noqa: S608
        return [*super()._parts(dirty), (claims, ())]

    def _reads_claims(self, dirty: Dirty) -> bool:
        return True


def measures_of(table: FactTable) -> list[Any]:
    """How things stand is compared day by day, too, as it is kept."""
    return [replace(each, as_of=False) for each in table.measures]


def _differing_sums(month: Period) -> Iterator[Difference]:
    """The claims are added up once, by all that facts tell apart."""
    for _, tables in groupby(TABLES, key=lambda table: table.fact):
        alike = list(tables)
        reading = reading_by_all(alike)
        with summed_up(reading, reading.live(reading.measures, [month])) as claims:
            differing = [
                (table, by)
                for table in alike
                for by in _splits(table)
                if _Remainder(table, month, by, claims).rows()
            ]
        for table, by in differing:
            yield from _compare(table, month, by)


def _splits(table: FactTable) -> Iterator[tuple[str, ...]]:
    """By all that each kind of its facts tells apart."""
    yield ("day", *table.keys)
    for _, keys in table.by_month:
        yield ("month", *keys)


def _compare(table: FactTable, month: Period, by: tuple[str, ...]) -> Iterator[Difference]:
    """Row by row, which takes long where there are many."""
    measures = measures_of(table)
    told, found = (
        {row.key: row.sums for row in Reading(EVERYTHING, month, measures, by, from_facts=kept).rows()}
        for kept in (True, False)
    )
    yield from _differences(table.fact, by, [each.key for each in measures], told, found)


# Codes -----------------------------------------------------------------------------------------------


def _differing_codes(month: Period) -> Iterator[Difference]:
    """A month is read from the facts of months, less than half of it from those of days."""
    ends = (month.start.replace(day=10), month.start.replace(day=20), month.end)
    starts = (month.start, *(end + DAY for end in ends[:-1]))
    thirds = [Period(start, end) for start, end in zip(starts, ends, strict=True)]
    for table in CODE_TABLES:
        for code in table.codes:
            found = [_sums_of_codes(code, third, table.keys, from_facts=False) for third in thirds]
            for period, claims in zip((*thirds, month), (*found, _together(found)), strict=True):
                told = _sums_of_codes(code, period, table.keys, from_facts=True)
                yield from _differences(code.name, ("code", *table.keys), code.measures, told, claims)
            if table.few_months is not None:
                told = _sums_of_codes(code, month, table.few_keys, from_facts=True)
                of_few = _together(found, 1 + len(table.few_keys))
                yield from _differences(code.name, ("code", *table.few_keys), code.measures, told, of_few)


def _halves(month: Period) -> tuple[Period, Period]:
    middle = month.start.replace(day=15)
    return Period(month.start, middle), Period(middle + DAY, month.end)


def _sums_of_codes(code: Code, period: Period, keys: Sequence[str], *, from_facts: bool) -> Sums:
    rows = code_totals(EVERYTHING, period, code.name, keys, from_facts=from_facts)
    return {row.key: row.sums for row in rows}


def _together(parts: Sequence[Sums], keys: int | None = None) -> Sums:
    """Told apart by all their keys, or by the first ones."""
    found: dict[tuple[Any, ...], dict[str, Amount]] = {}
    for part in parts:
        for key, sums in part.items():
            before = found.get(key[:keys], {})
            found[key[:keys]] = {name: value + before.get(name, 0) for name, value in sums.items()}
    return found


# Causes ----------------------------------------------------------------------------------------------


def _differing_causes(month: Period) -> Iterator[Difference]:
    by = ("department", "kind", *CAUSE)
    for period in (*_halves(month), month):
        told, found = (
            {row.key: row.sums for row in read(Asked(EVERYTHING, by), period, from_facts=kept)}
            for kept in (True, False)
        )
        yield from _differences("cause", by, CAUSES.sums, told, found)


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


COMPARISONS = (
    *(_differing_sums, _differing_codes, _differing_causes),
    *(differing_appeals, differing_balances, differing_ages),
)
