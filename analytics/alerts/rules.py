"""Which rules make sense, and keeping them: for the form, the API and the admin alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import Department, User, one_plain_line
from accounts.roles import ROLES
from claims.models import Claim

from ..models import Alert, AlertRule, Webhook
from ..models.alerts import AlertRuleQuerySet
from .conditions import FALLING, MOVES
from .looking import filters_of
from .opening import resolve_all
from .watched import WATCHED

Problems = dict[str, list[str]]
Problem = tuple[str, str]  # field and words

MOST_ADDRESSES = 20
TELEPHONE = re.compile(r"\+[1-9][0-9]{6,14}")
UNUSUAL = AlertRule.Condition.UNUSUAL
TOLD = ("people", "webhooks", "escalates_to")


class WrongRule(Exception):
    """A rule that makes no sense, or is not this person's to make: what is wrong, by field."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


class HasAlerts(Exception):
    """A rule that has opened alerts is not deleted, for they are its past: it is switched off."""


# What is wrong with it -----------------------------------------------------------------------------


def problems_of(
    rule: AlertRule,
    user: User,
    *,
    people: Iterable[User] | None = None,
    webhooks: Iterable[Webhook] | None = None,
    escalates_to: Iterable[User] | None = None,
) -> Problems:
    """What is wrong with a rule, by field (`people` and the like: none keeps those it has)."""
    try:
        rule.clean_fields(exclude=["watches", "roles", "addresses", "numbers", "made_by"])
    except ValidationError as wrong:
        return wrong.message_dict
    told = _told(rule, people, webhooks, escalates_to)
    found: Problems = {}
    for field, words in (
        *_wrong_question(rule),
        *_wrong_condition(rule),
        *_wrong_telling(rule, told),
        *_not_allowed(rule, user, told),
    ):
        found.setdefault(field, []).append(words)
    return found


def _told(rule: AlertRule, *given: Iterable[Any] | None) -> dict[str, list[Any]]:
    kept: dict[str, list[Any]] = {}
    for name, chosen in zip(TOLD, given, strict=True):
        former = getattr(rule, name).all() if rule.pk else ()
        kept[name] = list(former if chosen is None else chosen)
    return kept


def _wrong_question(rule: AlertRule) -> Iterator[Problem]:
    watched = WATCHED.get(rule.watches)
    if not rule.name.strip():
        yield "name", "Give it a name."
    if wrong := _refused(one_plain_line, rule.name):
        yield "name", wrong
    if watched is None:
        yield "watches", "There is no such number."
        return
    if rule.each and rule.each not in watched.each:
        yield "each", f"“{watched.label}” is not told apart by {rule.each}."
    if rule.each and rule.each in filters_of(rule):
        yield rule.each, f"Either one {rule.each}, or each of them."
    for name in filters_of(rule):
        if name not in watched.filters:
            yield name, f"“{watched.label}” is not narrowed by {name}."
    if rule.kind and rule.kind not in Claim.Kind.values:
        yield "kind", f"One of {', '.join(Claim.Kind.values)}."
    if rule.category and rule.category not in Claim.Category.values:
        yield "category", "There is no such category of denials."


def _wrong_condition(rule: AlertRule) -> Iterator[Problem]:
    watched = WATCHED.get(rule.watches)
    looks_back = rule.condition in (*MOVES, UNUSUAL)
    if looks_back and watched is not None and not watched.knows_past:
        yield "condition", f"Nobody knows what “{watched.label}” was before: compare it with a limit."
    if looks_back and rule.limit <= 0:
        yield "limit", "By how much: more than 0."
    if rule.condition == UNUSUAL and rule.limit > 100:
        yield "limit", "How many deviations: at most 100."
    if rule.clears_at is not None:
        if rule.condition in FALLING and rule.clears_at < rule.limit:
            yield "clears_at", "It is over at the limit or above it."
        if rule.condition not in FALLING and rule.clears_at > rule.limit:
            yield "clears_at", "It is over at the limit or below it."
        if looks_back and rule.clears_at < 0:
            yield "clears_at", "At least 0."


def _wrong_telling(rule: AlertRule, told: dict[str, list[Any]]) -> Iterator[Problem]:
    if not _are_words(rule.roles) or not {*rule.roles} <= ROLES.keys():
        yield "roles", f"Of {', '.join(ROLES)}."
    if not _are_words(rule.addresses) or any(_refused(validate_email, each) for each in rule.addresses):
        yield "addresses", "One mail address a line, such as it@clinic.example."
    if not _are_words(rule.numbers) or not all(TELEPHONE.fullmatch(each) for each in rule.numbers):
        yield "numbers", "Telephone numbers with their country, such as +13125550123."
    for name in ("addresses", "numbers"):
        if len(getattr(rule, name)) > MOST_ADDRESSES:
            yield name, f"At most {MOST_ADDRESSES}."
    if (rule.quiet_from is None) != (rule.quiet_until is None):
        yield "quiet_until", "Quiet hours have a beginning and an end."
    if rule.escalates_after is not None and not rule.escalates_after:
        yield "escalates_after", "After a minute or more."
    if (rule.escalates_after is None) != (not told["escalates_to"]):
        field = "escalates_after" if rule.escalates_after is None else "escalates_to"
        yield field, "It goes to somebody, after some minutes: say both or neither."


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _refused(validate: Any, value: str) -> str:
    try:
        validate(value)
    except ValidationError as wrong:
        return str(wrong.messages[0])
    return ""


# What is not this person's to make -----------------------------------------------------------------


def _not_allowed(rule: AlertRule, user: User, told: dict[str, list[Any]]) -> Iterator[Problem]:
    """Numbers of all departments are for who sees everything, and so is telling anybody outside."""
    watched = WATCHED.get(rule.watches)
    if watched is not None and watched.is_about_site and not user.has_perm("accounts.view_operations"):
        yield "watches", "There is no such number."
    colleagues = {*User.objects.visible_to(user).values_list("pk", flat=True)}
    for name in ("people", "escalates_to"):
        kept = {*getattr(rule, name).values_list("pk", flat=True)} if rule.pk else set()
        new = [person for person in told[name] if person.pk not in kept]
        if any(not each.is_active or not (each.pk in colleagues or each.sees_everything) for each in new):
            yield name, "There is somebody whom you cannot choose."
    if user.sees_everything:
        return
    mine = Department.objects.visible_to(user).values_list("pk", flat=True)
    if rule.each != AlertRule.Each.DEPARTMENT and rule.department_id not in mine:
        yield "department", "One of your own, or watch each department."
    for name in _newly_outside(rule, told["webhooks"]):
        yield name, "Only who sees all departments can tell somebody outside."


def _newly_outside(rule: AlertRule, webhooks: list[Webhook]) -> Iterator[str]:
    """By which fields it would tell somebody outside whom it did not tell before: others may stay."""
    stored = AlertRule.objects.filter(pk=rule.pk).first()
    for name, chosen in (("addresses", rule.addresses), ("numbers", rule.numbers)):
        if _are_words(chosen) and not {*chosen} <= {*(getattr(stored, name) if stored else ())}:
            yield name
    if not {*webhooks} <= {*(stored.webhooks.all() if stored else ())}:
        yield "webhooks"


# Keeping it ----------------------------------------------------------------------------------------


@transaction.atomic
def save_rule(
    rule: AlertRule,
    *,
    actor: User,
    people: Iterable[User] | None = None,
    webhooks: Iterable[Webhook] | None = None,
    escalates_to: Iterable[User] | None = None,
    request: HttpRequest | None = None,
    now: datetime | None = None,
) -> AlertRule:
    """Keep a rule in which `problems_of` finds nothing; it is looked at anew at once."""
    now = now or timezone.now()
    before = AlertRule.objects.select_for_update(of=("self",)).filter(pk=rule.pk).first()
    told: dict[str, Any] = {"people": people, "webhooks": webhooks, "escalates_to": escalates_to}
    if problems := problems_of(rule, actor, **told):
        raise WrongRule(problems)
    rule.is_about_site = WATCHED[rule.watches].is_about_site
    rule.due_at = now
    if before is None:
        rule.made_by = actor
    changed = audit.changes(before or AlertRule(), {name: getattr(rule, name) for name in KEPT})
    _keep(rule, before)
    for name, chosen in told.items():
        if chosen is not None:
            getattr(rule, name).set(chosen)
    if before is not None and (not rule.is_active or _asks_else(before, rule)):
        resolve_all(rule, now)
    ids: dict[str, Any] = {
        name: list(getattr(rule, name).order_by("pk").values_list("pk", flat=True)) for name in TOLD
    }
    action = "alert_rule.changed" if before else "alert_rule.added"
    audit.record(actor, action, rule, request=request, changed=changed, **ids)
    return rule


KEPT = (*AlertRule.AUDIT_VALUES, "runbook", "addresses", "numbers")


def _keep(rule: AlertRule, before: AlertRule | None) -> None:
    if before is None:
        rule.save(force_insert=True)
    else:
        rule.save(update_fields=[*KEPT, "is_about_site", "due_at"])


def _asks_else(before: AlertRule, rule: AlertRule) -> bool:
    """What it has open is about the former question."""
    return before.kept_in(AlertRule.QUESTION) != rule.kept_in(AlertRule.QUESTION)


@transaction.atomic
def switch_off(
    rule: AlertRule, *, actor: User, request: HttpRequest | None = None, now: datetime | None = None
) -> None:
    """Look at it no longer, whatever is wrong with it by now; its alerts are over."""
    row = AlertRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    changed = audit.changes(row, {"is_active": False})
    row.is_active = rule.is_active = False
    row.save(update_fields=["is_active"])
    resolve_all(row, now or timezone.now())
    audit.record(actor, "alert_rule.changed", row, request=request, changed=changed)


@transaction.atomic
def delete_rule(rule: AlertRule, *, actor: User, request: HttpRequest | None = None) -> None:
    """One that has never opened any alert."""
    AlertRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    if Alert.objects.filter(rule=rule).exists():
        raise HasAlerts
    audit.record(actor, "alert_rule.deleted", rule, request=request, name=rule.name)
    rule.delete()


@transaction.atomic
def have_looked_at(
    rules: AlertRuleQuerySet, *, actor: User, now: datetime, request: HttpRequest | None = None
) -> list[AlertRule]:
    """Have a worker look at these rules next, due or not; their turns go on from there."""
    asked = list(rules.active().order_by("pk"))
    AlertRule.objects.filter(pk__in=[rule.pk for rule in asked]).update(due_at=now)
    audit.record(actor, "alert_rules.evaluated", request=request, rules=len(asked))
    return asked
