"""What workers do for the numbers."""

from __future__ import annotations

import time
from collections.abc import Callable

from celery import shared_task
from django.db import connection
from django.utils import timezone

from rcm_site.models import Heartbeat

from .alerts.checking import check_due
from .alerts.opening import escalate_overdue
from .exports import handing_over, making
from .facts.refreshing import look, refresh
from .facts.tables import DAYS, STAFF
from .past.keeping import keep_days, renew_balances
from .periods import DAY
from .reports.runs import run_due
from .snapshots import take_missing
from .telling import digests, mails, sending

EXPORT_SECONDS = 240  # before the next call goes on with what waits
SECONDS = 20  # of work in one call; the next one goes on
# Between two batches. SQLite has one writer at a time, who waits by looking now and then: whoever saves
# something meanwhile must find it free.
PAUSE = 0.2 if connection.vendor == "sqlite" else 0.0


@shared_task
def facts_pulse() -> None:
    """Prove that the worker of the facts takes calls and reaches the database."""
    Heartbeat.objects.beat("facts")


@shared_task
def refresh_facts() -> int:
    """Add up again what changed since the last time, newest days first; how many days that were."""
    until = look()
    return _in_batches(lambda: refresh(DAYS, until=until), lambda: refresh(STAFF, until=until))


@shared_task
def keep_balances() -> int:
    """Look at claims again that changed since the last time, then add up past days; how many in all."""
    yesterday = timezone.localdate() - DAY
    return _in_batches(renew_balances, lambda: keep_days(yesterday))


def _in_batches(*steps: Callable[[], int]) -> int:
    began, done = time.monotonic(), 0
    for step in steps:
        while time.monotonic() - began < SECONDS and (worked := step()):
            done += worked
            time.sleep(PAUSE)
    return done


@shared_task
def take_snapshots() -> int:
    """Write down what nobody has written down yet of the days that are over; how many days that were."""
    return take_missing(timezone.now())


@shared_task
def make_exports() -> None:
    making.make_waiting(seconds=EXPORT_SECONDS)


@shared_task
def forget_exports() -> None:
    handing_over.forget(timezone.now())


@shared_task
def write_mails() -> None:
    """Write the mails by which people are told, and see what became of earlier ones."""
    mails.write_due(timezone.now())
    mails.settle(timezone.now())


@shared_task
def tell_others() -> None:
    """Webhooks and text messages."""
    sending.send_due(timezone.now())


@shared_task
def gather_digests() -> None:
    digests.gather(timezone.now())


@shared_task
def forget_deliveries() -> None:
    mails.forget_old(timezone.now())


@shared_task
def check_alerts() -> int:
    """Look at the rules whose time has come, and at alerts that nobody acknowledges; how many rules."""
    now = timezone.now()
    checked = check_due(now)
    escalate_overdue(now)
    return checked


@shared_task
def send_reports() -> int:
    """Begin the turns of schedules that have come, and send what is made."""
    return run_due(timezone.now())
