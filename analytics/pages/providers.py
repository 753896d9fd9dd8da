"""Who earns it, and who is denied: all providers beside one another, and one page for each."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow, person
from claims.models import Provider
from rcm_site import charts
from rcm_site.charts import DOLLARS, About, Chart, Size, stacked_columns
from rcm_site.tables import Column, Table
from rcm_site.templatetags.ui import NOTHING, money

from ..catalogue import series
from ..denials import by_procedure
from ..kpis import KPIS
from ..overview import counted, kpi_cards, over_weeks
from ..periods import Step, whole_months
from ..questions import Question
from ..scopes import NONE
from ..scorecards import PROVIDER_KPIS, Scorecard, ScoreRow, procedures, scorecard
from .columns import count_column, dollars_column, share_column
from .denial_charts import denied_claims
from .drawing import trend_chart
from .report import QuestionForm, answer, part_url
from .scores import FEW_NOTE, Scores

SEARCH = "search"
LONGEST_SEARCH = 80
MONTHS = 12  # of what is earned
EARNED = (KPIS["net_fee"], KPIS["gross_charges"])
CARDS = tuple(
    KPIS[key]
    for key in (
        "net_fee",
        "gross_charges",
        "cash_collected",
        "denial_rate",
        "first_pass_resolution",
        "average_days_to_pay",
    )
)


@allow("claims.view_providertotal")
@never_cache
@require_safe
def providers(request: HttpRequest) -> HttpResponseBase:
    title = "Who earns it, and who is denied?"
    return answer(request, "analytics/providers.html", partial(all_providers, request), title=title)


def all_providers(request: HttpRequest, question: Question) -> dict[str, Any]:
    card = scorecard(question, PROVIDER_KPIS, "provider")
    form = QuestionForm({**question.asked, SEARCH: searched(request)}, person(request), {})
    form.fields[SEARCH] = forms.CharField(required=False, label="Name or NPI", max_length=LONGEST_SEARCH)
    return {"form": form, "providers": provider_table(request, question, card), "few_note": FEW_NOTE}


def searched(request: HttpRequest) -> str:
    return request.GET.get(SEARCH, "").strip()[:LONGEST_SEARCH]


def provider_table(request: HttpRequest, question: Question, card: Scorecard) -> Table:
    text = searched(request)
    rows = [row for row in card.rows if text.casefold() in row.label.casefold()]
    npis = dict(Provider.objects.order_by().values_list("pk", "npi"))
    scores = Scores(question, card, lambda row: {"provider": npis.get(row.key, NONE)})
    columns = [Column("provider", "Provider", lambda row: row.label, sort="label"), *score_columns(scores)]
    called = f" with “{text}”" if text else ""
    return Table(
        request,
        rows,
        columns,
        key="providers",
        default_sort="-net_fee",
        link=lambda row: url_of(question, row, npis),
        caption=f"{len(rows):,} {counted('providers', len(rows))}{called}, {question.period_in_words}",
        totals=None if text or not rows else scores.totals(columns, "All providers"),
        export_url=part_url(request, "providers"),
        empty_title="No provider is called so" if text else "No provider has claims in these days",
        empty_text="Search for part of a name or of an NPI."
        if text
        else "Widen the period or empty a filter.",
    )


def url_of(question: Question, row: ScoreRow, npis: dict[int, str]) -> str:
    """Claims without a provider have no provider's page."""
    if row.key is None:
        return question.url("kpi", "gross_charges", provider=NONE)
    return question.url("provider", npis[row.key], provider=None)


def score_columns(scores: Scores) -> list[Column]:
    column, denied = scores.column, KPIS["denial_rate"]
    found = [
        column(KPIS["net_fee"], "Net fee", has_bar=True),
        column(KPIS["claims_submitted"], "Claims"),
        column(KPIS["gross_charges"], "Charges"),
        scores.n_column(denied, "Decided"),
        column(denied, "Denial rate", has_bar=True, part="interest"),
        scores.shift(denied, "± points"),
        column(KPIS["average_days_to_pay"], "Days to pay"),
    ]
    return [each for each in found if scores.question.against or not each.name.endswith("-shift")]


# One provider --------------------------------------------------------------------------------------


@allow("claims.view_providertotal")
@never_cache
@require_safe
def provider(request: HttpRequest, npi: str) -> HttpResponseBase:
    found = get_object_or_404(Provider, npi=npi)
    title = f"What does {found.name or found.npi} earn, and what is denied?"
    build = partial(one_provider, request, found)
    return answer(request, "analytics/provider.html", build, title=title, about={"provider": npi})


def one_provider(request: HttpRequest, provider: Provider, question: Question) -> dict[str, Any]:
    denied = KPIS["denial_rate"]
    return {
        "provider": provider,
        "way_back": question.url("providers", provider=None),
        "cards": kpi_cards(question, CARDS),
        "months": by_month(request, question),
        "denial_trend": trend_chart(
            request, over_weeks(question), denied, key="denials", axis="% of decided claims", size=Size.HALF
        ),
        "payers": payer_table(request, question),
        "rendered": rendered_table(request, question),
        "denied": denied_table(request, question),
    }


def by_month(request: HttpRequest, question: Question) -> Chart:
    """Net fees, or gross charges where no line of the provider tells of fees."""
    asked = question.over(whole_months(question.period.end, MONTHS))
    found = series(EARNED, asked.scope, asked.period, Step.MONTH)
    kpi = next((each for each in EARNED if any(figure.n for _, figure in found[each.key])), EARNED[-1])
    months = found[kpi.key]
    about = About(
        "months",
        f"{kpi.label} by month",
        caption=f"{money(sum((each.numerator for _, each in months), Decimal(0)))} in {MONTHS} months.",
        size=Size.HALF,
        rows="Month",
        export_url=part_url(request, "months"),
    )
    columns = [(at.start, [figure.value]) for at, figure in months]
    return stacked_columns(about, DOLLARS, [charts.Part(kpi.label)], columns, step=charts.Step.MONTH)


def payer_table(request: HttpRequest, question: Question) -> Table:
    card = scorecard(question, PROVIDER_KPIS, "payer")
    scores = Scores(question, card, lambda row: {"payer": row.key or NONE})
    columns = [Column("payer", "Payer", lambda row: row.label, sort="label"), *score_columns(scores)]
    return Table(
        request,
        card.rows,
        columns,
        key="payers",
        default_sort="-net_fee",
        link=lambda row: question.url("denials", payer=row.key or NONE),
        caption=f"By payer, {question.period_in_words}",
        totals=scores.totals(columns, "All payers") if card.rows else None,
        export_url=part_url(request, "payers"),
        empty_title="No claims in these days",
        empty_text="Widen the period or empty a filter.",
    )


def rendered_table(request: HttpRequest, question: Question) -> Table:
    rows = procedures(question.scope, question.period)
    columns = [
        Column("procedure", "Procedure", lambda row: row.procedure or NOTHING, sort="procedure"),
        count_column("lines", "Lines", lambda row: row.lines),
        dollars_column("net-fee", "Net fee, $", lambda row: row.net_fee, rows),
    ]
    return Table(
        request,
        rows,
        columns,
        key="rendered",
        default_sort="-net-fee",
        link=lambda row: question.url("kpi", "net_fee", procedure=row.procedure or NONE),
        caption="What earns it, by procedure",
        export_url=part_url(request, "rendered"),
        empty_title="No lines with a net fee",
        empty_text="Widen the period or empty a filter.",
    )


def denied_table(request: HttpRequest, question: Question) -> Table:
    rows = by_procedure(question.scope, question.period)
    columns = [
        Column("procedure", "Procedure", lambda row: row.procedure or NOTHING, sort="procedure"),
        count_column("denied", "Claims denied", lambda row: row.claims),
        count_column("decided", "of decided", lambda row: row.decided),
        share_column("rate", "Denial rate", lambda row: row.rate),
        dollars_column("dollars", "Charges denied, $", lambda row: row.dollars, rows),
    ]
    return Table(
        request,
        rows,
        columns,
        key="denied",
        default_sort="-dollars",
        link=lambda row: denied_claims(question, **row.filters),
        caption="What is denied, by procedure",
        export_url=part_url(request, "denied"),
        empty_title="Nothing was denied",
        empty_text="Widen the period or empty a filter.",
    )
