"""What the numbers of many rules are: what several of them ask is asked once.

All KPIs of the same days are added up in one statement that tells payers and departments apart; a rule about
one payer, or about each of them, takes its part of it. How things stood on however many days is one statement
as well. Only what facts do not tell apart together with these (providers, kinds, categories) is asked by
itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import structlog
from django.utils import timezone

from ..catalogue import Kpi
from ..facts.measures import MEASURES
from ..facts.reading import Amount, Row
from ..facts.totals import standings, totals
from ..models import AlertRule
from ..periods import Period
from ..scopes import Scope
from .conditions import Condition, Days, Judged, Seen, days_of, judge
from .watched import KPI_FILTERS, WATCHED, Found, Looking, Watched, of_sums

log = structlog.get_logger(__name__)

# What facts tell apart on past days, too, and of which there are few.
TOGETHER = ("payer", "department")

Member = tuple[int | None, int | None, int | None]  # payer, department, provider
ByKey = Mapping[int | None, Found]


class CannotLook(Exception):
    """Why a rule cannot be looked at, in words for people."""


@dataclass(frozen=True)
class Look:
    """What a rule says of one of those that it is about."""

    member: Member
    judged: Judged
    period: Period


@dataclass(frozen=True)
class Looked:
    looks: tuple[Look, ...] = ()
    problem: str = ""


def look(rules: Sequence[AlertRule], now: datetime, known: Mapping[int, set[Member]]) -> dict[int, Looked]:
    """By rule. `known` are those with an open alert, of whom there may be nothing to be found any more."""
    together = Together(rules, now)
    return {rule.pk: _looked(rule, now, together, known.get(rule.pk, set())) for rule in rules}


def _looked(rule: AlertRule, now: datetime, together: Together, known: set[Member]) -> Looked:
    """A rule that cannot be looked at keeps no other: what it asks together with them is asked again."""
    for asked in (together, None):
        try:
            return Looked(tuple(looks_of(rule, asked or Together([rule], now), known)))
        except CannotLook as problem:
            return Looked(problem=str(problem))
        except Exception as error:
            log.warning("rule_not_checked", id=rule.pk, exc_info=error)
    return Looked(problem="Its number could not be worked out.")


def looks_of(rule: AlertRule, together: Together, known: Iterable[Member] = ()) -> list[Look]:
    watched = watched_by(rule)
    days = days_of(rule.condition, rule.window_days, together.today)
    found = {period: together.found(rule, period) for period in days.all}
    judged = judge_each(rule, watched, days, found, {key_of(rule, each) for each in known})
    return [Look(member_of(rule, key), each, days.now) for key, each in judged.items()]


def judge_each(
    rule: AlertRule, watched: Watched, days: Days, found: Mapping[Period, ByKey], known: set[int | None]
) -> dict[int | None, Judged]:
    """Of each payer, department or provider of whom there is or was anything; by None of all together."""
    condition, none = Condition.of(rule, watched), nothing(watched)
    return {
        key: judge(
            condition,
            Seen(
                found[days.now].get(key, none),
                found[days.before].get(key, none) if days.before else None,
                tuple(found[each].get(key, none) for each in days.history),
            ),
        )
        for key in known.union(*(found[each] for each in days.all))
    }


def watched_by(rule: AlertRule) -> Watched:
    watched = WATCHED.get(rule.watches)
    if watched is None:
        raise CannotLook("There is no such number any more.")
    return watched


def nothing(watched: Watched) -> Found:
    """Of whom there is nothing."""
    return Found(None if watched.is_ratio else Decimal(0), 0)


def member_of(rule: AlertRule, key: int | None) -> Member:
    """What an alert is about: what its rule is narrowed to, and the one of each."""
    ids = {"payer": rule.payer_id, "department": rule.department_id, "provider": rule.provider_id}
    if rule.each:
        ids[rule.each] = key
    return ids["payer"], ids["department"], ids["provider"]


def key_of(rule: AlertRule, member: Member) -> int | None:
    places = {"payer": member[0], "department": member[1], "provider": member[2]}
    return places[rule.each] if rule.each else None


def filters_of(rule: AlertRule) -> dict[str, Any]:
    given = {
        "payer": rule.payer_id,
        "department": rule.department_id,
        "provider": rule.provider_id,
        "kind": rule.kind or None,
        "category": rule.category or None,
    }
    return {name: given[name] for name in KPI_FILTERS if given[name] is not None}


# Asking together -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """Whose claims a statement is about, and what it tells apart for one kind of rule alone."""

    scope: Scope
    each: str = ""


@dataclass
class Wanted:
    """What rules want to know of the same claims: what adds up over periods, and what stands on days."""

    apart: set[str] = field(default_factory=set)
    flows: dict[Period, set[str]] = field(default_factory=lambda: defaultdict(set))
    stands: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(sorted(self.apart))


class Together:
    """Asks what the rules ask, each statement once and when the first of them wants to know."""

    def __init__(self, rules: Iterable[AlertRule], now: datetime) -> None:
        self.now, self.today = now, timezone.localdate(now)
        # As known now, whatever moment is looked at: of a past day its balances are those of its evening.
        self.scope = Scope(None)
        self._wanted: dict[Asked, Wanted] = defaultdict(Wanted)
        self._answers: dict[Any, Any] = {}
        for rule in rules:
            with suppress(ValueError):  # of no days at all: it says so itself when it is looked at
                self._want(rule)

    def _want(self, rule: AlertRule) -> None:
        watched = WATCHED.get(rule.watches)
        if watched is None or watched.kpi is None:
            return
        wanted = self._wanted[self._asked(rule)]
        wanted.apart |= ({rule.each} if rule.each else set()) | {*self._picked(rule)}
        flows, stands = measures_of(watched.kpi)
        for period in days_of(rule.condition, rule.window_days, self.today).all:
            if flows:
                wanted.flows[period] |= {*flows}
            if stands:
                wanted.days.add(period.end)
        wanted.stands |= {*stands}

    def _is_shared(self, rule: AlertRule) -> bool:
        return rule.each in ("", *TOGETHER) and {*filters_of(rule)} <= {*TOGETHER}

    def _asked(self, rule: AlertRule) -> Asked:
        if self._is_shared(rule):
            return Asked(self.scope)
        return Asked(self.scope.narrowed(**filters_of(rule)), rule.each)

    def _picked(self, rule: AlertRule) -> dict[str, Any]:
        """Which of the rows that are told apart are the rule's."""
        return filters_of(rule) if self._is_shared(rule) else {}

    # Answers -------------------------------------------------------------------------------------

    def found(self, rule: AlertRule, period: Period) -> ByKey:
        """What the rule's number is over these days, by the key of each; by None for all together."""
        watched = watched_by(rule)
        if watched.kpi is None:
            return self._other(rule, watched, period)
        asked = self._asked(rule)
        flows, stands = measures_of(watched.kpi)
        parts = [(flows, self._flows(asked, period))] if flows else []
        parts += [(stands, self._stands(asked)[period.end])] if stands else []
        found = _added_up(parts, self._wanted[asked].keys, self._picked(rule), rule.each)
        return {key: of_sums(watched.kpi, sums, period) for key, sums in found.items()}

    def _flows(self, asked: Asked, period: Period) -> list[Row]:
        wanted = self._wanted[asked]
        measures = sorted(wanted.flows[period])
        return self._once((asked, period), lambda: totals(asked.scope, period, measures, by=wanted.keys))

    def _stands(self, asked: Asked) -> dict[date, list[Row]]:
        wanted = self._wanted[asked]
        days, measures = sorted(wanted.days), sorted(wanted.stands)
        return self._once(asked, lambda: standings(asked.scope, days, measures, by=wanted.keys))

    def _other(self, rule: AlertRule, watched: Watched, period: Period) -> ByKey:
        looking = Looking(self.scope.narrowed(**filters_of(rule)), period, rule.each, self.now)
        return self._once((watched.key, looking), lambda: by_key(watched.measure(looking), rule.each))

    def _once(self, asked: Any, ask: Callable[[], Any]) -> Any:
        """What failed once is not asked again on behalf of the next rule."""
        if asked not in self._answers:
            self._answers[asked] = None
            self._answers[asked] = ask()
        if self._answers[asked] is None:
            raise NotAnswered
        return self._answers[asked]


class NotAnswered(Exception):
    """The statement failed when it was asked for another rule."""


@cache
def measures_of(kpi: Kpi) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those that add up over days, and those of how things stand."""
    stands = tuple(name for name in kpi.needed if MEASURES[name].as_of)
    return tuple(name for name in kpi.needed if name not in stands), stands


def by_key(found: Iterable[Found], each: str) -> ByKey:
    return {getattr(one, each) if each else None: one for one in found}


def _added_up(
    parts: Sequence[tuple[Sequence[str], Iterable[Row]]],
    keys: Sequence[str],
    picked: Mapping[str, Any],
    each: str,
) -> dict[int | None, dict[str, Amount]]:
    """The sums of measures in those rows that are picked, by what is to be told apart."""
    place = keys.index(each) if each else None
    places = [(keys.index(name), value) for name, value in picked.items()]
    measures = [name for names, _ in parts for name in names]
    found: dict[int | None, dict[str, Amount]] = {} if each else {None: dict.fromkeys(measures, 0)}
    for names, rows in parts:
        for row in rows:
            if any(row.key[at] != value for at, value in places):
                continue
            key = None if place is None else row.key[place]
            sums = found.get(key)
            if sums is None:
                sums = found[key] = dict.fromkeys(measures, 0)
            for name in names:
                sums[name] += row.sums[name]
    # Whoever is only there for what other rules ask has nothing here.
    return {key: sums for key, sums in found.items() if not each or any(sums.values())}
