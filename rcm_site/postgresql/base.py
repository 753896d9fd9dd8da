"""Connections that worked a moment ago are taken to work still."""

from __future__ import annotations

import time

from django.db.backends.postgresql import base

TRUSTED_SECONDS = 1


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks a connection in use once a second whether it works, where Django asks in each request.

    A request that finds the server gone within that second is told to come back in a moment; the connection
    that failed it is not used again.
    """

    checked_at = float("-inf")

    def close_if_health_check_failed(self) -> None:
        if time.monotonic() - self.checked_at < TRUSTED_SECONDS:
            # In this whole request: asked later, where a transaction ends, the question would begin another.
            self.health_check_done = True
        super().close_if_health_check_failed()

    def is_usable(self) -> bool:
        self.checked_at = time.monotonic()
        return super().is_usable()
