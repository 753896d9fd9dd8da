"""Hands messages to a consumer elsewhere: one signed POST for each, answered by its status alone.

2xx takes the message. 408, 425, 429, 5xx, a time-out and a lost connection mean that nobody is there just
now. Everything else, a redirect too, refuses it: what is signed for one address goes to no other.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
import threading
import time
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings

from .outbox import NotTaken

STEP_SECONDS = 5
# However slowly an answer drips in.
ANSWER_SECONDS = 10
LONGEST_ANSWER = 64 * 1024
NOBODY_THERE = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}
)


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
                host, port, timeout=STEP_SECONDS, context=ssl.create_default_context()
            )
            if self._address.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=STEP_SECONDS)
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
        try:
            status = self._ask(content, headers_for(content, message_id=body["id"], at=int(time.time())))
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Away(f"No answer: {type(error).__name__}.") from error
        if status in NOBODY_THERE:
            raise Away(f"Answered {status}.")
        if not 200 <= status < 300:
            raise Refused(f"Answered {status}.")

    def _ask(self, content: bytes, headers: dict[str, str]) -> int:
        if self._connection.sock is None:
            self._connection.connect()
        in_time = threading.Timer(ANSWER_SECONDS, _hang_up, [self._connection.sock])
        in_time.start()
        try:
            path = f"{self._address.path or '/'}{'?' if self._address.query else ''}{self._address.query}"
            self._connection.request("POST", path, content, headers)
            answer = self._connection.getresponse()
            if len(answer.read(LONGEST_ANSWER)) == LONGEST_ANSWER:
                self._connection.close()  # its answer does not interest us that much
            return answer.status
        finally:
            in_time.cancel()


def _hang_up(sock: Any) -> None:
    try:
        sock.shutdown(2)
    except OSError:
        return  # it ended by itself


def headers_for(content: bytes, *, message_id: str, at: int) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "rcm-payments/1",
        "Idempotency-Key": message_id,
        "X-Signature": f"t={at},v1={signature(content, at)}",
    }


def signature(content: bytes, at: int) -> str:
    """HMAC-SHA256 over the moment and the body, so that neither can be changed or sent again later."""
    key = settings.PAYMENTS_WEBHOOK_SECRET.encode()
    return hmac.new(key, f"{at}.".encode() + content, hashlib.sha256).hexdigest()
