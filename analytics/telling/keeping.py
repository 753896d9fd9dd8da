"""What people change of webhooks, and whether an address and a secret can be used."""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from accounts import audit
from accounts.models import User

from ..models import Webhook
from .addresses import NotAllowed, connection_to, read

FIELDS = ("name", "shape", "url", "secret", "is_active")
# Where PagerDuty takes events of everybody.
PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
ROUTING_KEY = re.compile("[A-Za-z0-9]{32}")
SHORTEST_SECRET = 16

Problems = dict[str, list[str]]


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def problems_of(webhook: Webhook) -> Problems:
    """What is wrong with it, by the name of the field; nothing when it can be kept."""
    problems: Problems = {}
    try:
        connection_to(webhook.url)
    except NotAllowed as refused:
        problems["url"] = [str(refused)]
    except OSError:
        pass  # no name server just now: it is looked up at each call anyway
    if webhook.shape == Webhook.Shape.PAGERDUTY and not ROUTING_KEY.fullmatch(webhook.secret):
        problems["secret"] = ["PagerDuty's routing key has 32 letters and digits: copy it from there."]
    elif webhook.shape == Webhook.Shape.JSON and len(webhook.secret) < SHORTEST_SECRET:
        problems["secret"] = [f"At least {SHORTEST_SECRET} characters, known to the other side alone."]
    return problems


def place_of(webhook: Webhook) -> str:
    """Where it leads, without what makes its address a secret."""
    try:
        return read(webhook.url).host
    except NotAllowed:
        return "an address that is not called"


@transaction.atomic
def save_webhook(webhook: Webhook, *, actor: User, request: HttpRequest | None = None) -> Webhook:
    """Keep one that has no problems; address and secret are only named in the trail."""
    before = Webhook.objects.filter(pk=webhook.pk).first()
    new: dict[str, Any] = {name: getattr(webhook, name) for name in FIELDS}
    changed = audit.changes(before, new) if before else {}
    if before is None:
        webhook.made_by = actor
    webhook.save()
    if before is None or changed:
        action = "webhook.changed" if before else "webhook.added"
        audit.record(actor, action, webhook, request=request, name=webhook.name, changes=changed)
    return webhook
