"""The rows of many claims and of all that hangs on them, on their way into the database."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from django.db import models

from claims import bulk
from claims.answers.payment_rows import ADJUSTMENT_COLUMNS, PAYMENT_COLUMNS, SERVICE_COLUMNS
from claims.claim_rows import CLAIM_COLUMNS, EVENT_COLUMNS, LINE_COLUMNS, OUTBOX_COLUMNS
from claims.contracts.shortfalls import COLUMNS as SHORTFALL_COLUMNS
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
    Shortfall,
)

Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class Batch:
    claims: Rows = field(default_factory=list)
    lines: Rows = field(default_factory=list)
    payments: Rows = field(default_factory=list)
    services: Rows = field(default_factory=list)
    adjustments: Rows = field(default_factory=list)
    events: Rows = field(default_factory=list)
    messages: Rows = field(default_factory=list)
    entries: Rows = field(default_factory=list)
    patients_departments: Rows = field(default_factory=list)
    shortfalls: Rows = field(default_factory=list)

    def write(self) -> int:
        """How many claims were written."""
        for (model, columns), each in zip(_TABLES, fields(self), strict=True):
            bulk.insert(model, columns, getattr(self, each.name))
        return len(self.claims)

    @staticmethod
    def tables() -> list[type[models.Model]]:
        return [model for model, _ in _TABLES]


# In the order of a batch's rows, in which foreign keys need them.
_TABLES: tuple[tuple[type[models.Model], tuple[str, ...]], ...] = (
    (Claim, (*CLAIM_COLUMNS, "allowed", "assignee_id", "original_id")),
    (ClaimLine, ("id", *LINE_COLUMNS)),
    (ClaimPayment, PAYMENT_COLUMNS),
    (ServicePayment, SERVICE_COLUMNS),
    (Adjustment, ADJUSTMENT_COLUMNS),
    (ClaimEvent, EVENT_COLUMNS),
    (OutboxMessage, (*OUTBOX_COLUMNS, "delivered_at")),
    (LedgerEntry, ("message_id", "claim_id", "net_fee", "shares", "posted_at")),
    (Patient.departments.through, ("patient_id", "department_id")),
    (Shortfall, SHORTFALL_COLUMNS),
)
