"""What people do about a claim at work, and what to do first: each step is an event with what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from django.db import models, transaction
from django.utils import timezone

from . import changes
from .changes import Change, ClaimError
from .corrections import Lines, enter
from .fields import blind_index
from .models import Claim, ClaimLine, OpenWork
from .rebills import take_out
from .worklists import pending

Status, Category = Claim.Status, Claim.Category
REPLACES = "7"


class Step(StrEnum):
    CALL = "call"
    DOCUMENTS = "documents"
    REBILL = "rebill"
    APPEAL = "appeal"
    BILL_PATIENT = "bill_patient"
    PAYMENT = "payment"
    PAY_BACK = "pay_back"
    WRITE_OFF = "write_off"
    TAKE_BACK = "take_back"
    CLOSE = "close"


class CameOfCall(models.TextChoices):
    IN_PROCESS = "in_process", "Still in process"
    WILL_PAY = "will_pay", "They will pay"
    DENIED = "denied", "Denied: they said why"
    DOCUMENTS = "documents", "They want documents"
    NOT_ON_FILE = "not_on_file", "They have no such claim"
    NOBODY = "nobody", "Reached nobody"


@dataclass(frozen=True)
class Advice:
    """What to do first, and why."""

    step: Step
    words: str


OF_DENIAL: dict[str, Advice] = {
    Category.ELIGIBILITY: Advice(
        Step.CALL,
        "Check who covered the patient on the day of service; then bill that payer, or the patient.",
    ),
    Category.AUTHORISATION: Advice(
        Step.APPEAL, "Appeal with the authorisation, or ask for one after the fact with the records."
    ),
    Category.CODING: Advice(Step.REBILL, "Correct codes and modifiers, and bill again as a replacement."),
    Category.DOCUMENTATION: Advice(Step.DOCUMENTS, "Send what they ask for; the remarks say what that is."),
    Category.TIMELY_FILING: Advice(Step.APPEAL, "Appeal with the proof that it was filed in time."),
    Category.DUPLICATE: Advice(Step.CALL, "Ask which claim they mean; appeal or let go after that."),
    Category.MEDICAL_NECESSITY: Advice(Step.APPEAL, "Appeal with the records that show why it was needed."),
    Category.COORDINATION: Advice(
        Step.CALL, "Ask which payer comes first, and bill that one; send its answer to the next."
    ),
    Category.OTHER: Advice(Step.CALL, "Ask what is missing: the reason they gave does not say."),
}


def advice(claim: Claim) -> Advice | None:
    """The next step that helps most claims which stand like this one; none where nothing has to be done."""
    if claim.overpaid:
        return Advice(Step.PAY_BACK, "Too much was paid: find out whose it is, and pay it back.")
    if claim.balance <= 0 or claim.status in (Status.VOID, Status.WRITTEN_OFF):
        return None
    if claim.status == Status.DENIED:
        return OF_DENIAL[claim.denial_category or Category.OTHER]
    if claim.status == Status.APPEALED:
        return Advice(Step.CALL, "Ask how the appeal stands.")
    if claim.status == Status.PAID:
        return Advice(Step.BILL_PATIENT, "The rest is the patient's.") if claim.patient_share > 0 else None
    if claim.at_intake == Claim.AtIntake.REJECTED:
        return Advice(
            Step.REBILL, "Their intake rejected it, so it was never filed: correct it and send it again."
        )
    return Advice(Step.CALL, "Ask whether they have it, and when they will decide.")


# Steps that leave the status as it is ----------------------------------------------------------------


@transaction.atomic
def call(*, claim: Claim, came_of: str, reference: str, again_in: int | None, change: Change) -> None:
    """A call to the payer, with the number under which they wrote it down; the claim may rest after it."""
    _check_living(claim)
    said = [f"{CameOfCall(came_of).label}.", f"Reference {reference}." if reference else "", change.note]
    changes.note(claim, "called the payer", replace(change, note=" ".join(filter(None, said))))
    if again_in:
        pending.pend(claim=claim, days=again_in, why=OpenWork.Why.PAYER, change=replace(change, note=""))


@transaction.atomic
def send_documents(*, claim: Claim, what: str, how: str, change: Change) -> None:
    _check_living(claim)
    said = f"{what}, by {how}. {change.note}".strip()
    changes.note(claim, "documents sent", replace(change, note=said))


@transaction.atomic
def bill_patient(*, claim: Claim, change: Change) -> None:
    """What the payer left to the patient is asked of them."""
    claim = _check_living(claim)
    if claim.patient_share <= 0:
        raise ClaimError("The payer's answer leaves nothing to the patient, who cannot be billed for it.")
    changes.note(claim, f"patient billed ${claim.patient_share:,.2f}", change)


def _check_living(claim: Claim) -> Claim:
    claim = Claim.objects.select_for_update().get(pk=claim.pk)
    if claim.status == Status.VOID:
        raise ClaimError("The claim is void: work the one that replaced it.")
    return claim


# Correcting and billing again --------------------------------------------------------------------------

KEPT = (
    "sender",
    "control_number",
    "kind",
    "payer",
    "provider",
    "patient",
    "department",
    "assignee",
    "responsibility",
    "place_of_service",
    "service_from",
    "service_to",
)
KEPT_OF_LINE = (
    "service_date",
    "revenue_code",
    "quadrant",
    "tooth",
    "coverage",
    "provider",
    "provider_fees",
    "allowed_fees",
    "coinsurance",
    "copay",
)
CORRECTED_OF_LINE = ("procedure", "modifiers", "units", "charge")


@transaction.atomic
def rebill(
    *,
    claim: Claim,
    diagnoses: str,
    authorization: str,
    lines: Sequence[Mapping[str, object]],
    change: Change,
) -> Claim:
    """Bill a claim again, corrected: a new one of frequency 7 takes its place, and the two are linked.

    `lines` are what each line of the claim shall say instead, in their order.
    """
    claim = _check_living(claim)
    if not claim.is_open:
        raise ClaimError(
            f"A claim that is {claim.get_status_display().lower()} is not billed again from here."
        )
    before = list(claim.lines.order_by("number"))
    kept = [_corrected(line, wanted) for line, wanted in zip(before, lines, strict=True)]
    new = Claim(
        **{field: getattr(claim, field) for field in KEPT},
        frequency=REPLACES,
        original=claim,
        original_number=claim.payer_claim_number,
        diagnoses=diagnoses,
        authorization=authorization,
        charge=_charge(claim, kept),
        submitted_on=timezone.localdate(),
    )
    said = [[getattr(line, field) for field in CORRECTED_OF_LINE] for line in kept]
    if not _differs(claim, new, before, kept):
        raise ClaimError("Nothing is corrected: billed the same again, it would be a duplicate.")
    new.rebill_mark = blind_index(repr((claim.pk, new.charge, diagnoses, authorization, said)), "rebill")
    enter(claim=new, lines=Lines(kept=kept), change=change)
    take_out(claim, new, actor=change.actor)
    return new


def _corrected(line: ClaimLine, wanted: Mapping[str, object]) -> ClaimLine:
    kept = {field: getattr(line, field) for field in KEPT_OF_LINE}
    return ClaimLine(**kept, **{field: wanted[field] for field in CORRECTED_OF_LINE})


def _charge(claim: Claim, lines: Sequence[ClaimLine]) -> Decimal:
    """What its lines add up to, where all of them tell their charge."""
    charges = [line.charge for line in lines]
    if not charges or None in charges:
        return claim.charge
    return sum((each for each in charges if each is not None), Decimal(0))


def _differs(claim: Claim, new: Claim, before: Sequence[ClaimLine], after: Sequence[ClaimLine]) -> bool:
    """A claim that never reached the payer may go out as it was."""
    if claim.at_intake == Claim.AtIntake.REJECTED:
        return True
    if (claim.diagnoses, claim.authorization) != (new.diagnoses, new.authorization):
        return True
    return any(
        getattr(old, field) != getattr(line, field)
        for old, line in zip(before, after, strict=True)
        for field in CORRECTED_OF_LINE
    )
