"""Posts what an 835 says: its remittances, each claim's answer, and what the payer takes or gives besides.

It runs inside the transaction that stores a chunk of a file; a remittance may begin in one chunk and end in a
later one, so what is open goes along in `carry`. Nothing is dropped: an answer whose claim is unknown waits
for it, one that makes no sense is held back for a person, and a sum that is off is kept and flagged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone

from ..appeal_histories import follow
from ..contracts.shortfalls import split
from ..imports.records import ClaimPaymentRecord, Problem, RemittanceClosing, RemittanceRecord, Severity
from ..intake import Intake, Taken
from ..models import ClaimPayment, ProviderAdjustment, Remittance
from .decisions import MOVING_NO_MONEY, Effect, why_held
from .matching import (
    Candidate,
    Wanted,
    find_claims,
    lines_of,
    match_all_waiting,
    match_by_hand,
    match_lines,
    match_waiting,
)
from .payment_rows import Payment, insert, next_ids, services_of
from .repeats import REFUSED, Key, Mode, Opened, kept_before, open_remittances, still_open
from .settling import settle

__all__ = ["match_all_waiting", "match_by_hand", "match_waiting", "post_payments"]

State = ClaimPayment.State
PaymentsRecord = RemittanceRecord | ClaimPaymentRecord | RemittanceClosing


def post_payments(records: Sequence[PaymentsRecord], intake: Intake, carry: dict[str, Any]) -> list[Taken]:
    """Post a chunk of an 835's records, in their order."""
    answers = [Taken(record) for record in records]
    openings = list(_openings(answers, intake, carry))
    payments = [
        Payment(taken, taken.record, opened)
        for taken, opened in zip(answers, openings, strict=True)
        if isinstance(taken.record, ClaimPaymentRecord)
    ]
    _post(list(_new_ones(payments)), intake)
    for taken, opened in zip(answers, openings, strict=True):
        if isinstance(taken.record, RemittanceClosing):
            _close(taken, opened)
    _save([opened.remittance for opened in openings if opened.has_changed])
    return answers


def _openings(answers: Sequence[Taken], intake: Intake, carry: dict[str, Any]) -> Iterator[Opened]:
    """For each record the remittance that it belongs to; the one still open at the end goes into `carry`."""
    heads = [each for each in answers if isinstance(each.record, RemittanceRecord)]
    records = [each.record for each in heads if isinstance(each.record, RemittanceRecord)]
    opened = iter(open_remittances(records, intake, carry) if records else ())
    current = still_open(carry)
    for taken in answers:
        if isinstance(taken.record, RemittanceRecord):
            current = next(opened)
            taken.problems += current.problems
            taken.is_repeated = current.mode == Mode.REPEAT
        if current is None:
            raise ValueError("A payment came before its remittance.")
        yield current
        is_open = not isinstance(taken.record, RemittanceClosing)
        carry["remittance"] = current.noted() if is_open else None


def _new_ones(payments: Sequence[Payment]) -> Iterator[Payment]:
    """Those that no earlier file brought."""
    filled: dict[int, set[Key]] = defaultdict(set)
    for each in payments:
        if each.opened.mode == Mode.FILL:
            filled[each.opened.remittance.pk].add(_key(each.record))
    kept: dict[int, set[Key]] = {}
    for each in payments:
        pk = each.opened.remittance.pk
        if pk in filled and pk not in kept:
            kept[pk] = kept_before(each.opened, filled[pk])
        each.taken.is_repeated = each.opened.mode == Mode.REPEAT or _key(each.record) in kept.get(pk, ())
        if not each.taken.is_repeated:
            yield each


def _key(record: ClaimPaymentRecord) -> Key:
    numbers = record.control_number, record.payer_claim_number, record.status[:5]
    return (*numbers, record.charge, record.paid)


# Claims' answers -------------------------------------------------------------------------------------


def _post(payments: Sequence[Payment], intake: Intake) -> None:
    if not payments:
        return
    now = timezone.now()
    source_id = intake.source.pk if intake.source else None
    for pk, payment in zip(next_ids(ClaimPayment, len(payments)), payments, strict=True):
        payment.id = pk
        _hold_back(payment)
    _match([each for each in payments if each.state != State.HELD], intake)
    decisions = [(each, each.decision(intake.today, source_id)) for each in payments]
    effects = settle([(decision, each.claim_id) for each, decision in decisions if each.claim_id], now)
    for each in payments:
        if each.id in effects:
            _tell(each, effects[each.id])
    _find_lines(payments)
    insert(payments, source_id, intake.today, now)
    of_claims = {each.claim_id for each in payments if each.claim_id}
    split(of_claims)
    follow(of_claims)
    _count_imbalances(payments)


def _hold_back(payment: Payment) -> None:
    """An answer that was read only in part, or makes no sense, is a person's to look at."""
    record = payment.record
    wrong = next((each for each in record.problems if each.severity == Severity.ERROR), None)
    if payment.opened.is_refused:
        payment.reason = REFUSED
    elif wrong:
        payment.reason = f"{wrong.field} {wrong.reason}".strip()
    else:
        payment.reason = why_held(record.status, record.charge, record.paid)
    if payment.reason:
        payment.state = State.HELD
        if not wrong:
            payment.warn("CLP", f"is held back for a person to look at: {payment.reason}")


def _match(payments: Sequence[Payment], intake: Intake) -> None:
    wanted = [
        Wanted(
            each.record.control_number,
            each.record.payer_claim_number,
            each.record.charge,
            each.opened.remittance.payer_id,
            intake.sender,
        )
        for each in payments
    ]
    for payment, match in zip(payments, find_claims(wanted), strict=True):
        if match.claim:
            payment.claim_id = payment.taken.claim_id = match.claim.id
            _compare(payment, match.claim)
        elif payment.record.status in MOVING_NO_MONEY:
            payment.state = State.NOTED  # an estimate may have no claim, ever
        else:
            payment.state, payment.reason = match.state, match.reason
            payment.warn("CLP01", f"its claim was not found, so nothing is posted yet: {match.reason}")


def _compare(payment: Payment, claim: Candidate) -> None:
    if abs(payment.record.charge) != claim.charge:
        payment.warn("CLP03", "differs from the charge of the claim; the payment is posted all the same")


def _tell(payment: Payment, effect: Effect) -> None:
    payment.state = effect.state
    if effect.doubt:
        payment.warn("CLP", effect.doubt)


def _find_lines(payments: Sequence[Payment]) -> None:
    """Which line of its claim each service is."""
    found = [(each, each.claim_id) for each in payments if each.claim_id and each.record.services]
    lines = lines_of(claim_id for _, claim_id in found)
    for payment, claim_id in found:
        payment.lines = match_lines(services_of(payment.record), lines.get(claim_id, []))


def _count_imbalances(payments: Iterable[Payment]) -> None:
    for payment in payments:
        remittance = payment.opened.remittance
        of_lines = sum(service.imbalance != 0 for service in payment.record.services)
        if of_lines or payment.record.imbalance:
            remittance.line_imbalances += of_lines
            remittance.claim_imbalances += payment.record.imbalance != 0
            payment.opened.has_changed = True


# The end of a remittance -----------------------------------------------------------------------------


def _close(taken: Taken, opened: Opened) -> None:
    closing, remittance = taken.record, opened.remittance
    if not isinstance(closing, RemittanceClosing):
        return
    taken.is_repeated = opened.mode == Mode.REPEAT
    if taken.is_repeated:
        return
    if opened.mode == Mode.FILL:
        remittance.provider_adjustments.all().delete()
    ProviderAdjustment.objects.bulk_create(
        ProviderAdjustment(
            remittance=remittance,
            place=each.place,
            provider=each.provider,
            reason=each.reason,
            reference=each.reference,
            amount=_dollars(each.amount),
        )
        for each in closing.provider_adjustments
    )
    remittance.claims_paid = _dollars(closing.claims_paid)
    remittance.provider_adjusted = _dollars(sum(each.amount for each in closing.provider_adjustments))
    remittance.is_cut_off = any(each.field == CUT_OFF and _is_error(each) for each in closing.problems)
    opened.has_changed = True


CUT_OFF = "SE"  # the trailer that a file lacks which ends too early


def _dollars(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _is_error(problem: Problem) -> bool:
    return problem.severity == Severity.ERROR


def _save(remittances: Iterable[Remittance]) -> None:
    changed = {remittance.pk: remittance for remittance in remittances}
    fields = ["claims_paid", "provider_adjusted", "is_cut_off", "line_imbalances", "claim_imbalances"]
    Remittance.objects.bulk_update(list(changed.values()), fields, batch_size=100)
