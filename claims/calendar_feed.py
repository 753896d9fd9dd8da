"""Somebody's open tasks as an iCalendar file, and the secret address under which a calendar reads it.

The file leaves the site, so it holds no word of a patient: what kind of thing has to be done, and the claim's
number. Calendars that subscribe to an address show no VTODO, so each task is an event of one whole day.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts import audit
from accounts.models import User

from .models import CalendarFeed, Task

MOST_EVENTS = 1_000
LONGEST_LINE = 75  # octets, the line's end left out (RFC 5545, 3.1)
REMINDED_AT = 9  # o'clock
# A calendar holds one component at least, and somebody may have nothing to do.
NO_EVENTS = (
    *("BEGIN:VTIMEZONE", "TZID:UTC", "BEGIN:STANDARD", "DTSTART:19700101T000000"),
    *("TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "TZNAME:UTC", "END:STANDARD", "END:VTIMEZONE"),
)


# The address -------------------------------------------------------------------------------------------


@transaction.atomic
def make_feed(user: User, *, request: HttpRequest) -> str:
    """A new address for somebody's calendar, told this once; the one before it ends."""
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.filter(user=user).delete()
    CalendarFeed.objects.create(user=user, digest=digest(token))
    audit.record(user, "calendar_feed.made", user, request=request)
    return f"{settings.SITE_URL}{reverse('calendar', args=[token])}"


@transaction.atomic
def revoke_feed(user: User, *, request: HttpRequest) -> None:
    if CalendarFeed.objects.filter(user=user).delete()[0]:
        audit.record(user, "calendar_feed.revoked", user, request=request)


def reader_of(token: str) -> User | None:
    """Whose calendar asks; nobody's, once the person was disabled or works no claims any more."""
    feed = CalendarFeed.objects.select_related("user").filter(digest=digest(token)).first()
    return feed.user if feed and feed.user.has_perm("claims.change_claim") else None


def digest(token: str) -> str:
    """A token is too long to be guessed from it, so it needs no salt."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


# The file ----------------------------------------------------------------------------------------------


def calendar_of(user: User) -> bytes:
    """The open tasks that are this person's own."""
    own = Task.objects.visible_to(user).open().filter(owner=user).select_related("claim")
    return as_ics(own.order_by("due_on", "pk")[:MOST_EVENTS])


def as_ics(tasks: Iterable[Task]) -> bytes:
    events = [line for task in tasks for line in _event(task)]
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{_text(settings.SITE_NAME)}//Tasks//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(f'{settings.SITE_NAME} tasks')}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        *(events or NO_EVENTS),
        "END:VCALENDAR",
    )
    return b"".join(folded(line) for line in lines)


def _event(task: Task) -> Iterator[str]:
    site = urlsplit(settings.SITE_URL).hostname or "localhost"
    yield from ("BEGIN:VEVENT", f"UID:task-{task.pk}@{site}", f"DTSTAMP:{_moment(task.changed_at)}")
    yield f"LAST-MODIFIED:{_moment(task.changed_at)}"
    yield f"DTSTART;VALUE=DATE:{_day(task.due_on)}"
    yield f"DTEND;VALUE=DATE:{_day(task.due_on + timedelta(days=1))}"  # the first day after it
    yield f"SUMMARY:{_text(task.title)}"
    yield f"URL:{settings.SITE_URL}{reverse('task', args=[task.pk])}"
    yield "TRANSP:TRANSPARENT"  # somebody with a task for a day is free for meetings on it
    if task.reminder_on:
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(task.title)}")
        yield f"TRIGGER:{_before(task.due_on, task.reminder_on)}"
        yield "END:VALARM"
    yield "END:VEVENT"


def _before(due_on: date, reminder_on: date) -> str:
    """From the due day's midnight to the morning of the reminder, wherever the calendar's owner is."""
    hours = REMINDED_AT - 24 * (due_on - reminder_on).days
    return f"{'-' if hours < 0 else ''}PT{abs(hours)}H"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """What would end or divide a value is escaped (RFC 5545, 3.3.11)."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def folded(line: str) -> bytes:
    """A line as it is sent: no more than 75 octets each, and no character torn apart."""
    parts, room = [b""], LONGEST_LINE
    for character in line:
        encoded = character.encode()
        if len(parts[-1]) + len(encoded) > room:
            parts.append(b"")
            room = LONGEST_LINE - 1  # a line that goes on begins with a space
        parts[-1] += encoded
    return b"\r\n ".join(parts) + b"\r\n"
