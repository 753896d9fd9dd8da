"""What somebody who leads has to approve: how it is decided, whichever kind of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User

from . import changes
from .changes import Change, ClaimError
from .models import Approval, Claim, PayBack, WriteOff

State = Approval.State
Asked = TypeVar("Asked", WriteOff, PayBack)


def needs_approval(amount: Decimal) -> bool:
    """More than one person may decide about alone."""
    return amount > settings.WRITE_OFF_LIMIT


def refuse_second(kind: type[Approval], claim: Claim) -> None:
    """One at a time: whoever decides has to know what the claim comes to."""
    asked = kind.objects.waiting().filter(claim=claim).select_related("asked_by")
    if waiting := asked.first():
        raise ClaimError(f"{waiting.asked_by.name} has asked for this already: it waits for approval.")


@transaction.atomic
def decline(*, asked: Asked, change: Change) -> Asked:
    """Leave the claim as it is; whoever asked reads why."""
    if not change.note:
        raise ClaimError("Say why, so that the claim can be worked on.")
    asked, claim = to_decide(asked, change.actor)
    changes.note(claim, f"{asked.NOUN} declined", change)
    return decided(asked, State.DECLINED, change)


@transaction.atomic
def withdraw(*, asked: Asked, change: Change) -> Asked:
    """Whoever asked need not wait for an answer."""
    asked, claim = _held(asked)
    if change.actor.pk != asked.asked_by_id:
        raise ClaimError(f"{asked.asked_by.name} asked for it, and nobody else can take that back.")
    changes.note(claim, f"{asked.NOUN} withdrawn", change)
    return decided(asked, State.WITHDRAWN, change)


def to_decide(asked: Asked, actor: User) -> tuple[Asked, Claim]:
    asked, claim = _held(asked)
    if actor.pk == asked.asked_by_id:
        raise ClaimError("You asked for it yourself: somebody else has to decide.")
    return asked, claim


def _held(asked: Asked) -> tuple[Asked, Claim]:
    """Both as they are now; the claim first, as everybody who changes one holds it first."""
    claim = Claim.objects.select_for_update().get(pk=asked.claim_id)
    rows = type(asked).objects.select_for_update(of=("self",)).select_related("asked_by")
    asked = rows.get(pk=asked.pk)
    if asked.state != State.WAITING:
        raise ClaimError(f"This has been decided already: {asked.get_state_display().lower()}.")
    return asked, claim


def decided(asked: Asked, state: State, change: Change) -> Asked:
    asked.state, asked.answer = state, change.note
    asked.decided_by, asked.decided_at = change.actor, timezone.now()
    asked.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    audit.record(
        change.actor,
        f"{asked.AUDITED_AS}.decided",
        asked.claim,
        request=change.request,
        state=str(state),
        amount=str(asked.amount),
    )
    return asked
