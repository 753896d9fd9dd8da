"""From a number to the claims that it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from claims.models import Claim
from rcm_site.days import midnight
from rcm_site.planning import found_one_by_one

from .facts.caching import is_told, remembered
from .facts.decided_appeals import kept_and_marked
from .facts.measures import MEASURES, Measure
from .facts.sources import COUNTED, Source
from .past.standings import claims_standing
from .periods import Period
from .scopes import Scope

Rows = QuerySet[Any, Any]


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


@dataclass(frozen=True)
class InOrder:
    """The claims of one kind of rows, those first that count last: read as far as somebody looks."""

    rows: Rows
    claim: str  # the path from a row to its claim
    at: str = ""  # the moment of a row that has one: more than its day

    def latest(self, most: int, since: datetime | None) -> list[tuple[Any, ...]]:
        """When they count and which they are, in the order of both; claims themselves by their number."""
        rows = self.rows
        if since is not None:
            rows = rows.filter(when__gte=since if self.at else timezone.localdate(since))
        order = ("when", self.key) if self.claim else ("when", "number", "pk")
        found = rows.order_by(*(f"-{each}" for each in order)).values_list(*order)
        return [(_moment(when), *more) for when, *more in (found.distinct() if self.claim else found)[:most]]

    @property
    def key(self) -> str:
        return self.claim.removesuffix("__") or "pk"

    @property
    def claims(self) -> Rows:
        return self.rows.order_by().values(self.key)


def in_order(
    measures: Iterable[str],
    scope: Scope,
    period: Period,
    rows_of: Callable[[Source], Rows] = Source.rows,
) -> Iterator[InOrder]:
    """The same claims; several kinds in one statement would all be found before the first were known."""
    for key in dict.fromkeys(measures):
        measure = MEASURES[key]
        if measure.as_of and period.end < scope.today:
            kept, marked = claims_standing(measure, scope, period)
            # Those that are not marked are kept by the day that the claim itself says.
            span = measure.span(period)
            since = {"claim__submitted_on__gte": span.start, "claim__submitted_on__lte": span.end}
            kept = kept.filter(scope.about_facts("claim__"), claim__status__in=COUNTED, **since)
            yield InOrder(kept.annotate(when=F("claim__submitted_on")), "claim__")
            yield InOrder(marked.annotate(when=F("submitted_on")), "")
            continue
        for source in measure.sources:
            asked = scope.condition(source.claim, source.provider_path) & measure.condition(source.claim)
            for each, within in kept_and_marked(source, measure.span(period)):
                rows = rows_of(each).annotate(when=F(each.at) if each.at else each.day)
                yield InOrder(rows.filter(asked, within), each.claim, each.at)


def _moment(when: date) -> datetime:
    return when if isinstance(when, datetime) else midnight(when)


@dataclass(frozen=True)
class Listed:
    """The keys of the same claims in the order of a list, those first that count last.

    A page shows few of them, and what belongs to a claim is read of those alone.
    """

    measures: tuple[str, ...]
    scope: Scope
    period: Period
    most: int  # that are counted
    begins_only: bool = False

    def claims(self) -> QuerySet[Claim]:
        return claims_of(self.measures, self.scope, self.period, begins_only=self.begins_only)

    def __getitem__(self, place: slice) -> list[UUID]:
        return self._remembered(lambda: self._keys(place), place.start, place.stop)

    def count(self) -> int:
        """How many they are, or one more than are counted."""
        return self._remembered(lambda: [self._count()], "count")[0]

    def _keys(self, place: slice) -> list[UUID]:
        """A claim stands where it counts last: as many rows may be of fewer claims."""
        most = place.stop
        while True:
            rows = self._latest(most)
            keys = list(dict.fromkeys(row[-1] for row in rows))
            if len(rows) < most or len(keys) >= place.stop:
                return keys[place]
            most *= 2

    def _latest(self, most: int) -> list[tuple[Any, ...]]:
        """Those of one kind stand before those of the next that count at the same time."""
        found: list[tuple[Any, ...]] = []
        for place, kind in enumerate(self._kinds):
            since = found[-1][0] if len(found) == most else None
            of_kind = [(when, -place, *which) for when, *which in kind.latest(most, since)]
            found = sorted([*found, *of_kind], reverse=True)[:most]
        return found

    def _count(self) -> int:
        """Each claim is looked up only for what is asked of it."""
        kinds = self._kinds
        if not self.scope.condition():
            kinds = [*in_order(self.measures, self.scope, self.period, Source.rows_but_of_void)]
        first, *others = (each.claims for each in kinds)
        found = first.union(*others) if others else first.distinct()
        with found_one_by_one():
            return found[: self.most + 1].count()

    @cached_property
    def _kinds(self) -> list[InOrder]:
        return list(in_order(self.measures, self.scope, self.period))

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
