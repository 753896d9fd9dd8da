"""Writing rules, trying them on what happened of late, and switching them on and off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User

from ..models import AutomationRule
from ..worklists.editing import words_of
from .deeds import Deeds
from .matching import RuleBroken, Tried, ready, try_out

SAID = ("name", "on", "filters", "then")


class RuleError(Exception):
    """Why a rule cannot be switched on, in words for whoever asked."""


@dataclass(frozen=True)
class Said:
    """What a rule says, all of it checked."""

    name: str
    on: Sequence[str]
    filters: Mapping[str, str]
    deeds: Deeds


@transaction.atomic
def save(
    rule: AutomationRule, said: Said, *, actor: User, request: HttpRequest | None = None
) -> AutomationRule:
    """Keep what a rule says. One that says something else has to be tried anew, and is off until then."""
    is_new = rule.pk is None
    wanted = {
        "name": said.name,
        "on": list(said.on),
        "filters": words_of(said.filters),
        "then": said.deeds.words_kept(),
    }
    before = AutomationRule() if is_new else AutomationRule.objects.select_for_update().get(pk=rule.pk)
    changed = audit.changes(before, wanted)
    for field, value in wanted.items():
        setattr(rule, field, value)
    if changed.keys() - {"name"}:
        _forget_trial(rule)
    rule.save()
    if changed:
        action = "automation_rule.added" if is_new else "automation_rule.changed"
        audit.record(actor, action, rule, request=request, changes=changed)
    return rule


def _forget_trial(rule: AutomationRule) -> None:
    rule.is_active, rule.active_since = False, None
    rule.tried_at, rule.tried, rule.problem = None, {}, ""


@transaction.atomic
def rehearse(
    rule: AutomationRule, *, actor: User, now: datetime, request: HttpRequest | None = None
) -> Tried:
    """See what the last 30 days would have come to; from then on the rule may be switched on."""
    rule = AutomationRule.objects.select_for_update(of=("self",)).select_related("made_by").get(pk=rule.pk)
    try:
        tried = try_out(rule, now)
    except RuleBroken as why:
        raise RuleError(str(why)) from why
    rule.tried_at, rule.tried, rule.problem = now, tried.words(), ""
    rule.save(update_fields=["tried_at", "tried", "problem"])
    audit.record(actor, "automation_rule.tried", rule, request=request, changes=tried.changes)
    return tried


@transaction.atomic
def switch(
    rule: AutomationRule,
    *,
    on: bool,
    actor: User,
    now: datetime | None = None,
    request: HttpRequest | None = None,
) -> AutomationRule:
    """What happens to claims from now on sets the rule off, or does so no more."""
    rule = AutomationRule.objects.select_for_update(of=("self",)).select_related("made_by").get(pk=rule.pk)
    if rule.is_active == on:
        return rule
    if on:
        _refuse_unready(rule)
    rule.is_active, rule.active_since = on, (now or timezone.now()) if on else None
    rule.problem = ""
    rule.save(update_fields=["is_active", "active_since", "problem"])
    action = "automation_rule.switched_on" if on else "automation_rule.switched_off"
    audit.record(actor, action, rule, request=request)
    return rule


def _refuse_unready(rule: AutomationRule) -> None:
    if rule.tried_at is None:
        raise RuleError("Try it on the last 30 days first: nobody lets a rule loose unseen.")
    try:
        ready(rule)
    except RuleBroken as why:
        raise RuleError(str(why)) from why
