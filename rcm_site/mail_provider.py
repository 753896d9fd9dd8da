"""Mail through a provider's API instead of a mail server, and the bounces that it tells of afterwards.

Only the address at which this one provider tells what became of mails is served, and only with a password of
its own: `WEBHOOK_SECRET` among its settings.
"""

from __future__ import annotations

from typing import Any

import structlog
from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from anymail.signals import tracking
from anymail.urls import urlpatterns as all_addresses
from django.conf import settings
from django.urls import URLPattern

from accounts.access import allow_anyone

from .models import Mail

log = structlog.get_logger(__name__)

GONE = {"bounced", "rejected", "failed"}
# It answered, and did not take the mail.
REFUSALS = (AnymailAPIError, AnymailRecipientsRefused)


def addresses() -> list[URLPattern]:
    """Where the provider tells of bounces, to whoever shows the password."""
    if not settings.EMAIL_PROVIDER or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        return []
    name = f"{settings.EMAIL_PROVIDER}_tracking_webhook"
    found = [each for each in all_addresses if isinstance(each, URLPattern) and each.name == name]
    for each in found:
        allow_anyone(each.callback)
    tracking.connect(mark_bounced, dispatch_uid="bounces")
    return found


def mark_bounced(event: Any, **_: Any) -> None:
    """A mail that was taken, and came back."""
    number = str((event.metadata or {}).get("mail", ""))
    if event.event_type not in GONE or not number.isdigit():
        return
    words = f"{event.event_type}: {event.description or event.reject_reason or ''}"[:120]
    bounced = Mail.objects.filter(pk=int(number), state=Mail.State.SENT)
    if bounced.update(state=Mail.State.FAILED, last_error=words):
        log.warning("mail_bounced", id=int(number))
