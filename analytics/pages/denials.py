"""Who denies us, and why: the denials of a period by payer, reason and all else that tells them apart."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow
from rcm_site.tables import Column, Table
from rcm_site.templatetags.ui import number

from ..kpis import KPIS
from ..questions import Question
from .drawing import trend_chart, value_cell
from .report import answer, part_url

RATE = KPIS["denial_rate"]


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def denials(request: HttpRequest) -> HttpResponseBase:
    def build(question: Question) -> dict[str, Any]:
        return {
            "trend": trend_chart(request, question, RATE, axis="% of decided claims"),
            "payers": by_payer(request, question),
        }

    return answer(request, "analytics/denials.html", build, title="Who denies us, and why?")


def by_payer(request: HttpRequest, question: Question) -> Table:
    columns: list[Column] = [
        Column("payer", "Payer", lambda split: split.label, sort="label"),
        Column(
            "decided",
            "Decided",
            lambda split: number(split.figure.n),
            numeric=True,
            sort="n",
            value=lambda split: split.figure.n,
        ),
        Column(
            "rate",
            "Denial rate, %",
            lambda split: value_cell(RATE, split.figure),
            numeric=True,
            sort="rate",
            value=lambda split: split.figure.value,
        ),
    ]
    return Table(
        request,
        RATE.by(question.scope, question.period, "payer"),
        columns,
        key="payers",
        default_sort="-rate",
        export_url=part_url(request, "payers"),
        link=lambda split: question.url("denials", payer=split.key),
        caption="By payer",
    )
