"""The valuing part of the measurements of worklists: all that a change touches, until nothing is marked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from claims.models import CollectingRate, OpenWork, Payer, WorkMark
from claims.worklists import open_work

from ._bench_api import backends, seconds_of


def value_all(most: float) -> Iterator[str]:
    """What it takes when a day begins and when limits change, in words; all of it is taken back."""
    today = timezone.localdate()
    open_work.settle()
    yield f"a day begins: {_valued(today + timedelta(days=1), _nothing, most)}"
    yield f"and every chance is another one: {_valued(today + timedelta(days=1), _change_chances, most)}"
    yield f"the limits of the payer with the most deadlines change: {_valued(today, _change_limits, most)}"


def _valued(day: date, change: Callable[[date], None], most: float) -> str:
    """In steps as the worker does, but for their commits."""
    database, began, work = seconds_of(backends()), time.perf_counter(), time.process_time()
    claims, steps = 0, [0.0]
    with transaction.atomic():
        change(day)
        changed = time.perf_counter() - began
        while sum(steps) < most and (valued := open_work.refresh(day)):
            claims += valued
            steps.append(time.perf_counter() - began - changed - sum(steps))
        own, database = time.process_time() - work, seconds_of(backends()) - database
        left = WorkMark.objects.count()
        transaction.set_rollback(True)
    if left:
        raise CommandError(f"{left:,} claims wait to be valued after {sum(steps):.0f} s.")
    return (
        f"changed in {changed:.1f} s, then {claims:,} claims valued in {sum(steps):.1f} s, the longest step "
        f"{max(steps):.1f} s; {own:.1f} s of it at work in Python and {database:.1f} s in the database"
    )


def _nothing(day: date) -> None:
    """With the day alone some chances change, and most deadlines come nearer."""


def _change_chances(day: date) -> None:
    """As on a busy site, where decisions of each kind come in every day."""
    open_work.begin_day(day)
    CollectingRate.objects.update(decided=F("decided") + 1)


def _change_limits(day: date) -> None:
    with_deadline = OpenWork.objects.exclude(deadline=None).values("claim__payer")
    largest = with_deadline.annotate(claims=Count("pk")).order_by("-claims").values("claim__payer")[:1]
    Payer.objects.filter(pk=largest).update(
        timely_filing_days=F("timely_filing_days") + 1, appeal_days=F("appeal_days") + 1
    )
