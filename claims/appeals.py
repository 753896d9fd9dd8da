"""Filing an appeal, taking one back, saying what came of it: the claim changes with it, audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from accounts import audit

from . import changes
from .appeal_histories import next_level
from .changes import Change, ClaimError
from .models import Appeal, Claim

LONGEST_REASON = 20_000


@dataclass(frozen=True)
class Filing:
    """How an appeal is filed, and what it says."""

    method: str
    reason: str
    due_on: date | None = None  # when the payer has promised to answer, if it has


def level_to_file(claim: Claim) -> int | None:
    """The level on which its next appeal is; none when all have been tried."""
    last = last_appeal(claim)
    return next_level(last.level, last.outcome) if last else 1


def last_appeal(claim: Claim) -> Appeal | None:
    return Appeal.objects.filter(claim=claim).order_by("-event__at", "-event").first()


@transaction.atomic
def file(*, claim: Claim, filing: Filing, change: Change) -> Appeal:
    """File an appeal. Of two people who do so at once, one is told that the other has."""
    held = Claim.objects.select_for_update().get(pk=claim.pk)
    if held.status != Claim.Status.DENIED:
        status = Claim.Status(held.status).label.lower()
        raise ClaimError(f"Only a claim that is denied can be appealed; this one is {status}.")
    changes.change_status(claim=held, to=Claim.Status.APPEALED, change=change)
    appeal = Appeal.objects.waiting().get(claim=held)
    appeal.method, appeal.reason = filing.method, filing.reason
    appeal.due_on = filing.due_on or appeal.due_on
    appeal.save(update_fields=["method", "reason", "due_on"])
    audit.record(
        change.actor,
        "appeal.filed",
        appeal,
        request=change.request,
        claim=str(held.pk),
        level=appeal.level,
        method=appeal.method,
        due_on=appeal.due_on,
    )
    return appeal


@transaction.atomic
def withdraw(*, appeal: Appeal, change: Change) -> Appeal:
    """Take back an appeal that waits: its claim stands denied as before."""
    changes.withdraw_appeal(claim=appeal.claim, change=change)
    return _ended(appeal, change)


@transaction.atomic
def decide(*, appeal: Appeal, to: str, change: Change, on: date | None = None) -> Appeal:
    """What the payer answered, where no file says it: the claim is paid, or denied again."""
    held = Claim.objects.select_for_update().get(pk=appeal.claim_id)
    if not Appeal.objects.waiting().filter(pk=appeal.pk).exists():
        raise ClaimError("The appeal has been decided already.")
    category = appeal.category if to == Claim.Status.DENIED else ""
    changes.change_status(claim=held, to=to, change=change, on=on, category=category)
    return _ended(appeal, change)


def _ended(appeal: Appeal, change: Change) -> Appeal:
    appeal.refresh_from_db()
    audit.record(
        change.actor,
        "appeal.decided",
        appeal,
        request=change.request,
        claim=str(appeal.claim_id),
        outcome=appeal.outcome,
    )
    return appeal
