"""The consumer: each message once, bad ones apart from good ones, and an outage is nobody's fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from claims.downstream import dead_letters, delivery, outbox, relay
from claims.downstream.attempts import Attempt
from claims.models import LedgerEntry, OutboxMessage
from claims.tests.payment_queue import PaymentQueue, queue  # noqa: F401
from rcm_site.testing.makers import make_claim, make_user

pytestmark = pytest.mark.django_db


def tell(*fees: str) -> OutboxMessage:
    message = outbox.tell(make_claim(fees=list(fees or ["10.00"])), OutboxMessage.Reason.ACCEPTED)
    assert message
    return message


def tell_nonsense() -> OutboxMessage:
    """A message whose shares do not add up, as only a defect of ours could write it."""
    message = tell()
    message.shares = [["1234567893", 1]]
    message.save()
    return message


def next_turn(queue: PaymentQueue) -> int:
    OutboxMessage.objects.undelivered().update(due_at=timezone.now())
    return queue.send_and_deliver()


def states() -> dict[Any, tuple[str, int]]:
    return {each.pk: (each.state, each.attempts) for each in OutboxMessage.objects.all()}


@contextmanager
def failing(error: BaseException, *, at: str = "claims_ledgerentry") -> Iterator[list[str]]:
    """The database fails whenever something is written into this table."""
    failed: list[str] = []

    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT") and at in sql:
            failed.append(sql)
            raise error
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        yield failed


def test_a_message_becomes_one_entry_with_its_shares(queue: PaymentQueue) -> None:
    message = tell("10.00", "5.50")
    assert queue.send_and_deliver() == 1
    entry = LedgerEntry.objects.get()
    assert (entry.message_id, entry.claim_id) == (message.pk, message.claim_id)
    assert (entry.net_fee, entry.shares) == (Decimal("15.50"), [["1234567893", 1550]])
    message.refresh_from_db()
    assert (message.state, message.attempts, message.last_error) == ("delivered", 1, "")
    assert message.delivered_at


def test_a_call_that_comes_twice_is_taken_once(queue: PaymentQueue) -> None:
    tell()
    relay.send_due()
    (call,) = queue.calls()
    taken = [delivery.deliver(call[0], good_until=call[1]) for _ in range(3)]
    assert (taken, LedgerEntry.objects.count()) == ([1, 0, 0], 1)


def test_an_older_copy_of_a_message_that_was_sent_again_does_nothing(queue: PaymentQueue) -> None:
    tell()
    relay.send_due()
    OutboxMessage.objects.update(due_at=timezone.now())
    relay.send_due()
    older, newer = queue.calls()
    assert delivery.deliver(older[0], good_until=older[1]) == 0
    assert delivery.deliver(newer[0], good_until=newer[1]) == 1


def test_what_the_ledger_holds_already_is_delivered_without_a_second_entry(queue: PaymentQueue) -> None:
    message = tell()
    queue.send_and_deliver()
    OutboxMessage.objects.update(state="waiting", attempts=0)  # as after a restored backup of the outbox
    assert next_turn(queue) == 1
    assert LedgerEntry.objects.get().message_id == message.pk


def test_one_bad_message_keeps_no_other_and_dies_after_three_attempts(
    queue: PaymentQueue, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad, other = tell(), tell_nonsense(), tell()
    assert queue.send_and_deliver() == 0
    assert states() == dict.fromkeys([good.pk, bad.pk, other.pk], ("waiting", 1))
    assert next_turn(queue) == 2
    assert states() == {good.pk: ("delivered", 2), bad.pk: ("waiting", 2), other.pk: ("delivered", 2)}
    assert next_turn(queue) == 0
    bad.refresh_from_db()
    assert (bad.state, bad.attempts) == ("dead", 3)
    assert bad.last_error == "The providers' shares do not add up to the net fee."
    assert [line.levelname for line in caplog.records if "payments_message_dead" in line.message] == ["ERROR"]
    assert next_turn(queue) == 0
    assert LedgerEntry.objects.count() == 2


def test_the_queue_moves_on_past_a_message_that_the_database_refuses(queue: PaymentQueue) -> None:
    refused = tell()
    with failing(DataError("value out of range")) as failures:
        for _ in range(4):
            next_turn(queue)
    assert len(failures) == 3
    assert next(iter(states().values())) == ("dead", 3)
    assert OutboxMessage.objects.get(pk=refused.pk).last_error == "DataError"
    tell()
    assert queue.send_and_deliver() == 1


def test_an_attempt_waits_longer_after_each_failure(queue: PaymentQueue) -> None:
    tell_nonsense()
    waits = []
    for _ in range(2):
        next_turn(queue)
        waits.append((OutboxMessage.objects.get().due_at - timezone.now()).total_seconds())
    assert 1.3 < waits[0] < 2.6
    assert 5.5 < waits[1] < 10.1


def test_what_kills_its_consumer_counts_and_is_given_up_without_a_fourth_try(queue: PaymentQueue) -> None:
    class Killed(BaseException):
        """What no consumer outlives."""

    deadly, alongside = tell(), tell()
    with failing(Killed()), pytest.raises(Killed):
        next_turn(queue)
    OutboxMessage.objects.filter(pk=alongside.pk).update(due_at=timezone.now() + timedelta(hours=1))
    assert states() == dict.fromkeys([deadly.pk, alongside.pk], ("sent", 1))
    for _ in range(2):
        OutboxMessage.objects.filter(pk=deadly.pk).update(due_at=timezone.now())
        relay.send_due()
        ((ids, good_until),) = queue.calls()
        Attempt.begin(ids, good_until)  # and the consumer is gone
    OutboxMessage.objects.filter(pk=deadly.pk).update(due_at=timezone.now())
    assert queue.send_and_deliver() == 0
    deadly.refresh_from_db()
    assert (deadly.state, deadly.attempts, deadly.last_error) == ("dead", 3, "Its consumer died.")
    assert next_turn(queue) == 1
    assert LedgerEntry.objects.get().message_id == alongside.pk


def test_an_outage_of_the_database_counts_for_nothing(queue: PaymentQueue) -> None:
    message = tell()
    for _ in range(5):
        with failing(OperationalError("server closed the connection")) as failures:
            assert next_turn(queue) == 0
        assert failures
        assert states() == {message.pk: ("waiting", 0)}
    assert next_turn(queue) == 1


def test_whoever_held_a_message_for_too_long_books_nothing(queue: PaymentQueue) -> None:
    tell()
    relay.send_due()
    ((ids, good_until),) = queue.calls()
    slow = Attempt.begin(ids, good_until)
    assert next_turn(queue) == 1
    assert delivery._book(slow) == 0
    assert LedgerEntry.objects.count() == 1


def test_a_dead_message_is_sent_once_more_when_somebody_says_so(queue: PaymentQueue) -> None:
    admin, mended = make_user("admin"), tell_nonsense()
    for _ in range(3):
        next_turn(queue)
    OutboxMessage.objects.filter(pk=mended.pk).update(shares=[["1234567893", 1000]])
    assert dead_letters.replay(OutboxMessage.objects.all(), actor=admin) == 1
    assert dead_letters.replay(OutboxMessage.objects.all(), actor=admin) == 0
    assert AuditEntry.objects.get(action="payments.replayed").details == {"messages": 1}
    assert queue.send_and_deliver() == 1
    assert states() == {mended.pk: ("delivered", 1)}


@pytest.mark.parametrize(
    "statement", ["UPDATE claims_ledgerentry SET net_fee = 0", "DELETE FROM claims_ledgerentry"]
)
def test_the_database_lets_nobody_change_the_ledger(queue: PaymentQueue, statement: str) -> None:
    tell()
    queue.send_and_deliver()
    refused = pytest.raises(IntegrityError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert LedgerEntry.objects.get().net_fee == Decimal("10.00")
