"""Who is told of an alert: whoever its rule names, as far as each of them may see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from accounts.models import User

from ..models import Alert, AlertRule, Webhook

MANAGER = "manager"


@dataclass(frozen=True)
class Recipients:
    people: tuple[User, ...] = ()
    addresses: tuple[str, ...] = ()  # mail addresses of others
    webhooks: tuple[Webhook, ...] = ()  # those in use
    numbers: tuple[str, ...] = ()  # telephones, for text messages


def recipients(rule: AlertRule, alert: Alert) -> Recipients:
    """Whom an alert is told, once it is escalated those whom that reaches as well."""
    return Recipients(
        tuple(may_see(alert, _named(rule, alert))),
        tuple(_addresses(rule)),
        tuple(rule.webhooks.filter(is_active=True)),
        tuple(rule.numbers),
    )


def _addresses(rule: AlertRule) -> Iterable[str]:
    """What is wrong with the site goes to whom the installation names, too."""
    site = settings.SYSTEM_ALERT_ADDRESSES if rule.is_about_site else ()
    return dict.fromkeys([*rule.addresses, *site])


def _named(rule: AlertRule, alert: Alert) -> Iterable[User]:
    """Each once, whether named, of a role, leading the department or looking after the alert."""
    named = Q(pk__in=rule.people.values("pk")) | Q(role__in=rule.roles) | Q(pk=alert.assignee_id)
    if rule.tells_managers and alert.department_id is not None:
        members = User.departments.through.objects.filter(department=alert.department_id)
        named |= Q(role=MANAGER, pk__in=members.values("user"))
    if alert.escalated_at is not None:
        named |= Q(pk__in=rule.escalates_to.values("pk"))
    return User.objects.active().filter(named).order_by("pk")


def may_see(alert: Alert, people: Iterable[User]) -> list[User]:
    """Those of these people whom the alert may be told: only they may also be given it to look after."""
    return [
        person
        for person in people
        if person.has_perm("analytics.view_alert")
        and Alert.objects.visible_to(person).filter(pk=alert.pk).exists()
    ]
