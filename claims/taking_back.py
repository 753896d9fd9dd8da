"""Taking back what was booked by hand and was wrong: a payment, or what was paid back.

It counts on no day any more, as if it had never been booked, and stays written down with who took it back and
why. What came in a file is not taken back here: its payer's own reversal does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.access import may
from accounts.models import User

from . import changes
from .answers.standing_again import STANDS, stand_again
from .appeal_histories import follow
from .changes import Change, ClaimError
from .contracts.shortfalls import split
from .models import Approval, Claim, ClaimPayment, HandPayment, PayBack

Status, Posted = Claim.Status, ClaimPayment.State.POSTED
TAKEN_BACK = "taken back"  # begins what the claim's history says of it


def booked_by_hand(claim: Claim) -> QuerySet[ClaimPayment]:
    """What can be taken back of a claim, the newest first."""
    rows = ClaimPayment.objects.filter(claim=claim, state=Posted, source=None, remittance=None)
    return rows.select_related("by_hand__event__actor", "pay_back").order_by("-pk")


@transaction.atomic
def take_back(*, claim: Claim, payment: int, change: Change) -> ClaimPayment:
    """Undo what was booked by hand; the claim stands as before, unless something has decided it since."""
    if not change.note:
        raise ClaimError("Say why: whoever looks at the claim later has to know.")
    claim = Claim.objects.select_for_update().get(pk=claim.pk)
    found = booked_by_hand(claim).filter(pk=payment).first()
    if found is None:
        raise ClaimError("Nothing is left to take back: it was not booked by hand, or counts no longer.")
    if claim.paid < found.paid:
        raise ClaimError("More went back of this claim than would have come in: take back a pay-back first.")
    posted_at = found.posted_at
    _count_no_longer(found, change.actor)
    claim.paid -= found.paid
    claim.save(update_fields=["paid"])
    claim.refresh_from_db(fields=["balance"])
    if pay_back := getattr(found, "pay_back", None):
        _undo_pay_back(claim, pay_back, change)
    else:
        _undo_payment(claim, found, posted_at, change)
    split([claim.pk])
    follow([claim.pk])
    return found


def _count_no_longer(payment: ClaimPayment, actor: User) -> None:
    today = timezone.localdate()
    payment.state, payment.posted_at = ClaimPayment.State.NOTED, None
    payment.reason = f"Taken back by {actor.name} on {today.day} {today:%b %Y}."
    payment.save(update_fields=["state", "posted_at", "reason"])


# A pay-back ------------------------------------------------------------------------------------------


def _undo_pay_back(claim: Claim, pay_back: PayBack, change: Change) -> None:
    """The credit is there again. What two people decided, one of them at least has to take back."""
    if pay_back.decided_by_id and not may(change.actor, PayBack.APPROVE):
        raise ClaimError("Somebody who leads approved it: only somebody who leads takes it back.")
    pay_back.state = Approval.State.UNDONE
    pay_back.save(update_fields=["state"])
    changes.note(claim, f"{TAKEN_BACK}: pay-back of ${pay_back.amount:,.2f}", change)


# A payment -------------------------------------------------------------------------------------------


def _undo_payment(claim: Claim, payment: ClaimPayment, posted_at: datetime | None, change: Change) -> None:
    later = booked_by_hand(claim).filter(pk__gt=payment.pk, paid__gt=0).first()
    if later:
        raise ClaimError(f"${later.paid:,.2f} was posted by hand after it: take that back first.")
    by_hand: HandPayment | None = getattr(payment, "by_hand", None)
    before = claim.status
    is_restored = by_hand is not None and _restore(claim, by_hand, posted_at)
    if is_restored:
        before = claim.status
    elif claim.balance > claim.patient_share:
        _look_again(claim)
    claim.save(update_fields=STANDS)
    changes.note(claim, f"{TAKEN_BACK}: payment of ${payment.paid:,.2f}", change, before=before)


def _restore(claim: Claim, by_hand: HandPayment, posted_at: datetime | None) -> bool:
    """Give the claim back what the payment changed, as far as nothing else did since; whether that is all."""
    answers = list(_answers_since(claim, by_hand, posted_at))
    changed = claim.events.filter(pk__gt=by_hand.event_id).exclude(from_status=F("to_status"))
    is_changed, is_changed_by_people = changed.exists(), changed.filter(source=None).exists()
    if answers and not is_changed_by_people:
        _stand_as_before(claim, by_hand)
        stand_again(claim, answers)
        if claim.status != Status.PAID:
            _decided_nothing(by_hand)
        return False
    if answers or (is_changed and claim.status in (Status.PAID, Status.DENIED)):
        _decided_first(claim, by_hand)
        return False
    _stand_as_before(claim, by_hand, but_for=("status", "written_off") if is_changed else ())
    if not is_changed:
        _decided_nothing(by_hand)
    return not is_changed


def _answers_since(claim: Claim, by_hand: HandPayment, posted_at: datetime | None) -> QuerySet[ClaimPayment]:
    """In their order. One whose file was being read when the payment was booked says an earlier moment."""
    told = claim.events.filter(pk__gt=by_hand.event_id, source=OuterRef("source"), place=OuterRef("place"))
    answers = ClaimPayment.objects.filter(claim=claim, state=Posted, pay_back=None)
    return answers.filter(Q(posted_at__gt=posted_at) | Exists(told)).order_by("posted_at", "pk")


def _stand_as_before(claim: Claim, by_hand: HandPayment, but_for: Sequence[str] = ()) -> None:
    for field in HandPayment.STOOD:
        if field not in but_for:
            setattr(claim, field, getattr(by_hand, field))


def _decided_nothing(by_hand: HandPayment) -> None:
    """Else an appeal that waited would have been decided, by nobody."""
    event = by_hand.event
    event.action, event.to_status = f"{event.action}, taken back since", event.from_status
    event.save(update_fields=["action", "to_status"])


def _decided_first(claim: Claim, by_hand: HandPayment) -> None:
    """Where this payment was the first decision, what has decided the claim since was."""
    if claim.first_decided_on != by_hand.payment.paid_on:
        return  # an answer that came late has an earlier day
    if not by_hand.first_decision and claim.decided_on:
        is_denied = claim.status == Status.DENIED
        claim.first_decision = Claim.Decision.DENIED if is_denied else Claim.Decision.PAID
        claim.first_decided_on = claim.decided_on


def _look_again(claim: Claim) -> None:
    """It was settled together with this money, and something is open now: somebody has to find out."""
    if claim.status == Status.PAID:
        claim.status = Status.PENDING
        if claim.paid <= 0:
            claim.decided_on = claim.paid_on = None
    elif claim.status == Status.WRITTEN_OFF:
        claim.status, claim.written_off = Status.PENDING, Decimal(0)
