"""What workers do about claims; each looks up all there is, so a call too many or too few does no harm."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.db import connection
from django.utils import timezone

from rcm_site.models import Heartbeat

from . import appeal_histories, idempotency, provider_fees
from .answers import matching
from .automation import running, telling
from .contracts import expecting
from .downstream import delivery, relay
from .imports import loading
from .worklists import counting, open_work

IMPORT_SECONDS = 240  # of one call; what is left is the next one's
EXPECTED_AT_ONCE = 20_000  # claims
VALUING_SECONDS = 20
AUTOMATION_SECONDS = 20
# Between two batches: on SQLite whoever saves something meanwhile must find the database free.
VALUING_PAUSE = 0.2 if connection.vendor == "sqlite" else 0.0


@shared_task
def relay_payments() -> None:
    relay.send_due()


@shared_task
def take_payments(ids: Sequence[str], good_until: str) -> None:
    delivery.deliver([UUID(each) for each in ids], good_until=datetime.fromisoformat(good_until))


@shared_task
def payments_pulse() -> None:
    """Prove that the worker of the payments side takes calls and reaches the database."""
    Heartbeat.objects.beat("payments")


@shared_task
def load_imports() -> None:
    loading.load_waiting(seconds=IMPORT_SECONDS)


@shared_task
def match_payments() -> None:
    """Bring together claims and payments that two transactions stored at the same moment."""
    matching.match_all_waiting()


@shared_task
def value_claims() -> None:
    """Keep the order of worklists right: what changed since the last time, and with each day everything."""
    began = time.monotonic()
    while time.monotonic() - began < VALUING_SECONDS and open_work.refresh():
        time.sleep(VALUING_PAUSE)


@shared_task
def count_worklists() -> None:
    """Keep what pages say of worklists fresh, and what waited on each day."""
    counting.count_due()


@shared_task
def run_automation() -> None:
    """Let rules act on what happened to claims, and tell people; what is left is the next call's."""
    running.run_waiting(seconds=AUTOMATION_SECONDS)
    telling.tell_waiting(timezone.now())


@shared_task
def forget_files() -> None:
    loading.forget_files(timezone.now())


@shared_task
def fold_provider_fees() -> None:
    while provider_fees.fold_changes() == provider_fees.MOST_CHANGES:
        pass


@shared_task
def forget_keys() -> None:
    idempotency.forget_old(timezone.now())


@shared_task
def follow_fee_schedules() -> None:
    """Hold claims against the schedules of their payers that changed; what is left is the next call's."""
    expecting.catch_up(EXPECTED_AT_ONCE)


@shared_task
def follow_appeals() -> None:
    """Keep the appeals that came in past everything that follows a claim's history by itself."""
    appeal_histories.settle()


@shared_task
def expect_everything() -> None:
    expecting.look_at_everything()
