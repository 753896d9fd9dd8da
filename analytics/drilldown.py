"""From a number to the claims that it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from claims.models import Claim
from rcm_site.planning import found_one_by_one
from rcm_site.tables import SIZES

from .facts.caching import is_told, remembered
from .facts.measures import MEASURES, Measure
from .facts.sources import COUNTED, Source
from .past.standings import claims_standing
from .periods import Period
from .scopes import Scope

Rows = QuerySet[Any, Any]
BEGINNING = max(SIZES) + 1  # of a list: its longest first page, and whether there is more


class Part(StrEnum):
    ALL = "all"
    INTEREST = "interest"  # those that the number is about: of the claims decided, the denied ones


def claims_of(
    measures: Iterable[str], scope: Scope, period: Period, *, begins_only: bool = False
) -> QuerySet[Claim]:
    """The claims that any of these measures counts over a period, as they are visible in the scope.

    Rows of other kinds that count can be listed, and the claims joined with the list, which takes its time
    in proportion to the list; or claim by claim be asked for, which is quicker where only the first of very
    many claims are read.
    """
    themselves, by_rows = Q(pk__in=()), list[Rows]()
    for key in measures:
        measure = MEASURES[key]
        if measure.as_of and period.end < scope.today:
            by_rows += claims_standing(measure, scope, period)
            continue
        for source in measure.sources:
            if source.claim:
                by_rows.append(_rows(source, measure, scope, period))
            else:
                themselves |= _themselves(source, measure, scope, period)
    claims = Claim.objects.filter(scope.about_facts(), status__in=COUNTED)
    if begins_only:
        return claims.filter(reduce(or_, (_are_there(rows) for rows in by_rows), themselves))
    if not by_rows:
        return claims.filter(themselves)
    # PostgreSQL makes such a list once; several of them in an OR it would go through again for every claim.
    ids = Claim.objects.filter(themselves).order_by().values("pk")
    return claims.filter(pk__in=ids.union(*(rows.order_by().distinct() for rows in by_rows)))


def numbered(measures: Iterable[str], scope: Scope, period: Period) -> Iterator[Rows]:
    """The numbers and keys of the same claims, the highest first: a list for each kind of rows that count.

    Each is read in the order of numbers and from indexes, as far as somebody looks; several kinds in one
    statement would all be found before the first of them were known.
    """
    for key in dict.fromkeys(measures):
        measure = MEASURES[key]
        if measure.as_of and period.end < scope.today:
            kept, marked = claims_standing(measure, scope, period)
            yield _numbers(kept.filter(scope.about_facts("claim__"), claim__status__in=COUNTED), "claim__")
            yield _numbers(marked)
            continue
        for source in measure.sources:
            if source.is_searched:
                found = _rows(source, measure, scope, period).order_by().distinct()
                yield _numbers(Claim.objects.filter(pk__in=found, status__in=COUNTED))
                continue
            asked = scope.condition(source.claim, source.provider_path)
            condition = source.within(measure.span(period)) & measure.condition(source.claim)
            yield _numbers(source.rows().filter(asked, condition), source.claim)


def _numbers(rows: Rows, claim: str = "") -> Rows:
    found = rows.order_by(f"-{claim}number").values_list(f"{claim}number", claim.removesuffix("__") or "pk")
    return found.distinct() if claim else found


@dataclass(frozen=True)
class Listed:
    """The same claims in the order of a list, the highest number first: their keys, as far as somebody looks.

    A page shows few of them, and what belongs to a claim is read of those alone. Those that have to be looked
    for to be counted are looked for once.
    """

    measures: tuple[str, ...]
    scope: Scope
    period: Period
    most: int  # that are counted
    is_counted: bool = False
    begins_only: bool = False

    def claims(self) -> QuerySet[Claim]:
        return claims_of(self.measures, self.scope, self.period, begins_only=self.begins_only)

    def __getitem__(self, place: slice) -> list[UUID]:
        if self.is_counted and place.stop <= BEGINNING:
            return self._begin[1:][place]
        return self._remembered(lambda: self._keys(place), place.start, place.stop)

    def count(self) -> int:
        """How many they are, or one more than are counted."""
        if self.is_counted:
            return self._begin[0]
        return self._remembered(lambda: [self._count()], "count")[0]

    @cached_property
    def _begin(self) -> list[Any]:
        def read() -> list[Any]:
            with found_one_by_one():
                found = self._keys(slice(0, self.most + 1))
            return [len(found), *found[:BEGINNING]]

        return self._remembered(read, "begin")

    def _keys(self, place: slice) -> list[UUID]:
        found = {row for rows in self._lists for row in rows[: place.stop]}
        return [pk for _, pk in sorted(found, reverse=True)[place]]

    def _count(self) -> int:
        first, *others = (each.order_by() for each in self._lists)
        return (first.union(*others) if others else first)[: self.most + 1].count()

    @cached_property
    def _lists(self) -> list[Rows]:
        return list(numbered(self.measures, self.scope, self.period))

    def _remembered(self, read: Callable[[], list[Any]], *asked: Any) -> list[Any]:
        if not is_told(self.scope):
            return read()
        return remembered(("listed", self.measures, self.scope, self.period, self.most, *asked), read)


def _themselves(source: Source, measure: Measure, scope: Scope, period: Period) -> Q:
    return scope.condition() & source.where & source.within(measure.span(period)) & measure.condition("")


def _rows(source: Source, measure: Measure, scope: Scope, period: Period) -> Rows:
    """By their claim's id."""
    asked = scope.condition(source.claim, source.provider_path)
    condition = source.within(measure.span(period)) & measure.condition(source.claim)
    rows = source.rows_of_any().filter(asked, condition)  # `claims_of` leaves void claims out
    return rows.values(source.claim.removesuffix("__"))


def _are_there(rows: Rows) -> Q:
    (claim,) = rows.query.values_select
    return Q(Exists(rows.filter(**{claim: OuterRef("pk")})))
