"""Who denies us, and why: the denials of a period by payer, reason and all else that tells them apart."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow, may, person
from rcm_site.tabs import Tab
from rcm_site.templatetags.ui import money_brief

from ..cards import Card
from ..catalogue import Figure, figures, series, split
from ..denial_changes import Change, changes
from ..denials import Avoidable, avoidable_of, by_category, by_reason, heat
from ..kpis import KPIS
from ..overview import change_of, counted, kpi_card, whole_weeks
from ..periods import Step
from ..questions import Question
from .denial_charts import RATE, heat_chart, overturn_bars, payer_bars, reason_pareto, trend
from .denial_splits import SPLITS, Whole, split_table
from .denial_tables import avoidable_table, changes_table, reasons_table
from .denial_words import in_short, part_in_words, rate_moved, what_changed
from .kpi import turned
from .report import answer

CHARGES, OVERTURNED = KPIS["denied_charges"], KPIS["appeal_overturn_rate"]
CARDS = [
    KPIS[key]
    for key in (
        "denial_rate",
        "initial_denial_rate",
        "denied_dollars_rate",
        "denied_charges",
        "appeal_overturn_rate",
    )
]
CHANGED = {"procedure": "Payer and procedure", "reason": "Payer and reason"}
# Of how many days, at least and at most, each step makes a trend.
STEPS = {Step.DAY: (1, 62), Step.WEEK: (14, 370), Step.MONTH: (59, 5 * 366)}
KEPT = ("step", "changed", "by")  # what the page is asked beside the question


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def denials(request: HttpRequest) -> HttpResponseBase:
    build = partial(shown, request)
    return answer(request, "analytics/denials.html", build, title="Who denies us, and why?")


def shown(request: HttpRequest, question: Question) -> dict[str, Any]:
    scope, period = question.scope, question.period
    denied = heat(scope, period)
    avoidable = avoidable_of(denied.by_category())
    before = avoidable_of(by_category(scope, question.against)) if question.against else None
    now = figures(CARDS, scope, period)
    then = figures(CARDS, scope, question.against) if question.against else {}
    payers = split([RATE, OVERTURNED], scope, period, "payer")
    reasons = by_reason(scope, period)
    return {
        "answer": in_short(payers[RATE.key], now[RATE.key], reasons),
        "cards": [*cards(question, now, then), avoidable_card(question, avoidable, before)],
        "payers": payer_bars(request, question, payers[RATE.key]),
        **course(request, question, rate_moved(now[RATE.key], then.get(RATE.key), question.against_in_words)),
        **changed_most(request, question, avoidable, before),
        "pareto": reason_pareto(request, question, reasons),
        "reasons": reasons_table(request, question, reasons, avoidable.of),
        **split_by(request, question, Whole(now[RATE.key], avoidable.of.dollars)),
        "heat": heat_chart(request, question, denied),
        "overturned": overturn_bars(request, question, payers[OVERTURNED.key], now[OVERTURNED.key]),
        "avoidable": avoidable_table(request, question, avoidable),
        "kept": {name: request.GET[name] for name in KEPT if request.GET.get(name)},
    }


def cards(question: Question, now: dict[str, Figure], then: dict[str, Figure]) -> list[Card]:
    weeks = series(CARDS, question.scope, whole_weeks(question.period.end), Step.WEEK)
    return [
        kpi_card(
            question, each, now[each.key], then.get(each.key), [figure.value for _, figure in weeks[each.key]]
        )
        for each in CARDS
    ]


def avoidable_card(question: Question, avoidable: Avoidable, before: Avoidable | None) -> Card:
    """Leads to what would avoid them; each line there leads to its claims."""
    change = None
    if before:
        now, then = (Figure(each.dollars, each.claims, each.dollars, None) for each in (avoidable, before))
        change = change_of(CHARGES, now, then, question.against_in_words)
    return Card(
        "Avoidable denials",
        money_brief(avoidable.dollars),
        url="#avoidable",
        definition="Charges of claims denied for what work before they went out avoids.",
        change=change,
        benchmark=part_in_words(avoidable.dollars, avoidable.of.dollars, "of denied charges"),
        n=f"{avoidable.claims:,} {counted('claims', avoidable.claims)}",
    )


# What is chosen within the page ---------------------------------------------------------------------


def one_of(request: HttpRequest, name: str, known: list[str], default: str) -> str:
    asked = request.GET.get(name, "")
    return asked if asked in known else default


def course(request: HttpRequest, question: Question, caption: str) -> dict[str, Any]:
    """The trend by day, week or month, whichever make one of so many days."""
    days = question.period.days
    steps = [str(step) for step, (least, most) in STEPS.items() if least <= days <= most]
    step = Step(one_of(request, "step", steps, question.step))
    tabs = [Tab(f"By {each}", turned(request, "trend", step=each), each == step) for each in steps]
    return {"trend": trend(request, question, step, caption), "step_tabs": tabs if len(tabs) > 1 else []}


def changed_most(
    request: HttpRequest, question: Question, now: Avoidable, before: Avoidable | None
) -> dict[str, Any]:
    if question.against is None or before is None:
        return {}
    subject = one_of(request, "changed", [*CHANGED], "procedure")
    found: list[Change] = changes(question.scope, question.period, question.against, subject)
    tabs = [
        Tab(words, turned(request, "changed", changed=each), each == subject)
        for each, words in CHANGED.items()
    ]
    return {
        "changed": changes_table(request, question, found, CHANGED[subject]),
        "changed_tabs": tabs,
        "changed_words": what_changed(question, found, now.of, before.of),
    }


def split_by(request: HttpRequest, question: Question, whole: Whole) -> dict[str, Any]:
    told = [
        each for each in SPLITS if each != "provider" or may(person(request), "claims.view_providertotal")
    ]
    by = one_of(request, "by", told, "payer")
    tabs = [Tab(SPLITS[each].label, turned(request, "split", by=each), each == by) for each in told]
    return {"split": split_table(request, question, by, whole), "split_tabs": tabs}
