"""The mails that tell people: of an alert, of all that was collected for a digest, of a report."""

from __future__ import annotations

from datetime import datetime
from email.utils import formatdate
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from rcm_site import mail
from rcm_site.letters import letter

from ..models import Delivery, ScheduledRun, StoppedMail
from . import stopping

KINDS = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def site(path: str) -> str:
    """An address as a mail needs it: whole."""
    return f"{settings.SITE_URL}{path}" if path.startswith("/") else path


def host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def headers_for(delivery: Delivery, message_id: str, now: datetime) -> dict[str, str]:
    """What lets mail programs stop, thread and never answer it."""
    return {
        "Message-ID": message_id,
        "Date": formatdate(now.timestamp()),
        "List-Unsubscribe": f"<{site(stopping.url_of(delivery))}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


# Reports -------------------------------------------------------------------------------------------


@transaction.atomic
def mail_report(run: ScheduledRun, *, person: User, content: bytes | None, url: str, now: datetime) -> None:
    """Mail somebody a report, as a file or as the way to it: once a turn, unless they stopped it."""
    schedule = run.schedule
    stopped = StoppedMail.objects.filter(person=person).filter(schedule=schedule)
    once = f"report:{run.pk}:{person.pk}"
    if stopped.exists() or Delivery.objects.filter(once=once).exists():
        return
    delivery = Delivery(
        channel=Delivery.Channel.MAIL,
        about=Delivery.About.REPORT,
        once=once,
        person=person,
        address=person.email,
        body={"schedule": schedule.pk, "name": schedule.name},
        made_at=now,
        due_at=now,
    )
    message_id = f"<report-{run.pk}.{person.pk}@{host()}>"
    message = letter(
        "report",
        {
            "schedule": schedule,
            "person": person,
            "is_attached": content is not None,
            "format": schedule.get_format_display(),
            "turn": timezone.localtime(run.due_at, person.zone),
            "url": site(url),
            "stop_url": site(stopping.url_of(delivery)),
            "schedules_url": site(reverse("profile")),
        },
        to=[person.email],
        headers=headers_for(delivery, message_id, now),
    )
    if content is not None:
        message.attach(file_name(run), content, KINDS[schedule.format])
    delivery.mail = mail.queue(message)
    delivery.save(force_insert=True)


def file_name(run: ScheduledRun) -> str:
    day = timezone.localdate(run.due_at)
    return f"{slugify(run.schedule.name) or 'report'}-{day:%Y-%m-%d}.{run.schedule.format}"
