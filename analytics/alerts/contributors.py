"""What an alert comes from, in words: which payers or departments, and mostly which denials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from claims.models import Claim
from rcm_site.templatetags.ui import money_brief, number

from ..cards import Good
from ..catalogue import Kpi, Topic, Unit
from ..facts.measures import MEASURES
from ..facts.reading import Amount
from ..facts.totals import totals
from ..models import Alert, AlertRule
from ..names import LABELS
from ..periods import Period
from ..scopes import NONE, Scope
from .conditions import FALLING
from .watched import EACH, WATCHED, Looking, Watched

MOST = 3
MOSTLY = Decimal("0.5")  # of what one contributed
ZERO = Decimal(0)
CATEGORIES = {key: str(label) for key, label in Claim.Category.choices}
Kind = AlertRule.Condition


def contributors(alert: Alert) -> list[str]:
    """The three that contributed most, as in "BlueCross: 41 more claims denied, mostly authorisation"."""
    watched = WATCHED.get(alert.watches)
    scope = scope_of(alert)
    by = next((each for each in EACH if getattr(scope, each) is None), None)
    if watched is None or by not in watched.each:
        return []
    if watched.kpi is None:
        return _largest(watched, alert, scope, by)
    return _of_kpi(watched.kpi, alert, scope, by)


def scope_of(alert: Alert) -> Scope:
    """The claims that an alert is about."""
    rule = alert.rule
    narrowed: dict[str, Any] = {"kind": rule.kind or None, "category": rule.category or None}
    for each in EACH:
        narrowed[each] = getattr(alert, f"{each}_id")
        if narrowed[each] is None and rule.each == each:
            narrowed[each] = NONE
    return Scope(None, **narrowed)


def _largest(watched: Watched, alert: Alert, scope: Scope, by: str) -> list[str]:
    """Of a number that is no KPI."""
    found = watched.measure(Looking(scope, Period(alert.start, alert.end), by, alert.seen_at))
    known = [(getattr(one, by), one.value, one.n) for one in found if one.value]
    known.sort(key=lambda each: (-each[1], each[0] or 0))
    labels = LABELS[by]({key for key, _, _ in known})
    return [
        f"{labels[key]}: {watched.words(value)}, {number(n)} {watched.noun_of_n}"
        for key, value, n in known[:MOST]
    ]


# KPIs ----------------------------------------------------------------------------------------------


@dataclass
class _Part:
    """What one payer or department came to, over the alert's days and over as many before."""

    now: dict[str, Amount]
    before: dict[str, Amount]
    categories: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))  # what each moved


def _of_kpi(kpi: Kpi, alert: Alert, scope: Scope, by: str) -> list[str]:
    period = Period(alert.start, alert.end)
    parts = _parts(kpi, scope, period, by)
    is_down = _is_down(alert)
    if kpi.unit in (Unit.MONEY, Unit.COUNT) or (kpi.unit == Unit.PERCENT and kpi.good == Good.DOWN):
        found = _by_amount(kpi, parts, is_down)
    else:
        found = _by_excess(kpi, parts, period.days, is_down)
    labels = LABELS[by]({key for key, _ in found})
    return [f"{labels[key]}: {words}" for key, words in found]


def _is_down(alert: Alert) -> bool:
    """Whether it is about a number that is too low."""
    if alert.condition == Kind.UNUSUAL and alert.lowest_usual is not None:
        return alert.value < alert.lowest_usual
    return alert.condition in (*FALLING, Kind.FALLS)


def _parts(kpi: Kpi, scope: Scope, period: Period, by: str) -> dict[Any, _Part]:
    """In one statement for either time; of denials with what they are worked by."""
    keys = (by, "category") if kpi.topic == Topic.DENIALS and scope.category is None else (by,)
    counted = kpi.measures[0]
    parts: dict[Any, _Part] = defaultdict(
        lambda: _Part(dict.fromkeys(kpi.needed, 0), dict.fromkeys(kpi.needed, 0))
    )
    for of_days, name, sign in ((period, "now", 1), (period.previous(), "before", -1)):
        for row in totals(scope, of_days, kpi.needed, by=keys):
            part = parts[row.key[0]]
            sums = getattr(part, name)
            for measure, amount in row.sums.items():
                sums[measure] += amount
            if len(keys) > 1 and row.key[1]:
                part.categories[row.key[1]] += sign * Decimal(row.sums[counted])
    return parts


def _by_amount(kpi: Kpi, parts: dict[Any, _Part], is_down: bool) -> list[tuple[Any, str]]:
    """By how much more, or less, of what it counts; where nothing moved, those that have most of it."""
    counted, sign = kpi.measures[0], -1 if is_down else 1
    moved = {key: Decimal(part.now[counted]) - Decimal(part.before[counted]) for key, part in parts.items()}
    top = _top({key: sign * amount for key, amount in moved.items()})
    if top:
        return [(key, _moved_in_words(kpi, moved[key], parts[key])) for key in top]
    most = {} if is_down else {key: Decimal(part.now[counted]) for key, part in parts.items()}
    return [(key, f"{_amount(counted, most[key])}{_noun(kpi, most[key])}") for key in _top(most)]


def _moved_in_words(kpi: Kpi, moved: Decimal, part: _Part) -> str:
    counted = kpi.measures[0]
    few = "less" if MEASURES[counted].is_money else "fewer"
    words = f"{_amount(counted, abs(moved))} {'more' if moved > 0 else few}{_noun(kpi, moved)}"
    category = max(part.categories, key=lambda each: (part.categories[each] * moved, each), default=None)
    if category is None or part.categories[category] / moved < MOSTLY:
        return words
    return f"{words}, mostly {CATEGORIES.get(category, category).lower()}"


def _noun(kpi: Kpi, amount: Decimal) -> str:
    """Of a share, what it counts, as its formula says it; an amount is the number itself."""
    if kpi.unit in (Unit.MONEY, Unit.COUNT):
        return ""
    noun = kpi.formula.split(" ÷ ")[0].removesuffix(", added up")
    return f" {noun.replace('claims', 'claim', 1) if abs(amount) == 1 else noun}"


def _amount(measure: str, amount: Decimal) -> str:
    return money_brief(amount) if MEASURES[measure].is_money else number(amount)


def _by_excess(kpi: Kpi, parts: dict[Any, _Part], days: int, is_down: bool) -> list[tuple[Any, str]]:
    """By how much each is beyond what it would be, were it as all of them together were before."""
    whole = {name: sum(part.before[name] for part in parts.values()) for name in kpi.needed}
    before = kpi.figure(whole, days)
    if not before.denominator or before.denominator <= 0:
        return []
    usual, sign = before.numerator / before.denominator, -1 if is_down else 1
    figures = {
        key: (kpi.figure(part.now, days), kpi.figure(part.before, days)) for key, part in parts.items()
    }
    excess = {
        key: sign * (now.numerator - usual * (now.denominator or ZERO))
        for key, (now, _) in figures.items()
        if now.value is not None and not now.is_few
    }
    found = []
    for key in _top(excess):
        now, then = figures[key]
        was = f", before {kpi.words(then.value)}" if then.value is not None else ""
        found.append((key, f"{kpi.words(now.value)}{was}"))
    return found


def _top(amounts: dict[Any, Decimal]) -> list[Any]:
    """Those with most, as far as they have any."""
    keys: Iterable[Any] = (key for key, amount in amounts.items() if amount > 0)
    return sorted(keys, key=lambda key: (-amounts[key], str(key)))[:MOST]
