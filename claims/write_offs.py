"""Giving up what will not be paid: small balances at once, larger ones when somebody else has agreed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User

from . import changes
from .changes import FOLLOWING, Change, ClaimError
from .models import Claim, WriteOff

State = WriteOff.State
APPROVE = "claims.change_writeoff"


def needs_approval(amount: Decimal) -> bool:
    return amount > settings.WRITE_OFF_LIMIT


@transaction.atomic
def ask(*, claim: Claim, reason: str, change: Change) -> WriteOff:
    """Write a claim's balance off, or ask for it where it is more than one may decide alone."""
    claim = Claim.objects.select_for_update().get(pk=claim.pk)
    if claim.balance <= 0:
        raise ClaimError("Nothing is open on this claim.")
    if Claim.Status.WRITTEN_OFF not in FOLLOWING[claim.status]:
        raise ClaimError(f"A claim that is {claim.get_status_display().lower()} cannot be written off.")
    if waiting := claim.write_offs.waiting().select_related("asked_by").first():
        raise ClaimError(f"{waiting.asked_by.name} has asked for this already: it waits for approval.")
    waits = needs_approval(claim.balance)
    write_off = WriteOff.objects.create(
        claim=claim,
        amount=claim.balance,
        reason=WriteOff.Reason(reason),
        note=change.note,
        asked_by=change.actor,
        state=State.WAITING if waits else State.DONE,
    )
    told = replace(change, note=_words(write_off))
    if waits:
        changes.note(claim, f"write-off of ${claim.balance:,.2f} asked for", told)
    else:
        changes.change_status(claim=claim, to=Claim.Status.WRITTEN_OFF, change=told)
    return write_off


@transaction.atomic
def approve(*, write_off: WriteOff, change: Change) -> WriteOff:
    """Do what was asked, if the claim still owes what it did then."""
    write_off, claim = _to_decide(write_off, change.actor)
    if claim.balance != write_off.amount:
        raise ClaimError(
            f"${write_off.amount:,.2f} was to be written off, but ${claim.balance:,.2f} is open now: "
            "decline it, and have it asked for anew if that is still right."
        )
    told = replace(
        change, note=f"Asked for by {write_off.asked_by.name}. {_words(write_off)} {change.note}".strip()
    )
    changes.change_status(claim=claim, to=Claim.Status.WRITTEN_OFF, change=told)
    return _decide(write_off, State.DONE, change)


@transaction.atomic
def decline(*, write_off: WriteOff, change: Change) -> WriteOff:
    """Leave the balance to be collected; whoever asked reads why."""
    if not change.note:
        raise ClaimError("Say why, so that the claim can be worked on.")
    write_off, claim = _to_decide(write_off, change.actor)
    changes.note(claim, "write-off declined", change)
    return _decide(write_off, State.DECLINED, change)


@transaction.atomic
def withdraw(*, write_off: WriteOff, change: Change) -> WriteOff:
    """Whoever asked need not wait for an answer."""
    write_off, claim = _held(write_off)
    if change.actor.pk != write_off.asked_by_id:
        raise ClaimError(f"{write_off.asked_by.name} asked for it, and nobody else can take that back.")
    changes.note(claim, "write-off withdrawn", change)
    return _decide(write_off, State.WITHDRAWN, change)


def _to_decide(write_off: WriteOff, actor: User) -> tuple[WriteOff, Claim]:
    write_off, claim = _held(write_off)
    if actor.pk == write_off.asked_by_id:
        raise ClaimError("You asked for it yourself: somebody else has to decide.")
    return write_off, claim


def _held(write_off: WriteOff) -> tuple[WriteOff, Claim]:
    """Both as they are now; the claim first, as everybody who changes one holds it first."""
    claim = Claim.objects.select_for_update().get(pk=write_off.claim_id)
    write_off = (
        WriteOff.objects.select_for_update(of=("self",)).select_related("asked_by").get(pk=write_off.pk)
    )
    if write_off.state != State.WAITING:
        raise ClaimError(f"This has been decided already: {write_off.get_state_display().lower()}.")
    return write_off, claim


def _decide(write_off: WriteOff, state: State, change: Change) -> WriteOff:
    write_off.state, write_off.answer = state, change.note
    write_off.decided_by, write_off.decided_at = change.actor, timezone.now()
    write_off.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    audit.record(
        change.actor,
        "write_off.decided",
        write_off.claim,
        request=change.request,
        state=str(state),
        amount=str(write_off.amount),
    )
    return write_off


def _words(write_off: WriteOff) -> str:
    return f"{WriteOff.Reason(write_off.reason).label}. {write_off.note}".strip()
