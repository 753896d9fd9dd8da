"""The site's own numbers: how it answers, what waits in it, which of its parts are silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from claims.models import Import, OutboxMessage
from rcm_site.health import disk
from rcm_site.lost_database import Outage
from rcm_site.models import Heartbeat, Mail
from rcm_site.request_minutes import answered_within

from ..cards import Good
from ..catalogue import Unit
from ..models import Alert, AlertRule, Export
from ..periods import Period
from .conditions import Judged, Verdict
from .looking import Look
from .opening import closed, opened
from .watched import Found, Looking, watch

JUST_NOW = timedelta(minutes=15)

# How it answers ------------------------------------------------------------------------------------


@watch("Slow answers", Unit.PERCENT, Good.DOWN, is_ratio=True, noun_of_n="requests")
def slow_answers(looking: Looking) -> list[Found]:
    """Of the requests of the last 15 minutes, those that took more than 5 seconds to answer. Over 5% means
    that the 95th percentile lies above 5 seconds."""
    answered = answered_within(JUST_NOW, looking.now)
    return [_share(answered.slow, answered.requests)]


@watch("Failed answers", Unit.PERCENT, Good.DOWN, is_ratio=True, noun_of_n="requests")
def failed_answers(looking: Looking) -> list[Found]:
    """Of the requests of the last 15 minutes, those that were answered by an error of the site."""
    answered = answered_within(JUST_NOW, looking.now)
    return [_share(answered.errors, answered.requests)]


def _share(part: int, of: int) -> Found:
    return Found(Decimal(part) / of * 100 if of else None, of)


@watch("Free disk space", Unit.PERCENT, Good.UP)
def free_disk(looking: Looking) -> list[Found]:
    """How much of the disk with the site's own files is free, on the machine that looked."""
    return [Found(Decimal(str(disk().facts["free_share"])) * 100, 1)]


# What waits ----------------------------------------------------------------------------------------


@watch("Oldest mail that waits", Unit.COUNT, Good.DOWN, noun="minutes", noun_of_n="mails")
def mail_age(looking: Looking) -> list[Found]:
    """For how long a mail has been due that nobody has sent."""
    return _oldest(Mail.objects.waiting(), "due_at", looking.now)


@watch("Oldest payment that waits", Unit.COUNT, Good.DOWN, noun="minutes", noun_of_n="messages")
def payments_age(looking: Looking) -> list[Found]:
    """For how long the payments side has not taken a net fee; those that were given up are dead letters."""
    return _oldest(OutboxMessage.objects.undelivered(), "created_at", looking.now)


@watch("Oldest import that waits", Unit.COUNT, Good.DOWN, noun="minutes", noun_of_n="files")
def imports_age(looking: Looking) -> list[Found]:
    """For how long a file has been waiting that no worker reads."""
    return _oldest(Import.objects.filter(_nobody_at(looking.now)), "sent_at", looking.now)


@watch("Oldest export that waits", Unit.COUNT, Good.DOWN, noun="minutes", noun_of_n="files")
def exports_age(looking: Looking) -> list[Found]:
    """For how long a file or a report has been asked for that no worker makes."""
    return _oldest(Export.objects.filter(_nobody_at(looking.now)), "asked_at", looking.now)


def _nobody_at(now: datetime) -> Q:
    return Q(state="waiting") | Q(state="running", held_until__lt=now)


def _oldest(rows: QuerySet[Any], since: str, now: datetime) -> list[Found]:
    oldest = rows.order_by().aggregate(oldest=Min(since))["oldest"]
    return [_minutes(oldest or now, now, rows.count())]


# What is silent ------------------------------------------------------------------------------------


@watch("Worker silent", Unit.COUNT, Good.DOWN, noun="minutes")
def worker_silent(looking: Looking) -> list[Found]:
    """Since a worker last showed that it takes calls: mail, imports, alerts and reports wait for it."""
    return _silent("worker", looking.now)


@watch("Payments worker silent", Unit.COUNT, Good.DOWN, noun="minutes")
def payments_worker_silent(looking: Looking) -> list[Found]:
    """Since the worker that delivers net fees last showed that it takes calls."""
    return _silent("payments", looking.now)


@watch("Facts worker silent", Unit.COUNT, Good.DOWN, noun="minutes")
def facts_worker_silent(looking: Looking) -> list[Found]:
    """Since the worker that adds facts up last showed that it takes calls; without it pages get slower."""
    return _silent("facts", looking.now)


@watch("Scheduler silent", Unit.COUNT, Good.DOWN, noun="minutes")
def beat_silent(looking: Looking) -> list[Found]:
    """Since the scheduler, which rings for the workers, last showed that it is alive."""
    return _silent("beat", looking.now)


def _silent(part: str, now: datetime) -> list[Found]:
    at = Heartbeat.objects.filter(name=part).values_list("at", flat=True).first()
    return [_minutes(at, now) if at else Found(None, 0)]


def _minutes(since: datetime, now: datetime, n: int = 1) -> Found:
    return Found(Decimal(max(now - since, timedelta()) // timedelta(minutes=1)), n)


# What may be lost ----------------------------------------------------------------------------------


@watch("Age of the last backup", Unit.COUNT, Good.DOWN, noun="hours")
def backup_age(looking: Looking) -> list[Found]:
    """Since a backup last ended, by the file that BACKUP_MARK names; if there is none, since the first
    person joined."""
    if not settings.BACKUP_MARK:
        return [Found(None, 0)]
    since = _touched(Path(settings.BACKUP_MARK)) or User.objects.aggregate(first=Min("joined_at"))["first"]
    if since is None:
        return [Found(None, 0)]
    return [Found(Decimal((looking.now - since) // timedelta(hours=1)), 1)]


def _touched(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)
    except OSError:
        return None


@watch("Database lost", Unit.COUNT, Good.DOWN, noun="minutes")
def database_lost(looking: Looking) -> list[Found]:
    """For how long the database did not answer. While it does not, this cannot be written down: people get a
    mail past the queue, and the alert is written when it is back."""
    return [Found(Decimal(0), 1)]


@transaction.atomic
def record(outage: Outage) -> Alert | None:
    """Write down that the database was lost, now that it is back; people were told already."""
    rule = AlertRule.objects.active().filter(shipped_as="database_lost").first()
    if rule is None:
        return None
    minutes = Decimal((outage.until - outage.since) / timedelta(minutes=1)).quantize(Decimal("0.1"))
    days = Period(timezone.localdate(outage.since), timezone.localdate(outage.until))
    look = Look((None, None, None), Judged(Verdict.BEYOND, minutes, 1), days)
    alert = opened(rule, look, outage.since).alert
    closed(alert, outage.until, look)
    return alert
