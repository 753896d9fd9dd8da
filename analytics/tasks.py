"""What workers do for the numbers."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from . import exports
from .keeping_balances import keep_days, renew_balances
from .periods import DAY
from .reading import DAYS, STAFF
from .refreshing import refresh

EXPORT_SECONDS = 240  # before the next call goes on with what waits
SECONDS = 20  # of work in one call; the next one goes on


@shared_task
def refresh_facts() -> int:
    """Add up again what changed since the last time, newest days first; how many days that were."""
    began, done = time.monotonic(), 0
    for fact in (DAYS, STAFF):
        while days := refresh(fact):
            done += days
            if time.monotonic() - began > SECONDS:
                return done
    return done


@shared_task
def keep_balances() -> int:
    """Look at claims again that changed since the last time, then add up past days; how many in all."""
    began, done, yesterday = time.monotonic(), 0, timezone.localdate() - DAY
    while time.monotonic() - began < SECONDS and (worked := renew_balances() or keep_days(yesterday)):
        done += worked
    return done


@shared_task
def make_exports() -> None:
    exports.make_waiting(seconds=EXPORT_SECONDS)


@shared_task
def forget_exports() -> None:
    exports.forget(timezone.now())
