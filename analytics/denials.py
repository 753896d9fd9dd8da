"""Why payers deny: by reason, procedure and category; what work up front avoids, and what appeals win.

Claims denied are those of the measure `denied`, on the day of their last decision, and dollars are their
charges. A claim that was denied for several reasons, or has several procedures, counts under each of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from claims.answers import denials
from claims.models import Claim

from .catalogue import Figure, Split
from .codes import code_totals
from .facts.reading import Row
from .facts.totals import totals
from .kpis import KPIS
from .names import LABELS
from .periods import Period
from .scopes import NONE, Scope

Category = Claim.Category

# What work before a claim goes out avoids, and which work that is.
AVOIDABLE: dict[str, str] = {
    Category.ELIGIBILITY: "Check the coverage before the visit",
    Category.AUTHORISATION: "Get the authorisation before the service",
    Category.COORDINATION: "Ask at registration who pays first",
    Category.CODING: "Check codes and modifiers against the payer's rules before sending",
    Category.DOCUMENTATION: "Send what the payer asks for with the claim",
    Category.DUPLICATE: "Look for the first claim's answer before sending it again",
    Category.TIMELY_FILING: "Send claims within the payer's limit",
}


class Counted(NamedTuple):
    """Denied claims, and what they charge."""

    claims: int
    dollars: Decimal


@dataclass(frozen=True)
class ReasonRow:
    """Group and reason (CARC) of a denial; none of both where the payer gave none."""

    group: str
    reason: str
    words: str
    category: str
    remarks: tuple[str, ...]  # RARCs given with it, the most frequent first
    claims: int
    dollars: Decimal

    @property
    def filters(self) -> dict[str, Any]:
        """What narrows a scope to its claims."""
        return {"reason": f"{self.group}-{self.reason}" if self.reason else NONE}

    @property
    def code(self) -> str:
        return f"{self.group}-{self.reason}" if self.reason else ""


@dataclass(frozen=True)
class ProcedureRow:
    procedure: str
    claims: int
    dollars: Decimal
    decided: int  # claims with this procedure that were decided

    @property
    def rate(self) -> Decimal | None:
        """The share of these that was denied."""
        return Decimal(self.claims) / self.decided if self.decided else None

    @property
    def filters(self) -> dict[str, Any]:
        return {"procedure": self.procedure}


@dataclass(frozen=True)
class CategoryRow:
    category: str
    label: str
    claims: int
    dollars: Decimal
    work: str = ""  # that would avoid it

    @property
    def filters(self) -> dict[str, Any]:
        return {"category": self.category}


@dataclass(frozen=True)
class Heat:
    """Denied claims by payer and category; the payers and categories with most of them first."""

    payers: list[tuple[int | None, str]]
    categories: list[tuple[str, str]]
    cells: dict[tuple[int | None, str], Counted]

    def at(self, payer: int | None, category: str) -> Counted:
        return self.cells.get((payer, category), Counted(0, Decimal(0)))

    def by_category(self) -> list[CategoryRow]:
        """What `by_category` says, of all payers together."""
        return _categories(
            {each: _sum(self.at(payer, each) for payer, _ in self.payers) for each, _ in self.categories}
        )


@dataclass(frozen=True)
class Avoidable:
    claims: int
    dollars: Decimal
    of: Counted  # all that were denied
    rows: list[CategoryRow]


@dataclass(frozen=True)
class Overturns:
    rate: Figure
    by_payer: list[Split]
    by_department: list[Split]


def denied(scope: Scope, period: Period) -> Counted:
    """All of them, each once."""
    return _counted(totals(scope, period, DENIED)[0])


DENIED = ("denied", "denied_charges")


def by_reason(scope: Scope, period: Period, most: int | None = None) -> list[ReasonRow]:
    """Group and reason together, those with most dollars first; every reason of a claim counts it once."""
    remarks = _remarks(scope, period)
    rows = [_reason_row(row, remarks) for row in code_totals(scope, period, "reason")]
    return sorted(rows, key=lambda row: (-row.dollars, row.code))[:most]


def _reason_row(row: Row, remarks: dict[str, tuple[str, ...]]) -> ReasonRow:
    code = row.key[0]
    group, _, carc = code.partition("-")
    words = denials.words(group, carc) if carc else "No reason given"
    given = remarks.get(code, ())
    category = denials.category_of(group, carc, given) if carc else Category.NONE
    return ReasonRow(group, carc, words, category, given, *_counted(row))


def _remarks(scope: Scope, period: Period) -> dict[str, tuple[str, ...]]:
    """By reason, the remarks given with it."""
    claims: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in code_totals(scope, period, "remark"):
        code, *remarks = row.key[0].split()
        for remark in remarks:
            claims[code][remark] += int(row.sums["denied"])
    return {
        code: tuple(sorted(given, key=lambda remark: (-given[remark], remark)))
        for code, given in claims.items()
    }


def by_procedure(scope: Scope, period: Period) -> list[ProcedureRow]:
    """Those with most dollars denied first; every procedure of a claim counts all that it charges."""
    rows = [
        ProcedureRow(row.key[0], *_counted(row), decided=int(row.sums["decided"]))
        for row in code_totals(scope, period, "procedure")
        if row.sums["denied"]
    ]
    return sorted(rows, key=lambda row: (-row.dollars, row.procedure))


def by_category(scope: Scope, period: Period) -> list[CategoryRow]:
    """Every denied claim once, the categories with most dollars first."""
    rows = totals(scope, period, DENIED, by=("category",))
    return _categories({row.key[0]: _counted(row) for row in rows if row.sums["denied"]})


def _categories(found: Mapping[str, Counted]) -> list[CategoryRow]:
    rows = [
        CategoryRow(key, label_of(key), *counted, work=AVOIDABLE.get(key, ""))
        for key, counted in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.dollars, row.label))


def label_of(category: str) -> str:
    return Category(category).label if category else "No category"


def heat(scope: Scope, period: Period) -> Heat:
    rows = totals(scope, period, DENIED, by=("payer", "category"))
    cells = {(row.key[0], row.key[1]): _counted(row) for row in rows if row.sums["denied"]}
    labels = LABELS["payer"]({payer for payer, _ in cells})
    payers = _most_first(cells, 0)
    categories = _most_first(cells, 1)
    return Heat(
        [(each, labels[each]) for each in payers], [(each, label_of(each)) for each in categories], cells
    )


def _most_first(cells: dict[tuple[int | None, str], Counted], place: int) -> list[Any]:
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for key, counted in cells.items():
        sums[key[place]] += counted.dollars
    return sorted(sums, key=lambda key: (-sums[key], str(key)))


def avoidable(scope: Scope, period: Period) -> Avoidable:
    """What work up front could have avoided; see `AVOIDABLE`."""
    return avoidable_of(by_category(scope, period))


def avoidable_of(categories: Iterable[CategoryRow]) -> Avoidable:
    rows = list(categories)
    found = [row for row in rows if row.work]
    return Avoidable(*_sum(found), of=_sum(rows), rows=found)


def _sum(rows: Iterable[CategoryRow | Counted]) -> Counted:
    counted = list(rows)
    return Counted(sum(row.claims for row in counted), sum((row.dollars for row in counted), Decimal(0)))


def overturns(scope: Scope, period: Period) -> Overturns:
    """What became of appeals. A claim paid after all has no category any more, so none is told apart."""
    kpi = KPIS["appeal_overturn_rate"]
    return Overturns(
        kpi.value(scope, period),
        kpi.by(scope, period, "payer"),
        kpi.by(scope, period, "department"),
    )


def _counted(row: Row) -> Counted:
    return Counted(int(row.sums["denied"]), Decimal(row.sums["denied_charges"]))
