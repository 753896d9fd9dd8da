"""Mail leaves through the database: written in the caller's transaction, sent by a worker.

So no page waits for the mail server, and what is rolled back is never told. A sender takes the due mail,
reaches the mail server first (while it is away nothing counts as tried), and counts each attempt before it
begins. If nobody can know whether the server took a message, it is tried once more under the same Message-ID
and then given up: better a gap that /health shows than a third copy.
"""

from __future__ import annotations

import random
import smtplib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.mime.base import MIMEBase
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, models, transaction
from django.utils import timezone

from .mail_provider import REFUSALS
from .models import Mail

log = structlog.get_logger(__name__)

BATCH = 20
# A sender begins nothing more after half of this, so that only a dead one's mail is taken up again.
HOLD = timedelta(minutes=2)
PAUSE_SECONDS = 20
MOST_ATTEMPTS = 8
MOST_UNANSWERED = 2
LONGEST_WAIT_SECONDS = 3600
GIVE_UP_AFTER = timedelta(days=3)
LARGEST_MESSAGE = 15 * 1024 * 1024
LONGEST_ERROR = 120
KEEP_SENT = timedelta(days=30)
KEEP_FAILED = timedelta(days=90)
KEEP_FAILED_BODY = timedelta(days=7)


class MailTooLarge(ValueError):
    """Its attachments are more than mail servers take, or than a table should hold."""


# Queueing --------------------------------------------------------------------------------------------


class QueueBackend(BaseEmailBackend):
    """What `send_mail()` and `message.send()` reach: a row, not a server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        rows = [_row(message) for message in email_messages if message.recipients()]
        Mail.objects.bulk_create(rows)
        return len(rows)


def queue(message: EmailMessage) -> Mail:
    """The row of a message, for who follows what becomes of it."""
    mail = _row(message)
    mail.save(force_insert=True)
    return mail


def _row(message: EmailMessage) -> Mail:
    headers = {name: str(value) for name, value in message.extra_headers.items()}
    message_id = next((value for name, value in headers.items() if name.lower() == "message-id"), None)
    if message_id is None:
        message_id = headers["Message-ID"] = make_msgid(domain=urlsplit(settings.SITE_URL).hostname)
    message.message()  # refuses line breaks in headers now, where the caller sees it
    return Mail(message_id=message_id, recipients=message.recipients(), message=packed(message, headers))


def packed(message: EmailMessage, headers: dict[str, str]) -> dict[str, Any]:
    attachments = [_packed_attachment(attachment) for attachment in message.attachments]
    alternatives = [[str(content), mimetype] for content, mimetype in getattr(message, "alternatives", [])]
    size = (
        len(message.body) + sum(len(part[-1]) for part in attachments) + sum(len(a[0]) for a in alternatives)
    )
    if size > LARGEST_MESSAGE:
        raise MailTooLarge(f"{size} bytes, at most {LARGEST_MESSAGE}")
    return {
        "subject": str(message.subject),
        "body": str(message.body),
        "from_email": message.from_email,
        "to": message.to,
        "cc": message.cc,
        "bcc": message.bcc,
        "reply_to": message.reply_to,
        "headers": headers,
        "alternatives": alternatives,
        "attachments": attachments,
        "content_subtype": message.content_subtype,
        "mixed_subtype": message.mixed_subtype,  # type: ignore[attr-defined]  # missing in the stubs
    }


def unpacked(stored: dict[str, Any]) -> EmailMultiAlternatives:
    fields = dict(stored)
    subtypes = {name: fields.pop(name) for name in ("content_subtype", "mixed_subtype")}
    attachments = [_unpacked_attachment(*part) for part in fields.pop("attachments")]
    message = EmailMultiAlternatives(**fields, attachments=attachments)
    for name, value in subtypes.items():
        setattr(message, name, value)
    return message


def _packed_attachment(attachment: Any) -> tuple[str | None, str | None, str]:
    """Name, kind and content in base64; a ready-made part (a picture inside the page) as a whole."""
    if isinstance(attachment, MIMEBase):
        return None, None, b64encode(attachment.as_bytes()).decode()
    name, content, mimetype = attachment
    if isinstance(content, str):
        content = content.encode()
    return name, mimetype or "application/octet-stream", b64encode(content).decode()


def _unpacked_attachment(name: str | None, mimetype: str | None, content: str) -> Any:
    if mimetype is None:
        return message_from_bytes(b64decode(content), _class=_StoredPart)
    return (name, b64decode(content), mimetype)


class _StoredPart(MIMEBase):
    """Read from its bytes, headers and all, instead of being given a type."""

    def __init__(self, **policy: Any) -> None:
        Message.__init__(self, **policy)


# Sending ---------------------------------------------------------------------------------------------


def send_due() -> int:
    """Send what is due; how many messages the mail server took."""
    started = timezone.now()
    batch = _take_batch(started)
    if not batch:
        return 0
    transport = get_connection(settings.MAIL_TRANSPORT)
    try:
        transport.open()
    except (OSError, smtplib.SMTPException) as unreachable:
        _pause(batch, unreachable)
        return 0
    sent = 0
    try:
        for mail in batch:
            if timezone.now() - started > HOLD / 2:
                break
            sent += _send(mail, transport)
    except (OSError, smtplib.SMTPServerDisconnected) as broken:
        log.warning("mail_server_lost", exc_info=broken)
    finally:
        _let_go(batch)
        _hang_up(transport)
    return sent


def _take_batch(now: datetime) -> list[Mail]:
    """The mail that this sender alone may now send: none while another is at it, or the server is away."""
    due = Mail.objects.due(now)
    if not due.exists() or Mail.objects.held(now).exists():
        return []
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)  # SQLite's writers take turns anyway
        batch = list(due.order_by("due_at", "pk")[:BATCH])
        hopeless = [mail for mail in batch if _is_hopeless(mail, now)]
        for mail in hopeless:
            _give_up(mail, now)
        taken = [mail for mail in batch if mail not in hopeless]
        Mail.objects.filter(pk__in=[mail.pk for mail in taken]).update(held_until=now + HOLD)
    return taken


def _is_hopeless(mail: Mail, now: datetime) -> bool:
    return (
        mail.attempts >= MOST_ATTEMPTS
        or mail.unanswered >= MOST_UNANSWERED
        or mail.queued_at < now - GIVE_UP_AFTER
    )


def _send(mail: Mail, transport: Any) -> int:
    """Hand one message over. A crash from here on leaves an attempt that nobody answered."""
    _begin(mail)
    try:
        message = unpacked(mail.message)
        message.metadata = {"mail": str(mail.pk)}  # type: ignore[attr-defined]  # by which a provider names it
        transport.send_messages([message])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, *REFUSALS) as refusal:
        _refused(mail, refusal)
        return 0
    mail.state, mail.closed_at = Mail.State.SENT, timezone.now()
    mail.message, mail.unanswered, mail.last_error = {}, 0, ""
    mail.save(update_fields=["state", "closed_at", "message", "unanswered", "last_error"])
    log.info("mail_sent", id=mail.pk, attempts=mail.attempts)
    return 1


def _begin(mail: Mail) -> None:
    mail.attempts += 1
    mail.unanswered += 1
    mail.due_at = timezone.now() + _wait(mail.attempts)
    mail.save(update_fields=["attempts", "unanswered", "due_at"])


def _refused(mail: Mail, refusal: Exception) -> None:
    """The server said no, so it did not take the message."""
    mail.unanswered -= 1
    mail.last_error = _words(refusal)[:LONGEST_ERROR]
    mail.save(update_fields=["unanswered", "last_error"])
    log.warning("mail_refused", id=mail.pk, attempts=mail.attempts, exc_info=refusal)
    if mail.attempts >= MOST_ATTEMPTS:
        _give_up(mail, timezone.now())


def _words(refusal: Exception) -> str:
    """550: no such mailbox: what the server said, of the first recipient that it would not have."""
    code: int
    said: bytes | str
    match refusal:
        case smtplib.SMTPRecipientsRefused():
            code, said = next(iter(refusal.recipients.values()), (0, b""))
        case smtplib.SMTPResponseException():
            code, said = refusal.smtp_code, refusal.smtp_error
        case _:
            code, said = getattr(refusal, "status_code", None) or 0, type(refusal).__name__
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return f"{code}: {''.join(each for each in ' '.join(text.split()) if each.isprintable())}"


def _give_up(mail: Mail, now: datetime) -> None:
    mail.state, mail.closed_at = Mail.State.FAILED, now
    mail.save(update_fields=["state", "closed_at"])
    log.error("mail_failed", id=mail.pk, attempts=mail.attempts)


def _pause(batch: list[Mail], unreachable: Exception) -> None:
    """Hold the batch, and with it every sender, until it is worth knocking again."""
    seconds = PAUSE_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - only spreads the load
    _taken(batch).update(
        held_until=timezone.now() + timedelta(seconds=seconds), last_error=type(unreachable).__name__
    )
    log.warning("mail_server_unreachable", count=len(batch), retry_in=round(seconds), exc_info=unreachable)


def _let_go(batch: list[Mail]) -> None:
    _taken(batch).update(held_until=None)


def _taken(batch: list[Mail]) -> models.QuerySet[Mail]:
    return Mail.objects.waiting().filter(pk__in=[mail.pk for mail in batch])


def _hang_up(transport: Any) -> None:
    try:
        transport.close()
    except (OSError, smtplib.SMTPException):
        log.info("mail_server_left_first")  # what it took, it took


def _wait(attempts: int) -> timedelta:
    seconds = min(LONGEST_WAIT_SECONDS, 15 * 4 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - only spreads the load


def forget_old() -> None:
    """Delete what was sent or given up long ago, and before that the words of what was given up."""
    now = timezone.now()
    closed = Mail.objects.filter(closed_at__isnull=False)
    closed.filter(state=Mail.State.SENT, closed_at__lt=now - KEEP_SENT).delete()
    closed.filter(state=Mail.State.FAILED, closed_at__lt=now - KEEP_FAILED).delete()
    closed.filter(closed_at__lt=now - KEEP_FAILED_BODY).exclude(message={}).update(message={})
