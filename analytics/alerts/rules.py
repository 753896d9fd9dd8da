"""Which rules make sense, and keeping them: for the form, the API and the admin alike."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from accounts.models import User

from ..models import AlertRule, Webhook

Problems = dict[str, list[str]]


class HasOpenAlerts(Exception):
    """A rule that is to be deleted has alerts that are not over: it is switched off first."""


def problems_of(
    rule: AlertRule,
    user: User,
    *,
    people: Iterable[User] | None = None,
    webhooks: Iterable[Webhook] | None = None,
    escalates_to: Iterable[User] | None = None,
) -> Problems:
    """What is wrong with a rule, by field (`people` and the like: none keeps those it has)."""
    raise NotImplementedError


def save_rule(
    rule: AlertRule,
    *,
    actor: User,
    people: Iterable[User] | None = None,
    webhooks: Iterable[Webhook] | None = None,
    escalates_to: Iterable[User] | None = None,
    request: HttpRequest | None = None,
) -> AlertRule:
    """Keep a rule in which `problems_of` finds nothing; it is looked at anew at once."""
    raise NotImplementedError


def delete_rule(rule: AlertRule, *, actor: User, request: HttpRequest | None = None) -> None:
    raise NotImplementedError
