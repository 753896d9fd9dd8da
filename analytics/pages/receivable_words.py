"""What the numbers of open A/R say, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from rcm_site.templatetags.ui import day as day_in_words
from rcm_site.templatetags.ui import money_brief, number, percent

from ..catalogue import FEW, Figure
from ..days_to_pay import Spread
from ..overview import counted
from ..receivables import OVER_90, Buckets, Owed


def in_short(whole: Owed, payers: Sequence[Owed], day: date) -> str:
    """The page's question answered: how much as of which day, how old, and who owes most of it."""
    on = f"On {day_in_words(day)}"
    if not whole.dollars:
        return f"{on} payers owed us nothing."
    claims = f"{whole.claims:,} {counted('claims', whole.claims)}"
    old = f"{percent(whole.over_90)} of it for more than 90 days"
    words = f"{on} payers owed us {money_brief(whole.dollars)} on {claims}, {old}."
    if len(payers) < 2:
        return words
    first = payers[0]
    return f"{words} {first.label} owes most, {percent(first.dollars / whole.dollars)} of it."


def older(stood: Sequence[tuple[date, Buckets]]) -> str:
    """How what is older than 90 days moved from the first day to the last."""
    (first, before), (_, now) = stood[0], stood[-1]
    was, became = (Owed(None, "", buckets) for buckets in (before, now))
    then, dollars = (Decimal(each.sum("owed", OVER_90)) for each in (was, became))
    if not then and not dollars:
        return "Nothing was older than 90 days."
    if then == dollars:
        return f"What is older than 90 days stayed at {money_brief(dollars)}."
    verb = "grew" if dollars > then else "fell"
    amounts = f"from {money_brief(then)} on {day_in_words(first)} to {money_brief(dollars)}"
    return f"What is older than 90 days {verb} {amounts}."


def oldest_of(rows: Sequence[Owed], whole: str) -> str:
    """Whose A/R is the oldest, of those with enough claims to say so."""
    sure = [row for row in rows if row.claims >= FEW and row.over_90 is not None]
    if not sure:
        return f"No {whole} has enough open claims to compare them." if rows else ""
    first = max(sure, key=lambda row: row.over_90 or Decimal(0))
    if not first.over_90:
        return "Nothing is older than 90 days."
    return f"{first.label} is the oldest: {percent(first.over_90)} is older than 90 days."


def days_moved(course: Sequence[tuple[date, Mapping[str, Figure]]], days: int) -> str:
    key = "gross_days_in_ar"
    (first, before), (_, now) = course[0], course[-1]
    over = f"Each point is set against the charges of the {days} days before it."
    was, became = before[key].value, now[key].value
    if was is None or became is None:
        return over
    verb = "rose" if became > was else "fell"
    return f"Gross days {verb} from {number(was, 1)} on {day_in_words(first)} to {number(became, 1)}. {over}"


def how_long(spread: Spread, before: Spread | None, against: str) -> str:
    if spread.p50 is None or spread.p90 is None:
        return "Nothing was paid in these days."
    of = f"{'only ' if spread.n < FEW else ''}{spread.n:,} {counted('claims', spread.n)} paid"
    words = f"Of {of}, half came within {spread.p50} days, and one in ten took longer than {spread.p90}."
    if before is None or before.p50 is None or before.p50 == spread.p50:
        return words
    return f"{words} Half came within {before.p50} {against}."
