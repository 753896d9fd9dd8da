"""The A/R page's tables: the ages, each payer's and department's, and the open claims to ask for first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from claims.models import Claim
from claims.pages.claims import list_columns
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import money, money_brief, number, percent

from ..aging import BUCKET_LABELS
from ..catalogue import Kpi
from ..kpis import KPIS
from ..questions import Question
from ..receivables import OF_BUCKETS, Owed
from .columns import count_column, dollars_column, share_column
from .receivable_charts import NOTHING_OPEN, owed_url
from .report import part_url

CREDITS, OVER_90 = KPIS["credit_balances"], KPIS["aged_ar_over_90"]
NAMED = ("number", "patient", "payer", "department")  # as the claims' list shows them


class Age(NamedTuple):
    place: int
    label: str
    kpi: Kpi
    dollars: Decimal
    claims: int


def ages_table(request: HttpRequest, question: Question, whole: Owed) -> Table:
    """The whole by age, from young to old, and what was paid too much apart from it."""
    rows = [
        Age(place, label, kpi, Decimal(bucket["owed"]), int(bucket["owed_claims"]))
        for place, (label, kpi, bucket) in enumerate(
            zip(BUCKET_LABELS, OF_BUCKETS, whole.buckets, strict=True)
        )
    ]
    columns = [
        Column("age", "Age", lambda row: row.label.capitalize()),
        count_column("claims", "Claims", lambda row: row.claims),
        dollars_column("dollars", "Open, $", lambda row: row.dollars, rows),
        share_column("share", "Share", lambda row: row.dollars / whole.dollars if whole.dollars else None),
    ]
    return Table(
        request,
        rows,
        [replace(each, sort="") for each in columns],
        key="ages",
        link=lambda row: question.url("kpi", row.kpi.key),
        caption="Open A/R by age",
        totals=[
            Cell("All ages"),
            Cell(number(whole.claims), numeric=True),
            dollars_cell(whole.dollars),
            Cell(percent(Decimal(1) if whole.dollars else None), numeric=True),
        ],
        export_url=part_url(request, "ages"),
    )


def dollars_cell(dollars: Decimal, url: str = "", claims: int | None = None) -> Cell:
    """Exact where one points, with how many claims it lies on."""
    exact = money(dollars) if claims is None else f"{money(dollars)} on {claims:,} claims"
    return Cell(money_brief(dollars), title=exact, numeric=True, url=url)


def owed_table(request: HttpRequest, question: Question, rows: Sequence[Owed], whole: Owed, by: str) -> Table:
    """Each amount leads to its claims."""
    columns: list[Column] = [
        Column("name", by.capitalize(), lambda row: row.label, sort="label"),
        *(age_column(question, place, by) for place in range(len(OF_BUCKETS))),
        dollars_column("open", "Open, $", lambda row: row.dollars),
        share_column("share", "Share", lambda row: row.dollars / whole.dollars if whole.dollars else None),
        count_column("claims", "Claims", lambda row: row.claims),
        share_column("over_90", "Over 90", lambda row: row.over_90),
        Column(
            "credits",
            "Credits, $",
            lambda row: dollars_cell(
                row.credits,
                owed_url(question, row, by, CREDITS.key) if row.credits else "",
                row.credit_claims,
            ),
            numeric=True,
            sort="credits",
            value=lambda row: row.credits,
        ),
    ]
    return Table(
        request,
        rows,
        columns,
        key=f"{by}s",
        default_sort="-open",
        link=lambda row: owed_url(question, row, by),
        caption=f"Open A/R by {by} and age",
        totals=[Cell("All"), *(totalled(column, whole) for column in columns[1:])],
        empty_title="Nothing is open",
        empty_text=NOTHING_OPEN,
        export_url=part_url(request, f"{by}s"),
    )


def age_column(question: Question, place: int, by: str) -> Column:
    def cell(row: Owed) -> Cell:
        bucket = row.buckets[place]
        url = owed_url(question, row, by, OF_BUCKETS[place].key) if bucket["owed_claims"] else ""
        return dollars_cell(Decimal(bucket["owed"]), url, int(bucket["owed_claims"]))

    label = BUCKET_LABELS[place].removesuffix(" days").capitalize()
    return Column(
        f"age{place}",
        f"{label}, $" if place == 0 else label,
        cell,
        numeric=True,
        value=lambda row: row.buckets[place]["owed"],
    )


def totalled(column: Column, whole: Owed) -> Cell:
    return replace(column.cell(whole), url="")


# Claims ---------------------------------------------------------------------------------------------


def open_claims_table(
    request: HttpRequest, found: Sequence[Claim], user: User, today: date, key: str, caption: str
) -> Table:
    known = {column.name: replace(column, sort="") for column in list_columns(user)}
    submitted = replace(known["submitted"], value=lambda claim: claim.submitted_on)
    age = count_column("age", "Days", lambda claim: (today - claim.submitted_on).days)
    balance = dollars_column("balance", "Balance, $", lambda claim: claim.balance, found)
    return Table(
        request,
        found,
        [*(known[name] for name in NAMED), submitted, replace(age, sort=""), replace(balance, sort="")],
        key=key,
        link=lambda claim: reverse("claim", args=[claim.pk]),
        caption=caption,
        empty_title="Nothing is open",
        empty_text="Every claim is settled.",
        export_url=part_url(request, key),
    )
