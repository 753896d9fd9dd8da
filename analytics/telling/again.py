"""Trying once more what failed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from accounts import audit
from accounts.models import User
from rcm_site.models import Mail

from ..models import Delivery

State = Delivery.State


@transaction.atomic
def try_again(delivery: Delivery, *, actor: User, now: datetime, request: HttpRequest | None = None) -> bool:
    """As if it had never been tried; whether there was anything left to try."""
    row = Delivery.objects.select_for_update().filter(pk=delivery.pk, state=State.FAILED).first()
    if row is None or not _mail_is_ready(row, now):
        return False
    row.state, row.attempts, row.due_at, row.answer, row.closed_at = State.WAITING, 0, now, "", None
    row.save(update_fields=["state", "attempts", "due_at", "answer", "closed_at", "mail"])
    audit.record(actor, "delivery.tried_again", row, request=request)
    return True


def _mail_is_ready(row: Delivery, now: datetime) -> bool:
    """A mail goes back into the queue, or is written anew where its words are gone: of a report, with its
    file, they cannot be."""
    if row.channel != Delivery.Channel.MAIL:
        return True
    if row.mail_id is None:
        return row.about != Delivery.About.REPORT
    kept = Mail.objects.filter(pk=row.mail_id).exclude(message={})
    if kept.update(
        state=Mail.State.WAITING,
        attempts=0,
        unanswered=0,
        last_error="",
        queued_at=now,
        due_at=now,
        closed_at=None,
    ):
        return True
    if row.about == Delivery.About.REPORT:
        return False
    Mail.objects.filter(pk=row.mail_id).delete()
    row.mail = None
    return True
