"""Payers and providers beside one another: the KPIs of each, and how they moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from .catalogue import Figure, Kpi, needed
from .codes import code_totals
from .facts.reading import Amount
from .facts.totals import totals
from .kpis import KPIS
from .names import LABELS
from .periods import Period
from .questions import Question
from .scopes import Scope

PAYER_KPIS = tuple(
    KPIS[key]
    for key in (
        "claims_submitted",
        "gross_charges",
        "average_days_to_pay",
        "denial_rate",
        "first_pass_resolution",
        "net_collection_rate",
        "underpaid_amount",
        "open_ar",
        "aged_ar_over_90",
    )
)
PROVIDER_KPIS = tuple(
    KPIS[key]
    for key in ("net_fee", "claims_submitted", "gross_charges", "denial_rate", "average_days_to_pay")
)


class Figures(Mapping[str, Figure]):
    """KPIs from sums, each worked out when somebody looks: of thousands of rows a page shows few."""

    def __init__(self, kpis: Mapping[str, Kpi], sums: dict[str, Amount], period: Period) -> None:
        self._kpis, self._sums, self._days = kpis, sums, period.days
        self._known: dict[str, Figure] = {}

    def __getitem__(self, key: str) -> Figure:
        if key not in self._known:
            self._known[key] = self._kpis[key].figure(self._sums, self._days)
        return self._known[key]

    def __contains__(self, key: object) -> bool:
        return key in self._kpis

    def __iter__(self) -> Iterator[str]:
        return iter(self._kpis)

    def __len__(self) -> int:
        return len(self._kpis)


@dataclass(frozen=True)
class ScoreRow:
    """One payer or provider; `key` is none where claims name none."""

    key: Any
    label: str
    now: Mapping[str, Figure]
    before: Mapping[str, Figure] = field(default_factory=dict)  # in the period that it is compared with

    def shift(self, kpi: str) -> Decimal | None:
        """By how much its value moved."""
        now, before = self.now[kpi].value, self.before[kpi].value if kpi in self.before else None
        return now - before if now is not None and before is not None else None


class Scorecard(NamedTuple):
    rows: list[ScoreRow]
    total: ScoreRow  # of all rows together: the KPIs themselves


def scorecard(question: Question, kpis: Iterable[Kpi], dimension: str) -> Scorecard:
    """Each payer or provider that has anything in the period, by name; how things stand is not compared."""
    chosen = {each.key: each for each in kpis}
    flowing = {key: each for key, each in chosen.items() if not each.is_as_of}
    now = _sums(question.scope, question.period, chosen, dimension)
    against = question.against
    before = _sums(question.scope, against, flowing, dimension) if against else {}
    labels = LABELS[dimension](set(now))
    rows = [
        ScoreRow(
            key,
            labels[key],
            Figures(chosen, sums, question.period),
            Figures(flowing, before[key], against) if against and key in before else {},
        )
        for key, sums in now.items()
        if any(sums.values())
    ]
    total = ScoreRow(
        None,
        "All",
        Figures(chosen, _together(now.values(), chosen), question.period),
        Figures(flowing, _together(before.values(), flowing), against) if against else {},
    )
    return Scorecard(sorted(rows, key=lambda row: row.label.casefold()), total)


def _sums(
    scope: Scope, period: Period, kpis: Mapping[str, Kpi], dimension: str
) -> dict[Any, dict[str, Amount]]:
    return {row.key[0]: row.sums for row in totals(scope, period, needed(kpis.values()), by=(dimension,))}


def _together(sums: Iterable[Mapping[str, Amount]], kpis: Mapping[str, Kpi]) -> dict[str, Amount]:
    """Measures add up, so the whole needs no question of its own."""
    rows = list(sums)
    return {key: sum((row[key] for row in rows), start=0) for key in needed(kpis.values())}


# What a provider renders ---------------------------------------------------------------------------


class Rendered(NamedTuple):
    """The lines of one procedure whose net fee is known."""

    procedure: str
    lines: int
    net_fee: Decimal


def procedures(scope: Scope, period: Period) -> list[Rendered]:
    """Those that earn most first; together they are the net fee of the period."""
    found = [
        Rendered(row.key[0], int(row.sums["fee_lines"]), Decimal(row.sums["net_fees"]))
        for row in code_totals(scope, period, "rendered")
    ]
    return sorted(found, key=lambda each: (-each.net_fee, each.procedure))
