"""Giving up what will not be paid: small balances at once, larger ones when somebody else has agreed."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from . import approvals, changes
from .approvals import State, needs_approval
from .changes import FOLLOWING, Change, ClaimError
from .models import Claim, WriteOff


@transaction.atomic
def ask(*, claim: Claim, reason: str, change: Change) -> WriteOff:
    """Write a claim's balance off, or ask for it where it is more than one may decide alone."""
    claim = Claim.objects.select_for_update().get(pk=claim.pk)
    if claim.balance <= 0:
        raise ClaimError("Nothing is open on this claim.")
    if Claim.Status.WRITTEN_OFF not in FOLLOWING[claim.status]:
        raise ClaimError(f"A claim that is {claim.get_status_display().lower()} cannot be written off.")
    approvals.refuse_second(WriteOff, claim)
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
def approve(*, asked: WriteOff, change: Change) -> WriteOff:
    """Do what was asked, if the claim still owes what it did then."""
    asked, claim = approvals.to_decide(asked, change.actor)
    if claim.balance != asked.amount:
        raise ClaimError(
            f"${asked.amount:,.2f} was to be written off, but ${claim.balance:,.2f} is open now: "
            "decline it, and have it asked for anew if that is still right."
        )
    told = replace(change, note=f"Asked for by {asked.asked_by.name}. {_words(asked)} {change.note}".strip())
    changes.change_status(claim=claim, to=Claim.Status.WRITTEN_OFF, change=told)
    return approvals.decided(asked, State.DONE, change)


def _words(write_off: WriteOff) -> str:
    return f"{WriteOff.Reason(write_off.reason).label}. {write_off.note}".strip()
