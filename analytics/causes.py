"""What claims fell short of by likely cause: the payer, the procedure and its modifiers, what went wrong.

A claim is paid on one day by one payer, so what its parts come to adds up by day and month as other facts do.
What is worth pursuing depends on the site's settings besides: facts say by which of them they were added up
(`FactState.tolerated`), and whoever has others reads the claims. What the law keeps back is most of the
parts, and nobody's fault: it is a measure of the other facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, Max, Min, Q, QuerySet, Sum

from claims.contracts.causes import CauseKey, told_apart, tolerated
from claims.models import Claim
from claims.money import CENT

from .facts.asking import read_days
from .facts.caching import is_told, remembered
from .facts.keeping import summed
from .facts.marks import is_counted
from .facts.measures import is_underpaid
from .facts.parts import TIME_SQL, Sql, as_day, part_of
from .facts.reading import TIMES, counted_rows, paths_to
from .facts.sources import SHORT
from .facts.spans import by_months, during
from .facts.tables import COLUMNS, Table
from .models import CauseFact, CauseMonth, DirtyDay, FactState
from .periods import Period
from .scopes import Scope

CAUSE = ("is_worth", "payer", "procedure", "modifiers", "cause")
FACT_KEYS = ("payer", "department", "kind")  # what facts tell of claims
SUMS = ("claims", "short", "expected", "above", "first", "last")
ZERO = Decimal(0)


class CauseTable(Table):
    sums = SUMS


CAUSES = CauseTable(CauseFact, CauseMonth, ("department", "kind", *CAUSE))


class Told(NamedTuple):
    """What parts come to by what was asked for; `above` is what of it was paid above, not above zero."""

    key: tuple[Any, ...]
    claims: int
    short: Decimal
    expected: Decimal
    above: Decimal
    first: date
    last: date

    @property
    def sums(self) -> dict[str, Any]:
        return dict(zip(SUMS, self[1:], strict=True))


@dataclass(frozen=True)
class Month:
    """What claims paid in a month fell short for one cause."""

    start: date
    claims: int
    expected: Decimal
    short: Decimal

    @property
    def share(self) -> Decimal | None:
        return self.short / self.expected if self.expected else None


def by_cause(scope: Scope, period: Period) -> list[Told]:
    """A row for each `CAUSE`."""
    return _remembered(Asked(scope), period)


def by_month(scope: Scope, period: Period, cause: CauseKey) -> list[Month]:
    """What is worth pursuing for this cause, by the month in which it was paid."""
    rows = _remembered(Asked(scope, ("month",), cause), period)
    return [Month(as_day(row.key[0]), row.claims, row.expected, row.short) for row in sorted(rows)]


def _remembered(asked: Asked, period: Period) -> list[Told]:
    if not is_told(asked.scope):
        return read(asked, period)
    return remembered(("short", asked, period), partial(read, asked, period))


def read(asked: Asked, period: Period, *, from_facts: bool = True) -> list[Told]:
    rows = read_days(asked, period, from_facts=from_facts and asked.scope.asked <= {*FACT_KEYS})
    return [_told(each, len(asked.by)) for each in rows]


def _told(answer: tuple[Any, ...], keys: int) -> Told:
    claims, short, expected, above, first, last = answer[keys:]
    amounts = short * CENT, expected * CENT, above * CENT
    return Told(answer[:keys], claims, *amounts, as_day(first), as_day(last))


def settings_now() -> str:
    return " ".join(str(each) for each in tolerated())


@dataclass(frozen=True)
class Asked:
    """About parts that are, or are not, worth pursuing; about one cause, only those that are."""

    scope: Scope
    by: tuple[str, ...] = CAUSE
    cause: CauseKey | None = None
    settings: str = field(default_factory=settings_now)  # by which parts are worth pursuing
    marks = (DirtyDay.Fact.DAY,)

    @property
    def is_unfit(self) -> Sql:
        """Whether facts were added up by other settings."""
        by = "SELECT tolerated FROM analytics_factstate WHERE id = 1"
        return f"coalesce(({by}), '') <> %s", (self.settings,)

    @property
    def keys(self) -> list[str]:
        return [key for key in self.by if key not in TIMES]

    def kept(self, periods: Sequence[Period]) -> list[Sql]:
        parts: list[Sql] = []
        for model, days in zip(CAUSES.models, by_months(periods), strict=True):
            if not days:
                continue
            rows: QuerySet[Any] = model._default_manager.filter(self.scope.on_facts(), during("day", days))
            if self.cause is not None:
                rows = rows.filter(self.cause.condition(""), is_worth=True)
            chosen = {f"key_{key}": F(COLUMNS.get(key, key)) for key in self.keys}
            parts += self._named(rows.order_by().values(*SUMS, key_day=F("day"), **chosen), SUMS)
        return parts

    def live(self, periods: Sequence[Period], which: Q | None = None) -> list[Sql]:
        """What the claims say now, all of them or some: each claim once under each of its causes."""
        if not periods:
            return []
        rows: QuerySet[Any] = told_apart(counted_rows(SHORT, self.scope, periods))
        rows = rows.filter(is_underpaid("claim__"), which or Q())
        if self.cause is not None:
            rows = rows.filter(self.cause.condition(), is_worth=True)
        paths = paths_to("claim__")
        chosen = {f"key_{key}": F(paths.get(key, key)) for key in self.keys}
        sums = rows.values("claim_id", key_day=F("on_day"), **chosen).annotate(
            sum_short=Sum("amount"),
            sum_expected=Sum("expected"),
            sum_above=Sum("amount", filter=Q(amount__lt=0), default=ZERO),
        )
        return self._named(sums, ("1", "sum_short", "sum_expected", "sum_above", "key_day", "key_day"))

    def new(self, periods: Sequence[Period]) -> list[Sql]:
        """Nothing: what a claim is short of marks its day as it comes in."""
        return []

    def _named(self, rows: QuerySet[Any], sums: Sequence[str]) -> list[Sql]:
        keys = (f"key_{key} AS {key}" for key in self.keys)
        told = (f"{each} AS {name}" for each, name in zip(sums, SUMS, strict=True))
        return part_of(", ".join(["key_day AS on_day", *keys, *told]), rows)

    def summed(self, union: str) -> str:
        split = ", ".join(TIME_SQL[connection.vendor].get(each, each) for each in self.by)
        places = ", ".join(str(n + 1) for n in range(len(self.by)))
        return f"SELECT {split}, {summed(SUMS)} FROM ({union}) AS parts GROUP BY {places}"  # noqa: S608


# Keeping -------------------------------------------------------------------------------------------


def add_up_causes(scope: Scope, periods: Sequence[Period]) -> None:
    """Replace what facts keep of these days by what the claims say now, but for those that wait."""
    rows, values = _fresh(scope, periods, is_counted(SHORT))
    CAUSES.replace(periods, rows, values)


def keep_by_settings(scope: Scope) -> None:
    """Add all up by what the site tolerates now, unless it is; the same numbers, only sooner told."""
    state, _ = FactState.objects.get_or_create(pk=1)
    if state.tolerated == settings_now():
        return
    FactState.objects.filter(pk=1).update(tolerated=settings_now())
    for model in CAUSES.models:
        model._default_manager.all().delete()
    ends = Claim.objects.aggregate(first=Min("paid_on"), last=Max("paid_on"))
    if ends["first"]:
        add_up_causes(scope, [Period(ends["first"], ends["last"])])


def _fresh(scope: Scope, periods: Sequence[Period], which: Q | None = None) -> Sql:
    ((rows, values),) = Asked(scope, CAUSES.keys).live(periods, which)
    return f"SELECT on_day AS day, {', '.join([*CAUSES.keys, *SUMS])} FROM ({rows}) AS part", values  # noqa: S608
