"""What payers owe us, and how old it is: open A/R as of a period's last day, by age, payer and department."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.access import allow, may, person
from rcm_site.tabs import Tab

from ..aging import aging_trend
from ..days_to_pay import spread
from ..kpis import KPIS
from ..open_claims import largest_open, oldest_open
from ..overview import kpi_cards
from ..periods import Step
from ..questions import Question
from ..receivables import Owed, days_in_ar, ends, owed_by, together
from .kpi import turned
from .receivable_charts import age_columns, aged_bars, course_of_days, days_to_pay
from .receivable_tables import ages_table, open_claims_table, owed_table
from .receivable_words import in_short
from .report import answer

CARDS = [
    KPIS[key]
    for key in (
        "open_ar",
        "gross_days_in_ar",
        "net_days_in_ar",
        "aged_ar_over_90",
        "credit_balances",
        "average_days_to_pay",
    )
]
STEPS = {Step.MONTH: "By month", Step.WEEK: "By week"}


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def receivables(request: HttpRequest) -> HttpResponseBase:
    title = "What do payers owe us, and how old is it?"
    return answer(request, "analytics/receivables.html", partial(shown, request), title=title)


def shown(request: HttpRequest, question: Question) -> dict[str, Any]:
    scope, day = question.scope, question.period.end
    payers, departments = owed_by(scope, day, "payer"), owed_by(scope, day, "department")
    whole = together(payers, "All")
    return {
        "answer": in_short(whole, payers, day),
        "cards": kpi_cards(question, CARDS),
        "ages": ages_table(request, question, whole),
        **over_time(request, question, whole),
        "payer_bars": aged_bars(request, question, payers, "payer"),
        "department_bars": aged_bars(request, question, departments, "department"),
        "payers": owed_table(request, question, payers, whole, "payer"),
        "departments": owed_table(request, question, departments, whole, "department"),
        "days_to_pay": days_to_pay(
            request,
            question,
            spread(scope, question.period),
            spread(scope, question.against) if question.against else None,
        ),
        **waiting(request, question),
    }


def over_time(request: HttpRequest, question: Question, whole: Owed) -> dict[str, Any]:
    """The ages, and days in A/R, at month ends or week by week up to the period's last day."""
    step = Step.WEEK if request.GET.get("step") == Step.WEEK else Step.MONTH
    *earlier, day = ends(question.period.end, step)
    stood = [*aging_trend(question.scope, earlier), (day, whole.buckets)]
    course = days_in_ar(question.scope, stood, question.period.days)
    return {
        "trend": age_columns(request, stood, step),
        "step_tabs": [
            Tab(words, turned(request, "trend", step=each), each == step) for each, words in STEPS.items()
        ],
        "days": course_of_days(request, question, course),
        "kept": {"step": step} if "step" in request.GET else {},
    }


def waiting(request: HttpRequest, question: Question) -> dict[str, Any]:
    """Which claims to ask for first. They are open now, whatever day the page is about."""
    user = person(request)
    if not may(user, "claims.view_claim"):
        return {}
    related = ("patient", "payer", "department")
    largest = list(largest_open(question.scope).select_related(*related))
    oldest = list(oldest_open(question.scope).select_related(*related))
    audit.record(user, "claims.read", request=request, rows=len({*largest, *oldest}))
    today = question.scope.today
    return {
        "largest": open_claims_table(request, largest, user, today, "largest", "Largest balances"),
        "oldest": open_claims_table(request, oldest, user, today, "oldest", "Waiting longest"),
        "is_past": question.period.end < today,
        "today": today,
    }
