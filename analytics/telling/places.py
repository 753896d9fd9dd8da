"""Where an event of an alert is told: whose mailboxes, which webhooks and telephones, once each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import User

from ..alerts.recipients import Recipients, may_see, recipients
from ..models import Alert, AlertEvent, AlertRule, Delivery, StoppedMail, Webhook

Channel = Delivery.Channel
What = AlertEvent.What

TOLD = (What.OPENED, What.WORSENED, What.ESCALATED, What.RESOLVED)
# A machine that keeps incidents of its own must know how each of them stands, people have seen it themselves.
KEEP_INCIDENTS = (Webhook.Shape.PAGERDUTY, Webhook.Shape.JSON)


@dataclass(frozen=True)
class Place:
    channel: str
    person: User | None = None
    address: str = ""
    webhook: Webhook | None = None

    @property
    def keeps_incidents(self) -> bool:
        return self.webhook is not None and self.webhook.shape in KEEP_INCIDENTS

    @property
    def key(self) -> str:
        """Names it in `Delivery.once`; addresses may be longer than there is room."""
        if self.webhook is not None:
            return f"{self.channel}:{self.webhook.pk}"
        return f"{self.channel}:{short(self.address)}"


def short(text: str) -> str:
    return hashlib.sha256(text.lower().encode()).hexdigest()[:16]


def places_of(event: AlertEvent, now: datetime) -> list[Place]:
    """Where this event is told; nowhere, where nobody needs to hear of it."""
    alert, rule = event.alert, event.alert.rule
    if event.what == What.WORSENED and alert.severity != AlertRule.Severity.CRITICAL:
        return []
    if event.what == What.ACKNOWLEDGED:
        return [place for place in _webhooks(recipients(rule, alert)) if place.keeps_incidents]
    if event.what not in TOLD:
        return []
    chosen = _escalated(event) if event.what == What.ESCALATED else _all(event)
    if alert.snoozed_until is not None and alert.snoozed_until > now:
        chosen = [place for place in chosen if place.webhook and event.what == What.RESOLVED]
    if event.what == What.RESOLVED:
        told = {once.partition(":")[2] for once in _told(alert)}
        chosen = [place for place in chosen if place.key in told]
    return _wanted(chosen, rule)


def _all(event: AlertEvent) -> list[Place]:
    """Whoever the rule names; without mails, those to whom it escalated still hear that it is over."""
    alert, rule = event.alert, event.alert.rule
    found = recipients(rule, alert)
    mails = _mails(found.people, found.addresses) if rule.by_mail else _mails(_escalates_to(alert), [])
    texts = [Place(Channel.TEXT, address=number) for number in found.numbers]
    return [*mails, *_webhooks(found), *texts]


def _escalated(event: AlertEvent) -> list[Place]:
    alert = event.alert
    return [*_mails(_escalates_to(alert), []), *_webhooks(recipients(alert.rule, alert))]


def _escalates_to(alert: Alert) -> list[User]:
    return may_see(alert, list(alert.rule.escalates_to.all())) if alert.escalated_at else []


def _mails(people: Iterable[User], addresses: Iterable[str]) -> list[Place]:
    """One for each mailbox, however often it is named."""
    found = {person.email.lower(): Place(Channel.MAIL, person, person.email) for person in people}
    for address in addresses:
        found.setdefault(address.lower(), Place(Channel.MAIL, address=address))
    return list(found.values())


def _webhooks(found: Recipients) -> list[Place]:
    return [Place(Channel.WEBHOOK, webhook=each) for each in found.webhooks]


def _told(alert: Alert) -> Iterable[str]:
    return Delivery.objects.about_alert(alert).values_list("once", flat=True)


def _wanted(places: list[Place], rule: AlertRule) -> list[Place]:
    """Without the mailboxes that want no more of this rule."""
    stopped = StoppedMail.objects.filter(Q(rule=rule) | Q(rule=None, schedule=None))
    people = {pk for pk in stopped.values_list("person", flat=True) if pk}
    addresses = {address.lower() for address in stopped.values_list("address", flat=True) if address}
    return [
        place
        for place in places
        if place.channel != Channel.MAIL
        or ((place.person.pk not in people) if place.person else place.address.lower() not in addresses)
    ]
