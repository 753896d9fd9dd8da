"""What people did, how often they erred, and how much they have to do, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from claims.pages.filters import NOBODY
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, number, percent
from rcm_site.templatetags.ui import day as day_in_words

from ..quality import Found, Reviewed
from ..questions import Question
from ..scopes import NONE
from ..staff import (
    FEWEST,
    ErrorRate,
    Productivity,
    Workload,
    together,
)
from .columns import count_column, dollars_column, share_column
from .report import part_url

CHANCE = {"fewer": "Fewer than the team", "more": "More than the team"}


def productivity_table(request: HttpRequest, question: Question, rows: Sequence[Productivity]) -> Table:
    most_a_day = max((row.work.claims_a_day or Decimal(0) for row in rows), default=None)
    columns: list[Column] = [
        Column("person", "Person", lambda row: row.person.name, sort="name"),
        count_column("days", "Days worked", lambda row: row.work.days),
        count_column("claims", "Claims worked", lambda row: row.work.claims),
        Column(
            "a-day",
            "Claims a day",
            lambda row: Cell(
                number(row.work.claims_a_day, 1), numeric=True, share=share(row.work.claims_a_day, most_a_day)
            ),
            numeric=True,
            sort="a-day",
            value=lambda row: row.work.claims_a_day,
        ),
        count_column("actions", "Actions", lambda row: row.work.actions),
        count_column("resolved", "Claims resolved", lambda row: row.work.resolved),
        dollars_column("amount", "Resolved, $", lambda row: row.work.resolved_amount, rows),
        dollars_column("amount-a-day", "Resolved a day, $", lambda row: row.work.amount_a_day),
        Column(
            "touches",
            "Actions a result",
            lambda row: Cell(number(row.work.touches_a_resolution, 1), numeric=True),
            numeric=True,
            sort="touches",
            value=lambda row: row.work.touches_a_resolution,
        ),
        dollars_column("amount-a-touch", "$ an action", lambda row: row.work.amount_a_touch),
    ]
    whole = Productivity(User(name="Together"), together(row.work for row in rows))
    totals = [replace(column.cell(whole), share=None) for column in columns]
    return Table(
        request,
        rows,
        columns,
        key="productivity",
        default_sort="-amount",
        link=lambda row: question.url("staff_member", row.person.pk),
        caption=f"Effort and outcome, {question.period_in_words}",
        totals=totals if len(rows) > 1 else None,
        export_url=part_url(request, "productivity"),
        empty_title="Nobody has worked claims in these days",
        empty_text="Widen the period or empty a filter.",
    )


def share(value: Decimal | None, largest: Decimal | None) -> Decimal | None:
    return value / largest if value is not None and largest else None


def error_table(
    request: HttpRequest,
    question: Question,
    rows: Sequence[ErrorRate],
    reviewed: Mapping[int, Reviewed],
) -> Table:
    def seen(row: ErrorRate) -> Reviewed:
        return reviewed.get(row.person.pk, Reviewed())

    columns: list[Column] = [
        Column("person", "Person", lambda row: row.person.name, sort="name"),
        Column(
            "rank",
            "Place",
            lambda row: (
                Cell(str(row.rank), numeric=True)
                if row.rank
                else Cell(NOTHING, numeric=True, title=f"Fewer than {FEWEST} actions are not ranked")
            ),
            numeric=True,
            sort="rank",
            value=lambda row: row.rank,
        ),
        count_column("actions", "Actions", lambda row: row.actions),
        count_column("errors", "Errors", lambda row: row.errors),
        share_column("rate", "Error rate", lambda row: row.rate),
        Column("range", "Likely between", range_in_words, numeric=True),
        Column("team", "More than chance?", against_team),
        count_column("reviewed", "Reviewed", lambda row: seen(row).actions),
        share_column("found", "Errors of those", lambda row: seen(row).error_rate),
    ]
    return Table(
        request,
        rows,
        columns,
        key="errors",
        default_sort="rank",
        link=lambda row: question.url("staff_member", row.person.pk),
        caption=f"Errors among actions, {question.period_in_words}",
        export_url=part_url(request, "errors"),
        empty_title="No actions in these days",
        empty_text="Widen the period or empty a filter.",
    )


def found_table(request: HttpRequest, question: Question, rows: Sequence[Found]) -> Table:
    """What reviewers found wrong, and how often."""
    most = max((row.errors for row in rows), default=0)
    columns: list[Column] = [
        Column("kind", "Error", lambda row: row.label),
        Column(
            "errors",
            "Times found",
            lambda row: Cell(number(row.errors), numeric=True, share=Decimal(row.errors) / most),
            numeric=True,
            value=lambda row: row.errors,
        ),
        share_column("share", "Of all errors found", lambda row: row.share),
    ]
    return Table(
        request,
        rows,
        [replace(each, sort="") for each in columns],
        key="found",
        caption=f"What reviewers found, {question.period_in_words}",
        export_url=part_url(request, "found"),
        empty_title="No errors were found in reviews",
        empty_text="Those who lead draw samples of actions under Reviews.",
    )


def range_in_words(row: ErrorRate) -> str:
    interval = row.interval
    return f"{percent(interval.low)} – {percent(interval.high)}" if interval else NOTHING


def against_team(row: ErrorRate) -> Cell:
    if row.rank is None:
        return Cell("Too few actions to say")
    tone = {"fewer": "good", "more": "bad"}.get(row.against_team, "")
    return Cell(CHANCE.get(row.against_team, "No clear difference"), tone=tone)


def workload_table(request: HttpRequest, question: Question, rows: Sequence[Workload]) -> Table:
    most = max((row.claims for row in rows if row.person), default=0)
    today = question.scope.today
    columns: list[Column] = [
        Column("person", "Person", lambda row: row.person.name if row.person else "Nobody yet", sort="name"),
        Column(
            "claims",
            "Open claims",
            lambda row: Cell(
                number(row.claims),
                numeric=True,
                share=share(Decimal(row.claims), Decimal(most)) if row.person else None,
                url=open_claims_url(question, row.person),
            ),
            numeric=True,
            sort="claims",
            value=lambda row: row.claims,
        ),
        dollars_column("dollars", "Balance, $", lambda row: row.dollars),
        Column(
            "oldest",
            "Oldest, days",
            lambda row: Cell(
                number((today - row.oldest).days), title=f"submitted {day_in_words(row.oldest)}", numeric=True
            ),
            numeric=True,
            sort="oldest",
            value=lambda row: (today - row.oldest).days,
        ),
        Column("payer", "Main payer", main_payer),
    ]
    return Table(
        request,
        rows,
        columns,
        key="workload",
        default_sort="-claims",
        link=lambda row: question.url("staff_member", row.person.pk) if row.person else None,
        caption="Open claims by person, now",
        export_url=part_url(request, "workload"),
        empty_title="No open claims are assigned",
        empty_text="Claims are assigned to people in the list of claims.",
    )


def main_payer(row: Workload) -> str:
    return f"{row.main_payer}, {number(row.main_payer_claims)} of {number(row.claims)}"


SHARED_FILTERS = ("payer", "department", "kind", "category")  # of reports with the list of claims


def open_claims_url(question: Question, owner: User | None, **more: Any) -> str:
    """The list of claims, narrowed to this person's open ones; it cannot be asked for those of no payer."""
    filters = {name: getattr(question.scope, name) for name in SHARED_FILTERS}
    if NONE in filters.values():
        return ""
    asked = {"assignee": owner.pk if owner else NOBODY, "status": "open", **filters, **more}
    return f"{reverse('claims')}?{urlencode({name: each for name, each in asked.items() if each})}"
