"""Sends messages of the outbox to the broker's queue, from where the payments side takes them.

A message is marked as sent before it is: what a crash, or a broker that forgets all, then loses is due again
soon. A sending carries ids and the moment until which it is good, so a copy of an earlier one does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from kombu.connection import Connection

from rcm_site.outages import OUTAGES

from ..models import OutboxMessage

log = structlog.get_logger(__name__)

QUEUE = "payments"
CONSUMER = "claims.tasks.take_payments"
IN_A_CALL = 100
AT_ONCE = 500
# A consumer that is away must not fill the broker, and a slow one must take a call before it is sent again:
# the rest waits in the database.
MOST_CALLS_QUEUED = 30
LONGEST_RUN_SECONDS = 15

State = OutboxMessage.State


def send_due() -> int:
    """Send what is due for as long as the queue has room; how many messages the broker took."""
    if not OutboxMessage.objects.due(timezone.now()).exists():
        return 0
    sent, deadline = 0, time.monotonic() + LONGEST_RUN_SECONDS
    try:
        with _broker() as broker:
            while time.monotonic() < deadline and (batch := _send_batch(broker)):
                sent += batch
    except (OSError, *OUTAGES):
        # Nothing is lost and nothing counts as tried: the next tick looks again.
        log.warning("payments_not_sent", exc_info=True)
    return sent


@contextmanager
def _broker() -> Iterator[Connection]:
    with current_app.connection_for_write() as broker:
        broker.connect()  # tries once, where using it unconnected would try for ever
        yield broker


def _send_batch(broker: Connection) -> int:
    room = (MOST_CALLS_QUEUED - _calls_queued(broker)) * IN_A_CALL
    ids, good_until = _take(min(room, AT_ONCE)) if room > 0 else ([], None)
    if good_until is None:
        return 0
    try:
        for start in range(0, len(ids), IN_A_CALL):
            call = [str(each) for each in ids[start : start + IN_A_CALL]]
            current_app.send_task(CONSUMER, args=[call, good_until.isoformat()], connection=broker)
    except (OSError, *OUTAGES):
        _take_back(ids, good_until)
        raise
    return len(ids)


def _calls_queued(broker: Connection) -> int:
    with broker.channel() as channel:
        return channel.queue_declare(queue=QUEUE, durable=True, auto_delete=False).message_count


def _take(most: int) -> tuple[list[UUID], datetime | None]:
    """The messages that this relay alone now sends, and the moment at which they are due again."""
    now = timezone.now()
    good_until = now + timedelta(seconds=settings.PAYMENTS_RESEND_SECONDS)
    with transaction.atomic():
        due = OutboxMessage.objects.due(now).order_by("due_at")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)  # SQLite's writers take turns anyway
        ids = list(due.values_list("pk", flat=True)[:most])
        OutboxMessage.objects.filter(pk__in=ids).update(state=State.SENT, due_at=good_until)
    return ids, good_until if ids else None


def _take_back(ids: list[UUID], good_until: datetime) -> None:
    """Make due again at once what the broker may not have taken."""
    OutboxMessage.objects.filter(pk__in=ids, state=State.SENT, due_at=good_until).update(
        state=State.WAITING, due_at=timezone.now()
    )
