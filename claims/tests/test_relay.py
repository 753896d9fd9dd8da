"""The relay: what is due goes to the broker, and what the broker loses goes there again."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from django.utils import timezone
from kombu.messaging import Producer

from claims.downstream import outbox, relay
from claims.models import OutboxMessage
from claims.tests.payment_queue import PaymentQueue, queue  # noqa: F401
from rcm_site.testing.makers import make_claim

pytestmark = pytest.mark.django_db


def make_messages(count: int) -> list[OutboxMessage]:
    claim = make_claim(fees=["10.00"])
    return OutboxMessage.objects.bulk_create(
        [OutboxMessage(claim=claim, net_fee=10, shares=[["1234567893", 1000]]) for _ in range(count)]
    )


def test_what_is_due_is_sent_in_calls_of_a_hundred_and_no_sooner_again(queue: PaymentQueue) -> None:
    messages = make_messages(230)
    now = timezone.now()
    assert relay.send_due() == 230
    assert relay.send_due() == 0
    calls = queue.calls()
    assert [len(ids) for ids, _ in calls] == [100, 100, 30]
    assert {each for ids, _ in calls for each in ids} == {message.pk for message in messages}
    sent = OutboxMessage.objects.get(pk=messages[0].pk)
    assert sent.state == "sent"
    assert timedelta(seconds=29) < sent.due_at - now < timedelta(seconds=33)


def test_what_the_broker_lost_is_sent_again(queue: PaymentQueue) -> None:
    (message,) = make_messages(1)
    relay.send_due()
    queue.calls()  # and nobody delivers it
    OutboxMessage.objects.update(due_at=timezone.now())
    assert relay.send_due() == 1
    (((again,), _),) = queue.calls()
    assert again == message.pk


def test_what_is_delivered_dead_or_due_later_stays(queue: PaymentQueue) -> None:
    delivered, dead, later = make_messages(3)
    OutboxMessage.objects.filter(pk=delivered.pk).update(state="delivered")
    OutboxMessage.objects.filter(pk=dead.pk).update(state="dead")
    OutboxMessage.objects.filter(pk=later.pk).update(due_at=timezone.now() + timedelta(seconds=5))
    assert relay.send_due() == 0
    assert queue.calls() == []


def test_a_queue_that_nobody_empties_does_not_grow_for_ever(
    queue: PaymentQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "MOST_CALLS_QUEUED", 2)
    make_messages(350)
    assert relay.send_due() == 200
    OutboxMessage.objects.filter(state="sent").update(due_at=timezone.now())
    assert relay.send_due() == 0
    assert len(queue.calls()) == 2
    assert relay.send_due() == 200


@pytest.fixture
def hung() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def refused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture(params=["hung", "refused"])
def broker_away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery itself would put it first
    ours = current_app._get_current_object()
    other = Celery("other", broker=request.getfixturevalue(request.param), fixups=[])
    other.conf.broker_transport_options = {"socket_timeout": 1, "socket_connect_timeout": 1}
    other.set_current()
    yield
    ours.set_current()


def test_a_broker_that_is_away_costs_seconds_and_touches_no_message(broker_away: None) -> None:
    (message,) = make_messages(1)
    started = time.monotonic()
    assert relay.send_due() == 0
    assert time.monotonic() - started < 6
    untouched = OutboxMessage.objects.get()
    assert (untouched.state, untouched.due_at, untouched.attempts) == ("waiting", message.due_at, 0)


def test_what_a_broker_does_not_take_is_due_again_at_once(
    queue: PaymentQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_messages(150)
    publish, left = Producer.publish, iter([True])

    def lose_the_connection(*args: Any, **kwargs: Any) -> Any:
        if next(left, False):
            return publish(*args, **kwargs)
        raise ConnectionResetError

    monkeypatch.setattr(Producer, "publish", lose_the_connection)
    assert relay.send_due() == 0
    assert OutboxMessage.objects.due(timezone.now()).filter(state="waiting").count() == 150


def test_a_claim_that_is_told_is_due_at_once(queue: PaymentQueue) -> None:
    outbox.tell(make_claim(fees=["10.00"]), OutboxMessage.Reason.ACCEPTED)
    assert relay.send_due() == 1
