"""Numbers as they were known when a day was over, beside the same numbers as they are known now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, QuerySet, Value
from django.db.models.functions import Coalesce

from .catalogue import Figure, Kpi, needed
from .facts.measures import MEASURES
from .facts.reading import Amount
from .facts.totals import standings, totals
from .models import Snapshot
from .overview import WEEKS
from .periods import DAY, LAST_OF, Period, Step
from .scopes import NONE, Scope
from .snapshots import MEMBERS

MOST_SHOWN = 12
WHOLE: Any = BigIntegerField()


@dataclass(frozen=True)
class Known:
    """A KPI over the days that ended on this one, as it was known then."""

    day: date
    days: int
    figure: Figure
    taken_at: datetime
    is_late: bool

    @property
    def window(self) -> Period:
        return Period(self.day - (self.days - 1) * DAY, self.day)


# As known then ---------------------------------------------------------------------------------------


def is_kept(scope: Scope) -> bool:
    """Of all claims, or one payer, department or provider; the last two go across departments."""
    asked = _members(scope)
    if scope.asked - {*MEMBERS} or scope.staff is not None or len(asked) > 1:
        return False
    return scope.departments is None or asked <= {"department"}


def known_then(kpi: Kpi, scope: Scope, days: Collection[date] | Period) -> list[Known]:
    """What is kept of these days, the oldest first; who sees some departments gets the sums of theirs."""
    during = {"day__range": (days.start, days.end)} if isinstance(days, Period) else {"day__in": days}
    kept = Snapshot.objects.filter(kpi=kpi.key, **during).order_by()
    sums: dict[date, list[tuple[Decimal, Decimal | None, int]]] = {}
    for day, over, under, n in _rows(kept, scope).values_list("day", "numerator", "denominator", "n"):
        sums.setdefault(day, []).append((over, under, n))
    # Each day that was taken has a row for all claims; others only where something was counted.
    taken = kept.filter(of=Snapshot.Of.ALL).order_by("day")
    return [
        Known(day, length, _added(kpi, sums.get(day, ()), length), taken_at, is_late)
        for day, length, taken_at, is_late in taken.values_list("day", "days", "taken_at", "is_late")
    ]


def days_to_show(kpi: Kpi, period: Period) -> list[date]:
    """The last days taken of weeks, or of months: of the period, and of the weeks before its end."""
    step = Step.MONTH if period.days > 7 * MOST_SHOWN * 2 else Step.WEEK
    start = min(period.start, period.end - (7 * WEEKS - 1) * DAY)
    taken = Snapshot.objects.filter(kpi=kpi.key, of=Snapshot.Of.ALL, day__range=(start, period.end))
    last = {LAST_OF[step](day): day for day in taken.order_by("day").values_list("day", flat=True)}
    return sorted(last.values())[-MOST_SHOWN:]


def _members(scope: Scope) -> set[str]:
    return {name for name in MEMBERS if getattr(scope, name) is not None}


def _rows(kept: QuerySet[Snapshot], scope: Scope) -> QuerySet[Snapshot]:
    of, keys = _whose(scope)
    # Written as in the index of `one_snapshot`, or the rows of all its members would be read.
    kept = kept.alias(**{f"{name}_or_0": Coalesce(name, Value(0), output_field=WHOLE) for name in MEMBERS})
    wanted = {f"{name}_or_0__in": keys if name == of else (0,) for name in MEMBERS}
    return kept.filter(of=of, **wanted)


def _whose(scope: Scope) -> tuple[str, Sequence[int]]:
    """Of what kind of member, and of which of them; 0 stands for none."""
    asked = _members(scope)
    if not asked:
        return (Snapshot.Of.ALL, (0,)) if scope.departments is None else ("department", scope.departments)
    (of,) = asked
    key = 0 if getattr(scope, of) == NONE else getattr(scope, of)
    is_theirs = scope.departments is None or key in scope.departments
    return of, (key,) if is_theirs else ()


def _added(kpi: Kpi, parts: Iterable[tuple[Decimal, Decimal | None, int]], days: int) -> Figure:
    """The formulas are linear: what departments come to together is the sum of what each comes to."""
    nothing = kpi.figure(dict.fromkeys(kpi.needed, 0), days)
    numerator, denominator, n = nothing.numerator, nothing.denominator, 0
    for part, of, count in parts:
        numerator += part
        denominator = None if denominator is None else denominator + (of or 0)
        n += count
    return kpi.divided(numerator, denominator, n)


# As known now ----------------------------------------------------------------------------------------


def known_now(kpi: Kpi, scope: Scope, windows: Sequence[Period]) -> list[Figure]:
    """The KPI over each of these spans of days, from one statement for what comes in and one for balances."""
    if not windows:
        return []
    flows = [key for key in needed([kpi]) if not MEASURES[key].as_of]
    as_of = [key for key in needed([kpi]) if MEASURES[key].as_of]
    came = _by_day(scope, windows, flows)
    stood = standings(scope, [each.end for each in windows], as_of) if as_of else {}
    return [
        kpi.figure(_sum(came, each, flows) | (stood[each.end][0].sums if as_of else {}), each.days)
        for each in windows
    ]


def _by_day(scope: Scope, windows: Sequence[Period], flows: Sequence[str]) -> dict[date, dict[str, Amount]]:
    if not flows:
        return {}
    span = Period(min(each.start for each in windows), max(each.end for each in windows))
    return {row.key[0]: row.sums for row in totals(scope, span, flows, by=("day",))}


def _sum(by_day: dict[date, dict[str, Amount]], window: Period, flows: Sequence[str]) -> dict[str, Amount]:
    found: dict[str, Amount] = dict.fromkeys(flows, 0)
    for n in range(window.days):
        for key, amount in by_day.get(window.start + n * DAY, {}).items():
            found[key] += amount
    return found
