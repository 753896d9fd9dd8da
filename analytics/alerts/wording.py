"""Rules and alerts in words, and the page with what is behind an alert: for pages, mails and the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from claims.deadlines import FILING
from claims.models import Claim
from rcm_site.templatetags.ui import number, percent

from ..catalogue import Unit
from ..kpis import KPIS
from ..models import Alert, AlertRule
from ..scopes import NONE
from .watched import WATCHED

Condition = AlertRule.Condition
MOVES = (Condition.RISES, Condition.FALLS)
IN_WORDS = {
    Condition.ABOVE: "is above {}",
    Condition.AT_LEAST: "is {} or more",
    Condition.BELOW: "is below {}",
    Condition.AT_MOST: "is {} or less",
    Condition.RISES: "rises by more than {} against the {} days before",
    Condition.FALLS: "falls by more than {} against the {} days before",
    Condition.UNUSUAL: "is unusual for it, by more than {} deviations",
}
EACH = {"payer": "of each payer", "department": "of each department", "provider": "of each provider"}
NOBODY = {"payer": "no payer", "department": "no department", "provider": "no provider"}
# Where what is behind a number that is no KPI is looked at.
BEHIND: dict[str, tuple[str, dict[str, Any]]] = {
    "filing_at_risk": ("claims", {"due": f"{FILING.key}-14"}),
    "staff_error_rate": ("staff", {}),
    "failed_imports": ("imports", {"state": "failed"}),
    "dead_letters": ("payments", {"state": "dead"}),
}


# Rules ---------------------------------------------------------------------------------------------


def condition_in_words(rule: AlertRule) -> str:
    """is above 10.0%; rises by more than 2.0 points against the 30 days before."""
    return IN_WORDS[Condition(rule.condition)].format(limit_in_words(rule), rule.window_days)


def limit_in_words(rule: AlertRule) -> str:
    if rule.condition == Condition.UNUSUAL:
        return number(rule.limit, 1)
    if rule.condition not in MOVES:
        return in_words(rule.watches, rule.limit)
    if rule.change_in == AlertRule.ChangeIn.PERCENT:
        return percent(rule.limit / 100)
    return moved_by(rule.watches, rule.limit)


def moved_by(watches: str, amount: Decimal) -> str:
    """By how much a number moved: a share by points."""
    watched = WATCHED.get(watches)
    if watched and watched.unit == Unit.PERCENT:
        return f"{number(amount, 1)} points"
    return in_words(watches, amount)


def rule_in_words(rule: AlertRule) -> str:
    """Denial rate of each payer, Cardiology, over 30 days: is above 10.0%."""
    about = f"{label_of(rule.watches)} {EACH[rule.each]}" if rule.each else label_of(rule.watches)
    return f"{', '.join([about, *narrowed_to(rule), *days_in_words(rule)])}: {condition_in_words(rule)}"


def days_in_words(rule: AlertRule) -> list[str]:
    """Which days it looks at, where the condition does not say so."""
    watched = WATCHED.get(rule.watches)
    if watched is None or watched.is_as_of or rule.condition in MOVES:
        return []
    return ["of today"] if rule.window_days == 1 else [f"over {rule.window_days} days"]


def narrowed_to(rule: AlertRule) -> list[str]:
    named = [str(each) for each in (rule.payer, rule.department, rule.provider) if each is not None]
    if rule.kind:
        named.append(Claim.Kind(rule.kind).label.lower())
    if rule.category:
        named.append(f"denied for {Claim.Category(rule.category).label.lower()}")
    return named


# Alerts --------------------------------------------------------------------------------------------


def label_of(watches: str) -> str:
    watched = WATCHED.get(watches)
    return watched.label if watched else watches


def in_words(watches: str, value: Decimal | None) -> str:
    watched = WATCHED.get(watches)
    return watched.words(value) if watched else number(value, 1)


def subject_of(alert: Alert) -> str:
    """Denial rate of Aetna, Cardiology."""
    about = about_in_words(alert)
    return f"{label_of(alert.watches)} of {about}" if about else label_of(alert.watches)


def about_in_words(alert: Alert) -> str:
    """What of it: the one of each that it is about, and what its rule is narrowed to."""
    rule = alert.rule
    told: list[str] = []
    for name in EACH:
        one = getattr(alert, name) or getattr(rule, name)
        if one is not None:
            told.append(str(one))
        elif rule.each == name:
            told.append(NOBODY[name])
    return ", ".join([*told, *narrowed_to(AlertRule(kind=rule.kind, category=rule.category))])


def alert_in_words(alert: Alert) -> str:
    """Denial rate of Aetna: 14.2%, limit 10.0%."""
    return f"{subject_of(alert)}: {in_words(alert.watches, alert.value)}, {against_in_words(alert)}"


def against_in_words(alert: Alert) -> str:
    """What the value is held against: the limit, the period before, or what is usual."""
    if alert.condition == Condition.UNUSUAL:
        return f"usual {usual_in_words(alert)}"
    if alert.condition in MOVES:
        return f"before {in_words(alert.watches, alert.compared_with)}"
    return f"limit {in_words(alert.watches, alert.limit)}"


def usual_in_words(alert: Alert) -> str:
    low, high = (in_words(alert.watches, each) for each in (alert.lowest_usual, alert.highest_usual))
    return f"{low} to {high}"


def behind(alert: Alert) -> str:
    """The page with what an alert is about, asked for the same claims and days."""
    if alert.watches in KPIS:
        days = {"start": alert.start.isoformat(), "end": alert.end.isoformat()}
        return f"{reverse('kpi', args=[alert.watches])}?{urlencode(filters_of(alert) | days)}"
    if alert.watches not in BEHIND:
        return ""
    name, asked = BEHIND[alert.watches]
    asked = {**asked, **filters_of(alert)} if name == "claims" else asked
    return f"{reverse(name)}{f'?{urlencode(asked)}' if asked else ''}"


def filters_of(alert: Alert) -> dict[str, Any]:
    """As the pages with numbers take them."""
    rule = alert.rule
    asked: dict[str, Any] = {}
    for name in EACH:
        one = getattr(alert, name) or getattr(rule, name)
        if one is not None:
            asked[name] = one.npi if name == "provider" else one.pk
        elif rule.each == name:
            asked[name] = NONE
    return asked | {name: word for name in ("kind", "category") if (word := getattr(rule, name))}
