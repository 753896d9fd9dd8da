"""Where a paid claim fell short of what was expected of it: line by line, with the payer's own reasons.

A claim is underpaid by one definition everywhere (`UNDERPAID`): it brought less than was expected of payers
and patient together. Its parts say on which lines, and add up to just that. Tolerance is a question of
looking at them: nothing is left out here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, Sum

from .. import bulk
from ..models import Adjustment, Claim, ClaimLine, ClaimPayment, Expectation, ServicePayment, Shortfall
from ..models.claims import UNDERPAID
from ..money import cents
from .pursued import join
from .schedules import prices

Cause = Shortfall.Cause
NOTHING = Decimal(0)
KEPT_BY_LAW = "253"  # sequestration: the contract's price is not what was cut
WHOLE = 0  # the number of no line
AT_ONCE = 900  # claims, whose ids are values of one statement, which SQLite limits


@dataclass(slots=True)
class Brought:
    """What a line brought by all answers posted for it, and what they took off by which reasons."""

    paid: Decimal = NOTHING
    share: Decimal = NOTHING
    by_law: Decimal = NOTHING
    denied: Decimal = NOTHING

    @property
    def total(self) -> Decimal:
        return self.paid + self.share

    def adjust(self, group: str, reason: str, amount: Decimal, *, is_denial: bool) -> None:
        if group == "PR":
            self.share += amount
        elif reason == KEPT_BY_LAW:
            self.by_law += amount
        elif is_denial:
            self.denied += amount


@dataclass(slots=True)
class Paid:
    """An underpaid claim with all that its parts are worked out from."""

    id: UUID | str
    expected: Decimal
    short: Decimal
    prices: dict[int, Decimal | None] = field(default_factory=dict)  # by line; empty unless it is priced
    services: dict[int, tuple[str, str]] = field(default_factory=dict)  # procedure and modifiers, by line
    brought: dict[int, Brought] = field(default_factory=lambda: defaultdict(Brought))


@dataclass(frozen=True, slots=True)
class Part:
    cause: str
    amount: Decimal
    expected: Decimal = NOTHING
    line: int = WHOLE


def parts(claim: Paid) -> list[Part]:
    """What a claim's shortfall is made of; together exactly that."""
    if not claim.prices:
        return list(_of_the_whole(claim, claim.short, claim.expected))
    found = [part for line, price in claim.prices.items() for part in _of_a_line(claim, line, price)]
    rest = claim.short - sum((part.amount for part in found), NOTHING)
    if rest < 0:  # the payer told of the whole claim what its lines lack, such as the patient's share
        return list(_of_the_whole(claim, claim.short, claim.expected))
    return [*found, *_of_the_whole(claim, rest, NOTHING)]


def _of_a_line(claim: Paid, line: int, price: Decimal | None) -> Iterator[Part]:
    price, brought = price or NOTHING, claim.brought[line]
    short = price - brought.total
    by_law = min(brought.by_law, max(short, NOTHING))
    if by_law > 0:
        yield Part(Cause.LAW, by_law, line=line)
        short -= by_law
    if short:
        is_denied = 0 < short <= brought.denied
        yield Part(Cause.DENIED if is_denied else Cause.BELOW, short, price, line)


def _of_the_whole(claim: Paid, short: Decimal, expected: Decimal) -> Iterator[Part]:
    """What no line tells: the claim has no prices, or answers speak of it as a whole."""
    known = claim.brought.values() if expected else [claim.brought[WHOLE]]
    by_law = min(sum((each.by_law for each in known), NOTHING), max(short, NOTHING))
    if by_law > 0:
        yield Part(Cause.LAW, by_law)
        short -= by_law
    denied = sum((each.denied for each in known), NOTHING)
    if short:
        yield Part(Cause.DENIED if 0 < short <= denied else Cause.CLAIM, short, expected)


# Kept ------------------------------------------------------------------------------------------------

COLUMNS = ("claim_id", "line", "procedure", "modifiers", "cause", "expected", "amount")


def split(ids: Iterable[UUID]) -> None:
    """Work out and keep the parts of these claims' shortfalls; those that lack nothing have none."""
    for batch in in_batches(list(ids)):
        with transaction.atomic():
            _split(batch)


def in_batches(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _split(ids: Sequence[UUID]) -> None:
    """What is as it was stays as it is: each change to it outdates sums."""
    claims = _underpaid(ids)
    if claims:
        _read_lines(claims)
        _read_answers(claims)
    fresh = {pk: sorted(rows_of(claim)) for pk, claim in claims.items()}
    kept = _kept(ids)
    changed = [pk for pk in sorted({*fresh, *kept}) if fresh.get(pk) != kept.get(pk)]
    Shortfall.objects.filter(claim__in=[pk for pk in changed if pk in kept]).delete()
    bulk.insert(Shortfall, COLUMNS, [row for pk in changed for row in fresh.get(pk, ())])
    if claims:
        join(ids)


def _kept(ids: Sequence[UUID]) -> dict[UUID, list[bulk.Row]]:
    found: dict[UUID, list[bulk.Row]] = defaultdict(list)
    rows = Shortfall.objects.filter(claim__in=ids).order_by().values_list(*COLUMNS)
    for *told, expected, amount in rows:
        found[told[0]].append((*told, cents(expected), cents(amount)))
    return {pk: sorted(parts) for pk, parts in found.items()}


def rows_of(claim: Paid) -> list[bulk.Row]:
    """A claim's parts as the database keeps them, by these `COLUMNS`."""
    named = set(claim.services.values())
    alone = named.pop() if len(named) == 1 else ("", "")
    return [
        (
            *(claim.id, part.line, *(claim.services[part.line] if part.line else alone)),
            *(str(part.cause), cents(part.expected), cents(part.amount)),
        )
        for part in parts(claim)
    ]


def _underpaid(ids: Sequence[UUID]) -> dict[UUID, Paid]:
    rows = Claim.objects.filter(UNDERPAID, pk__in=ids).order_by()
    return {
        pk: Paid(pk, expected, expected - paid - share)
        for pk, expected, paid, share in rows.values_list("pk", "expected", "paid", "patient_share")
        if expected is not None
    }


def _read_lines(claims: dict[UUID, Paid]) -> None:
    lines = ClaimLine.objects.filter(claim__in=list(claims)).order_by()
    for claim, number, procedure, modifiers in lines.values_list("claim", "number", "procedure", "modifiers"):
        claims[claim].services[number] = procedure, modifiers
    filled = Expectation.objects.filter(claim__in=list(claims), amount=F("claim__expected"))
    priced = list(filled.values_list("claim", "claim__payer", "claim__service_from"))
    for claim, known in prices(priced).items():
        claims[claim].prices = known


def _read_answers(claims: dict[UUID, Paid]) -> None:
    """Of all payers' answers as they are posted: what was taken back is below zero and undoes itself."""
    posted = Q(payment__claim__in=list(claims), payment__state=ClaimPayment.State.POSTED)
    services = ServicePayment.objects.filter(posted).order_by()
    for claim, line, paid in services.values_list("payment__claim", "line__number").annotate(Sum("paid")):
        claims[claim].brought[line or WHOLE].paid += paid
    adjustments = Adjustment.objects.filter(posted).order_by()
    told = adjustments.values_list(
        "payment__claim", "service__line__number", "group", "reason", "is_denial"
    ).annotate(Sum("amount"))
    for claim, line, group, reason, is_denial, amount in told:
        claims[claim].brought[line or WHOLE].adjust(group, reason, amount, is_denial=is_denial)
