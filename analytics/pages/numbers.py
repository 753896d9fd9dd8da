"""What the numbers mean: the whole catalogue, each KPI with its definition and what it stands at."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow

from ..catalogue import figures
from ..kpis import KPIS
from ..overview import benchmark_in_words, n_in_words
from ..questions import Question
from .report import answer


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def numbers(request: HttpRequest) -> HttpResponseBase:
    return answer(request, "analytics/numbers.html", build, title="What do the numbers mean?")


def build(question: Question) -> dict[str, Any]:
    found = figures(KPIS.values(), question.scope, question.period)
    entries = [
        {
            "kpi": each,
            "value": each.words(found[key].value),
            "n": n_in_words(each, found[key]),
            "benchmark": benchmark_in_words(each),
            "url": question.url("kpi", key),
        }
        for key, each in KPIS.items()
    ]
    return {"entries": entries}
