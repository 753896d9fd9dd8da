"""What payers owe and how old it is, at the end of a day and over the months before it.

Credit balances are kept apart: what was paid too much on one claim is not set off against another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import Any

from .aging import AGING, aging
from .catalogue import Figure
from .facts.measures import BUCKETS
from .facts.reading import Amount
from .facts.totals import totals
from .kpis import KPIS
from .names import LABELS
from .periods import DAY, Period, Step
from .scopes import Scope

Buckets = Sequence[dict[str, Amount]]  # in the order of `BUCKETS`, the sums of `AGING` in each

# The KPI that says the same of each bucket.
OF_BUCKETS = [KPIS[f"ar_{name}"] for name in BUCKETS]
OVER_90 = 3  # the first of the buckets that are older
MONTHS, WEEKS = 12, 26  # of a trend
DAYS_IN_AR = [KPIS["gross_days_in_ar"], KPIS["net_days_in_ar"]]
FLOWS = ("charges", "contractual")


@dataclass(frozen=True)
class Owed:
    """What one payer or department, or all of them, still are to bring."""

    key: Any
    label: str
    buckets: Buckets

    def sum(self, name: str, first: int = 0) -> Amount:
        """Over all buckets, or from one on."""
        return sum((bucket[name] for bucket in self.buckets[first:]), Decimal(0))

    @cached_property
    def dollars(self) -> Decimal:
        return Decimal(self.sum("owed"))

    @cached_property
    def claims(self) -> int:
        return int(self.sum("owed_claims"))

    @cached_property
    def over_90(self) -> Decimal | None:
        """The part of it that is older."""
        return Decimal(self.sum("owed", OVER_90)) / self.dollars if self.dollars else None

    @cached_property
    def credits(self) -> Decimal:
        return -Decimal(self.sum("credits"))

    @cached_property
    def credit_claims(self) -> int:
        return int(self.sum("credit_claims"))


def owed_by(scope: Scope, day: date, by: str) -> list[Owed]:
    """Those who owe most first."""
    found = aging(scope, day, by)
    labels = LABELS[by]({*found})
    rows = [Owed(key, labels[key], buckets) for key, buckets in found.items()]
    return sorted(
        (row for row in rows if row.claims or row.credit_claims), key=lambda row: (-row.dollars, row.label)
    )


def together(rows: Iterable[Owed], label: str) -> Owed:
    """Several of them as one."""
    sums: list[dict[str, Amount]] = [dict.fromkeys(AGING, 0) for _ in BUCKETS]
    for row in rows:
        for bucket, more in zip(sums, row.buckets, strict=True):
            for name in AGING:
                bucket[name] += more[name]
    return Owed(None, label, sums)


# Over time ------------------------------------------------------------------------------------------


def ends(day: date, step: Step) -> list[date]:
    """This day, and before it the last days of months, or the same days of the weeks before."""
    found = [day]
    while len(found) < (MONTHS if step == Step.MONTH else WEEKS):
        last = found[-1]
        found.append(last.replace(day=1) - DAY if step == Step.MONTH else last - 7 * DAY)
    return found[::-1]


def days_in_ar(
    scope: Scope, stood: Sequence[tuple[date, Buckets]], days: int
) -> list[tuple[date, dict[str, Figure]]]:
    """Gross and net days at the end of each day, by what was charged over so many days up to it."""
    first = stood[0][0] - (days - 1) * DAY
    flows = _running(scope, Period(first, stood[-1][0]))
    found = []
    for day, buckets in stood:
        sums = {name: Owed(None, "", buckets).sum(name) for name in AGING}
        for name, running in flows.items():
            end = (day - first).days + 1
            sums[name] = running[end] - running[end - days]
        found.append((day, {kpi.key: kpi.figure(sums, days) for kpi in DAYS_IN_AR}))
    return found


def _running(scope: Scope, period: Period) -> dict[str, list[Amount]]:
    """What had come in before each day, and last before the day after."""
    rows = {row.key[0]: row.sums for row in totals(scope, period, FLOWS, by=("day",))}
    days = [period.start + n * DAY for n in range(period.days)]
    return {
        name: list(accumulate((rows[day][name] if day in rows else 0 for day in days), initial=Decimal(0)))
        for name in FLOWS
    }
