"""Finds the claims that payments speak of: as a file is read, when a claim arrives late, and by hand.

A claim is known by its control number (CLP01), else by the payer's own number (CLP07). Payers know no
departments, so whose claim it is plays no part, but for a person who assigns a payment.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts import audit

from ..appeal_histories import follow
from ..changes import Change, ClaimError
from ..contracts.shortfalls import split
from ..models import Adjustment, Claim, ClaimLine, ClaimPayment, ServicePayment
from ..money import cents
from .decisions import Decision, Effect, add_up
from .settling import Hand, in_batches, settle

State = ClaimPayment.State

NOT_HERE = "No claim with this number is here yet."
SEVERAL = "Several senders have claims with this number: a person has to choose."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a payment says of its claim."""

    control_number: str
    payer_claim_number: str
    charge: int
    payer_id: int | None
    sender: str = ""


class Candidate(NamedTuple):
    id: uuid.UUID
    control_number: str
    payer_claim_number: str
    is_void: bool
    number: int
    sender: str
    charge: int
    payer_id: int | None


@dataclass(frozen=True, slots=True)
class Match:
    claim: Candidate | None
    state: str = State.POSTED
    reason: str = ""


def find_claims(wanted: Sequence[Wanted]) -> list[Match]:
    by_number = _candidates("control_number", {each.control_number for each in wanted})
    strangers = {each.payer_claim_number for each in wanted if each.control_number not in by_number}
    by_payer_number = _candidates("payer_claim_number", strangers)
    return [
        _of_control_number(each, by_number[each.control_number])
        if each.control_number in by_number
        else _of_payer_number(each, by_payer_number.get(each.payer_claim_number, []))
        for each in wanted
    ]


def _candidates(column: str, numbers: Iterable[str]) -> dict[str, list[Candidate]]:
    found: dict[str, list[Candidate]] = defaultdict(list)
    for batch in in_batches(sorted({*numbers} - {""})):
        # Leaving out the empty ones again lets PostgreSQL use the index, which does so too.
        claims = Claim.objects.filter(**{f"{column}__in": batch}).exclude(**{column: ""}).order_by()
        for row in claims.values_list(
            "id", "control_number", "payer_claim_number", "status", "number", "sender", "charge", "payer_id"
        ):
            claim = Candidate(*row[:3], row[3] == Claim.Status.VOID, row[4], row[5], cents(row[6]), row[7])
            found[getattr(claim, column)].append(claim)
    return dict(found)


def _of_control_number(wanted: Wanted, claims: list[Candidate]) -> Match:
    """The payer's own number tells rebills apart; senders, who may use the same numbers, their charges."""
    same = [each for each in claims if _is_same_number(each, wanted)]
    if same:
        return Match(_newest(same))
    for is_meant in (
        lambda claim: claim.sender == wanted.sender,
        lambda claim: claim.charge == abs(wanted.charge),
    ):
        if len({each.sender for each in claims}) > 1:
            claims = [each for each in claims if is_meant(each)] or claims
    if len({each.sender for each in claims}) > 1:
        return Match(None, State.HELD, SEVERAL)
    return Match(_newest(claims))


def _is_same_number(claim: Candidate, wanted: Wanted) -> bool:
    return bool(wanted.payer_claim_number) and claim.payer_claim_number == wanted.payer_claim_number


def _of_payer_number(wanted: Wanted, claims: list[Candidate]) -> Match:
    """Two payers may give the same number to different claims, so the charge has to agree as well."""
    meant = [
        each
        for each in claims
        if each.charge == abs(wanted.charge)
        and (each.payer_id == wanted.payer_id or None in (each.payer_id, wanted.payer_id))
    ]
    return Match(_newest(meant)) if meant else Match(None, State.UNMATCHED, NOT_HERE)


def _newest(claims: list[Candidate]) -> Candidate:
    return max(claims, key=lambda claim: (not claim.is_void, claim.number))


# Lines -----------------------------------------------------------------------------------------------


class Line(NamedTuple):
    id: int
    reference: str
    procedure: str
    revenue_code: str
    charge: int


class Service(NamedTuple):
    """What tells which line a payer speaks of."""

    reference: str
    procedures: tuple[str, ...]
    revenue_code: str
    charge: int


def lines_of(claim_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Line]]:
    found: dict[uuid.UUID, list[Line]] = defaultdict(list)
    for batch in in_batches(sorted(set(claim_ids))):
        rows = ClaimLine.objects.filter(claim__in=batch).order_by("claim", "number")
        for claim_id, pk, reference, procedure, revenue_code, charge in rows.values_list(
            "claim", "id", "reference", "procedure", "revenue_code", "charge"
        ):
            line = Line(pk, reference, procedure, revenue_code, cents(charge or 0))
            found[claim_id].append(line)
    return found


def match_lines(services: Sequence[Service], lines: Sequence[Line]) -> list[int | None]:
    """For each service its line, no line twice: by reference, else by what was done and its charge."""
    free = list(lines)
    found: list[int | None] = [None] * len(services)
    for is_same in (_is_referred_to, _is_same_service):
        for index, service in enumerate(services):
            if found[index] is None:
                line = next((each for each in free if is_same(service, each)), None)
                if line is not None:
                    found[index] = line.id
                    free.remove(line)
    return found


def _is_referred_to(service: Service, line: Line) -> bool:
    return bool(service.reference) and service.reference == line.reference


def _is_same_service(service: Service, line: Line) -> bool:
    if abs(service.charge) != line.charge:
        return False
    if line.procedure:
        return line.procedure in service.procedures
    return bool(line.revenue_code) and line.revenue_code == service.revenue_code


# Payments that waited --------------------------------------------------------------------------------


def match_waiting(claim_ids: Sequence[uuid.UUID]) -> int:
    """Book the payments that waited for these claims, which have just arrived; how many did."""
    if not claim_ids or not ClaimPayment.objects.unmatched().exists():
        return 0
    booked = 0
    for batch in in_batches(claim_ids):
        numbers = Claim.objects.filter(pk__in=batch).exclude(control_number="").values("control_number")
        waiting = ClaimPayment.objects.unmatched().filter(control_number__in=numbers)
        booked += _book_found(list(_held(waiting)))
    return booked


@transaction.atomic
def match_all_waiting() -> int:
    """Book what waits although its claim is here: claim and payment may have arrived at the same moment."""
    here = Claim.objects.filter(control_number=OuterRef("control_number")).exclude(control_number="")
    waiting = ClaimPayment.objects.unmatched().filter(Exists(here))
    return _book_found(list(_held(waiting)[:10_000]))


def _held(payments: QuerySet[ClaimPayment]) -> QuerySet[ClaimPayment]:
    """Locked, so that nobody books the same payment by hand meanwhile."""
    return payments.select_related("remittance", "source").select_for_update(of=("self",)).order_by("pk")


def _book_found(payments: list[ClaimPayment]) -> int:
    wanted = [_wanted(each) for each in payments]
    matches = find_claims(wanted) if payments else []
    found = [(each, match.claim.id) for each, match in zip(payments, matches, strict=True) if match.claim]
    _book(found)
    undecided = [each.pk for each, match in zip(payments, matches, strict=True) if match.state == State.HELD]
    ClaimPayment.objects.filter(pk__in=undecided).update(state=State.HELD, reason=SEVERAL)
    return len(found)


def _wanted(payment: ClaimPayment) -> Wanted:
    return Wanted(
        payment.control_number,
        payment.payer_claim_number,
        cents(payment.charge),
        payment.remittance.payer_id if payment.remittance else None,
        payment.source.sender if payment.source else "",
    )


def _book(found: Sequence[tuple[ClaimPayment, uuid.UUID]], by: Hand | None = None) -> dict[int, Effect]:
    if not found:
        return {}
    now = timezone.now()
    decisions = decisions_of([payment for payment, _ in found])
    pairs = [(decisions[payment.pk], claim_id) for payment, claim_id in found]
    effects = settle(pairs, now, by)
    for payment, claim_id in found:
        _mark(payment, claim_id, effects[payment.pk].state, now)
    changed = [payment for payment, _ in found]
    fields = ["claim", "state", "reason", "posted_at", "paid_on"]
    ClaimPayment.objects.bulk_update(changed, fields, batch_size=200)
    _attach_rows([payment.pk for payment in changed])
    split({claim_id for _, claim_id in found})
    follow({claim_id for _, claim_id in found})
    return effects


def _mark(payment: ClaimPayment, claim_id: uuid.UUID, state: str, now: datetime) -> None:
    payment.claim_id, payment.state, payment.reason = claim_id, state, ""
    payment.paid_on = payment.paid_on or timezone.localdate(now)
    payment.posted_at = now if state == State.POSTED else None


def decisions_of(payments: Sequence[ClaimPayment]) -> dict[int, Decision]:
    """What payments say, from their rows as they were kept."""
    reasons: dict[int, list[tuple[str, str, int, tuple[str, ...]]]] = defaultdict(list)
    for batch in in_batches([payment.pk for payment in payments]):
        rows = Adjustment.objects.filter(payment__in=batch)
        for pk, group, carc, amount, remarks in rows.values_list(
            "payment", "group", "reason", "amount", "remarks"
        ):
            reasons[pk].append((group, carc, cents(amount), tuple(remarks.split())))
    return {payment.pk: _decision(payment, reasons[payment.pk]) for payment in payments}


def _decision(payment: ClaimPayment, reasons: list[tuple[str, str, int, tuple[str, ...]]]) -> Decision:
    sums = add_up(reasons, cents(payment.patient_share))
    return Decision(
        payment_id=payment.pk,
        remittance_id=payment.remittance_id,
        payer_status=payment.payer_status,
        day=payment.paid_on or timezone.localdate(),
        place=payment.place,
        source_id=payment.source_id,
        payer_claim_number=payment.payer_claim_number,
        paid=cents(payment.paid),
        contractual=sums.contractual,
        share=sums.share,
        allowed=None if payment.allowed is None else cents(payment.allowed),
        imbalance=cents(payment.imbalance),
        category=sums.category,
    )


def _attach_rows(payment_ids: list[int]) -> None:
    """Adjustments and services follow their payment to its claim and lines."""
    for batch in in_batches(payment_ids):
        claim = ClaimPayment.objects.filter(pk=OuterRef("payment")).values("claim")
        Adjustment.objects.filter(payment__in=batch).update(claim=Subquery(claim))
        services = list(
            ServicePayment.objects.filter(payment__in=batch).select_related("payment").order_by("id")
        )
        lines = lines_of(each.payment.claim_id for each in services if each.payment.claim_id)
        for group in _by_payment(services):
            names = [
                Service(each.reference, (each.procedure,), each.revenue_code, cents(each.charge))
                for each in group
            ]
            claim_id = group[0].payment.claim_id
            matched = match_lines(names, lines.get(claim_id, []) if claim_id else [])
            for each, line_id in zip(group, matched, strict=True):
                each.line_id = line_id
        ServicePayment.objects.bulk_update(services, ["line"], batch_size=200)


def _by_payment(services: Iterable[ServicePayment]) -> Iterable[list[ServicePayment]]:
    groups: dict[int, list[ServicePayment]] = defaultdict(list)
    for each in services:
        groups[each.payment_id].append(each)
    return groups.values()


# By hand ---------------------------------------------------------------------------------------------


@transaction.atomic
def match_by_hand(payment: ClaimPayment, claim: Claim, change: Change) -> ClaimPayment:
    """Book a payment that waits or is held back on the claim that a person chose."""
    held = _held(ClaimPayment.objects.visible_to(change.actor).filter(pk=payment.pk)).first()
    if held is None:
        raise ClaimError("This payment is not one that you may assign.")
    if held.state not in (State.UNMATCHED, State.HELD):
        raise ClaimError("This payment is booked already.")
    if not Claim.objects.visible_to(change.actor).filter(pk=claim.pk).exists():
        raise ClaimError("This claim is not one that you may see.")
    _book([(held, claim.pk)], Hand(change.actor.pk, change.note))
    audit.record(
        change.actor,
        "payment.matched",
        held,
        request=change.request,
        claim=str(claim.pk),
        amount=held.paid,
    )
    return held
