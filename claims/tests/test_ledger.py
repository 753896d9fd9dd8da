"""The proof that the ledger says what the claims say, and whom it names when it does not."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from claims import changes
from claims.changes import Change
from claims.downstream import ledger, outbox
from claims.models import Claim, LedgerEntry, OutboxMessage
from claims.tests.payment_queue import PaymentQueue, queue  # noqa: F401
from rcm_site.testing.makers import make_claim, make_user

pytestmark = pytest.mark.django_db


def accepted(*fees: str) -> Claim:
    claim = make_claim(fees=list(fees))
    outbox.tell(claim, OutboxMessage.Reason.ACCEPTED)
    return claim


def verified() -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("verify_ledger", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refuted() -> str:
    err = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("verify_ledger", stdout=StringIO(), stderr=err)
    return err.getvalue() + str(error.value)


def test_an_empty_book_of_no_claims_holds() -> None:
    assert "0 claims are owed $0.00" in verified()[0]


def test_it_says_what_is_still_on_its_way_and_holds(queue: PaymentQueue) -> None:
    accepted("10.00", "0.10")
    queue.send_and_deliver()
    accepted("5.00")
    out, err = verified()
    assert "2 claims are owed $15.10; booked $10.10, on its way $5.00 in 1 messages" in out
    assert err == ""


def test_a_corrected_a_voided_and_a_restored_claim_end_at_what_they_are_owed(queue: PaymentQueue) -> None:
    change = Change(make_user("admin"))
    corrected, voided, restored = accepted("10.00"), accepted("20.00"), accepted("40.00")
    corrected.lines.update(provider_fees=Decimal("11.11"))
    outbox.tell(corrected, OutboxMessage.Reason.CORRECTED)
    for claim in (voided, restored):
        changes.void(claim=claim, change=change)
    changes.change_status(claim=restored, to="submitted", change=change)
    queue.send_and_deliver()
    proof = ledger.verify()
    assert (proof.holds, proof.total.booked) == (True, Decimal("51.11"))
    assert LedgerEntry.objects.count() == 7


def test_a_claim_that_nobody_told_is_named(queue: PaymentQueue) -> None:
    accepted("1.00")
    forgotten = make_claim(fees=["10.00"])
    queue.send_and_deliver()
    assert f"Claim {forgotten.pk}: owed $10.00, booked $0.00, on its way $0.00" in refuted()


def test_two_differences_that_cancel_out_are_both_named(queue: PaymentQueue) -> None:
    more, less = accepted("10.00"), accepted("20.00")
    queue.send_and_deliver()
    more.lines.update(provider_fees=Decimal("11.00"))
    less.lines.update(provider_fees=Decimal("19.00"))
    said = refuted()
    assert f"Claim {more.pk}: owed $11.00, booked $10.00" in said
    assert f"Claim {less.pk}: owed $19.00, booked $20.00" in said
    assert "2 claims differ" in said


def test_an_entry_of_no_claim_at_all_is_named() -> None:
    entry = LedgerEntry.objects.create(
        message_id="018f2b6a-0000-7000-8000-000000000001",
        claim_id="018f2b6a-0000-7000-8000-000000000002",
        net_fee=Decimal("3.00"),
    )
    assert f"Claim {entry.claim_id}: owed $0.00, booked $3.00" in refuted()


def test_what_was_given_up_is_a_difference_and_said_to_be_that() -> None:
    claim = accepted("10.00")
    OutboxMessage.objects.update(state="dead")
    said = refuted()
    assert f"Claim {claim.pk}: owed $10.00, booked $0.00, on its way $0.00" in said
    assert "it differs by $10.00, of which $10.00 in messages given up." in said


def test_claims_without_net_fees_are_owed_nothing(queue: PaymentQueue) -> None:
    claim = make_claim(fees=["10.00"])
    claim.lines.update(allowed_fees=None)
    assert outbox.tell(claim, OutboxMessage.Reason.ACCEPTED) is None
    assert ledger.verify().holds


def test_claims_and_book_are_read_in_one_statement(queue: PaymentQueue) -> None:
    accepted("10.00")
    with CaptureQueriesContext(connection) as queries:
        ledger.verify()
    assert len(queries) == 1


def test_with_a_webhook_what_the_receiver_took_counts_as_booked(settings: Any) -> None:
    accepted("10.00")
    settings.PAYMENTS_WEBHOOK_URL = "https://payments.example.org/"
    OutboxMessage.objects.update(state="delivered")
    assert ledger.verify().total.booked == Decimal("10.00")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"currency": "EUR"},
        {"net_fee": "10.01"},
        {"net_fee": "ten"},
        {"providers": []},
        {"id": "no id"},
    ],
)
def test_a_message_that_is_not_in_order_is_not_booked(change: dict[str, Any]) -> None:
    accepted("10.00")
    body = outbox.body_of(OutboxMessage.objects.get()) | change
    with pytest.raises((ledger.Unacceptable, ValueError, ArithmeticError)):
        ledger.post([body])
    assert not LedgerEntry.objects.exists()
