"""What a payer's answer does to a claim: its money, its status, its days; no database in it.

Amounts are whole cents. Money is always booked as the payer says it, in whatever order files arrive, so that
a claim's sums equal those of its payments. Only the newest answer says how the claim stands: one that arrives
late, or is taken back, does not undo what came after it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache

from ..imports.records import AdjustmentRecord
from ..models import Claim, ClaimPayment
from . import denials

Status, State, Category = Claim.Status, ClaimPayment.State, Claim.Category

REVERSAL = "22"
PENDED = frozenset(("5", "10", "13", "15", "16", "17", "27"))
MOVING_NO_MONEY = frozenset(("23", "25"))  # not the payer's claim; an estimate before the service
PROCESSED = frozenset(("1", "2", "3", "4", "19", "20", "21"))
NOT_FIRST_PAYER = frozenset(("2", "3", "20", "21"))
DENIED_AS_A_WHOLE = "4"

kind_of = lru_cache(maxsize=4096)(denials.kind_of)


@dataclass(slots=True)
class Decision:
    """One payer's answer about one claim, added up."""

    payment_id: int
    remittance_id: int | None
    payer_status: str
    day: date
    place: int
    source_id: uuid.UUID | None
    payer_claim_number: str = ""
    paid: int = 0
    contractual: int = 0
    share: int = 0
    allowed: int | None = None
    imbalance: int = 0
    category: str = ""  # of the largest denial among its adjustments

    @property
    def takes_back(self) -> bool:
        return self.payer_status == REVERSAL or self.paid < 0

    @property
    def outcome(self) -> str:
        """Paid or denied; nothing when no payment and no reason for that was given."""
        if self.paid > 0:
            return Claim.Decision.PAID
        if self.category or self.payer_status == DENIED_AS_A_WHOLE:
            return Claim.Decision.DENIED
        return Claim.Decision.PAID if self.imbalance == 0 else Claim.Decision.NONE


@dataclass(slots=True)
class Sums:
    """What a payment's adjustments come to."""

    contractual: int = 0
    share: int = 0
    denied: int = 0
    category: str = ""


Reasons = Iterable[tuple[str, str, int, tuple[str, ...]]]  # group, CARC, amount, RARCs


def add_up(reasons: Reasons, stated_share: int) -> Sums:
    """The patient's share is what adjustments say; a payer who gives none for it is taken at its word."""
    sums, largest, has_share = Sums(), -1, False
    for group, carc, amount, remarks in reasons:
        kind = kind_of(group, carc)
        if group == "PR":
            sums.share += amount
            has_share = True
        if kind == denials.Kind.CONTRACTUAL:
            sums.contractual += amount
        elif kind == denials.Kind.DENIAL and amount:
            sums.denied += amount
            if abs(amount) > largest:
                largest, sums.category = abs(amount), denials.category_of(group, carc, remarks)
    if not has_share:
        sums.share = stated_share
    return sums


def is_denial(adjustment: AdjustmentRecord) -> bool:
    return kind_of(adjustment.group, adjustment.reason) == denials.Kind.DENIAL


@dataclass(slots=True)
class Standing:
    """How a claim stands while answers are applied to it."""

    id: uuid.UUID
    status: str
    charge: int
    paid: int
    adjusted: int
    written_off: int
    patient_share: int
    allowed: int | None
    payer_claim_number: str
    decided_on: date | None
    paid_on: date | None
    first_decision: str
    first_decided_on: date | None
    denial_category: str
    answered_on: date | None = None  # the newest day of an answer that was applied
    # Payments of the remittance that was applied last, to tell what its own reversals take back.
    remittance_id: int | None = None
    fresh: list[int] = field(default_factory=list)
    # Of what was written down by hand as paid back to the payer: what it is to take out of a payment of its
    # own, by the rows of these; how much was sent to it; and the rows that its own answers took the place of.
    offsets: dict[int, int] = field(default_factory=dict)
    sent_back: int = 0
    replaced: list[int] = field(default_factory=list)

    @property
    def left(self) -> int:
        """What neither payer nor contract nor patient accounts for."""
        return self.charge - self.paid - self.adjusted - self.written_off - self.patient_share


@dataclass(frozen=True, slots=True)
class Effect:
    """What an answer did, for the claim's history and for whoever sent the file."""

    state: str
    action: str
    before: str
    after: str
    doubt: str = ""


def apply(decision: Decision, claim: Standing) -> Effect:
    before = claim.status
    is_late = claim.answered_on is not None and decision.day < claim.answered_on
    if claim.remittance_id != decision.remittance_id:
        claim.remittance_id, claim.fresh = decision.remittance_id, []
    if decision.payer_status in MOVING_NO_MONEY and not decision.paid:
        return Effect(State.NOTED, NOTED[decision.payer_status], before, before)
    if decision.payer_status in PENDED and not decision.paid:
        if not is_late and claim.status in (Status.SUBMITTED, Status.DENIED):
            claim.status = Status.PENDING
        return Effect(State.NOTED, "pended by payer", before, claim.status)
    if not is_late:
        claim.answered_on = decision.day
    _book(decision, claim)
    if decision.takes_back:
        action = _take_back(decision, claim, is_late)
    else:
        action = _decide(decision, claim, is_late)
    if claim.status == Status.PAID and 0 < claim.left <= claim.sent_back:
        claim.status = Status.PENDING  # the payer took what had been sent to it: somebody has to find out
    return Effect(State.POSTED, action, before, claim.status, _doubt(decision, claim, before))


NOTED = {"23": "not this payer's claim", "25": "estimated by payer before the service"}


def _book(decision: Decision, claim: Standing) -> None:
    claim.paid += decision.paid
    claim.adjusted += decision.contractual
    claim.patient_share += decision.share
    if claim.written_off:
        claim.written_off = min(claim.written_off, max(0, claim.charge - claim.paid - claim.adjusted))


def _take_back(decision: Decision, claim: Standing, is_late: bool) -> str:
    """An answer no longer holds: the claim is open again, unless its correction is here already."""
    _replace_offsets(decision, claim)
    if -decision.paid in claim.fresh:
        claim.fresh.remove(-decision.paid)
    if is_late or claim.fresh or claim.status == Status.VOID:
        return "reversed by payer"
    claim.status = Status.PENDING
    claim.decided_on = claim.paid_on = claim.allowed = None
    claim.denial_category = Category.NONE
    return "reversed by payer"


def _replace_offsets(decision: Decision, claim: Standing) -> None:
    """That the payer would take it was written down before it did: now it says so itself."""
    taken = -decision.paid
    for row, amount in list(claim.offsets.items()):
        if amount <= taken:
            taken -= amount
            claim.paid += amount
            claim.replaced.append(row)
            del claim.offsets[row]


def _decide(decision: Decision, claim: Standing, is_late: bool) -> str:
    outcome = decision.outcome
    claim.fresh.append(decision.paid)
    if outcome and (claim.first_decided_on is None or decision.day < claim.first_decided_on):
        claim.first_decision, claim.first_decided_on = outcome, decision.day
    if not is_late:
        claim.payer_claim_number = decision.payer_claim_number or claim.payer_claim_number
        if decision.allowed is not None and (
            claim.allowed is None or decision.payer_status not in NOT_FIRST_PAYER
        ):
            claim.allowed = decision.allowed
        _stand(decision, claim, outcome)
    return ACTIONS[outcome]


ACTIONS: dict[str, str] = {
    Claim.Decision.PAID: "paid by payer",
    Claim.Decision.DENIED: "denied by payer",
    Claim.Decision.NONE: "answered by payer without payment or reason",
}


def _stand(decision: Decision, claim: Standing, outcome: str) -> None:
    if claim.status == Status.VOID:
        return
    if outcome == Claim.Decision.DENIED and claim.paid > 0:
        # A duplicate, another part or another payer was denied; what was paid stays paid.
        if claim.status == Status.PAID:
            return
        outcome = Claim.Decision.PAID
    if not outcome:
        claim.status = claim.status if claim.paid > 0 or _is_closed(claim) else Status.PENDING
        return
    claim.decided_on = decision.day
    if outcome == Claim.Decision.PAID:
        claim.paid_on = decision.day
    if _is_closed(claim):
        return
    claim.status = Status(outcome)
    claim.denial_category = ""
    if outcome == Claim.Decision.DENIED:
        claim.denial_category = decision.category or Category.OTHER


def _is_closed(claim: Standing) -> bool:
    """Somebody gave it up; a payment that comes all the same is booked, and they decide."""
    return claim.status == Status.WRITTEN_OFF


def _doubt(decision: Decision, claim: Standing, before: str) -> str:
    if decision.takes_back and claim.paid < 0:
        return "takes back more than was paid on this claim here"
    if decision.takes_back and claim.sent_back:
        return f"takes back money although ${_dollars(claim.sent_back):,.2f} was sent back by hand"
    if before == Status.VOID:
        return "answers a claim that is void here; the money is booked on it"
    if before == Status.WRITTEN_OFF:
        return "answers a claim that is written off here; the money is booked on it"
    if claim.paid + claim.adjusted > claim.charge and decision.paid > 0:
        return "pays more than is open on this claim: it has a credit balance"
    return ""


def _dollars(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def why_held(payer_status: str, charge: int, paid: int) -> str:
    """Why an answer is not booked before a person has looked at it; nothing when it can be."""
    if payer_status == REVERSAL and (charge > 0 or paid > 0):
        return "It is a reversal, yet its amounts are not below zero."
    if payer_status in MOVING_NO_MONEY and paid:
        return "Its status moves no money, yet it names a payment."
    if payer_status not in PROCESSED | PENDED | MOVING_NO_MONEY | {REVERSAL}:
        return "Its status is not a known one."
    return ""


def allowed_of(charge: int, sums: Sums, stated: int | None, of_lines: list[int | None]) -> int | None:
    """What the payer allowed: as it says, line by line, or what contract and denials leave of the charge."""
    if stated is not None:
        return stated
    known = [each for each in of_lines if each is not None]
    if known:
        return sum(known)
    left = charge - sums.contractual - sums.denied
    return left if charge > 0 and left > 0 else None
