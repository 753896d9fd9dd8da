"""The rows that keep a payer's answer to the segment: the claim's, its lines', and every adjustment."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, models

from .. import bulk
from ..imports.records import AdjustmentRecord, ClaimPaymentRecord, Problem, ServicePaymentRecord, Severity
from ..imports.x12.remittances835 import ADJUSTMENT_GROUPS
from ..intake import Taken
from ..models import Adjustment, ClaimPayment, ServicePayment
from .decisions import Decision, Sums, add_up, allowed_of, is_denial
from .matching import Service
from .repeats import Opened

PAYMENT_COLUMNS = (
    "id",
    "remittance_id",
    "source_id",
    "place",
    "claim_id",
    "state",
    "control_number",
    "payer_claim_number",
    "payer_status",
    "service_date",
    "paid_on",
    "charge",
    "paid",
    "patient_share",
    "allowed",
    "imbalance",
    "remarks",
    "reason",
    "posted_at",
)
SERVICE_COLUMNS = (
    "id",
    "payment_id",
    "place",
    "line_id",
    "procedure",
    "modifiers",
    "revenue_code",
    "units",
    "service_date",
    "reference",
    "charge",
    "paid",
    "allowed",
    "imbalance",
    "remarks",
)
ADJUSTMENT_COLUMNS = (
    "payment_id",
    "service_id",
    "claim_id",
    "place",
    "group",
    "reason",
    "remarks",
    "amount",
    "quantity",
    "is_denial",
)


@dataclass(slots=True)
class Payment:
    """An answer on its way into the database: the record, and what was found out about it."""

    taken: Taken
    record: ClaimPaymentRecord
    opened: Opened
    id: int = 0
    claim_id: uuid.UUID | None = None
    state: str = ClaimPayment.State.POSTED
    reason: str = ""
    allowed: int | None = None
    lines: list[int | None] = field(default_factory=list)

    def warn(self, field: str, reason: str) -> None:
        self.taken.problems.append(Problem(self.record.place, field, reason, Severity.WARNING))

    def decision(self, today: date, source_id: uuid.UUID | None) -> Decision:
        record = self.record
        sums = self._sums()
        self.allowed = allowed_of(
            record.charge, sums, record.allowed, [each.allowed for each in record.services]
        )
        return Decision(
            payment_id=self.id,
            remittance_id=self.opened.remittance.pk,
            payer_status=record.status,
            day=self.opened.remittance.paid_on or today,
            place=record.place,
            source_id=source_id,
            payer_claim_number=record.payer_claim_number,
            paid=record.paid,
            contractual=sums.contractual,
            share=sums.share,
            allowed=self.allowed,
            imbalance=record.imbalance,
            category=sums.category,
        )

    def _sums(self) -> Sums:
        record = self.record
        reasons = [(each.group, each.reason, each.amount, record.remarks) for each in record.adjustments]
        for service in record.services:
            reasons += [
                (each.group, each.reason, each.amount, service.remarks) for each in service.adjustments
            ]
        return add_up(reasons, record.patient_share)


def services_of(record: ClaimPaymentRecord) -> list[Service]:
    return [
        Service(
            each.reference,
            (each.submitted_procedure, each.procedure) if each.submitted_procedure else (each.procedure,),
            each.revenue_code,
            each.charge,
        )
        for each in record.services
    ]


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """So many ids for rows that name one another before they are written."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
            )
            return [number for (number,) in cursor.fetchall()]
        # SQLite's writers take turns, so nobody else takes the same ones before this transaction ends.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
    last = found[0] if found else 0
    return list(range(last + 1, last + 1 + count))


def insert(payments: Sequence[Payment], source_id: uuid.UUID | None, today: date, now: datetime) -> None:
    service_ids = iter(next_ids(ServicePayment, sum(len(each.record.services) for each in payments)))
    answers, services, adjustments = [], [], []
    for payment in payments:
        record = payment.record
        answers.append(_answer(payment, source_id, today, now))
        for each in record.adjustments:
            adjustments.append(_adjustment(payment, None, record.remarks, each))
        for position, service in enumerate(record.services):
            pk = next(service_ids)
            line_id = payment.lines[position] if payment.lines else None
            services.append(_service(pk, payment, line_id, service))
            for each in service.adjustments:
                adjustments.append(_adjustment(payment, pk, service.remarks, each))
    bulk.insert(ClaimPayment, PAYMENT_COLUMNS, answers)
    bulk.insert(ServicePayment, SERVICE_COLUMNS, services)
    bulk.insert(Adjustment, ADJUSTMENT_COLUMNS, adjustments)


def _answer(payment: Payment, source_id: uuid.UUID | None, today: date, now: datetime) -> tuple[Any, ...]:
    record, remittance = payment.record, payment.opened.remittance
    return (
        payment.id,
        remittance.pk,
        source_id,
        record.place,
        payment.claim_id,
        str(payment.state),
        record.control_number,
        record.payer_claim_number,
        record.status[:5],
        record.service_date,
        remittance.paid_on or today,
        record.charge,
        record.paid,
        record.patient_share,
        payment.allowed,
        record.imbalance,
        _codes(record.remarks, 120),
        payment.reason[:300],
        now if payment.state == ClaimPayment.State.POSTED else None,
    )


def _service(
    pk: int, payment: Payment, line_id: int | None, service: ServicePaymentRecord
) -> tuple[Any, ...]:
    return (
        pk,
        payment.id,
        service.place,
        line_id,
        service.procedure,
        _codes(service.modifiers, 40),
        service.revenue_code[:10],
        service.units,
        service.service_date,
        service.reference,
        service.charge,
        service.paid,
        service.allowed,
        service.imbalance,
        _codes(service.remarks, 120),
    )


def _adjustment(
    payment: Payment, service_id: int | None, remarks: tuple[str, ...], adjustment: AdjustmentRecord
) -> tuple[Any, ...]:
    return (
        payment.id,
        service_id,
        payment.claim_id,
        adjustment.place,
        # A group that is none must not come to look like one by being cut.
        adjustment.group if adjustment.group in ADJUSTMENT_GROUPS else "",
        adjustment.reason[:5],
        _codes(remarks, 120),
        adjustment.amount,
        adjustment.quantity,
        is_denial(adjustment),
    )


def _codes(codes: Sequence[str], length: int) -> str:
    """Codes with spaces between them, as many as there is room for."""
    text = " ".join(codes)
    return text if len(text) <= length else text[: length + 1].rpartition(" ")[0]
