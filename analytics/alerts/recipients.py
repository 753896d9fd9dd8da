"""Who is told of an alert: whoever its rule names, as far as each of them may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User

from ..models import Alert, AlertRule, Webhook


@dataclass(frozen=True)
class Recipients:
    people: tuple[User, ...] = ()
    addresses: tuple[str, ...] = ()  # mail addresses of others
    webhooks: tuple[Webhook, ...] = ()  # those in use
    numbers: tuple[str, ...] = ()  # telephones, for text messages

    @property
    def is_nobody(self) -> bool:
        return not (self.people or self.addresses or self.webhooks or self.numbers)


def recipients(rule: AlertRule, alert: Alert) -> Recipients:
    """Whom an alert is told, once it is escalated those whom that reaches as well."""
    raise NotImplementedError


def may_see(alert: Alert, people: Sequence[User]) -> list[User]:
    """Those of these people whom the alert may be told: only they may also be given it to look after."""
    raise NotImplementedError
