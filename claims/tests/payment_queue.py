"""The broker's queue of payments, emptied by hand: what is sent is delivered when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from celery import current_app

from claims.downstream import delivery, relay

Call = tuple[list[UUID], datetime]


class PaymentQueue:
    def calls(self) -> list[Call]:
        """Everything in the queue, taken out of it."""
        calls = []
        with current_app.connection_for_read() as broker, broker.SimpleQueue(relay.QUEUE) as queue:
            while message := self._next(queue):
                message.ack()
                (ids, good_until), *_ = message.payload
                calls.append(([UUID(each) for each in ids], datetime.fromisoformat(good_until)))
        return calls

    @staticmethod
    def _next(queue: Any) -> Any:
        try:
            return queue.get_nowait()
        except queue.Empty:
            return None

    def send_and_deliver(self) -> int:
        """One turn of the relay and of the consumer; how many messages the payments side took."""
        relay.send_due()
        return sum(delivery.deliver(ids, good_until=good_until) for ids, good_until in self.calls())


@pytest.fixture
def queue() -> Iterator[PaymentQueue]:
    queue = PaymentQueue()
    queue.calls()
    yield queue
    queue.calls()
