"""What a payer's fee schedule says of a service: its row for the procedure, the modifier and the day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db.models import Q, QuerySet

from ..models import ClaimLine, ContractChange, FeeSchedule, Payer

UNITS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?")
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Fee:
    modifier: str
    valid_from: date
    valid_to: date | None
    amount: Decimal

    def holds(self, day: date) -> bool:
        """Both the first and the last day are in it."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Fees:
    """The rows of some payers for some procedures, read once."""

    def __init__(self, payers: Iterable[int], procedures: Iterable[str]) -> None:
        self._fees: dict[tuple[int, str], list[Fee]] = defaultdict(list)
        names = sorted({code(each) for each in procedures} - {""})
        rows = FeeSchedule.objects.filter(payer__in=set(payers), procedure__in=names).order_by()
        columns = ("payer", "procedure", "modifier", "valid_from", "valid_to", "amount")
        for payer, procedure, *fee in rows.values_list(*columns):
            self._fees[payer, procedure].append(Fee(*fee))

    def find(self, payer: int, procedure: str, modifiers: str, day: date) -> Fee | None:
        """The row of the line's first modifier that has one, else the row for any."""
        held = {fee.modifier: fee for fee in self._fees[payer, code(procedure)] if fee.holds(day)}
        return next((held[each] for each in (*modifiers.upper().split(), "") if each in held), None)

    def price(
        self, payer: int, procedure: str, modifiers: str, units: str, day: date | None
    ) -> Decimal | None:
        """What all units are worth, to the cent; nothing where no row holds or units make no sense."""
        count = units_of(units)
        fee = self.find(payer, procedure, modifiers, day) if day and count is not None else None
        if fee is None or count is None:
            return None
        return (fee.amount * count).quantize(CENT, ROUND_HALF_UP)


def code(procedure: str) -> str:
    return procedure.strip().upper()


def units_of(text: str) -> Decimal | None:
    """A line that says no units is one."""
    if not text.strip():
        return Decimal(1)
    return Decimal(text.strip()) if UNITS.fullmatch(text.strip()) else None


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    procedure: str
    modifiers: str
    units: str
    day: date | None


def prices(claims: Sequence[tuple[UUID, int, date | None]]) -> dict[UUID, dict[int, Decimal | None]]:
    """What each line of these claims is worth, by number: of claims by id, with payer and day of service."""
    payers = {claim: payer for claim, payer, _ in claims}
    days = {claim: day for claim, _, day in claims}
    lines = _lines(payers)
    fees = Fees(payers.values(), {line.procedure for each in lines.values() for line in each})
    return {
        claim: {
            line.number: fees.price(
                payers[claim], line.procedure, line.modifiers, line.units, line.day or days[claim]
            )
            for line in of_claim
        }
        for claim, of_claim in lines.items()
    }


def _lines(claims: Iterable[UUID]) -> dict[UUID, list[Line]]:
    rows = ClaimLine.objects.filter(claim__in=list(claims)).order_by()
    found: dict[UUID, list[Line]] = defaultdict(list)
    for row in rows.values_list("claim", "number", "procedure", "modifiers", "units", "service_date"):
        found[row[0]].append(Line(*row[1:]))
    return found


def overlapping(fee: FeeSchedule) -> FeeSchedule | None:
    """Another row for the same service that holds on one of the same days."""
    others = FeeSchedule.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=fee.valid_from),
        payer=fee.payer_id,
        procedure=fee.procedure,
        modifier=fee.modifier,
    )
    if fee.valid_to:
        others = others.filter(valid_from__lte=fee.valid_to)
    return others.exclude(pk=fee.pk).order_by("valid_from").first()


def note_change(payers: QuerySet[Payer] | Iterable[Payer]) -> None:
    """Have the claims of these payers held against what their schedules say now, by a worker."""
    ContractChange.objects.bulk_create(ContractChange(payer=payer) for payer in payers)
