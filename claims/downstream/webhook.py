"""Hands messages to a consumer elsewhere: one signed POST for each, answered by its status alone.

2xx takes the message. 408, 425, 429, 5xx, a time-out and a lost connection mean that nobody is there just
now. Everything else, a redirect too, refuses it: what is signed for one address goes to no other.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings

from rcm_site import posting

from .outbox import NotTaken


class Away(NotTaken):
    """Nobody took the message, or could say whether they did."""


class Refused(NotTaken):
    """The receiver does not want this message."""


class Receiver:
    """The other side, over one connection for as long as it keeps it open."""

    def __init__(self) -> None:
        self._address = urlsplit(settings.PAYMENTS_WEBHOOK_URL)
        host, port = self._address.hostname or "", self._address.port
        self._connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                host, port, timeout=posting.STEP_SECONDS, context=ssl.create_default_context()
            )
            if self._address.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=posting.STEP_SECONDS)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def post(self, body: dict[str, Any]) -> None:
        """Hand a message over, or say why that was not possible."""
        content = json.dumps(body, separators=(",", ":")).encode()
        headers = headers_for(content, message_id=body["id"], at=int(time.time()))
        path = f"{self._address.path or '/'}{'?' if self._address.query else ''}{self._address.query}"
        try:
            answer = posting.post(self._connection, path, content, headers)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Away(f"No answer: {type(error).__name__}.") from error
        if answer.is_nobody_there:
            raise Away(f"Answered {answer.status}.")
        if not answer.is_taken:
            raise Refused(f"Answered {answer.status}.")


def headers_for(content: bytes, *, message_id: str, at: int) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "rcm-payments/1",
        "Idempotency-Key": message_id,
        **posting.signed(content, at=at, secret=settings.PAYMENTS_WEBHOOK_SECRET),
    }
