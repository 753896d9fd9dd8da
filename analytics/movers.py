"""What changed most: of which payer or department which KPI moved, and about how many dollars that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from .cards import Change
from .catalogue import Figure, Kpi, Unit, needed
from .facts.reading import Amount
from .facts.totals import totals
from .kpis import KPIS
from .overview import change_of
from .periods import Period
from .questions import Question

# Not the net collection rate: of one payer in one month it sets payments against what other claims charged.
WATCHED = (
    "denied_dollars_rate",
    "average_days_to_pay",
    "cash_collected",
    "underpaid_amount",
    "aged_ar_over_90",
)
MOST = 8
MOST_OF_ONE = 3  # of a KPI: one that moved everywhere would hide all else
CASH = "cash"
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Sums:
    """The sums of a period, by the keys of one dimension: of each, and of all of them together."""

    period: Period
    by: str
    of_keys: dict[Any, dict[str, Amount]]
    measures: tuple[str, ...]

    @cached_property
    def whole(self) -> dict[str, Amount]:
        return {each: sum(sums[each] for sums in self.of_keys.values()) for each in self.measures}

    def of(self, key: Any) -> dict[str, Amount]:
        return self.of_keys.get(key) or dict.fromkeys(self.measures, 0)

    def figure(self, kpi: Kpi, key: Any) -> Figure:
        return kpi.figure(self.of(key), self.period.days)

    def figures(self, kpis: Iterable[Kpi]) -> dict[str, Figure]:
        """Of all keys together."""
        return {each.key: each.figure(self.whole, self.period.days) for each in kpis}


def dimension_of(question: Question) -> str:
    """Payers, or within one payer its departments."""
    return "payer" if question.scope.payer is None else "department"


def sums_of(question: Question, kpis: Iterable[Kpi], period: Period) -> Sums:
    """In one statement what these KPIs and the movers need."""
    by = dimension_of(question)
    measures = tuple(dict.fromkeys([*needed([*kpis, *watched()]), CASH]))
    rows = totals(question.scope, period, measures, by=(by,))
    return Sums(period, by, {row.key[0]: row.sums for row in rows}, measures)


def watched() -> list[Kpi]:
    return [KPIS[key] for key in WATCHED]


@dataclass(frozen=True)
class Mover:
    kpi: Kpi
    key: Any
    label: str
    now: Figure
    before: Figure
    change: Change
    dollars: Decimal  # about what the change comes to, whichever way it went


def movers(now: Sums, before: Sums, labels: Mapping[Any, str]) -> list[Mover]:
    """The largest by dollars. Where either period has too few to say so, nothing is said."""
    found = [
        mover
        for kpi in watched()
        for key in now.of_keys
        if (mover := _mover(kpi, key, labels[key], now, before))
    ]
    found.sort(key=lambda each: (-each.dollars, each.label, each.kpi.key))
    seen: Counter[str] = Counter()
    kept = []
    for each in found:
        seen[each.kpi.key] += 1
        if seen[each.kpi.key] <= MOST_OF_ONE:
            kept.append(each)
    return kept[:MOST]


def _mover(kpi: Kpi, key: Any, label: str, now: Sums, before: Sums) -> Mover | None:
    here = now.figure(kpi, key)
    if here.is_few or here.value is None:
        return None
    then = before.figure(kpi, key)
    if then.is_few or then.value is None:
        return None
    change = change_of(kpi, here, then)
    dollars = abs(_dollars(kpi, here, then, Decimal(now.of(key)[CASH]) / now.period.days))
    if change is None or change.direction == "flat" or dollars < 1:
        return None
    return Mover(kpi, key, label, here, then, change, dollars)


def _dollars(kpi: Kpi, now: Figure, before: Figure, cash_a_day: Decimal) -> Decimal:
    """Of a share of dollars the dollars it moved, of days so many days' cash, of an amount its change."""
    difference = (now.value or NOTHING) - (before.value or NOTHING)
    if kpi.unit == Unit.PERCENT:
        return difference / 100 * (now.denominator or NOTHING)
    if kpi.unit == Unit.DAYS:
        return difference * cash_a_day
    return difference
