"""Lists of tables with millions of rows: pages without counting, actions without "all of them"."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

# Past this the database reads and throws away more rows than anybody pages through: search instead.
LAST_PAGE = 1_000
PAGES_AHEAD = 10


class NearPages(Paginator):
    """Looks only some pages past the one that is shown: a count of millions is a page's whole budget."""

    def __init__(self, rows: QuerySet[Any], per_page: int, *, page: int) -> None:
        super().__init__(rows, per_page)
        self.furthest = (min(page, LAST_PAGE) + PAGES_AHEAD) * per_page

    @cached_property
    def found(self) -> int:
        rows: Any = self.object_list
        return rows.order_by()[: self.furthest + 1].count()

    @property
    def count(self) -> int:
        return min(self.found, self.furthest)

    @property
    def has_more(self) -> bool:
        return self.found > self.furthest


class BigListAdmin(admin.ModelAdmin):
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kwargs: Any
    ) -> NearPages:
        return NearPages(queryset, per_page, page=_whole(request.GET.get("p") or request.GET.get("page")))

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """The page offers no "select all of all pages"; nobody else may ask for it either."""
        if request.POST.get("select_across") not in (None, "", "0"):
            raise BadRequest
        return super().response_action(request, *args, **kwargs)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 1
