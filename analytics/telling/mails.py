"""The mails that tell people: of an alert, of all that was collected for a digest, of a report.

A row says that somebody is to be told; a worker writes the mail from it, with its picture, and leaves it to
`rcm_site.mail`, whose row says how far it is. Rights are looked at once more when the mail is written.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from rcm_site import mail
from rcm_site.letters import letter
from rcm_site.models import Mail
from rcm_site.spreadsheets import CONTENT_TYPES

from ..models import Delivery, ScheduledRun
from . import alert_letters, digests, stopping
from .news import host, news_told_by, site
from .sending import HOLD, MOST_ATTEMPTS, pause_after

log = structlog.get_logger(__name__)

About = Delivery.About
State = Delivery.State

AT_ONCE = 50
BEGIN_FOR_SECONDS = 30
ATTACHED_AS = {"pdf": "application/pdf", "xlsx": CONTENT_TYPES["xlsx"]}
KINDS = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Written = dict[tuple[int, ...], alert_letters.Told]  # by the events that they tell of


class NotToBeTold(Exception):
    """Why somebody is not told after all."""


# Writing -------------------------------------------------------------------------------------------


def write_due(now: datetime) -> int:
    """Write the mails that are due; how many went into the queue."""
    batch, written = _take(now), 0
    told: Written = {}
    deadline = time.monotonic() + BEGIN_FOR_SECONDS
    for delivery in batch:
        if time.monotonic() > deadline:
            break
        written += _write(delivery, told, now)
    ids = [delivery.pk for delivery in batch]
    Delivery.objects.waiting().filter(pk__in=ids, mail=None).update(held_until=None)
    return written


def _take(now: datetime) -> list[Delivery]:
    """The rows that this worker alone may now write."""
    unwritten = Delivery.objects.waiting().filter(channel=Delivery.Channel.MAIL, mail=None)
    if not unwritten.due(now).exists():
        return []
    with transaction.atomic():
        rows = unwritten.due(now).order_by("due_at", "pk").select_related("person")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(
                skip_locked=True, of=("self",)
            )  # SQLite's writers take turns anyway
        batch = list(rows[:AT_ONCE])
        Delivery.objects.filter(pk__in=[row.pk for row in batch]).update(held_until=now + HOLD)
    return batch


def _write(delivery: Delivery, told: Written, now: datetime) -> bool:
    """One mail. What cannot be written is tried again later, and keeps no other."""
    delivery.attempts += 1
    delivery.due_at = now + pause_after(delivery.attempts)
    delivery.save(update_fields=["attempts", "due_at"])
    try:
        message = _message(delivery, told, now)
    except NotToBeTold as why:
        _close(delivery, State.FAILED, str(why), now)
        return False
    except Exception:  # the boundary of one message
        log.exception("mail_not_written", id=str(delivery.pk), attempts=delivery.attempts)
        if delivery.attempts >= MOST_ATTEMPTS:
            _close(delivery, State.FAILED, "It could not be written.", now)
        return False
    with transaction.atomic():
        delivery.mail = mail.queue(message)
        delivery.held_until = None
        delivery.save(update_fields=["mail", "held_until"])
    return True


def _message(delivery: Delivery, told: Written, now: datetime) -> EmailMultiAlternatives:
    if delivery.person and not delivery.person.is_active:
        raise NotToBeTold("This person is not active any more.")
    if stopping.is_stopped(delivery):
        raise NotToBeTold("They want no more of these mails.")
    words = {"stop_url": site(stopping.url_of(delivery)), "profile_url": site(reverse("profile"))}
    if delivery.event is None:
        message_id = f"<{delivery.once.replace(':', '-')}@{host()}>"
        headers = headers_for(delivery, {"Message-ID": message_id})
        message = digests.letter_of(delivery, headers, **words)
        if message is None:
            raise NotToBeTold("They may not see any of it any more.")
        return message
    news = news_told_by(delivery)
    if news is None:
        raise NotToBeTold("They may not see this alert any more.")
    if news.key not in told:
        told[news.key] = alert_letters.told_of(news)
    headers = headers_for(delivery, alert_letters.ids_of(delivery, delivery.event, host()))
    return alert_letters.letter_of(told[news.key], delivery, headers, **words)


def headers_for(delivery: Delivery, ids: dict[str, str]) -> dict[str, str]:
    """What lets mail programs thread it, stop it, and never answer it."""
    return ids | {
        "List-Unsubscribe": f"<{site(stopping.url_of(delivery))}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


# What became of them -------------------------------------------------------------------------------


def settle(now: datetime) -> int:
    """Take over from the mail queue what was sent or given up; how many those were."""
    written = Delivery.objects.filter(channel=Delivery.Channel.MAIL, mail__isnull=False).select_related(
        "mail"
    )
    closed = list(written.filter(state=State.WAITING).exclude(mail__state=Mail.State.WAITING)[:1000])
    closed += written.filter(state=State.SENT, mail__state=Mail.State.FAILED)[:1000]  # came back afterwards
    for delivery in closed:
        assert delivery.mail is not None  # noqa: S101 - asked for
        state = State.SENT if delivery.mail.state == Mail.State.SENT else State.FAILED
        _close(delivery, state, delivery.mail.last_error, delivery.mail.closed_at or now)
    return len(closed)


def _close(delivery: Delivery, state: str, answer: str, at: datetime) -> None:
    delivery.state, delivery.answer, delivery.closed_at = state, answer[:200], at
    delivery.held_until = None
    delivery.save(update_fields=["state", "answer", "closed_at", "held_until"])


# Reports -------------------------------------------------------------------------------------------


@transaction.atomic
def mail_report(run: ScheduledRun, *, person: User, content: bytes | None, url: str, now: datetime) -> None:
    """Mail somebody a report, as a file or as the way to it: once a turn, unless they stopped it."""
    schedule = run.schedule
    delivery = Delivery(
        channel=Delivery.Channel.MAIL,
        about=About.REPORT,
        once=f"report:{run.pk}:{person.pk}",
        person=person,
        address=person.email,
        body={"schedule": schedule.pk, "name": schedule.name},
        made_at=now,
        due_at=now,
    )
    if stopping.is_stopped(delivery) or Delivery.objects.filter(once=delivery.once).exists():
        return
    words = {
        "schedule": schedule,
        "is_attached": content is not None,
        "format": schedule.get_format_display(),
        "turn": timezone.localtime(run.due_at, person.zone),
        "url": site(url),
        "stop_url": site(stopping.url_of(delivery)),
        "schedule_url": site(reverse("schedule", args=[schedule.pk])) if person == schedule.owner else "",
    }
    message_id = f"<report-{run.pk}.{person.pk}@{host()}>"
    headers = headers_for(delivery, {"Message-ID": message_id})
    message = letter("report", words, to=[person.email], headers=headers)
    if content is not None:
        message.attach(file_name(run), content, ATTACHED_AS[schedule.format])
    delivery.mail = mail.queue(message)
    delivery.save(force_insert=True)


def file_name(run: ScheduledRun) -> str:
    day = timezone.localdate(run.due_at)
    return f"{slugify(run.schedule.name) or 'report'}-{day:%Y-%m-%d}.{run.schedule.format}"


# The end -------------------------------------------------------------------------------------------

KEEP = timedelta(days=400)


def forget_old(now: datetime) -> None:
    Delivery.objects.filter(closed_at__lt=now - KEEP).delete()
