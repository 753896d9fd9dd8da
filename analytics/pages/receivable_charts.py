"""The A/R page's charts: ages over time and of each payer and department, days in A/R, days to pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.http import HttpRequest

from rcm_site import charts
from rcm_site.charts import (
    DAYS,
    DOLLARS,
    About,
    Chart,
    Mark,
    Part,
    Series,
    Size,
    Stack,
    histogram,
    line_chart,
    stacked_bars,
    stacked_columns,
)

from ..aging import BUCKET_LABELS
from ..catalogue import Figure
from ..days_to_pay import Spread
from ..kpis import KPIS
from ..periods import Step
from ..questions import Question
from ..receivables import DAYS_IN_AR, Buckets, Owed, together
from ..scopes import NONE
from .drawing import benchmark_of
from .receivable_words import days_moved, how_long, older, oldest_of
from .report import part_url

OPEN, PAID = KPIS["open_ar"], KPIS["average_days_to_pay"]
MOST_BARS = 15
NOTHING_OPEN = "No claim had a balance at the end of the period."
AGES = [Part(label) for label in BUCKET_LABELS]


def owed_url(question: Question, row: Owed, by: str, kpi: str = OPEN.key) -> str:
    return question.url("kpi", kpi, **{by: row.key or NONE})


def age_columns(request: HttpRequest, stood: Sequence[tuple[date, Buckets]], step: Step) -> Chart:
    rows = [(day, [Decimal(bucket["owed"]) for bucket in buckets]) for day, buckets in stood]
    is_open = any(any(owed) for _, owed in rows)
    about = About(
        "trend",
        f"Open A/R by age and {step}",
        caption=older(stood) if is_open else "",
        axis="$ open at the end of the day",
        rows="As of",
        size=Size.HALF,
        export_url=part_url(request, "trend"),
        empty_title="Nothing was open",
        empty_text="No claim had a balance at the end of any of these days.",
    )
    drawn = rows if is_open else []
    return stacked_columns(about, DOLLARS, AGES, drawn, step=charts.Step.DAY, are_steps=True)


def aged_bars(request: HttpRequest, question: Question, rows: Sequence[Owed], by: str) -> Chart:
    """Those who owe most, and all the others as one."""
    owing = [row for row in rows if row.dollars]
    kept = owing if len(owing) <= MOST_BARS else owing[: MOST_BARS - 1]
    stacks = [Stack(row.label, owed(row), owed_url(question, row, by)) for row in kept]
    if others := owing[len(kept) :]:
        label = f"All others ({len(others)})"
        stacks.append(Stack(label, owed(together(others, label))))
    about = About(
        f"{by}-bars",
        f"By {by}",
        caption=oldest_of(rows, by),
        axis="$ open",
        rows=by.capitalize(),
        size=Size.HALF,
        export_url=part_url(request, f"{by}-bars"),
        empty_title="Nothing is open",
        empty_text=NOTHING_OPEN,
    )
    return stacked_bars(about, DOLLARS, AGES, stacks, are_steps=True)


def owed(row: Owed) -> list[Decimal]:
    return [Decimal(bucket["owed"]) for bucket in row.buckets]


def course_of_days(
    request: HttpRequest, question: Question, course: Sequence[tuple[date, Mapping[str, Figure]]]
) -> Chart:
    """Gross and net, by the same definitions as the cards: the last point is what they say."""
    about = About(
        "days",
        "Days in A/R",
        caption=days_moved(course, question.period.days),
        axis="Days of charges",
        rows="As of",
        size=Size.HALF,
        export_url=part_url(request, "days"),
    )
    names = {"gross_days_in_ar": "Gross", "net_days_in_ar": "Net"}
    lines = [Series(names[kpi.key], [found[kpi.key].value for _, found in course]) for kpi in DAYS_IN_AR]
    return line_chart(
        about,
        DAYS,
        [day for day, _ in course],
        lines,
        step=charts.Step.DAY,
        benchmark=benchmark_of(DAYS_IN_AR[0]),
    )


def days_to_pay(request: HttpRequest, question: Question, found: Spread, before: Spread | None) -> Chart:
    """How long payers took that paid in the period."""
    marks = [] if found.p50 is None else [Mark("Half within", Decimal(found.p50))]
    marks += [] if found.p90 is None else [Mark("Nine tenths within", Decimal(found.p90))]
    about = About(
        "days-to-pay",
        "How long payers take",
        caption=how_long(found, before, question.against_in_words),
        axis="Days from submission to payment",
        rows="Days",
        size=Size.HALF,
        export_url=part_url(request, "days-to-pay"),
        empty_title="Nothing was paid",
        empty_text="No payer paid a claim in these days.",
    )
    return histogram(about, DAYS, found.bins(), marks, counted="Claims paid")
