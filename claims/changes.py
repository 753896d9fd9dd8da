"""Changing a claim after it was taken in: its status, its money, whose work it is.

Each change writes its event, its audit row and what the payments side must be told, all in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User

from .appeal_histories import follow, next_level
from .contracts.shortfalls import split
from .downstream import outbox
from .models import Appeal, AutomationRule, Claim, ClaimEvent, ClaimPayment, HandPayment, OutboxMessage
from .models.appeals import WITHDRAWN
from .worklists import holding

Status = Claim.Status


class ClaimError(Exception):
    """Why a claim cannot be changed like that, in words for whoever asked."""


@dataclass(frozen=True)
class Change:
    """Who changes something, from where, and what they say about it."""

    actor: User
    request: HttpRequest | None = None
    note: str = ""
    rule: AutomationRule | None = None  # that does it by itself, on behalf of the actor who made it


# From each status, those that a person may give a claim. Payers' answers are posted, and follow no such map.
FOLLOWING: dict[str, frozenset[str]] = {
    Status.SUBMITTED: frozenset(
        {Status.PENDING, Status.PAID, Status.DENIED, Status.WRITTEN_OFF, Status.VOID}
    ),
    Status.PENDING: frozenset(
        {Status.SUBMITTED, Status.PAID, Status.DENIED, Status.WRITTEN_OFF, Status.VOID}
    ),
    Status.DENIED: frozenset(
        {Status.APPEALED, Status.PENDING, Status.SUBMITTED, Status.PAID, Status.WRITTEN_OFF, Status.VOID}
    ),
    Status.APPEALED: frozenset({Status.PENDING, Status.PAID, Status.DENIED, Status.WRITTEN_OFF, Status.VOID}),
    Status.PAID: frozenset({Status.PENDING, Status.DENIED, Status.VOID}),
    Status.WRITTEN_OFF: frozenset({Status.PENDING, Status.PAID, Status.VOID}),
    Status.VOID: frozenset({Status.SUBMITTED}),
}


@transaction.atomic
def change_status(
    *, claim: Claim, to: str, change: Change, on: date | None = None, category: str = ""
) -> Claim:
    """Give a claim another status, on a day that may lie back; a denial may say its category."""
    claim = _held(claim)
    if to == claim.status:
        return claim
    if to not in FOLLOWING[claim.status]:
        known = ", ".join(sorted(Status(each).label.lower() for each in FOLLOWING[claim.status]))
        raise ClaimError(f"A claim that is {_words(claim.status)} can become {known}, not {_words(to)}.")
    if to == Status.APPEALED:
        _check_level(claim)
    day = on or timezone.localdate()
    before = claim.status
    fields = _settle(claim, to, day, category)
    claim.status = to
    claim.save(update_fields=["status", *fields])
    _note(claim, f"status: {_words(to)}", before, change)
    _tell_of_void(claim, before)
    split([claim.pk])
    follow([claim.pk])
    return claim


def void(*, claim: Claim, change: Change) -> Claim:
    """Take a claim out of every number; the payments side is told to take back what it was told."""
    return change_status(claim=claim, to=Status.VOID, change=change)


@transaction.atomic
def post_payment(*, claim: Claim, amount: Decimal, paid_on: date, change: Change) -> Claim:
    """Book a payment by hand. One that comes in an 835 is posted from there."""
    claim = _held(claim)
    if claim.status == Status.VOID:
        raise ClaimError("A void claim takes no payment.")
    if amount <= 0:
        raise ClaimError("A payment is more than nothing.")
    if amount > claim.balance:
        raise ClaimError(f"The payment is more than the balance of ${claim.balance:,.2f}.")
    payment = ClaimPayment.objects.create(
        claim=claim,
        state=ClaimPayment.State.POSTED,
        control_number=claim.control_number,
        charge=claim.charge,
        paid=amount,
        paid_on=paid_on,
        posted_at=timezone.now(),
    )
    before = claim.status
    stood = {name: getattr(claim, name) for name in HandPayment.STOOD}
    claim.paid += amount
    fields = _settle(claim, Status.PAID, paid_on, "")
    claim.status = Status.PAID
    claim.save(update_fields=["paid", "status", *fields])
    claim.refresh_from_db(fields=["balance"])
    split([claim.pk])
    event = _note(claim, f"payment posted: ${amount:,.2f}", before, change)
    HandPayment.objects.create(payment=payment, event=event, **stood)
    follow([claim.pk])
    return claim


@transaction.atomic
def pay_back(*, claim: Claim, amount: Decimal, paid_on: date, action: str, change: Change) -> ClaimPayment:
    """Book what went back of a payment. The payer's decision stands as it is, and so does the claim."""
    claim = _held(claim)
    check_pay_back(claim, amount, paid_on)
    payment = ClaimPayment.objects.create(
        claim=claim,
        state=ClaimPayment.State.POSTED,
        control_number=claim.control_number,
        paid=-amount,
        paid_on=paid_on,
        posted_at=timezone.now(),
    )
    claim.paid -= amount
    claim.save(update_fields=["paid"])
    split([claim.pk])
    _note(claim, action, claim.status, change)
    follow([claim.pk])
    return payment


def check_pay_back(claim: Claim, amount: Decimal, paid_on: date) -> None:
    """Only what was paid too much goes back, and not before it had come."""
    if amount <= 0:
        raise ClaimError("What goes back is more than nothing.")
    if amount > claim.overpaid:
        known = f"Only ${claim.overpaid:,.2f}" if claim.overpaid else "Nothing"
        raise ClaimError(f"{known} was paid too much on this claim.")
    came_on = _came_on(claim)
    if came_on and paid_on < came_on:
        raise ClaimError(f"It was paid on {came_on.day} {came_on:%b %Y}, and cannot have gone back before.")


def _came_on(claim: Claim) -> date | None:
    """The day of its newest payment."""
    came = ClaimPayment.objects.filter(claim=claim, state=ClaimPayment.State.POSTED, paid__gt=0)
    newest: date | None = came.aggregate(day=Max("paid_on"))["day"]
    return newest or claim.paid_on


@transaction.atomic
def withdraw_appeal(*, claim: Claim, change: Change) -> Claim:
    """Take an appeal back: the claim stands denied as it was before, since its payer has decided nothing."""
    claim = _held(claim)
    if claim.status != Status.APPEALED:
        raise ClaimError(f"A claim that is {_words(claim.status)} has no appeal to withdraw.")
    if claim.decided_on is None:
        raise ClaimError("Nobody knows when it was denied: give the claim another status instead.")
    claim.status = Status.DENIED
    claim.save(update_fields=["status"])
    _note(claim, WITHDRAWN, Status.APPEALED, change)
    follow([claim.pk])
    return claim


@transaction.atomic
def reassign(
    *, claims: Iterable[Claim], assignee: User | None, change: Change, action: str = "assigned"
) -> int:
    """Give claims to somebody else, or to nobody; how many changed hands."""
    changed = 0
    for each in claims:
        claim = _held(each)
        if claim.assignee_id == (assignee.pk if assignee else None):
            continue
        if assignee and not Claim.objects.visible_to(assignee).filter(pk=claim.pk).exists():
            raise ClaimError(f"{assignee.name} does not see claim {claim}: it belongs to another department.")
        claim.assignee = assignee
        claim.save(update_fields=["assignee"])
        words = f"To {assignee.name}. {change.note}".strip() if assignee else change.note
        _note(claim, action if assignee else "unassigned", claim.status, replace(change, note=words))
        changed += 1
    return changed


def note(claim: Claim, action: str, change: Change, *, before: str | None = None) -> None:
    """Write down what somebody did; `before`: which status the claim had, where that has changed."""
    _note(claim, action, before or claim.status, change)


def _check_level(claim: Claim) -> None:
    last = Appeal.objects.filter(claim=claim).order_by("-event__at", "-event").first()
    if last and next_level(last.level, last.outcome) is None:
        raise ClaimError(f"Its appeal of level {last.level} was not won, and there is no further level.")


def _held(claim: Claim) -> Claim:
    """The claim as it is now, which nobody else changes before this transaction ends."""
    return Claim.objects.select_for_update().get(pk=claim.pk)


def _settle(claim: Claim, to: str, day: date, category: str) -> list[str]:
    """Set the days and amounts that go with a status; the fields that this touches."""
    touched: list[str] = []
    if claim.status == Status.WRITTEN_OFF:
        claim.written_off = Decimal(0)
        touched = ["written_off"]
    if to == Status.WRITTEN_OFF:
        claim.written_off += claim.balance  # beside what was given up before a payment was reversed
        touched = ["written_off"]
    if to in (Status.PAID, Status.DENIED):
        decision = Claim.Decision(to)
        claim.decided_on = day
        if not claim.first_decision:
            claim.first_decision, claim.first_decided_on = decision, day
        if to == Status.PAID:
            claim.paid_on = day
        claim.denial_category = (category or Claim.Category.OTHER) if to == Status.DENIED else ""
        touched += ["decided_on", "first_decision", "first_decided_on", "paid_on", "denial_category"]
    return touched


def _note(claim: Claim, action: str, before: str, change: Change) -> ClaimEvent:
    event = ClaimEvent.objects.create(
        claim=claim,
        actor=None if change.rule else change.actor,
        action=action,
        from_status=before,
        to_status=claim.status,
        note=change.note,
        rule=change.rule,
    )
    if not change.rule:
        holding.renew(claim, change.actor)
    by_rule: dict[str, Any] = {"rule": change.rule.pk} if change.rule else {}
    audit.record(
        change.actor,
        "claim.changed",
        claim,
        request=change.request,
        what=action,
        status=[before, claim.status],
        assignee=claim.assignee_id,
        **by_rule,
    )
    return event


def _tell_of_void(claim: Claim, before: str) -> None:
    if claim.status == Status.VOID:
        outbox.tell(claim, OutboxMessage.Reason.VOIDED)
    elif before == Status.VOID:
        outbox.tell(claim, OutboxMessage.Reason.RESTORED)


def _words(status: str) -> str:
    return Status(status).label.lower()
