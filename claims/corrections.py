"""Correcting what a claim says, and entering one by hand: what a person types instead of a payer's file.

The claim, its lines, the event, the audit row and what the payments side is told change together.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from accounts import audit

from . import parties
from .answers import matching
from .changes import Change, ClaimError
from .contracts.expecting import expect
from .downstream import outbox
from .models import Claim, ClaimEvent, ClaimLine, OutboxMessage, ServicePayment
from .numbers import next_numbers

Status = Claim.Status
ACTION_LENGTH = 200

# What a line's form holds; the rest of a line comes from files alone.
EDITED = (
    "service_date",
    "procedure",
    "modifiers",
    "revenue_code",
    "quadrant",
    "tooth",
    "units",
    "provider",
    "charge",
    "provider_fees",
    "allowed_fees",
    "coinsurance",
    "copay",
    "reference",
)


class ChangedMeanwhile(ClaimError):
    """Somebody else changed the claim since its form was opened."""

    def __init__(self) -> None:
        super().__init__("The claim has changed since you opened it. Open it again and repeat your changes.")


@dataclass(frozen=True)
class Lines:
    """Lines as they shall be, those without a key being new, and lines that go."""

    kept: Sequence[ClaimLine] = ()
    removed: Sequence[ClaimLine] = ()


def version_of(claim_id: uuid.UUID) -> str:
    """Tells one state of a claim and its lines from any other."""
    claim = Claim.objects.filter(pk=claim_id).values_list()
    lines = ClaimLine.objects.filter(claim=claim_id).order_by("number").values_list()
    return salted_hmac("claims.corrections", repr([*claim, *lines])).hexdigest()[:32]


@transaction.atomic
def enter(*, claim: Claim, lines: Lines, change: Change) -> Claim:
    """Take in a claim that somebody typed."""
    claim.number = next_numbers(1)[0]
    claim.status = Status.SUBMITTED
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError as error:
        raise ClaimError("There is a claim with this sender and control number already.") from error
    _save_lines(claim, lines)
    _check_charges(claim)
    _check_people(claim)
    ClaimEvent.objects.create(
        claim=claim, actor=change.actor, action="received", to_status=claim.status, note=change.note
    )
    audit.record(change.actor, "claim.added", claim, request=change.request, lines=len(lines.kept))
    outbox.tell(claim, OutboxMessage.Reason.ACCEPTED)
    expect([claim.pk])
    matching.match_waiting([claim.pk])
    return claim


@transaction.atomic
def correct(*, claim: Claim, wanted: Mapping[str, Any], lines: Lines, seen: str, change: Change) -> Claim:
    """Give a claim other contents than it had when its form was opened, in the state that was `seen`."""
    held = Claim.objects.select_for_update().get(pk=claim.pk)
    if version_of(held.pk) != seen:
        raise ChangedMeanwhile
    touches_money = "charge" in wanted or bool(lines.kept or lines.removed)
    if touches_money:
        check_money_may_change(held)
    changed = audit.changes(held, dict(wanted))
    for field in changed:
        setattr(held, field, wanted[field])
    if changed:
        held.save(update_fields=list(changed))
    changed_lines = _save_lines(held, lines)
    if touches_money:
        _check_charges(held)
    _check_people(held)
    if changed or changed_lines:
        expect([held.pk])
        _note(held, changed, changed_lines, change)
        outbox.tell(held, OutboxMessage.Reason.CORRECTED)
    return held


def check_money_may_change(claim: Claim) -> None:
    """A claim that is written off has no balance and a void one no net fee: that must stay true."""
    if claim.status in (Status.VOID, Status.WRITTEN_OFF):
        status = Status(claim.status).label.lower()
        raise ClaimError(f"The claim is {status}: its charge and lines stay. Give it another status first.")


def check_sum(charge: Decimal, charges: Iterable[Decimal | None]) -> None:
    """Lines that all have a charge add up to their claim's; where one's is unknown, nothing can be said."""
    of_lines = list(charges)
    if not of_lines or None in of_lines:
        return
    total = sum((each for each in of_lines if each is not None), Decimal(0))
    if total != charge:
        raise ClaimError(
            f"The lines' charges add up to ${total:,.2f}, but the claim's charge is ${charge:,.2f}."
        )


def _check_charges(claim: Claim) -> None:
    check_sum(claim.charge, ClaimLine.objects.filter(claim=claim).values_list("charge", flat=True))


def _check_people(claim: Claim) -> None:
    """Whoever works a claim sees it, and so do the patient's own pages."""
    assignee = claim.assignee
    if assignee and not Claim.objects.visible_to(assignee).filter(pk=claim.pk).exists():
        raise ClaimError(f"{assignee.name} does not see claims of this department: choose somebody else.")
    if claim.patient and claim.department:
        parties.join_departments([(claim.patient.pk, claim.department.pk)])


def _save_lines(claim: Claim, lines: Lines) -> dict[str, Any]:
    """What changed, line by line, as the audit trail tells it."""
    changed: dict[str, Any] = {}
    for line in lines.removed:
        if ServicePayment.objects.filter(line=line).exists():
            raise ClaimError(f"Line {line.number} has been decided by a payer and cannot be taken out.")
        changed[f"line {line.number}"] = "taken out"
        line.delete()
    before = ClaimLine.objects.filter(claim=claim).in_bulk()
    last = max((line.number for line in before.values()), default=0)
    for line in lines.kept:
        line.claim = claim
        if line.pk is None:
            line.number = last = last + 1
            changed[f"line {line.number}"] = "added"
        else:
            changed[f"line {line.number}"] = _line_changes(before[line.pk], line)
        line.save()
    return {line: what for line, what in changed.items() if what}


def _line_changes(before: ClaimLine, after: ClaimLine) -> dict[str, list[Any]]:
    return audit.changes(before, {field: getattr(after, field) for field in EDITED})


def _note(claim: Claim, changed: Mapping[str, Any], lines: Mapping[str, Any], change: Change) -> None:
    names = [field.replace("_", " ") for field in changed]
    words = ", ".join([*names, *lines])
    action = f"corrected: {words}"
    ClaimEvent.objects.create(
        claim=claim,
        actor=change.actor,
        action=action if len(action) <= ACTION_LENGTH else f"{action[: ACTION_LENGTH - 1]}…",
        from_status=claim.status,
        to_status=claim.status,
        note=change.note,
    )
    audit.record(
        change.actor, "claim.changed", claim, request=change.request, changes=changed, lines=dict(lines)
    )
