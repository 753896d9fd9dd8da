"""Filters of the list of claims that neither list a thousand payers nor look at every claim."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Max, Min, Q, QuerySet
from django.http import HttpRequest

from claims.models import Claim, Payer
from claims.parties import spelling


class PayerFilter(admin.SimpleListFilter):
    """Asks for a payer's name, or for one by which files call it."""

    title = "payer"
    parameter_name = "payer"
    template = "admin/claims/payer_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "Any")]  # shown only when there is something to choose

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        name = " ".join((self.value() or "").replace("\0", "").split())
        if not name:
            return queryset
        called = Q(name__iexact=name) | Q(aliases__alias=spelling(name))
        return queryset.filter(payer__in=set(Payer.objects.filter(called).values_list("pk", flat=True)))

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        others = [(key, value) for key, value in changelist.params.items() if key != self.parameter_name]
        yield {
            "others": others,
            "value": self.value() or "",
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
        }


DAY = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?")


class SubmittedFilter(admin.SimpleListFilter):
    """From years to months to days; the index alone says which years there are."""

    title = "submission"
    parameter_name = "submitted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = self.used_parameters.get(self.parameter_name) or ""
        found = Claim.objects.aggregate(first=Min("submitted_on"), last=Max("submitted_on"))
        if not found["first"]:
            return []
        above = [asked[:length] for length in (4, 7) if len(asked) >= length]
        below = list(_parts(asked, found["first"], found["last"]))
        return [(part, _label(part)) for part in dict.fromkeys([*above, *below, asked]) if part]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        asked = self.value()
        if not asked:
            return queryset
        first, last = _span(asked)
        return queryset.filter(submitted_on__range=(first, last))


def _span(part: str) -> tuple[date, date]:
    """The first and last day of a year, month or day."""
    match = DAY.fullmatch(part)
    if match is None:
        raise IncorrectLookupParameters
    year, month, day = (int(match[name]) if match[name] else 0 for name in ("year", "month", "day"))
    try:
        first = date(year, month or 1, day or 1)
        if day:
            return first, first
        if not month:
            return first, date(year, 12, 31)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters from error


def _parts(asked: str, first: date, last: date) -> Iterator[str]:
    """What an open part is made of, newest first: years, months of a year, days of a month."""
    if not asked:
        yield from (f"{year:04}" for year in range(last.year, first.year - 1, -1))
    elif len(asked) == 4:
        yield from (f"{asked}-{month:02}" for month in range(12, 0, -1))
    elif len(asked) in (7, 10):
        begin, end = _span(asked[:7])
        yield from (f"{asked[:7]}-{day:02}" for day in range(end.day, begin.day - 1, -1))


def _label(part: str) -> str:
    first, _ = _span(part)
    if len(part) == 4:
        return part
    return f"{first:%b %Y}" if len(part) == 7 else f"{first.day} {first:%b %Y}"
