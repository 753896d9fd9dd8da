"""The scheduler that rings for the workers, and shows that it is alive."""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.beat import Scheduler
from django.db import InterfaceError, OperationalError, connection

from .models import Heartbeat

log = structlog.get_logger(__name__)

SHOW_LIFE_EVERY_SECONDS = 10


class Beat(Scheduler):
    """Keeps no file of what ran when: each task looks up what is missing, however long beat was away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shown_at = float("-inf")

    def tick(self, *args: Any, **kwargs: Any) -> float:
        wait = super().tick(*args, **kwargs)
        if time.monotonic() - self._shown_at >= SHOW_LIFE_EVERY_SECONDS:
            self._shown_at = time.monotonic()
            show_life()
        return wait


def show_life() -> None:
    try:
        Heartbeat.objects.beat("beat")
    except (OperationalError, InterfaceError):
        log.warning("heartbeat_not_written", exc_info=True)
        connection.close()  # the next one begins afresh, and the database may be back
