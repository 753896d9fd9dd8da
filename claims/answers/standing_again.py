"""How a claim stands by answers that are booked already, where what was booked before them counts no longer.

An answer is weighed against what it found: beside a payment of a later day it was late and decided nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Max

from ..models import Claim, ClaimPayment
from ..money import cents, dollars
from .decisions import Standing, apply
from .matching import decisions_of
from .settling import know_pay_backs

DECIDED = (
    *("status", "decided_on", "paid_on", "first_decision", "first_decided_on", "denial_category"),
    "payer_claim_number",
)
STANDS = (*DECIDED, "written_off", "allowed")


def stand_again(claim: Claim, answers: Sequence[ClaimPayment]) -> None:
    """Let these answers decide on a claim that stands as before them; what they brought is booked already."""
    told = decisions_of(answers)
    decisions = [told[each.pk] for each in answers]
    earlier = ClaimPayment.objects.filter(claim=claim, state=ClaimPayment.State.POSTED, pay_back=None)
    standing = Standing(
        id=claim.pk,
        charge=cents(claim.charge),
        paid=cents(claim.paid) - sum(each.paid for each in decisions),
        adjusted=cents(claim.adjusted) - sum(each.contractual for each in decisions),
        patient_share=cents(claim.patient_share) - sum(each.share for each in decisions),
        written_off=cents(claim.written_off),
        allowed=None if claim.allowed is None else cents(claim.allowed),
        answered_on=earlier.exclude(pk__in=told).aggregate(day=Max("paid_on"))["day"],
        **{name: getattr(claim, name) for name in DECIDED},
    )
    know_pay_backs({claim.pk: standing}, [claim.pk])
    standing.offsets = {}  # whichever an answer took the place of counts no longer
    for decision in decisions:
        apply(decision, standing)
    for name in DECIDED:
        setattr(claim, name, getattr(standing, name))
    claim.written_off, claim.allowed = Decimal(dollars(standing.written_off) or 0), dollars(standing.allowed)
