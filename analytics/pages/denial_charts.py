"""The denials page's charts; each bar, cell and row of them leads to its claims."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from rcm_site import charts
from rcm_site.charts import (
    DOLLARS,
    PERCENT,
    About,
    Bar,
    Chart,
    HeatCell,
    Series,
    Size,
    bar_chart,
    fold,
    heat_map,
    line_chart,
    pareto,
)
from rcm_site.templatetags.ui import money, percent

from ..catalogue import Figure, Split
from ..denials import Heat, ReasonRow
from ..drilldown import Part
from ..kpis import KPIS
from ..overview import counted
from ..periods import Step
from ..questions import Question
from ..scopes import NONE
from .denial_words import beyond_benchmark, few_reasons, plainly, who_pays_after_all
from .drawing import benchmark_of, drawn
from .report import part_url

RATE, OVERTURNED = KPIS["denial_rate"], KPIS["appeal_overturn_rate"]
MOST_PAYERS = 10  # of the bars: the page says who denies most, the table below says the rest
MOST_REASONS = 12
MOST_HOT = 12


def denied_claims(question: Question, **narrower: Any) -> str:
    """Where the claims are of which a number of denials is made."""
    return question.url("kpi", RATE.key, **{"part": Part.INTEREST, **narrower})


def trend(request: HttpRequest, question: Question, step: Step, caption: str) -> Chart:
    steps = RATE.series(question.scope, question.period, step)
    about = About(
        "trend",
        f"Denial rate by {step}",
        caption=caption,
        axis="% of decided claims",
        rows=step.capitalize(),
        size=Size.HALF,
        export_url=part_url(request, "trend"),
    )
    values = [drawn(RATE, figure.value) for _, figure in steps]
    return line_chart(
        about,
        PERCENT,
        [each.start for each, _ in steps],
        [Series(RATE.label, values)],
        step=charts.Step(step),
        benchmark=benchmark_of(RATE),
        from_zero=True,
    )


def payer_bars(request: HttpRequest, question: Question, payers: Sequence[Split]) -> Chart:
    """Those who deny most, of those that decided enough claims to say so, if any did."""
    sure = [each for each in payers if not each.figure.is_few] or payers
    first = sorted(sure, key=lambda each: -(each.figure.value or Decimal(0)))[:MOST_PAYERS]
    about = About(
        "payers",
        "Denial rate by payer",
        caption=beyond_benchmark(payers),
        axis="% of decided claims",
        rows="Payer",
        size=Size.HALF,
        export_url=part_url(request, "payers"),
    )
    bars = [
        Bar(
            each.label,
            drawn(RATE, each.figure.value),
            note=f"{each.figure.numerator:,} of {n_of(each.figure, 'claims')} decided",
            url=denied_claims(question, payer=each.key or NONE),
        )
        for each in first
    ]
    return bar_chart(about, PERCENT, bars, benchmark=benchmark_of(RATE))


def n_of(figure: Figure, noun: str) -> str:
    return f"{'only ' if figure.is_few else ''}{figure.n:,} {counted(noun, figure.n)}"


def reason_pareto(request: HttpRequest, question: Question, reasons: Sequence[ReasonRow]) -> Chart:
    about = About(
        "pareto",
        "Why they deny",
        caption=few_reasons(reasons),
        axis="Charges denied",
        rows="Reason",
        export_url=part_url(request, "pareto"),
        empty_title="Nothing was denied",
        empty_text="No payer denied a claim in these days.",
    )
    bars = [
        Bar(
            f"{row.code} {plainly(row)}".strip(),
            row.dollars,
            note=f"{row.claims:,} {counted('claims', row.claims)}",
            url=denied_claims(question, **row.filters),
        )
        for row in reasons
    ]
    return pareto(about, DOLLARS, fold(bars, MOST_REASONS, "All other reasons"))


def heat_chart(request: HttpRequest, question: Question, found: Heat) -> Chart:
    payers = found.payers[:MOST_HOT]
    cells = [[heat_cell(question, found, payer, each) for each, _ in found.categories] for payer, _ in payers]
    about = About(
        "heat",
        "Who denies what",
        caption=hottest(found),
        axis="Charges denied",
        rows="Payer",
        export_url=part_url(request, "heat"),
        empty_title="Nothing was denied",
        empty_text="No payer denied a claim in these days.",
    )
    names = [name for _, name in payers]
    return heat_map(about, DOLLARS, names, [name for _, name in found.categories], cells)


def heat_cell(question: Question, found: Heat, payer: int | None, category: str) -> HeatCell:
    """Empty where nothing was denied: a field of zeros hides what there is."""
    at = found.at(payer, category)
    if not at.claims:
        return HeatCell(None)
    url = denied_claims(question, payer=payer or NONE, category=category or NONE)
    return HeatCell(at.dollars, f"{at.claims:,} {counted('claims', at.claims)}", url)


def hottest(found: Heat) -> str:
    if not found.cells:
        return ""
    (payer, category), most = max(found.cells.items(), key=lambda each: (each[1].dollars, str(each[0])))
    whole = sum((each.dollars for each in found.cells.values()), Decimal(0))
    names, labels = dict(found.payers), dict(found.categories)
    share = f", {percent(most.dollars / whole)} of all" if whole else ""
    claims = f"{most.claims:,} {counted('claims', most.claims)}"
    left = f" The {MOST_HOT} payers with most of it." if len(found.payers) > MOST_HOT else ""
    first = f"{names[payer]} × {labels[category].lower()}"
    return f"Most is {first}: {money(most.dollars)} on {claims}{share}.{left}"


def overturn_bars(request: HttpRequest, question: Question, payers: Sequence[Split], whole: Figure) -> Chart:
    about = About(
        "overturned",
        "Appeals that payers paid after all",
        caption=who_pays_after_all(payers, whole),
        axis="% of decided appeals",
        rows="Payer",
        export_url=part_url(request, "overturned"),
        empty_title="No appeal decided",
        empty_text="The first decision shows here on the day it comes.",
    )
    bars = [
        Bar(
            each.label,
            drawn(OVERTURNED, each.figure.value),
            note=f"{each.figure.numerator:,} of {n_of(each.figure, OVERTURNED.n_noun)}",
            url=question.url("kpi", OVERTURNED.key, payer=each.key or NONE),
            is_focus=not each.figure.is_few,
        )
        for each in payers
    ]
    return bar_chart(about, PERCENT, bars, benchmark=benchmark_of(OVERTURNED))
