"""The rows of many claims and of all that hangs on them, on their way into the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import models

from claims import bulk
from claims.answers.payment_rows import ADJUSTMENT_COLUMNS, PAYMENT_COLUMNS, SERVICE_COLUMNS
from claims.claim_rows import CLAIM_COLUMNS, EVENT_COLUMNS, LINE_COLUMNS, OUTBOX_COLUMNS
from claims.models import (
    Adjustment,
    Claim,
    ClaimEvent,
    ClaimLine,
    ClaimPayment,
    LedgerEntry,
    OutboxMessage,
    Patient,
    ServicePayment,
)

Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class Batch:
    claims: Rows = field(default_factory=list)
    lines: Rows = field(default_factory=list)
    events: Rows = field(default_factory=list)
    payments: Rows = field(default_factory=list)
    services: Rows = field(default_factory=list)
    adjustments: Rows = field(default_factory=list)
    messages: Rows = field(default_factory=list)
    entries: Rows = field(default_factory=list)
    patients_departments: Rows = field(default_factory=list)

    def write(self) -> int:
        """How many claims were written; in the order in which foreign keys need the rows."""
        tables: tuple[tuple[type[models.Model], tuple[str, ...], Rows], ...] = (
            (Claim, (*CLAIM_COLUMNS, "allowed", "assignee_id", "original_id"), self.claims),
            (ClaimLine, ("id", *LINE_COLUMNS), self.lines),
            (ClaimPayment, PAYMENT_COLUMNS, self.payments),
            (ServicePayment, SERVICE_COLUMNS, self.services),
            (Adjustment, ADJUSTMENT_COLUMNS, self.adjustments),
            (ClaimEvent, EVENT_COLUMNS, self.events),
            (OutboxMessage, (*OUTBOX_COLUMNS, "delivered_at"), self.messages),
            (LedgerEntry, ("message_id", "claim_id", "net_fee", "shares", "posted_at"), self.entries),
            (Patient.departments.through, ("patient_id", "department_id"), self.patients_departments),
        )
        for model, columns, rows in tables:
            bulk.insert(model, columns, rows)
        return len(self.claims)
