"""The numbers that a rule may watch: every KPI, and those that others add."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from rcm_site.templatetags.ui import NOTHING

from ..cards import Good
from ..catalogue import IN_WORDS, Kpi, Unit
from ..facts.reading import Amount
from ..facts.totals import totals
from ..kpis import KPIS
from ..periods import Period
from ..scopes import Scope

EACH = ("payer", "department", "provider")


@dataclass(frozen=True)
class Looking:
    """What a number is asked: of which claims, over which days, and what is to be told apart.

    Numbers that tell how things stand are as of the period's last day, or as of `now`.
    """

    scope: Scope
    period: Period
    each: str  # of `EACH`, or nothing for all of it together
    now: datetime


@dataclass(frozen=True)
class Found:
    """A number of one payer, department or provider, or of all together (none of them).

    It has no value where there was nothing to divide by. `n` says of how many it tells.
    """

    value: Decimal | None
    n: int
    payer: int | None = None
    department: int | None = None
    provider: int | None = None


Measure = Callable[[Looking], list[Found]]


@dataclass(frozen=True)
class Watched:
    key: str
    label: str
    definition: str
    unit: Unit
    good: Good
    is_as_of: bool  # how things stand now; else added up over the rule's days
    each: tuple[str, ...]  # by what it can be told apart
    measure: Measure
    is_about_site: bool = False
    is_ratio: bool = False  # of a few it says little; a count or an amount is what it is
    knows_past: bool = True  # so that it can be compared with what it was, and a rule be tried on the past
    filters: tuple[str, ...] = ()  # by what it can be narrowed
    noun: str = ""  # what a count counts, as in "26 hours"
    noun_of_n: str = ""  # what `n` counts, as in "claims"
    kpi: Kpi | None = None

    def words(self, value: Decimal | None) -> str:
        if value is None:
            return NOTHING
        text = IN_WORDS[self.unit](value)
        return f"{text} {self.noun}" if self.noun else text

    @property
    def least_step(self) -> Decimal:
        """By less than this it does not differ."""
        return LEAST_STEPS[self.unit]


LEAST_STEPS = {
    Unit.PERCENT: Decimal("0.1"),
    Unit.DAYS: Decimal("0.1"),
    Unit.MONEY: Decimal(1),
    Unit.COUNT: Decimal(1),
}

# Registering ---------------------------------------------------------------------------------------

WATCHED: dict[str, Watched] = {}


def watch(
    label: str, unit: Unit, good: Good, *, into: dict[str, Watched] | None = None, **more: Any
) -> Callable[[Measure], Measure]:
    """Have a number watched: the function's name is the key, its docstring the definition people read.

    `more` are the other fields of `Watched`; one that says nothing of them is a site's number as it stands
    now, told in one.
    """

    def register(measure: Measure) -> Measure:
        fields: dict[str, Any] = {"is_as_of": True, "each": (), "is_about_site": True, "knows_past": False}
        key = measure.__name__
        definition = " ".join((measure.__doc__ or "").split())
        found = Watched(key, label, definition, unit, good, measure=measure, **(fields | more))
        (WATCHED if into is None else into)[key] = found
        return measure

    return register


# KPIs ----------------------------------------------------------------------------------------------

KPI_FILTERS = ("payer", "department", "provider", "kind", "category")


def of_sums(kpi: Kpi, sums: dict[str, Amount], period: Period, **member: int | None) -> Found:
    figure = kpi.figure(sums, period.days)
    return Found(figure.value, figure.n, **member)


def _of_kpi(kpi: Kpi, looking: Looking) -> list[Found]:
    rows = totals(looking.scope, looking.period, kpi.needed, by=(looking.each,) if looking.each else ())
    return [
        of_sums(kpi, row.sums, looking.period, **({looking.each: row.key[0]} if looking.each else {}))
        for row in rows
    ]


def from_kpi(kpi: Kpi) -> Watched:
    return Watched(
        kpi.key,
        kpi.label,
        kpi.definition,
        kpi.unit,
        kpi.good,
        is_as_of=kpi.is_as_of,
        each=EACH,
        measure=partial(_of_kpi, kpi),
        is_ratio=kpi.unit in (Unit.PERCENT, Unit.DAYS),
        filters=KPI_FILTERS,
        noun_of_n=kpi.n_noun,
        kpi=kpi,
    )


for _kpi in KPIS.values():
    WATCHED[_kpi.key] = from_kpi(_kpi)
