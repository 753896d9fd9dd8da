"""Columns of figures, written alike in every report's tables: counts, dollars, shares and changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from rcm_site.tables import Cell, Column
from rcm_site.templatetags.ui import MINUS, NOTHING, money, money_brief, number, percent

from ..cards import Good

Value = Callable[[Any], Any]


def count_column(name: str, label: str, value: Value) -> Column:
    return Column(name, label, lambda row: number(value(row)), numeric=True, sort=name, value=value)


def dollars_column(name: str, label: str, value: Value, rows: Iterable[Any] = ()) -> Column:
    """Exact where one points; where rows are given, each has a bar against the largest of them."""
    largest = max((abs(value(row)) for row in rows), default=Decimal(0))

    def cell(row: Any) -> Cell:
        amount = value(row)
        share = abs(amount) / largest if largest else None
        return Cell(money_brief(amount), title=money(amount), numeric=True, share=share)

    return Column(name, label, cell, numeric=True, sort=name, value=value)


def share_column(name: str, label: str, value: Value) -> Column:
    """Shares of one, in a file too: 0.112 for 11.2%."""
    return Column(name, label, lambda row: percent(value(row)), numeric=True, sort=name, value=value)


def change_column(
    name: str,
    label: str,
    value: Value,
    write: Callable[[Any], str],
    good: Good,
    is_few: Callable[[Any], bool] = lambda row: False,
) -> Column:
    """With its sign, and said to be good or bad by where the number should go, unless it is one of few."""

    def cell(row: Any) -> Cell:
        change = value(row)
        if change is None:
            return Cell(NOTHING, numeric=True)
        tone = (
            ""
            if not change or good == Good.EITHER or is_few(row)
            else "good"
            if (change > 0) == (good == Good.UP)
            else "bad"
        )
        return Cell(f"+{write(change)}" if change > 0 else write(change), numeric=True, tone=tone)

    return Column(name, label, cell, numeric=True, sort=name, value=value)


def points(change: Decimal) -> str:
    """A change of a share, in hundredths: 3.1."""
    return f"{MINUS if change < 0 else ''}{abs(change):.1f}"
