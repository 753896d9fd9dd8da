"""The demo's fee schedules: what each payer agreed to, and where it fell short of that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import connection

from claims.answers.decisions import kind_of
from claims.answers.denials import Kind
from claims.bulk import Row
from claims.contracts.shortfalls import Paid, rows_of
from claims.models import Claim, Expectation, FeeSchedule

from .bills import Bill, agreed
from .care import WARDS
from .payers import PAYERS

_PAID = Claim.Status.PAID.value
_EXPECTED = """
INSERT INTO {expectation} (claim_id, amount, stated) SELECT id, expected, NULL FROM {claim}
"""


def make_schedules(payers: Sequence[int], first_day: date) -> None:
    """One row a procedure of whoever pays for its kind, from the year in which the demo begins."""
    FeeSchedule.objects.bulk_create(
        [
            FeeSchedule(
                payer_id=payer,
                procedure=procedure,
                valid_from=date(first_day.year, 1, 1),
                amount=_dollars(cents),
            )
            for payer, habit in zip(payers, PAYERS, strict=True)
            for procedure, cents in {
                service.procedure: agreed(service, habit)
                for ward in WARDS
                if (ward.kind == Claim.Kind.DENTAL) == habit.is_dental
                for service in ward.services
            }.items()
        ],
        batch_size=500,
    )


def expect_what_was_agreed() -> None:
    """Claims were made with the amounts of the schedules: say so."""
    quote = connection.ops.quote_name
    names = {"expectation": quote(Expectation._meta.db_table), "claim": quote(Claim._meta.db_table)}
    with connection.cursor() as cursor:
        cursor.execute(_EXPECTED.format(**names))


def shortfalls(bill: Bill) -> list[Row]:
    """Where the payer fell short of what was agreed: just what `split` would find of what is kept."""
    stands = bill.standing
    if stands.status != _PAID:
        return []
    expected = bill.expected
    short = expected - stands.paid - stands.patient_share
    if short <= 0:
        return []
    claim = Paid(bill.id, _dollars(expected), _dollars(short))
    numbers = {line.id: number for number, line in enumerate(bill.lines, 1)}
    for number, line in enumerate(bill.lines, 1):
        claim.prices[number] = _dollars(line.allowed)
        claim.services[number] = line.service.procedure, ""
    for each in bill.answers:
        brought = claim.brought[numbers[each.line.id]]
        brought.paid += _dollars(each.paid)
        for group, reason, amount in each.reasons:
            is_denial = kind_of(group, reason) == Kind.DENIAL
            brought.adjust(group, reason, _dollars(amount), is_denial=is_denial)
    return rows_of(claim)


def _dollars(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
