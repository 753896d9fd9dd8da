"""Messages that the payments side does not take: given up with an alarm, and sent again by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import User
from rcm_site.letters import letter

from ..models import OutboxMessage

log = structlog.get_logger(__name__)

# One bad release can kill thousands of messages: people are told of the first, and then not for a while.
QUIET_AFTER_A_MAIL = timedelta(minutes=15)

State = OutboxMessage.State


@transaction.atomic
def bury(messages: Sequence[OutboxMessage], why: str) -> None:
    """Give messages up, and tell the administrators. The caller alone holds them."""
    if not messages:
        return
    now = timezone.now()
    is_first = not OutboxMessage.objects.dead().filter(due_at__gt=now - QUIET_AFTER_A_MAIL).exists()
    OutboxMessage.objects.filter(pk__in=[message.pk for message in messages]).update(
        state=State.DEAD,
        due_at=now,  # for a dead one: since when it is
        last_error=why,
    )
    for message in messages:
        log.error("payments_message_dead", id=message.pk, attempts=message.attempts)
    if is_first:
        _tell_administrators()


def _tell_administrators() -> None:
    """Count and link only: mail is no place for what a claim is worth."""
    words = {
        "count": OutboxMessage.objects.dead().count(),
        "link": settings.SITE_URL + reverse("payments"),
    }
    for admin in User.objects.active().filter(role="admin"):
        letter("dead_letter", words, to=[admin.email]).send()


@transaction.atomic
def replay(messages: QuerySet[OutboxMessage], *, actor: User, request: HttpRequest | None = None) -> int:
    """Send messages once more as if they had never been tried; how many of them were dead."""
    revived = messages.filter(state=State.DEAD).update(
        state=State.WAITING, attempts=0, due_at=timezone.now(), last_error=""
    )
    if revived:
        audit.record(actor, "payments.replayed", request=request, messages=revived)
    return revived
