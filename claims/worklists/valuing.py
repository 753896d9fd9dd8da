"""What working a claim is worth: dollars × chance × urgency.

Dollars are what is owed, what was paid too little, or what was paid too much. The chance is how many claims
like it were paid (`chances`); where nobody knows it, and where money has to go back, it counts as one.

Urgency is 1 while nothing has to be done within 30 days, and grows by a tenth with each day less: 2 with 20
days left, 3 with 10, 4 on the last day. Past its deadline a claim is hardly ever paid: 0.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from ..deadlines import deadline_of
from ..models import Claim, OpenWork, Payer
from ..models.claims import OPEN
from ..plan_limits import PlanLimits
from .chances import Chance, Chances

AtStake = OpenWork.AtStake
SOON = 30  # days
TOO_LATE = 1  # tenths
CENT = Decimal("0.01")
READ = (
    *("status", "payer_id", "denial_category", "at_intake", "submitted_on", "service_to", "decided_on"),
    *("balance", "paid", "expected", "patient_share"),
)
STANDING = (
    *("status", "payer_id", "denial_category", "at_intake", "decided_on"),
    *("balance", "paid", "expected", "patient_share"),
)
VALUED = (*("at_stake", "dollars", "collected", "decided", "likeness", "urgency", "deadline", "value"),)


def at_stake(claim: Claim) -> tuple[AtStake, Decimal] | None:
    """For which money a claim is worked, and how much of it there is; nothing once nobody has to."""
    if claim.status in OPEN and claim.balance > 0:
        return AtStake.OWED, claim.balance
    if claim.status != Claim.Status.PAID:
        return None
    if claim.balance < 0:
        return AtStake.CREDIT, -claim.balance
    short = claim.expected - claim.paid - claim.patient_share if claim.expected is not None else 0
    return (AtStake.UNDERPAID, Decimal(short)) if short > 0 else None


def urgency(left: int | None) -> int:
    """In tenths, by the days that are left; none where nothing ends."""
    if left is None or left > SOON:
        return 10
    return TOO_LATE if left < 0 else 10 + SOON - left


def valued(claim: Claim, chances: Chances, plans: PlanLimits, today: date) -> OpenWork | None:
    stake = at_stake(claim)
    if stake is None:
        return None
    kind, dollars = stake
    deadline = deadline_of(claim, today, plans)
    chance = chances.of(claim, today) if kind == AtStake.OWED else Chance(0, 0, "")
    times = urgency(deadline.left if deadline else None)
    share = Decimal(chance.collected) / chance.decided if chance.decided else Decimal(1)
    return OpenWork(
        claim=claim,
        at_stake=kind,
        dollars=dollars,
        collected=chance.collected,
        decided=chance.decided,
        likeness=chance.likeness if chance.decided else "",
        urgency=times,
        deadline=deadline.day if deadline else None,
        value=(dollars * share * times / 10).quantize(CENT, ROUND_HALF_UP),
    )


def as_it_stands(claim: Claim) -> str:
    """Tells whether anything happened to a claim since its work was closed, the days that pass apart."""
    said = [str(getattr(claim, name)) for name in STANDING]
    return hashlib.sha256("|".join(said).encode()).hexdigest()[:22]


def value_claims(ids: Collection[UUID], today: date) -> None:
    """Keep what these claims are worth, and nothing of those that nobody has to work any more."""
    chances, payers = Chances(), Payer.objects.in_bulk()
    claims = {claim.pk: claim for claim in Claim.objects.filter(pk__in=ids).only(*READ)}
    for claim in claims.values():
        claim.payer = payers.get(claim.payer_id) if claim.payer_id else None
    plans = PlanLimits(claims.values())
    fresh = [work for claim in claims.values() if (work := valued(claim, chances, plans, today))]
    here = OpenWork.objects.in_bulk(list(ids))
    OpenWork.objects.bulk_create(
        _changed(fresh, here),
        update_conflicts=True,
        unique_fields=["claim"],
        update_fields=VALUED,
        batch_size=500,
    )
    _open_again(claims, here)
    gone = here.keys() - {work.claim_id for work in fresh}
    OpenWork.objects.filter(pk__in=gone).delete()


def _open_again(claims: dict[UUID, Claim], here: dict[UUID, OpenWork]) -> None:
    """Work that was closed on a claim which stands otherwise by now."""
    for pk in sorted(pk for pk in here if here[pk].closed_as and pk in claims):
        if here[pk].closed_as != as_it_stands(claims[pk]):
            closed = OpenWork.objects.filter(pk=pk, closed_as=here[pk].closed_as)
            closed.update(closed_as="", closed_why="")


def _changed(fresh: Iterable[OpenWork], here: dict[UUID, OpenWork]) -> list[OpenWork]:
    """Everybody locks rows in the same order, and none that stays as it is: others would wait for it."""

    def differs(work: OpenWork) -> bool:
        kept = here.get(work.claim_id)
        return kept is None or any(getattr(kept, name) != getattr(work, name) for name in VALUED)

    return sorted(filter(differs, fresh), key=lambda work: work.claim_id)
