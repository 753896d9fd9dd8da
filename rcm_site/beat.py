"""The scheduler that rings for the workers, and shows that it is alive."""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler, SchedulingError
from django.db import InterfaceError, OperationalError, connection

from .models import Heartbeat
from .outages import is_outage

log = structlog.get_logger(__name__)

SHOW_LIFE_EVERY_SECONDS = 10
TELL_OF_OUTAGE_EVERY_SECONDS = 30


class Beat(Scheduler):
    """Keeps no file of what ran when: each task looks up what is missing, however long beat was away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shown_at = self._told_at = float("-inf")

    def tick(self, *args: Any, **kwargs: Any) -> float:
        wait = super().tick(*args, **kwargs)
        if time.monotonic() - self._shown_at >= SHOW_LIFE_EVERY_SECONDS:
            self._shown_at = time.monotonic()
            show_life()
        return wait

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Ring; that the broker is away is said once in a while, for a stack at each ring fills disks."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            if not is_outage(error.__context__):
                log.exception("task_not_sent", task=entry.task)
            elif time.monotonic() - self._told_at >= TELL_OF_OUTAGE_EVERY_SECONDS:
                self._told_at = time.monotonic()
                log.warning("broker_out_of_reach", task=entry.task)


def show_life() -> None:
    try:
        Heartbeat.objects.beat("beat")
    except (OperationalError, InterfaceError):
        log.warning("heartbeat_not_written", exc_info=True)
        connection.close()  # the next one begins afresh, and the database may be back
