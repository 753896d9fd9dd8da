"""Columns of scorecards: a KPI of each payer or provider, and how it moved, each leading to its claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rcm_site.tables import Cell, Column
from rcm_site.templatetags.ui import NOTHING, money_brief, number, percent

from ..cards import moved
from ..catalogue import FEW, Kpi, Unit
from ..overview import n_in_words
from ..questions import Question
from ..scorecards import Scorecard, ScoreRow

BRIEF: dict[Unit, Callable[[Decimal], str]] = {
    Unit.PERCENT: lambda value: percent(value / 100),
    Unit.DAYS: lambda value: number(value, 1),
    Unit.MONEY: money_brief,
    Unit.COUNT: number,
}


FEW_NOTE = f"A rate or a mean of fewer than {FEW} has no bar and no colour: too few to compare."


@dataclass(frozen=True)
class Scores:
    """What the columns of one scorecard share."""

    question: Question
    card: Scorecard
    filters: Callable[[ScoreRow], Mapping[str, Any]]  # what an address asks to mean this row alone

    def column(self, kpi: Kpi, label: str, *, has_bar: bool = False, part: str | None = None) -> Column:
        largest = self._largest(kpi) if has_bar else None

        def show(row: ScoreRow) -> Cell:
            value = row.now[kpi.key].value
            if not row.now[kpi.key].n:
                return Cell(NOTHING, numeric=True)
            share = None
            is_compared = row is not self.card.total and not row.now[kpi.key].is_few
            if largest and value is not None and is_compared:
                share = max(value, Decimal(0)) / largest
            return Cell(
                BRIEF[kpi.unit](value) if value is not None else NOTHING,
                title=f"{kpi.words(value)} – {n_in_words(kpi, row.now[kpi.key])}",
                numeric=True,
                share=share,
                url=self.url(kpi, row, part),
            )

        name = kpi.key
        return Column(name, label, show, numeric=True, sort=name, value=lambda row: row.now[kpi.key].value)

    def n_column(self, kpi: Kpi, label: str) -> Column:
        """Of how many a KPI is; few are told by it."""
        name = f"{kpi.key}-n"
        return Column(
            name,
            label,
            lambda row: number(row.now[kpi.key].n),
            numeric=True,
            sort=name,
            value=lambda row: row.now[kpi.key].n,
        )

    def shift(self, kpi: Kpi, label: str) -> Column:
        """How it moved against the period that it is compared with."""

        def show(row: ScoreRow) -> Cell:
            shift = row.shift(kpi.key)
            if shift is None:
                return Cell(NOTHING, numeric=True)
            text = signed(shift)
            if text == "0.0":
                return Cell(text, numeric=True)
            change = moved(text, is_up=shift > 0, good=kpi.good)
            was = kpi.words(row.before[kpi.key].value)
            words = f"{was} {self.question.against_in_words}: {change.meaning}"
            if row.now[kpi.key].is_few or row.before[kpi.key].is_few:
                return Cell(text, title=f"{words}, but of too few to say so", numeric=True)
            return Cell(text, title=words, numeric=True, tone=change.meaning)

        name = f"{kpi.key}-shift"
        return Column(name, label, show, numeric=True, sort=name, value=lambda row: row.shift(kpi.key))

    def url(self, kpi: Kpi, row: ScoreRow, part: str | None = None) -> str:
        filters = {} if row is self.card.total else self.filters(row)
        return self.question.url("kpi", kpi.key, part=part, **filters)

    def totals(self, columns: list[Column], name: str) -> list[Cell]:
        return [Cell(name), *(column.cell(self.card.total) for column in columns[1:])]

    def _largest(self, kpi: Kpi) -> Decimal | None:
        figures = [row.now[kpi.key] for row in self.card.rows]
        return max((each.value or Decimal(0) for each in figures if not each.is_few), default=None)


def signed(value: Decimal) -> str:
    """+2.1 and −0.4: by how much something moved."""
    text = number(value, 1)
    return f"+{text}" if value > 0 and text != "0.0" else text


def by_how_much(kpi: Kpi, shift: Decimal) -> str:
    """3.1 points more than …"""
    size = abs(shift)
    said = {Unit.PERCENT: f"{size:.1f} points", Unit.DAYS: f"{size:.1f} days"}.get(kpi.unit)
    return f"{said or BRIEF[kpi.unit](size)} {'more' if shift > 0 else 'less'} than"
