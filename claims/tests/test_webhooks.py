"""The webhook, against a real server: signed, once a message, and patient with a receiver that is away."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone

from claims.downstream import outbox
from claims.models import LedgerEntry, OutboxMessage
from claims.tests.payment_queue import PaymentQueue, queue  # noqa: F401
from rcm_site import posting
from rcm_site.testing.makers import make_claim

pytestmark = pytest.mark.django_db

SECRET = "a-secret-that-both-sides-know-0123456789"


@dataclass
class Elsewhere:
    """Somebody else's consumer: keeps what it is sent, and answers as a test wants it to."""

    url: str = ""
    answer: Callable[[dict[str, Any]], int] = lambda body: 204
    seconds: float = 0
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for body in self.bodies]


@pytest.fixture
def elsewhere(settings: Any) -> Iterator[Elsewhere]:
    receiver = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.connections.add(self.client_address)
            receiver.headers.append({"path": self.path, **dict(self.headers)})
            receiver.bodies.append(body)
            time.sleep(receiver.seconds)
            self.send_response(receiver.answer(json.loads(body)))
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/net-fees?site=1"
        settings.PAYMENTS_WEBHOOK_URL, settings.PAYMENTS_WEBHOOK_SECRET = receiver.url, SECRET
        yield receiver
        server.shutdown()


def tell(count: int = 1) -> list[OutboxMessage]:
    told = [outbox.tell(make_claim(fees=["10.00"]), OutboxMessage.Reason.ACCEPTED) for _ in range(count)]
    return [message for message in told if message]


def next_turn(queue: PaymentQueue) -> int:
    OutboxMessage.objects.undelivered().update(due_at=timezone.now())
    return queue.send_and_deliver()


def standing() -> list[tuple[str, int, str]]:
    return [(each.state, each.attempts, each.last_error) for each in OutboxMessage.objects.order_by("pk")]


def test_each_message_is_posted_once_signed_and_booked_nowhere_here(
    queue: PaymentQueue, elsewhere: Elsewhere
) -> None:
    first, second = tell(2)
    assert queue.send_and_deliver() == 2
    assert next_turn(queue) == 0
    assert [json.loads(body) for body in elsewhere.bodies] == [
        outbox.body_of(each) for each in (first, second)
    ]
    for message, headers, body in zip((first, second), elsewhere.headers, elsewhere.bodies, strict=True):
        assert headers["path"] == "/net-fees?site=1"
        assert headers["Idempotency-Key"] == str(message.pk)
        assert headers["Content-Type"] == "application/json"
        moment, given = (part.split("=")[1] for part in headers["X-Signature"].split(","))
        assert abs(int(moment) - time.time()) < 60
        expected = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        assert given == expected
    assert len(elsewhere.connections) == 1
    assert not LedgerEntry.objects.exists()
    assert standing() == [("delivered", 1, "")] * 2


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410, 422])
def test_a_refusal_or_a_redirect_counts_and_three_of_them_are_the_end(
    queue: PaymentQueue, elsewhere: Elsewhere, status: int
) -> None:
    elsewhere.answer = lambda body: status
    tell()
    for _ in range(4):
        next_turn(queue)
    assert standing() == [("dead", 3, f"Answered {status}.")]
    assert [headers["path"] for headers in elsewhere.headers] == ["/net-fees?site=1"] * 3


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_receiver_that_is_away_kills_nothing_and_is_left_in_peace(
    queue: PaymentQueue, elsewhere: Elsewhere, status: int
) -> None:
    elsewhere.answer = lambda body: status
    tell(10)
    for _ in range(4):
        assert next_turn(queue) == 0
    assert {(state, attempts) for state, attempts, _ in standing()} == {("waiting", 0)}
    assert len(elsewhere.bodies) == 4 * 3  # and not ten a turn
    elsewhere.answer = lambda body: 200
    assert next_turn(queue) == 10
    assert len(set(elsewhere.ids())) == 10


def test_the_longer_a_receiver_is_away_the_more_seldom_it_is_asked(
    queue: PaymentQueue, elsewhere: Elsewhere
) -> None:
    elsewhere.answer = lambda body: 503
    (message,) = tell()
    for age, shortest, longest in ((60, 11, 19), (86_400, 224, 376)):
        OutboxMessage.objects.update(created_at=timezone.now() - timedelta(seconds=age))
        next_turn(queue)
        message.refresh_from_db()
        assert shortest < (message.due_at - timezone.now()).total_seconds() < longest


def test_a_message_at_which_the_receiver_fails_while_it_takes_others_dies(
    queue: PaymentQueue, elsewhere: Elsewhere
) -> None:
    poison, *_ = tell(2)
    elsewhere.answer = lambda body: 500 if body["id"] == str(poison.pk) else 200
    for _ in range(3):
        next_turn(queue)
        tell()
    assert standing()[0] == ("dead", 3, "Answered 500.")
    assert {state for state, *_ in standing()[1:-1]} == {"delivered"}


def test_nobody_at_the_address_counts_for_nothing(queue: PaymentQueue, settings: Any) -> None:
    settings.PAYMENTS_WEBHOOK_URL, settings.PAYMENTS_WEBHOOK_SECRET = "http://127.0.0.1:9/", SECRET
    tell()
    assert next_turn(queue) == 0
    assert standing() == [("waiting", 0, "No answer: ConnectionRefusedError.")]


def test_a_slow_receiver_is_not_waited_for_and_may_get_the_message_again(
    queue: PaymentQueue, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "STEP_SECONDS", 0.3)
    elsewhere.seconds = 1
    (message,) = tell()
    started = time.monotonic()
    assert next_turn(queue) == 0
    assert time.monotonic() - started < 0.9
    elsewhere.seconds = 0
    assert next_turn(queue) == 1
    assert elsewhere.ids() == [str(message.pk)] * 2
    assert [headers["Idempotency-Key"] for headers in elsewhere.headers] == [str(message.pk)] * 2


def test_an_answer_that_drips_in_is_cut_off(
    queue: PaymentQueue, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 0.3)
    elsewhere.seconds = 2
    tell()
    started = time.monotonic()
    assert next_turn(queue) == 0
    assert time.monotonic() - started < 1.5
    assert standing()[0][:2] == ("waiting", 0)
