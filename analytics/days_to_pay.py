"""How long payers take: the spread of days from submission to payment, half of them and nine tenths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from rcm_site.charts import Bin

from .codes import code_totals
from .names import LABELS
from .periods import Period
from .scopes import Scope

WEEK = 7
LAST_EDGE = 119  # days; the last bin is open
EDGES = tuple(range(0, LAST_EDGE + 1, WEEK))


@dataclass(frozen=True)
class Spread:
    """Claims paid, by the days that it took."""

    claims: Mapping[int, int]

    @property
    def n(self) -> int:
        return sum(self.claims.values())

    def within(self, share: Decimal) -> int | None:
        """The fewest days within which so large a share of the claims was paid."""
        n, seen = self.n, 0
        for days in sorted(self.claims):
            seen += self.claims[days]
            if seen >= n * share:
                return days
        return None

    @property
    def p50(self) -> int | None:
        return self.within(Decimal("0.5"))

    @property
    def p90(self) -> int | None:
        return self.within(Decimal("0.9"))

    @property
    def mean(self) -> Decimal | None:
        return (
            Decimal(sum(days * claims for days, claims in self.claims.items())) / self.n if self.n else None
        )

    def bins(self) -> list[Bin]:
        """Weeks, and one for all that took longer; paid before it was sent counts as at once."""
        found: Counter[int] = Counter()
        for days, claims in self.claims.items():
            found[min(max(days, 0) // WEEK, len(EDGES) - 1)] += claims
        ends = [*(Decimal(end) for _, end in pairwise(EDGES)), None]
        return [
            Bin(Decimal(start), end, found[place])
            for place, (start, end) in enumerate(zip(EDGES, ends, strict=True))
        ]


@dataclass(frozen=True)
class PayerSpread:
    payer: int | None
    label: str
    spread: Spread
    before: Spread  # over as many days right before

    @property
    def shift(self) -> int | None:
        """By how many days half of the claims take longer than before."""
        return shift(self.spread, self.before)


def spread(scope: Scope, period: Period) -> Spread:
    return Spread({int(row.key[0]): int(row.sums["paid_claims"]) for row in code_totals(scope, period, CODE)})


CODE = "days_to_pay"


def shift(now: Spread, before: Spread) -> int | None:
    if now.p50 is None or before.p50 is None:
        return None
    return now.p50 - before.p50


def by_payer(scope: Scope, period: Period, before: Period | None = None) -> list[PayerSpread]:
    """Each payer's, with that of the period before; those who paid most claims first."""
    now = _spreads(scope, period)
    then = _spreads(scope, before or period.previous())
    labels = LABELS["payer"]({*now})
    found = [PayerSpread(payer, labels[payer], now[payer], then.get(payer, Spread({}))) for payer in now]
    return sorted(found, key=lambda each: (-each.spread.n, each.label))


def _spreads(scope: Scope, period: Period) -> dict[int | None, Spread]:
    claims: dict[int | None, dict[int, int]] = {}
    for row in code_totals(scope, period, CODE, by=("payer",)):
        days, payer = row.key
        claims.setdefault(payer, {})[int(days)] = int(row.sums["paid_claims"])
    return {payer: Spread(each) for payer, each in claims.items()}


def together(spreads: Iterable[Spread]) -> Spread:
    """Several payers' as one."""
    claims: Counter[int] = Counter()
    for each in spreads:
        claims.update(each.claims)
    return Spread(claims)
