"""Connections that worked a moment ago are taken to work still, and statements asked often stay planned."""

from __future__ import annotations

import time
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor
from psycopg.errors import FeatureNotSupported
from psycopg.pq import TransactionStatus

TRUSTED_SECONDS = 1


class PreparedCursor(base.CursorMixin, Cursor[Any]):  # as Django’s own that binds on the server
    """Keeps what is asked often planned, but where a migration has altered what a plan answers with since."""

    def execute(self, query: Any, params: Any = None, **asked: Any) -> Any:
        try:
            return super().execute(query, params, **asked)
        except FeatureNotSupported:
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise  # nothing more can be asked in this transaction
            return super().execute(query, params, prepare=False)


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

    def prepared_cursor(self) -> CursorWrapper:
        """Its parameters are sent apart from the statement, so this can be planned before they are known."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = PreparedCursor(self.connection)
            return self._prepare_cursor(cursor)  # type: ignore[attr-defined]  # the stubs leave it out
