"""All that is kept of the claims, worked out at once: what workers otherwise come to little by little."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from django.utils import timezone

from claims import appeal_histories
from claims.worklists import open_work

from .facts.refreshing import refresh
from .facts.tables import DAYS, STAFF
from .past.keeping import begin, keep_days, renew_balances
from .periods import DAY

DAYS_AT_ONCE = 1_000


def settle() -> None:
    """For a site that nobody works with yet: everything is locked in the meantime on SQLite."""
    steps = (_settle_facts, _settle_balances, open_work.settle, appeal_histories.settle)
    # Elsewhere others write meanwhile, unless it is a transaction that they do not see into.
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with ThreadPoolExecutor(2) as workers:
            list(workers.map(_on_its_own, steps))
    else:
        for step in steps:
            step()


def _on_its_own(step: Callable[[], None]) -> None:
    """None of them needs what another keeps. Each has a connection of its own, and memory for many rows."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET work_mem = '64MB'")
        step()
    finally:
        connection.close()


def _settle_facts() -> None:
    for fact in (DAYS, STAFF):
        while refresh(fact, DAYS_AT_ONCE):
            pass


def _settle_balances() -> None:
    begin()
    while renew_balances():
        pass
    while keep_days(timezone.localdate() - DAY, DAYS_AT_ONCE):
        pass
