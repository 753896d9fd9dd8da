"""Which payers pay well: all of them beside one another, and one page for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow
from claims.models import Payer, PlanLimit
from rcm_site import charts
from rcm_site.charts import DOLLARS, About, Chart, Size, stacked_columns
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import day, money, money_brief, number

from ..aging import BUCKET_LABELS, aging
from ..catalogue import Kpi
from ..denial_changes import changes
from ..denials import by_reason, denied
from ..kpis import KPIS
from ..overview import kpi_cards, over_weeks
from ..periods import Step, whole_months
from ..questions import Question
from ..scopes import NONE
from ..scorecards import PAYER_KPIS, Scorecard, ScoreRow, scorecard
from .columns import count_column, dollars_column, share_column
from .denial_tables import changes_table, reasons_table
from .drawing import trend_chart
from .report import answer, part_url
from .scores import FEW_NOTE, Scores, by_how_much

MOST_REASONS = 8
MONTHS = 12  # of cash
CARDS = tuple(
    KPIS[key]
    for key in (
        "denial_rate",
        "average_days_to_pay",
        "net_collection_rate",
        "cash_collected",
        "underpaid_amount",
        "open_ar",
    )
)
AGE_KPIS = tuple(KPIS[key] for key in ("ar_0_30", "ar_31_60", "ar_61_90", "ar_91_120", "ar_over_120"))


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def payers(request: HttpRequest) -> HttpResponseBase:
    title = "Which payers pay well, and which do not?"
    return answer(request, "analytics/payers.html", partial(all_payers, request), title=title)


def all_payers(request: HttpRequest, question: Question) -> dict[str, Any]:
    card = scorecard(question, PAYER_KPIS, "payer")
    return {
        "findings": list(findings(question, card)),
        "scores": score_table(request, question, card),
        "few_note": FEW_NOTE,
    }


@dataclass(frozen=True)
class Finding:
    """A payer who stands out, and why."""

    words: str
    name: str
    url: str
    more: str


def findings(question: Question, card: Scorecard) -> Iterator[Finding]:
    """Who is worst at what matters most, of those with enough claims to say so."""
    for words, kpi in (
        ("Slowest to pay", KPIS["average_days_to_pay"]),
        ("Denies most", KPIS["denial_rate"]),
        ("Underpays most", KPIS["underpaid_amount"]),
    ):
        known = [(row.now[kpi.key], row) for row in card.rows if row.now[kpi.key].value]
        said = [(figure.value or Decimal(0), row) for figure, row in known if not figure.is_few]
        if len(card.rows) > 1 and said:
            value, row = max(said, key=lambda pair: pair[0])
            shift = row.shift(kpi.key)
            moved = f", {by_how_much(kpi, shift)} {question.against_in_words}" if shift else ""
            yield Finding(words, row.label, url_of(question, row), f"{kpi.words(value)}{moved}")


def url_of(question: Question, row: ScoreRow) -> str:
    """Claims without a payer have no payer's page."""
    if row.key is None:
        return question.url("kpi", "gross_charges", payer=NONE)
    return question.url("payer", row.key, payer=None)


def score_table(request: HttpRequest, question: Question, card: Scorecard) -> Table:
    scores = Scores(question, card, lambda row: {"payer": row.key or NONE})
    columns = [Column("payer", "Payer", lambda row: row.label, sort="label"), *score_columns(scores)]
    return Table(
        request,
        card.rows,
        columns,
        key="scores",
        default_sort="-gross_charges",
        link=lambda row: url_of(question, row),
        caption=f"Scorecard, {question.period_in_words}",
        totals=scores.totals(columns, "All payers") if card.rows else None,
        export_url=part_url(request, "scores"),
        empty_title="No claims of any payer",
        empty_text="Widen the period or empty a filter.",
    )


def score_columns(scores: Scores) -> list[Column]:
    column, compared = scores.column, scores.question.against is not None
    to_pay, denied = KPIS["average_days_to_pay"], KPIS["denial_rate"]
    found = [
        column(KPIS["claims_submitted"], "Claims"),
        column(KPIS["gross_charges"], "Charges"),
        column(to_pay, "Days to pay", has_bar=True),
        scores.shift(to_pay, "± days"),
        column(denied, "Denial rate", has_bar=True, part="interest"),
        scores.shift(denied, "± points"),
        column(KPIS["first_pass_resolution"], "First pass", part="interest"),
        column(KPIS["net_collection_rate"], "Net coll.", part="interest"),
        column(KPIS["underpaid_amount"], "Underpaid"),
        column(KPIS["open_ar"], "Open A/R"),
        column(KPIS["aged_ar_over_90"], "Over 90", part="interest"),
    ]
    return [each for each in found if compared or not each.name.endswith("-shift")]


# One payer -----------------------------------------------------------------------------------------


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def payer(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Payer, pk=pk)
    title = f"How does {found} pay us?"
    build = partial(one_payer, request, found)
    return answer(request, "analytics/payer.html", build, title=title, about={"payer": str(pk)})


def one_payer(request: HttpRequest, payer: Payer, question: Question) -> dict[str, Any]:
    return {
        "payer": payer,
        "way_back": question.url("payers", payer=None),
        "underpayments": question.url("underpayments", payer=payer.pk, compare=None),
        "plan_limits": PlanLimit.objects.filter(payer=payer),
        "cards": kpi_cards(question, CARDS, with_course=True),
        "denial_trend": trend(request, question, KPIS["denial_rate"], "denials", "% of decided claims"),
        "days_trend": trend(request, question, KPIS["average_days_to_pay"], "days", "Days to pay"),
        "cash": cash_by_month(request, question),
        "ages": age_table(request, question),
        "changed": what_changed(request, question),
        "reasons": reasons_table(
            request,
            question,
            by_reason(question.scope, question.period, most=MOST_REASONS),
            denied(question.scope, question.period),
        ),
    }


def trend(request: HttpRequest, question: Question, kpi: Kpi, key: str, axis: str) -> Chart:
    return trend_chart(request, over_weeks(question), kpi, key=key, axis=axis, size=Size.HALF)


def cash_by_month(request: HttpRequest, question: Question) -> Chart:
    kpi = KPIS["cash_collected"]
    months = kpi.series(question.scope, whole_months(question.period.end, MONTHS), Step.MONTH)
    about = About(
        "cash",
        "Payments by month",
        caption=f"{money(sum((each.numerator for _, each in months), Decimal(0)))} in {MONTHS} months.",
        size=Size.HALF,
        rows="Month",
        export_url=part_url(request, "cash"),
    )
    columns = [(at.start, [figure.value]) for at, figure in months]
    return stacked_columns(about, DOLLARS, [charts.Part("Payments")], columns, step=charts.Step.MONTH)


@dataclass(frozen=True)
class Age:
    """What open claims of an age still are to bring."""

    label: str
    kpi: Kpi
    claims: int
    dollars: Decimal
    share: Decimal | None


def ages(question: Question) -> list[Age]:
    found = aging(question.scope, question.period.end)
    sums = found.get(None) or [{"owed_claims": 0, "owed": Decimal(0)} for _ in BUCKET_LABELS]
    whole = sum((Decimal(each["owed"]) for each in sums), Decimal(0)) or None
    return [
        Age(
            label,
            kpi,
            int(each["owed_claims"]),
            Decimal(each["owed"]),
            each["owed"] / whole if whole else None,
        )
        for label, kpi, each in zip(BUCKET_LABELS, AGE_KPIS, sums, strict=True)
    ]


def age_table(request: HttpRequest, question: Question) -> Table:
    rows = ages(question)
    columns = [
        Column("age", "Age", lambda row: row.label.capitalize()),
        count_column("claims", "Claims", lambda row: row.claims),
        dollars_column("dollars", "Open A/R, $", lambda row: row.dollars, rows),
        share_column("share", "Share", lambda row: row.share),
    ]
    whole = sum((row.dollars for row in rows), Decimal(0))
    return Table(
        request,
        rows,
        [replace(each, sort="") for each in columns],  # ages stay in their order
        key="ages",
        link=lambda row: question.url("kpi", row.kpi.key) if row.claims else None,
        caption=f"Open A/R by age, {day(question.period.end)}",
        totals=[
            Cell("All ages"),
            Cell(number(sum(row.claims for row in rows)), numeric=True),
            Cell(money_brief(whole), title=money(whole), numeric=True),
            Cell(""),
        ],
        export_url=part_url(request, "ages"),
    )


def what_changed(request: HttpRequest, question: Question) -> Table | None:
    """The procedures for which it denies more, or less, than in the period that it is compared with."""
    if question.against is None:
        return None
    found = changes(question.scope, question.period, question.against, "procedure")
    return changes_table(request, question, found[:MOST_REASONS], "Payer × procedure")
