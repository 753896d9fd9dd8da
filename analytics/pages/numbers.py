"""What the numbers mean: the whole catalogue, each KPI with its definition and what it stands at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow

from ..cards import Good
from ..catalogue import Figure, Kpi, Topic, Unit, figures
from ..kpis import KPIS
from ..overview import benchmark_in_words, n_in_words
from ..questions import Question
from .report import answer

GOOD_IN_WORDS = {
    Good.UP: "The more, the better",
    Good.DOWN: "The less, the better",
    Good.EITHER: "Neither more nor less is better",
}
UNITS_IN_WORDS = {
    Unit.PERCENT: "Per cent",
    Unit.DAYS: "Days",
    Unit.MONEY: "Dollars",
    Unit.COUNT: "A count",
}


@dataclass(frozen=True)
class Entry:
    kpi: Kpi
    value: str
    n: str
    url: str

    @property
    def benchmark(self) -> str:
        return benchmark_in_words(self.kpi)

    @property
    def good(self) -> str:
        return GOOD_IN_WORDS[self.kpi.good]

    @property
    def unit(self) -> str:
        return UNITS_IN_WORDS[self.kpi.unit]


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def numbers(request: HttpRequest) -> HttpResponseBase:
    return answer(request, "analytics/numbers.html", build, title="What do the numbers mean?")


def build(question: Question) -> dict[str, Any]:
    found = figures(KPIS.values(), question.scope, question.period)
    topics = {
        topic.value: [entry(question, each, found[each.key]) for each in KPIS.values() if each.topic == topic]
        for topic in Topic
    }
    return {
        "lead": "Each number with its definition, its formula and what it stands at.",
        "topics": {name: entries for name, entries in topics.items() if entries},
    }


def entry(question: Question, kpi: Kpi, figure: Figure) -> Entry:
    return Entry(kpi, kpi.words(figure.value), n_in_words(kpi, figure), question.url("kpi", kpi.key))
