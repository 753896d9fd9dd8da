"""Changing a claim: what follows from a status, and what the payments side is told of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEntry, User
from claims import changes
from claims.changes import Change, ClaimError
from claims.downstream import outbox
from claims.models import Claim, ClaimPayment, OutboxMessage
from rcm_site.testing.makers import make_claim, make_department, make_user

from .remittances import post, remittance

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 12)


@pytest.fixture
def change() -> Change:
    return Change(make_user("admin"))


def told(claim: Claim) -> list[tuple[str, Decimal, Any]]:
    return [(each.reason, each.net_fee, each.shares) for each in OutboxMessage.objects.filter(claim=claim)]


def test_a_denial_keeps_its_day_and_category_and_the_first_decision_stays(change: Change) -> None:
    claim = make_claim(fees=["100.00"])
    changes.change_status(claim=claim, to="denied", change=change, on=DAY, category="coding")
    changes.change_status(claim=claim, to="paid", change=change, on=date(2026, 11, 20))
    claim.refresh_from_db()
    assert (claim.first_decision, claim.first_decided_on) == ("denied", DAY)
    assert (claim.status, claim.decided_on, claim.paid_on) == ("paid", date(2026, 11, 20), date(2026, 11, 20))
    assert claim.denial_category == ""
    assert [(each.from_status, each.to_status) for each in claim.events.all()] == [
        ("submitted", "denied"),
        ("denied", "paid"),
    ]
    assert AuditEntry.objects.filter(action="claim.changed", subject_id=str(claim.pk)).count() == 2


def test_a_claim_becomes_only_what_may_follow(change: Change) -> None:
    claim = make_claim(fees=["100.00"], status="paid")
    with pytest.raises(ClaimError, match="can become denied, pending, void, not appealed"):
        changes.change_status(claim=claim, to="appealed", change=change)


def test_writing_off_leaves_no_balance_and_taking_it_back_restores_it(change: Change) -> None:
    claim = make_claim(fees=["100.00"], paid=Decimal("30.00"), adjusted=Decimal("20.00"))
    written_off = changes.change_status(claim=claim, to="written_off", change=change)
    written_off.refresh_from_db()
    assert (written_off.written_off, written_off.balance) == (Decimal("50.00"), 0)
    again = changes.change_status(claim=claim, to="pending", change=change)
    again.refresh_from_db()
    assert (again.adjusted, again.balance) == (Decimal("20.00"), Decimal("50.00"))


def test_a_void_claim_takes_back_what_was_told_and_restoring_tells_it_again(change: Change) -> None:
    claim = make_claim(fees=[("1234567893", "10.10"), ("1000000004", "5.05"), ("1234567893", "1.00")])
    outbox.tell(claim, OutboxMessage.Reason.ACCEPTED)
    changes.void(claim=claim, change=change)
    changes.change_status(claim=claim, to="submitted", change=change)
    assert told(claim) == [
        ("accepted", Decimal("16.15"), [["1000000004", 505], ["1234567893", 1110]]),
        ("voided", Decimal("-16.15"), [["1000000004", -505], ["1234567893", -1110]]),
        ("restored", Decimal("16.15"), [["1000000004", 505], ["1234567893", 1110]]),
    ]


def test_a_line_that_changes_hands_is_told_though_the_sum_stays() -> None:
    claim = make_claim(fees=[("1234567893", "10.00")])
    outbox.tell(claim, OutboxMessage.Reason.ACCEPTED)
    line = claim.lines.get()
    line.provider = make_claim(fees=[("1000000004", "1.00")]).lines.get().provider
    line.save()
    outbox.tell(claim, OutboxMessage.Reason.CORRECTED)
    assert told(claim)[1] == ("corrected", 0, [["1000000004", 1000], ["1234567893", -1000]])
    assert outbox.tell(claim, OutboxMessage.Reason.CORRECTED) is None


def test_a_payment_by_hand_is_booked_and_never_exceeds_the_balance(change: Change) -> None:
    claim = make_claim(fees=["100.00"])
    with pytest.raises(ClaimError, match=r"more than the balance of \$100.00"):
        changes.post_payment(claim=claim, amount=Decimal("100.01"), paid_on=DAY, change=change)
    paid = changes.post_payment(claim=claim, amount=Decimal("60.00"), paid_on=DAY, change=change)
    assert (paid.status, paid.paid, paid.balance, paid.paid_on) == ("paid", 60, 40, DAY)
    assert [(each.state, each.paid) for each in ClaimPayment.objects.all()] == [("posted", 60)]


def test_a_claim_is_given_only_to_somebody_who_sees_it(change: Change) -> None:
    imaging = make_department("Imaging")
    insider, outsider = make_user(departments=[imaging]), make_user(departments=[make_department()])
    claim = make_claim(fees=["1.00"], department=imaging)
    with pytest.raises(ClaimError, match="belongs to another department"):
        changes.reassign(claims=[claim], assignee=outsider, change=change)
    assert changes.reassign(claims=[claim], assignee=insider, change=change) == 1
    assert changes.reassign(claims=[claim], assignee=insider, change=change) == 0
    assert User.objects.get(claims=claim) == insider


def test_what_a_reversal_opens_again_is_written_off_beside_what_was_given_up_before() -> None:
    biller, claim = make_user("biller"), make_claim(control_number="A-1", charge=100)
    post(remittance("CLP*A-1*1*100*60*0*12*I", amount="60", trace="T1", day="20261101"))
    for status in ("pending", "written_off"):
        changes.change_status(claim=claim, to=status, change=Change(biller))
    post(remittance("CLP*A-1*22*-100*-60*0*12*I", trace="T2", day="20261110"))
    claim.refresh_from_db()
    assert (claim.status, claim.written_off, claim.balance) == ("pending", 40, 60)
    changes.change_status(claim=claim, to="written_off", change=Change(biller))
    claim.refresh_from_db()
    assert (claim.paid, claim.written_off, claim.balance) == (0, 100, 0)
