"""What a KPI is: a formula over measures, with all that a page, an API or a mail needs to say about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from django.db.models import QuerySet

from claims.models import Claim
from rcm_site.templatetags.ui import NOTHING, money, number, percent

from .cards import Good
from .drilldown import Part, claims_of
from .facts.measures import MEASURES
from .facts.reading import Amount
from .facts.tables import KEYS
from .facts.totals import standings, totals
from .names import LABELS
from .periods import Period, Step
from .scopes import Scope

FEW = 20  # below as many, a share or a mean says little


class Unit(StrEnum):
    PERCENT = "percent"
    DAYS = "days"
    MONEY = "money"
    COUNT = "count"


class Topic(StrEnum):
    """What KPIs are sorted under where all of them stand together."""

    DENIALS = "Denials"
    FIRST_TIME = "First time right"
    SPEED = "Speed"
    MONEY = "Money"
    RECEIVABLE = "Accounts receivable"
    OTHER = "Other"


class Benchmark(NamedTuple):
    """What others reach or aim at; `words` say who says so."""

    value: Decimal
    words: str


class Ratio(NamedTuple):
    """A formula's result before it is divided; a plain sum is divided by nothing."""

    numerator: Decimal
    denominator: Decimal | None


@dataclass(frozen=True)
class Figure:
    """A KPI's value, none when there was nothing to divide, and what it was made of."""

    value: Decimal | None
    n: int
    numerator: Decimal
    denominator: Decimal | None

    @property
    def is_few(self) -> bool:
        """Too few to say so; a plain count or amount is what it is."""
        return self.denominator is not None and self.n < FEW


class Split(NamedTuple):
    key: Any
    label: str
    figure: Figure


Formula = Callable[..., Ratio]


@cache
def _takes_days(compute: Formula) -> bool:
    """Looked up once a formula: a scorecard asks it for each of its figures."""
    return "days" in inspect.signature(compute).parameters


@dataclass(frozen=True)
class Kpi:
    key: str
    label: str
    definition: str
    unit: Unit
    good: Good
    benchmark: Benchmark | None
    formula: str  # in words
    counts_by: str  # the date, in words
    n_of: str  # the measure that says how many
    n_noun: str
    shows: tuple[str, ...]  # the measures whose claims it counts
    interest: tuple[str, ...]  # of these, the ones that the number is about
    measures: tuple[str, ...]
    compute: Formula
    topic: Topic

    @property
    def is_as_of(self) -> bool:
        """Whether it tells how things stand on the period's last day."""
        return any(MEASURES[key].as_of for key in self.measures)

    @property
    def needed(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.measures, self.n_of)))

    def figure(self, sums: dict[str, Amount], days: int) -> Figure:
        """From sums of its measures over so many days."""
        given: dict[str, Decimal] = {key: Decimal(sums[key]) for key in self.measures}
        if _takes_days(self.compute):
            given["days"] = Decimal(days)
        numerator, denominator = self.compute(**given)
        return self.divided(numerator, denominator, int(sums[self.n_of]))

    def divided(self, numerator: Decimal, denominator: Decimal | None, n: int) -> Figure:
        """From what was kept, or added up, before it is divided."""
        return Figure(self._value(numerator, denominator), n, numerator, denominator)

    def _value(self, numerator: Decimal, denominator: Decimal | None) -> Decimal | None:
        if denominator is None:
            return numerator
        if denominator <= 0:
            return None
        return numerator / denominator * (100 if self.unit == Unit.PERCENT else 1)

    def value(self, scope: Scope, period: Period) -> Figure:
        return figures([self], scope, period)[self.key]

    def by(self, scope: Scope, period: Period, dimension: str) -> list[Split]:
        """Split by payer, department, provider, kind, category or month: largest first, months in order."""
        return split([self], scope, period, dimension)[self.key]

    def series(self, scope: Scope, period: Period, step: Step | str) -> list[tuple[Period, Figure]]:
        """For each day, week or month of the period, those without anything included."""
        return series([self], scope, period, step)[self.key]

    def claims(
        self, scope: Scope, period: Period, part: Part = Part.ALL, *, begins_only: bool = False
    ) -> QuerySet[Claim]:
        """The claims that it counts, or of these the ones that the number is about."""
        keys = self.interest if part == Part.INTEREST else self.shows
        return claims_of(keys, scope, period, begins_only=begins_only)

    def words(self, value: Decimal | None) -> str:
        return IN_WORDS[self.unit](value) if value is not None else NOTHING


IN_WORDS: dict[Unit, Callable[[Decimal], str]] = {
    Unit.PERCENT: lambda value: percent(value / 100),
    Unit.DAYS: lambda value: f"{number(value, 1)} days",
    Unit.MONEY: money,
    Unit.COUNT: number,
}


# Registering ---------------------------------------------------------------------------------------

KPIS: dict[str, Kpi] = {}


def share(part: Decimal, *, of: Decimal) -> Ratio:
    return Ratio(part, of)


def mean(total: Decimal, *, over: Decimal) -> Ratio:
    return Ratio(total, over)


def amount(total: Decimal) -> Ratio:
    return Ratio(total, None)


def kpi(
    label: str,
    unit: Unit,
    good: Good,
    *,
    formula: str,
    counts_by: str,
    n: str,
    noun: str = "claims",
    benchmark: Benchmark | None = None,
    shows: Sequence[str] = (),
    interest: Sequence[str] = (),
    topic: Topic = Topic.OTHER,
    into: dict[str, Kpi] | None = None,
) -> Callable[[Formula], Formula]:
    """Put a formula into the catalogue: its name is the key, its docstring the definition people read.

    Its parameters are measures, and `days` for the length of the period. `n` says how many it is about,
    `shows` whose claims it counts (those of `n`), `interest` which of them the number is about.
    """

    def register(compute: Formula) -> Formula:
        names = inspect.signature(compute).parameters
        key = compute.__name__
        shown = tuple(shows) or (n,)
        (KPIS if into is None else into)[key] = Kpi(
            key=key,
            label=label,
            definition=" ".join(inspect.cleandoc(compute.__doc__ or "").split()),
            unit=unit,
            good=good,
            benchmark=benchmark,
            formula=formula,
            counts_by=counts_by,
            n_of=n,
            n_noun=noun,
            shows=shown,
            interest=tuple(interest) or shown,
            measures=tuple(name for name in names if name != "days"),
            compute=compute,
            topic=topic,
        )
        return compute

    return register


# Several KPIs at once: one statement for all of them ------------------------------------------------


def figures(kpis: Iterable[Kpi], scope: Scope, period: Period) -> dict[str, Figure]:
    chosen = list(kpis)
    sums = totals(scope, period, needed(chosen))[0].sums
    return {each.key: each.figure(sums, period.days) for each in chosen}


def split(kpis: Iterable[Kpi], scope: Scope, period: Period, dimension: str) -> dict[str, list[Split]]:
    chosen = list(kpis)
    if dimension in ("day", "week", "month"):
        by_time = series(chosen, scope, period, dimension)
        return {
            key: [Split(at.start, str(at.start), found) for at, found in each]
            for key, each in by_time.items()
        }
    if dimension not in KEYS:
        raise ValueError(f"Numbers are split by {', '.join(KEYS)} or month.")
    rows = totals(scope, period, needed(chosen), by=(dimension,))
    labels = LABELS[dimension]({row.key[0] for row in rows})
    found: dict[str, list[Split]] = {}
    for each in chosen:
        made = [Split(row.key[0], labels[row.key[0]], each.figure(row.sums, period.days)) for row in rows]
        has_something = [
            one for one in made if one.figure.n or one.figure.numerator or one.figure.denominator
        ]
        found[each.key] = sorted(has_something, key=lambda one: (-one.figure.n, one.label))
    return found


def series(
    kpis: Iterable[Kpi], scope: Scope, period: Period, step: Step | str
) -> dict[str, list[tuple[Period, Figure]]]:
    chosen = list(kpis)
    steps = list(period.steps(step))
    standing = [each for each in chosen if each.is_as_of]
    flowing = [each for each in chosen if not each.is_as_of]
    found: dict[str, list[tuple[Period, Figure]]] = {each.key: [] for each in chosen}
    if flowing:
        rows = totals(scope, period, needed(flowing), by=(str(step),))
        sums = {max(row.key[0], period.start): row.sums for row in rows}
        nothing: dict[str, Amount] = dict.fromkeys(needed(flowing), 0)
        for each in flowing:
            found[each.key] = [(at, each.figure(sums.get(at.start, nothing), at.days)) for at in steps]
    if standing:
        for at, sums_then in _standing_sums(standing, scope, period, steps, step):
            for each in standing:
                found[each.key].append((at, each.figure(sums_then, at.days)))
    return found


def _standing_sums(
    kpis: list[Kpi], scope: Scope, period: Period, steps: list[Period], step: Step | str
) -> Iterator[tuple[Period, dict[str, Amount]]]:
    """At the end of each step, and what came in over it to set that against."""
    flows = [key for key in needed(kpis) if not MEASURES[key].as_of]
    as_of = [key for key in needed(kpis) if MEASURES[key].as_of]
    stood = standings(scope, [at.end for at in steps], as_of)
    rows = totals(scope, period, flows, by=(str(step),)) if flows else []
    came = {max(row.key[0], period.start): row.sums for row in rows}
    nothing: dict[str, Amount] = dict.fromkeys(flows, 0)
    for at in steps:
        yield at, came.get(at.start, nothing) | stood[at.end][0].sums


def needed(kpis: Iterable[Kpi]) -> list[str]:
    return list(dict.fromkeys(key for each in kpis for key in each.needed))
