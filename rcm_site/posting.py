"""Telling other systems over HTTP: one signed POST, answered within a moment or not at all."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NamedTuple

STEP_SECONDS = 5
# However slowly an answer drips in.
ANSWER_SECONDS = 10
LONGEST_ANSWER = 64 * 1024
NOBODY_THERE = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}
)


class Answer(NamedTuple):
    status: int
    text: bytes

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_nobody_there(self) -> bool:
        """Nobody who could say yes or no: it is worth asking again later."""
        return self.status in NOBODY_THERE


def signature(content: bytes, *, at: int, secret: str) -> str:
    """HMAC-SHA256 over the moment and the body, so that neither can be changed or sent again later."""
    return hmac.new(secret.encode(), f"{at}.".encode() + content, hashlib.sha256).hexdigest()


def signed(content: bytes, *, at: int, secret: str) -> dict[str, str]:
    return {"X-Signature": f"t={at},v1={signature(content, at=at, secret=secret)}"}


def post(
    connection: http.client.HTTPConnection, path: str, content: bytes, headers: Mapping[str, str]
) -> Answer:
    """Hand a body over; OSError or HTTPException where there was no answer in time."""
    if connection.sock is None:
        connection.connect()
    with in_time(connection.sock):
        connection.request("POST", path, content, dict(headers))
        answer = connection.getresponse()
        text = answer.read(LONGEST_ANSWER)
        if len(text) == LONGEST_ANSWER:
            connection.close()  # its answer does not interest us that much
        return Answer(answer.status, text)


@contextmanager
def in_time(sock: Any) -> Iterator[None]:
    """Hang up on whoever takes longer, byte by byte."""
    limit = threading.Timer(ANSWER_SECONDS, _hang_up, [sock])
    limit.start()
    try:
        yield
    finally:
        limit.cancel()


def _hang_up(sock: Any) -> None:
    try:
        sock.shutdown(2)
    except OSError:
        return  # it ended by itself
