"""From a number to the claims that it counts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from django.db.models import Q, QuerySet

from claims.models import Claim

from .measures import MEASURES, Measure
from .periods import Period
from .scopes import Scope
from .sources import COUNTED, Source
from .standings import claims_standing


class Part(StrEnum):
    ALL = "all"
    INTEREST = "interest"  # those that the number is about: of the claims decided, the denied ones


def claims_of(measures: Iterable[str], scope: Scope, period: Period) -> QuerySet[Claim]:
    """The claims that any of these measures counts over a period, as they are visible in the scope."""
    counted = Q(pk__in=())
    for key in measures:
        counted |= _counted(MEASURES[key], scope, period)
    return Claim.objects.filter(counted, scope.about_facts(), status__in=COUNTED)


def _counted(measure: Measure, scope: Scope, period: Period) -> Q:
    if measure.as_of and period.end < scope.today:
        return claims_standing(measure, scope, period)
    counted = Q(pk__in=())
    for source in measure.sources:
        counted |= _of_source(source, measure, scope, measure.span(period))
    return counted


def _of_source(source: Source, measure: Measure, scope: Scope, period: Period) -> Q:
    asked = scope.condition(source.claim, source.provider_path)
    condition = source.within(period) & measure.condition(source.claim)
    if not source.claim:
        return asked & source.where & condition
    rows = source.rows_of_any().filter(asked, condition)  # `claims_of` leaves void claims out
    return Q(pk__in=rows.values(source.claim.removesuffix("__")))
