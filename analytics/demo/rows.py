"""What becomes of a made-up claim in each table."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from random import Random
from typing import Any

from claims.fields import blind_index
from claims.models import OutboxMessage

from .bills import Bill
from .contracts import shortfalls
from .days import Days
from .files import SENDER
from .ids import id_at
from .writing import Batch

_DELIVERED = OutboxMessage.State.DELIVERED.value
_DELIVERY_SECONDS = 2
_MOMENT = itemgetter(0)  # of an event


class Rows:
    """Writes claims that have been lived into batches."""

    def __init__(self, days: Days, payers: list[int], rng: Random) -> None:
        self._days, self._payers, self._rng = days, payers, rng
        self._known: set[tuple[int, int]] = set()  # patients and the departments that see them

    def keep(self, bill: Bill, batch: Batch) -> None:
        batch.claims.append(self._claim(bill))
        batch.lines += self._lines(bill)
        batch.shortfalls += shortfalls(bill)
        bill.events.sort(key=_MOMENT)
        text = self._days.text
        batch.events += [(bill.id, text(event[0]), *event[1:]) for event in bill.events]
        for reason, fee, moment in bill.messages:
            self._tell(bill, batch, reason, fee, moment)
        pair = bill.patient.id, bill.ward.department
        if pair not in self._known:
            self._known.add(pair)
            batch.patients_departments.append(pair)

    def _claim(self, bill: Bill) -> tuple[Any, ...]:
        stands, ward, dates = bill.standing, bill.ward.ward, self._days.dates
        original = bill.rebill_of
        serviced = dates[bill.service_day]
        diagnosis = ward.diagnoses[bill.number % len(ward.diagnoses)] if ward.diagnoses else ""
        return (
            *(bill.id, bill.number, SENDER, bill.control_number, bill.kind, str(stands.status)),
            *(self._payers[bill.payer], bill.doctor.id, bill.patient.id, bill.ward.department),
            *("7" if original else "1", original.standing.payer_claim_number if original else ""),
            *(blind_index(bill.control_number, "rebill") if original else "", stands.payer_claim_number),
            *("P", ward.place_of_service, _authorisation(bill), diagnosis),
            *(serviced, serviced, dates[bill.day]),
            *(stands.first_decided_on, stands.decided_on, stands.paid_on),
            *(stands.charge, bill.expected, stands.paid, stands.adjusted),
            *(stands.written_off, stands.patient_share, str(stands.first_decision)),
            *(str(stands.denial_category), bill.at_intake, bill.file.id, bill.place),
            *(self._days.stamps[bill.day], "0001", self._days.text(bill.moment)),
            *(stands.allowed, bill.assignee, original.id if original else None),
        )

    def _lines(self, bill: Bill) -> Iterator[tuple[Any, ...]]:
        is_dental, patient = bill.ward.is_dental, bill.patient
        coverage = patient.dental_coverage if is_dental else patient.coverage
        serviced = self._days.dates[bill.service_day]
        for number, line in enumerate(bill.lines, 1):
            service = line.service
            fees: tuple[Any, ...] = (None, None, None, None)
            if is_dental:
                reason, share = line.share
                fees = line.charge, line.allowed, share if reason != "3" else 0, share if reason == "3" else 0
            yield (
                *(line.id, bill.id, number, serviced, service.procedure, "", service.revenue_code),
                *(line.quadrant, line.tooth, str(line.units), coverage, bill.doctor.id, line.charge),
                *(*fees, f"{bill.number}-{number}", bill.place),
            )

    def _tell(self, bill: Bill, batch: Batch, reason: str, fee: int, moment: int) -> None:
        message = id_at(moment, self._rng)
        shares = f'[["{bill.doctor.npi}", {fee}]]'
        told, taken = self._days.text(moment), self._days.text(moment + _DELIVERY_SECONDS)
        batch.messages.append((message, bill.id, reason, fee, shares, told, _DELIVERED, told, 1, "", taken))
        batch.entries.append((message, bill.id, fee, shares, taken))


def _authorisation(bill: Bill) -> str:
    if bill.is_authorised:
        for line in bill.lines:
            if line.service.needs_authorisation:
                return f"A{bill.number:08d}"
    return ""
