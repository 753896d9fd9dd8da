"""What working a claim is worth: dollars × chance × urgency.

Dollars are what is owed, what was paid too little, or what was paid too much. The chance is how many claims
like it were paid (`chances`); where nobody knows it, and where money has to go back, it counts as one.

Urgency is 1 while nothing has to be done within 30 days, and grows by a tenth with each day less: 2 with 20
days left, 3 with 10, 4 on the last day. Past its deadline a claim is hardly ever paid: 0.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from uuid import UUID

from .. import bulk
from ..deadlines import deadline_of
from ..models import Claim, OpenWork
from ..models.claims import OPEN
from ..money import cents
from ..outlines import Outline, outlined
from ..plan_limits import PlanLimits
from .chances import Chance, Chances

AtStake = OpenWork.AtStake
SOON = 30  # days
TOO_LATE = 1  # tenths
CENT = Decimal("0.01")
STANDING = (
    *("status", "payer_id", "denial_category", "at_intake", "decided_on"),
    *("balance", "paid", "expected", "patient_share"),
)


class Worth(NamedTuple):
    """What of a claim's work depends on the claim and on the day."""

    at_stake: str
    dollars: Decimal
    collected: int
    decided: int
    likeness: str
    urgency: int
    deadline: date | None
    value: Decimal
    department_id: int | None


def at_stake(claim: Claim | Outline) -> tuple[AtStake, Decimal] | None:
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


def worth_of(claim: Outline, chances: Chances, plans: PlanLimits, today: date) -> Worth | None:
    stake = at_stake(claim)
    if stake is None:
        return None
    kind, dollars = stake
    deadline = deadline_of(claim, today, plans)
    chance = chances.of(claim, today) if kind == AtStake.OWED else Chance(0, 0, "")
    times = urgency(deadline.left if deadline else None)
    share = Decimal(chance.collected) / chance.decided if chance.decided else Decimal(1)
    return Worth(
        at_stake=kind,
        dollars=dollars,
        collected=chance.collected,
        decided=chance.decided,
        likeness=chance.likeness if chance.decided else "",
        urgency=times,
        deadline=deadline.day if deadline else None,
        value=(dollars * share * times / 10).quantize(CENT, ROUND_HALF_UP),
        department_id=claim.department_id,
    )


def as_it_stands(claim: Claim | Outline) -> str:
    """Tells whether anything happened to a claim since its work was closed, the days that pass apart."""
    said = [str(getattr(claim, name)) for name in STANDING]
    return hashlib.sha256("|".join(said).encode()).hexdigest()[:22]


def value_claims(ids: Collection[UUID], today: date) -> None:
    """Keep what these claims are worth, and nothing of those that nobody has to work any more."""
    chances, claims = Chances(), outlined(ids)
    plans = PlanLimits(claims.values())
    fresh = {pk: worth for pk, claim in claims.items() if (worth := worth_of(claim, chances, plans, today))}
    works = OpenWork.objects.filter(pk__in=bulk.listed("uuid", ids))
    kept = works.order_by().values_list("pk", "closed_as", *Worth._fields)
    here = {pk: (closed_as, Worth(*worth)) for pk, closed_as, *worth in kept}
    # Everybody locks rows in the same order, that of ids, and none that stays as it is: others would wait.
    changed = [pk for pk, worth in fresh.items() if pk not in here or here[pk][1] != worth]
    bulk.put(OpenWork, _COLUMNS, [_row(pk, fresh[pk]) for pk in changed], renewed=Worth._fields)
    _open_again(claims, {pk: closed_as for pk, (closed_as, _) in here.items() if closed_as})
    OpenWork.objects.filter(pk__in=here.keys() - fresh.keys()).delete()


_COLUMNS = ("claim_id", *Worth._fields, "pended_why", "closed_as", "closed_why")


def _row(pk: UUID, worth: Worth) -> bulk.Row:
    """As the database keeps it. Whatever the new row does not say is that nothing has happened to it."""
    kept = worth._asdict() | {"dollars": cents(worth.dollars), "value": cents(worth.value)}
    return pk, str(kept.pop("at_stake")), *kept.values(), "", "", ""


def _open_again(claims: dict[UUID, Outline], closed: dict[UUID, str]) -> None:
    """Work that was closed on a claim which stands otherwise by now."""
    for pk, closed_as in sorted(closed.items()):
        if pk in claims and closed_as != as_it_stands(claims[pk]):
            OpenWork.objects.filter(pk=pk, closed_as=closed_as).update(closed_as="", closed_why="")
