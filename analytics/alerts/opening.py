"""The life of an alert: opened, seen again, looked after by people, and over."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from accounts.models import User

from ..models import Alert


class AlertIsOver(Exception):
    """Nothing is to be done about it any more; only a comment can still be written."""


class MayNotSee(Exception):
    """Whoever is to look after an alert must be somebody who may see it."""


def acknowledge(alert: Alert, *, actor: User, now: datetime, request: HttpRequest | None = None) -> None:
    raise NotImplementedError


def assign(
    alert: Alert, *, actor: User, to: User | None, now: datetime, request: HttpRequest | None = None
) -> None:
    """Give it to somebody to look after, or to nobody."""
    raise NotImplementedError


def snooze(
    alert: Alert, *, actor: User, until: datetime | None, now: datetime, request: HttpRequest | None = None
) -> None:
    """Tell nobody of it until then; none: from now on again."""
    raise NotImplementedError


def comment(
    alert: Alert, *, actor: User, text: str, now: datetime, request: HttpRequest | None = None
) -> None:
    raise NotImplementedError


def escalate_overdue(now: datetime) -> int:
    """Tell others of alerts that nobody has acknowledged in time; how many those were."""
    raise NotImplementedError
