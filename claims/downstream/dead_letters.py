"""Messages that the payments side does not take: given up, and sent again by hand."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User

from ..models import OutboxMessage

log = structlog.get_logger(__name__)

State = OutboxMessage.State


def bury(messages: Sequence[OutboxMessage], why: str) -> None:
    """Give messages up. The caller alone holds them; a rule of alerts watches for them and tells people."""
    if not messages:
        return
    OutboxMessage.objects.filter(pk__in=[message.pk for message in messages]).update(
        state=State.DEAD,
        due_at=timezone.now(),  # for a dead one: since when it is
        last_error=why,
    )
    for message in messages:
        log.error("payments_message_dead", id=message.pk, attempts=message.attempts)


@transaction.atomic
def replay(messages: QuerySet[OutboxMessage], *, actor: User, request: HttpRequest | None = None) -> int:
    """Send messages once more as if they had never been tried; how many of them were dead."""
    revived = messages.filter(state=State.DEAD).update(
        state=State.WAITING, attempts=0, due_at=timezone.now(), last_error=""
    )
    if revived:
        audit.record(actor, "payments.replayed", request=request, messages=revived)
    return revived
