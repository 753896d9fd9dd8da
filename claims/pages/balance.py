"""Whether payments add up, from the line to the remittance, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rcm_site.tables import Cell
from rcm_site.templatetags.ui import money

from ..models import ClaimPayment, Remittance


@dataclass(frozen=True)
class Step:
    """One of the proofs: what was added up, and how far off it is."""

    title: str
    words: str
    holds: bool


def badge_of(remittance: Remittance) -> Cell:
    """In one word whether a remittance adds up, or by how much it does not."""
    if remittance.is_cut_off:
        return Cell("Cut off", badge="unbalanced")
    if remittance.imbalance is None:
        return Cell("Being read", badge="running")
    if remittance.imbalance:
        return Cell(f"Differs by {money(abs(remittance.imbalance))}", badge="unbalanced")
    off = remittance.claim_imbalances or remittance.line_imbalances
    if off:
        noun = "claim" if remittance.claim_imbalances else "line"
        return Cell(f"{off:,} {noun}{'s' if off > 1 else ''} off", badge="unbalanced")
    return Cell("Balanced", badge="balanced")


def proof(remittance: Remittance) -> list[Step]:
    """Each line, each claim, and the payment as a whole."""
    return [
        Step(
            "Every line",
            _so_many_off("charge less adjustments is what was paid", remittance.line_imbalances, "line"),
            not remittance.line_imbalances,
        ),
        Step(
            "Every claim",
            _so_many_off(
                "charge less all adjustments is what was paid", remittance.claim_imbalances, "claim"
            ),
            not remittance.claim_imbalances,
        ),
        Step("The payment", _whole(remittance), remittance.imbalance == 0),
    ]


def _so_many_off(rule: str, off: int, noun: str) -> str:
    if not off:
        return f"{rule.capitalize()}."
    return f"{off:,} {noun}{'s do' if off > 1 else ' does'} not add up: {rule} does not hold there."


def _whole(remittance: Remittance) -> str:
    if remittance.claims_paid is None or remittance.imbalance is None:
        return (
            "The file ended before this remittance did, so nothing can be proved."
            if remittance.is_cut_off
            else "It is still being read."
        )
    says = "The claims' payments less what the payer takes outside claims"
    if remittance.imbalance == 0:
        return f"{says} make the payment of {money(remittance.amount)}."
    made = remittance.claims_paid - remittance.provider_adjusted
    return f"{says} make {money(made)}, the payment is {money(remittance.amount)}."


# CLP02, in our own words.
ANSWERS = {
    "1": "Processed",
    "2": "Processed as second",
    "3": "Processed as third",
    "4": "Denied",
    "5": "Pended",
    "10": "Received, not yet worked",
    "13": "Suspended",
    "15": "Suspended, under investigation",
    "16": "Suspended, waits for material",
    "17": "Suspended, under review",
    "19": "Processed, sent on",
    "20": "Processed as second, sent on",
    "21": "Processed as third, sent on",
    "22": "Reversal of an earlier payment",
    "23": "Not this payer's claim, sent on",
    "25": "Predetermination, no payment",
    "27": "Reviewed",
}


def payers_answer(payment: ClaimPayment) -> str:
    """What the payer did with the claim; a payment without an 835 has no such answer."""
    if payment.payer_status:
        return ANSWERS.get(payment.payer_status, f"Status {payment.payer_status}")
    went_back = None if payment.remittance_id else getattr(payment, "pay_back", None)
    return f"Paid back to {went_back.recipient}" if went_back else "Payment"


def adjusted(payment: ClaimPayment) -> Decimal:
    """All that was taken off the charge: kept as the difference to what does not add up."""
    return payment.charge - payment.paid - payment.imbalance
