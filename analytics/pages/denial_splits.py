"""Denials split by one thing at a time: who, what or where, in claims, dollars and as a rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.http import HttpRequest

from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import number, percent

from ..cards import Good
from ..catalogue import FEW, Figure, split
from ..codes import code_totals
from ..denials import by_category, by_procedure
from ..kpis import KPIS
from ..periods import Period
from ..questions import Question
from ..scopes import NONE
from .columns import change_column, count_column, dollars_column, points, share_column
from .denial_charts import denied_claims
from .denial_tables import dollars_cell, part
from .kpi import narrowing
from .report import part_url

RATE, CHARGES = KPIS["denial_rate"], KPIS["denied_charges"]


class Whole(NamedTuple):
    """All of it, as the cards say it."""

    rate: Figure
    dollars: Decimal


@dataclass(frozen=True)
class SplitRow:
    label: str
    asks: dict[str, Any]  # what an address says to ask for it alone
    claims: int
    dollars: Decimal
    decided: int | None = None  # a category is known of denied claims alone
    before: tuple[Decimal, Decimal] | None = None  # denied and decided in the days to compare with

    @property
    def rate(self) -> Decimal | None:
        return Decimal(self.claims) / self.decided if self.decided else None

    @property
    def points(self) -> Decimal | None:
        was = part(*self.before) if self.before else None
        return (self.rate - was) * 100 if self.rate is not None and was is not None else None

    @property
    def is_few(self) -> bool:
        """Too few, now or then, to say that a change is one."""
        return min(self.decided or 0, self.before[1] if self.before else 0) < FEW


def _by_key(question: Question, by: str) -> list[SplitRow]:
    """By what sums are kept for."""
    found = split([RATE, CHARGES], question.scope, question.period, by)
    dollars = {each.key: each.figure.numerator for each in found[CHARGES.key]}
    before = _decided(question, question.against, by) if question.against else {}
    asks = narrowing(by, [each.key for each in found[RATE.key]], question.period)
    return [
        SplitRow(
            each.label,
            asks[each.key],
            int(each.figure.numerator),
            dollars.get(each.key, Decimal(0)),
            each.figure.n,
            before.get(each.key),
        )
        for each in found[RATE.key]
    ]


def _decided(question: Question, period: Period, by: str) -> dict[Any, tuple[Decimal, Decimal]]:
    rows = RATE.by(question.scope, period, by)
    return {each.key: (each.figure.numerator, each.figure.denominator or Decimal(0)) for each in rows}


def _by_category(question: Question, _: str) -> list[SplitRow]:
    rows = by_category(question.scope, question.period)
    return [SplitRow(row.label, {"category": row.category}, row.claims, row.dollars) for row in rows]


def _by_procedure(question: Question, _: str) -> list[SplitRow]:
    now = by_procedure(question.scope, question.period)
    then = code_totals(question.scope, question.against, "procedure") if question.against else []
    before = {row.key[0]: (Decimal(row.sums["denied"]), Decimal(row.sums["decided"])) for row in then}
    return [
        SplitRow(
            row.procedure or "No procedure",
            {"procedure": row.procedure or NONE},
            row.claims,
            row.dollars,
            row.decided,
            before.get(row.procedure),
        )
        for row in now
    ]


class Way(NamedTuple):
    label: str
    rows: Callable[[Question, str], list[SplitRow]]
    whole: str = "All"  # what the sums below are of


SPLITS: dict[str, Way] = {
    "payer": Way("Payer", _by_key),
    "category": Way("Category", _by_category),
    "procedure": Way("Procedure", _by_procedure, "All claims, each once"),
    "provider": Way("Provider", _by_key),
    "department": Way("Department", _by_key),
    "kind": Way("Kind", _by_key),
}


def split_table(request: HttpRequest, question: Question, by: str, whole: Whole) -> Table:
    way = SPLITS[by]
    rows = way.rows(question, by)
    has_rates = by != "category"
    denied, decided = whole.rate.numerator, whole.rate.n
    columns = [
        Column("name", way.label, lambda row: row.label, sort="label"),
        count_column("claims", "Claims denied", lambda row: row.claims),
        dollars_column("dollars", "Charges denied, $", lambda row: row.dollars, rows),
        share_column("share", "Share", lambda row: part(row.dollars, whole.dollars)),
    ]
    totals = [
        Cell(way.whole),
        Cell(number(denied), numeric=True),
        dollars_cell(whole.dollars),
        Cell(percent(part(whole.dollars, whole.dollars)), numeric=True),
    ]
    if has_rates:
        columns += [
            count_column("decided", "Claims decided", lambda row: row.decided),
            share_column("rate", "Denial rate", lambda row: row.rate),
        ]
        totals += [Cell(number(decided), numeric=True), Cell(RATE.words(whole.rate.value), numeric=True)]
    if has_rates and question.against:
        columns.append(
            change_column(
                "points", "Change, points", lambda row: row.points, points, Good.DOWN, lambda row: row.is_few
            )
        )
        totals.append(Cell(""))
    return Table(
        request,
        rows,
        columns,
        key="split",
        default_sort="-dollars",
        link=lambda row: denied_claims(question, **row.asks),
        caption=f"Denials by {way.label.lower()}",
        totals=totals,
        empty_title="Nothing was decided",
        empty_text="No payer decided a claim in these days.",
        export_url=part_url(request, "split"),
    )
