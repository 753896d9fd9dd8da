"""The denials page's tables: what changed most, the reasons in words, and what work up front avoids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from django.http import HttpRequest

from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, money_brief, number, percent

from ..cards import Good
from ..denial_changes import Change
from ..denials import Avoidable, Counted, ReasonRow, label_of
from ..questions import Question
from .columns import change_column, count_column, dollars_column, share_column
from .denial_charts import denied_claims
from .denial_words import plainly
from .report import part_url

MOST_CHANGES = 10


# What changed most ----------------------------------------------------------------------------------


def changes_table(request: HttpRequest, question: Question, found: Sequence[Change], heading: str) -> Table:
    """The largest changes, up and down."""
    columns = [
        Column("name", heading, lambda each: Cell(each.name, title=each.words)),
        change_column("more", "Change, $", lambda each: each.more, money_brief, Good.DOWN),
        dollars_column("before", "$ before", lambda each: each.before.counted.dollars),
        dollars_column("now", "$ now", lambda each: each.now.counted.dollars),
        count_column("claims_before", "Claims before", lambda each: each.before.counted.claims),
        count_column("claims_now", "Claims now", lambda each: each.now.counted.claims),
    ]
    if any(each.now.rate is not None for each in found):
        columns += [
            share_column("rate_before", "Rate before", lambda each: each.before.rate),
            share_column("rate_now", "Rate now", lambda each: each.now.rate),
        ]
    return Table(
        request,
        list(found[:MOST_CHANGES]),
        [replace(each, sort="") for each in columns],  # the largest stay first
        key="changed",
        link=lambda each: denied_claims(question, **each.asks),
        caption="The largest changes in charges denied",
        empty_title="Nothing was denied",
        empty_text="Neither in these days nor in those they are compared with.",
        export_url=part_url(request, "changed"),
    )


# Why ------------------------------------------------------------------------------------------------


def reasons_table(
    request: HttpRequest, question: Question, rows: Sequence[ReasonRow], whole: Counted
) -> Table:
    """Each reason's own share of all that was denied; claims with several reasons stand under each."""
    columns = [
        Column("code", "Reason", lambda row: row.code or "None given", sort="code"),
        Column("words", "What it means", lambda row: Cell(plainly(row), title=row.words)),
        Column("category", "Category", lambda row: label_of(row.category), sort="category"),
        Column("remarks", "Remarks", lambda row: ", ".join(row.remarks) or NOTHING),
        count_column("claims", "Claims", lambda row: row.claims),
        dollars_column("dollars", "Charges denied, $", lambda row: row.dollars, rows),
        share_column("share", "Share", lambda row: part(row.dollars, whole.dollars)),
    ]
    return Table(
        request,
        rows,
        columns,
        key="reasons",
        default_sort="-dollars",
        link=lambda row: denied_claims(question, **row.filters),
        caption="Reasons",
        totals=[
            Cell("All denied claims, each once"),
            *[Cell("")] * 3,
            Cell(number(whole.claims), numeric=True),
            dollars_cell(whole.dollars),
            Cell(percent(part(whole.dollars, whole.dollars)), numeric=True),
        ],
        empty_title="Nothing was denied",
        empty_text="No payer denied a claim in these days.",
        export_url=part_url(request, "reasons"),
    )


def part(dollars: Decimal, whole: Decimal) -> Decimal | None:
    return dollars / whole if whole else None


def dollars_cell(dollars: Decimal) -> Cell:
    return dollars_column("", "", lambda _: dollars).cell(None)


# What work up front avoids --------------------------------------------------------------------------


def avoidable_table(request: HttpRequest, question: Question, avoidable: Avoidable) -> Table:
    columns = [
        Column("category", "Denied for", lambda row: row.label, sort="label"),
        Column("work", "What avoids it", lambda row: row.work),
        count_column("claims", "Claims", lambda row: row.claims),
        dollars_column("dollars", "Charges, $", lambda row: row.dollars, avoidable.rows),
        share_column("share", "Of all denied", lambda row: part(row.dollars, avoidable.of.dollars)),
    ]
    return Table(
        request,
        avoidable.rows,
        columns,
        key="avoidable",
        default_sort="-dollars",
        link=lambda row: denied_claims(question, **row.filters),
        caption="What work before a claim goes out avoids",
        totals=[
            Cell("Avoidable"),
            Cell(""),
            Cell(number(avoidable.claims), numeric=True),
            dollars_cell(avoidable.dollars),
            Cell(percent(part(avoidable.dollars, avoidable.of.dollars)), numeric=True),
        ],
        empty_title="Nothing avoidable was denied",
        empty_text="No denial of these days was for what work before sending avoids.",
        export_url=part_url(request, "avoidable"),
    )
