"""Looks at rules when their time has come: what each says, and what becomes of their alerts.

A rule that is due is leased before its number is worked out, so that two workers do not do it twice; should
one die over it, the rule is due again when the lease ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from ..models import Alert, AlertRule
from ..models.alerts import AlertRuleQuerySet
from .conditions import Verdict
from .looking import Look, Looked, Member, look
from .opening import follow

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
MOST_AT_ONCE = 1_000


@dataclass(frozen=True)
class Checked:
    """A rule, and what it said of each of those that it is about."""

    rule: AlertRule
    looks: tuple[Look, ...]
    problem: str


def check_due(now: datetime, *, is_about_site: bool = False) -> int:
    """Look at all rules whose time has come, or only at those about the site; how many those were."""
    rules = AlertRule.objects.active()
    due = _lease(rules.filter(is_about_site=True) if is_about_site else rules, now)
    check(due, now)
    return len(due)


def _lease(rules: AlertRuleQuerySet, now: datetime) -> list[AlertRule]:
    with transaction.atomic():
        due = rules.filter(due_at__lte=now)
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)  # SQLite's writers take turns anyway
        leased = list(due.order_by("due_at")[:MOST_AT_ONCE])
        AlertRule.objects.filter(pk__in=[rule.pk for rule in leased]).update(due_at=now + LEASE)
    return leased


def check(rules: Sequence[AlertRule], now: datetime) -> list[Checked]:
    """Look at these rules now, due or not; one that cannot be looked at says why and keeps no other."""
    known = _open_members(rules)
    found = look(rules, now, known)
    stirred = [rule for rule in rules if known.get(rule.pk) or _is_beyond(found[rule.pk])]
    _note([rule for rule in rules if rule not in stirred], found, now)
    for rule in stirred:
        _follow_or_say(rule, found, now)
    return [Checked(rule, found[rule.pk].looks, found[rule.pk].problem) for rule in rules]


def _is_beyond(looked: Looked) -> bool:
    return any(look.judged.verdict == Verdict.BEYOND for look in looked.looks)


def _open_members(rules: Iterable[AlertRule]) -> dict[int, set[Member]]:
    known: dict[int, set[Member]] = defaultdict(set)
    rows = Alert.objects.open().filter(rule__in=[rule.pk for rule in rules])
    for rule, payer, department, provider in rows.values_list("rule", "payer", "department", "provider"):
        known[rule].add((payer, department, provider))
    return known


def _follow_or_say(rule: AlertRule, found: Mapping[int, Looked], now: datetime) -> None:
    try:
        _follow(rule, found, now)
    except Exception as error:
        log.warning("rule_not_followed", id=rule.pk, exc_info=error)
        _note([rule], {rule.pk: Looked(problem="Its alerts could not be written.")}, now)


@transaction.atomic
def _follow(rule: AlertRule, found: Mapping[int, Looked], now: datetime) -> None:
    """What becomes of a rule's alerts, while nobody else looks at it."""
    for row in _note([rule], found, now):
        if not found[row.pk].problem:
            follow(row, found[row.pk].looks, now)


@transaction.atomic
def _note(rules: Sequence[AlertRule], found: Mapping[int, Looked], now: datetime) -> list[AlertRule]:
    """That rules were looked at: those that still ask the same and were not looked at later than this."""
    asked = {rule.pk: rule for rule in rules}
    held = AlertRule.objects.active().select_for_update(of=("self",)).filter(pk__in=asked).order_by("pk")
    rows = [row for row in held if _asks_the_same(row, asked[row.pk]) and not _is_later(row, now)]
    noted: dict[tuple[datetime, str], list[int]] = defaultdict(list)
    for row in rows:
        noted[_next(row, asked[row.pk], now), found[row.pk].problem[:200]].append(row.pk)
    for (due_at, problem), pks in noted.items():
        AlertRule.objects.filter(pk__in=pks).update(checked_at=now, due_at=due_at, problem=problem)
    return rows


def _asks_the_same(row: AlertRule, rule: AlertRule) -> bool:
    """Changed meanwhile, what was found is no answer to it."""
    return row.kept_in(AlertRule.ASKS) == rule.kept_in(AlertRule.ASKS)


def _is_later(row: AlertRule, now: datetime) -> bool:
    return row.checked_at is not None and row.checked_at > now


def _next(row: AlertRule, rule: AlertRule, now: datetime) -> datetime:
    """Its next turn, unless somebody asked meanwhile to have it looked at."""
    return next_due(rule, now) if row.due_at in (rule.due_at, now + LEASE) else row.due_at


def next_due(rule: AlertRule, now: datetime) -> datetime:
    """The next of its turns, on a whole minute; those that passed meanwhile are not made up for."""
    if rule.due_at > now:
        return rule.due_at
    last, every = rule.due_at.replace(second=0, microsecond=0), timedelta(minutes=rule.every)
    return last + ((now - last) // every + 1) * every
