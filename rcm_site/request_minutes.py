"""Counts how each web process answers, in memory; about once a minute a row of it goes into the database.

So no request waits for a row to be written. What is lost when a process ends is less than a minute's counts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponseBase

from .logs import QUIET
from .models import RequestMinute

SLOW_SECONDS = 5
KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Answered:
    """How requests were answered: how many, of these by an error of ours, and too slowly."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    longest_ms: int = 0

    def __add__(self, other: Answered) -> Answered:
        return Answered(
            self.requests + other.requests,
            self.errors + other.errors,
            self.slow + other.slow,
            max(self.longest_ms, other.longest_ms),
        )


class Tally:
    """What was counted since it was last taken, by all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted = Answered()

    def add(self, answered: Answered) -> None:
        with self._lock:
            self._counted += answered

    def take(self) -> Answered:
        with self._lock:
            counted, self._counted = self._counted, Answered()
        return counted


TALLY = Tally()


class CountAnswers:
    """Count each answer but those to machines that watch, and files that lie ready."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        if not request.path.startswith((*QUIET, settings.STATIC_URL)):
            TALLY.add(answered(response.status_code, time.perf_counter() - started))
        return response


def answered(status: int, seconds: float) -> Answered:
    return Answered(1, int(status >= 500), int(seconds > SLOW_SECONDS), round(seconds * 1000))


def write_down(now: datetime, tally: Tally = TALLY) -> None:
    """Keep what was counted; while the database is away it is counted on."""
    counted = tally.take()
    if not counted.requests:
        return
    try:
        RequestMinute.objects.create(
            until=now,
            requests=counted.requests,
            errors=counted.errors,
            slow=counted.slow,
            longest_ms=counted.longest_ms,
        )
    except (DatabaseError, InterfaceError):
        tally.add(counted)
        raise


def answered_within(span: timedelta, now: datetime) -> Answered:
    """By all web processes, in the time before now."""
    rows = RequestMinute.objects.filter(until__gt=now - span, until__lte=now)
    sums = rows.aggregate(*(Sum(name) for name in ("requests", "errors", "slow")), Max("longest_ms"))
    return Answered(*(value or 0 for value in sums.values()))


def forget_old(now: datetime) -> None:
    RequestMinute.objects.filter(until__lt=now - KEPT).delete()
