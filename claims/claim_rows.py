"""What a claim's record becomes in each table: rows of cents, days and ids, for writing many at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from .answers.denials import category_of_text
from .bulk import Row, id_writer
from .fields import encrypt
from .identity import new_id
from .imports.records import ClaimRecord, Status
from .intake import Intake
from .models import Claim, ClaimPayment, OutboxMessage

CLAIM_COLUMNS = (
    *("id", "number", "sender", "control_number", "kind", "status"),
    *("payer_id", "provider_id", "patient_id", "department_id"),
    *("frequency", "original_number", "rebill_mark", "payer_claim_number"),
    *("responsibility", "place_of_service", "authorization", "diagnoses"),
    *("service_from", "service_to", "submitted_on", "first_decided_on", "decided_on", "paid_on"),
    *("charge", "expected", "paid", "adjusted", "written_off", "patient_share"),
    *("first_decision", "denial_category", "at_intake"),
    *("source_id", "place", "group_number", "transaction_number", "received_at"),
)
LINE_COLUMNS = (
    *("claim_id", "number", "service_date", "procedure", "modifiers", "revenue_code", "quadrant", "tooth"),
    *("units", "coverage_id", "provider_id", "charge", "provider_fees", "allowed_fees", "coinsurance"),
    *("copay", "reference", "place"),
)
EVENT_COLUMNS = (
    *("claim_id", "at", "actor_id", "action", "from_status", "to_status", "note", "is_error", "source_id"),
    "place",
)
OUTBOX_COLUMNS = (
    *("id", "claim_id", "reason", "net_fee", "shares", "created_at", "state", "due_at", "attempts"),
    "last_error",
)
PAYMENT_COLUMNS = (
    *("source_id", "place", "claim_id", "state", "control_number", "payer_claim_number", "payer_status"),
    *("service_date", "paid_on", "charge", "paid", "patient_share", "imbalance", "remarks", "reason"),
    "posted_at",
)
RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a claim stands on arrival: some were decided before they came to us."""

    submitted_on: date
    decided_on: date | None = None
    paid_on: date | None = None
    first_decision: str = ""
    category: str = ""
    written_off: int = 0


def standing(record: ClaimRecord, today: date) -> Standing:
    """A claim paid or denied on a day that nobody tells counts as decided on the day it was submitted."""
    submitted = day_of(record.submitted_at) or today
    paid_on = (day_of(record.paid_at) or submitted) if record.paid else None
    status = record.status
    if status == Status.PAID:
        paid_on = day_of(record.paid_at) or submitted
        return Standing(submitted, paid_on, paid_on, Claim.Decision.PAID.value)
    if status in (Status.DENIED, Status.APPEALED):  # whoever appeals was denied before
        category = category_of_text(record.denial_reason) or Claim.Category.OTHER
        decided = day_of(record.paid_at) or submitted
        return Standing(submitted, decided, paid_on, Claim.Decision.DENIED.value, category.value)
    if status == Status.WRITTEN_OFF:
        rest = max(0, charge_of(record) - (record.paid or 0))
        return Standing(submitted, paid_on=paid_on, written_off=rest)
    return Standing(submitted, paid_on=paid_on)


def day_of(moment: datetime | date | None) -> date | None:
    return timezone.localdate(moment) if isinstance(moment, datetime) else moment


def charge_of(record: ClaimRecord) -> int:
    """What is asked for; a claims CSV may only say what is expected."""
    return record.charge if record.charge is not None else record.expected or 0


@dataclass(frozen=True, slots=True)
class Identity:
    """What a record is called and who is in it, found before its rows are made."""

    id: uuid.UUID
    number: int
    sender: str
    rebill_mark: str
    payer: int | None
    department: int | None
    patient: int | None


class Rows:
    """Makes the rows of claims that come in together."""

    def __init__(
        self,
        intake: Intake,
        now: datetime,
        providers: Mapping[str, int],
        coverages: Mapping[tuple[str, str], int],
    ) -> None:
        self._now = now
        self._today = intake.today
        self._actor = intake.actor.pk if intake.actor else None
        self._written = id_writer()
        self._source = self._written(intake.source.pk) if intake.source else None
        self._providers = providers
        self._coverages = coverages

    def claim(self, record: ClaimRecord, known: Identity) -> Row:
        stands = standing(record, self._today)
        status = Status.VOID if record.frequency == "8" else record.status
        npi = billed_npi(record)
        return (
            *(
                self._written(known.id),
                known.number,
                known.sender,
                record.control_number,
                record.kind.value,
                status.value,
            ),
            *(known.payer, self._providers[npi] if npi else None, known.patient, known.department),
            *(record.frequency, record.original_number, known.rebill_mark, ""),
            *(record.responsibility, record.place_of_service, record.authorization),
            " ".join(record.diagnoses),
            *(record.service_date, record.service_end, stands.submitted_on),
            *(stands.decided_on if stands.first_decision else None, stands.decided_on, stands.paid_on),
            *(charge_of(record), record.expected, record.paid or 0, 0, stands.written_off, 0),
            *(stands.first_decision, stands.category, ""),
            *(self._source, record.place, record.group_number, record.transaction_number, self._now),
        )

    def lines(self, record: ClaimRecord, claim: str) -> Iterator[Row]:
        providers, coverages = self._providers, self._coverages
        for line in record.lines:
            npi, group, subscriber = line.rendering_npi, line.plan_group, line.subscriber
            yield (
                claim,
                line.number,
                line.service_date,
                line.procedure,
                " ".join(line.modifiers) if line.modifiers else "",
                line.revenue_code,
                line.quadrant,
                line.tooth,
                line.units,
                coverages[group, subscriber] if group or subscriber else None,
                providers[npi] if npi else None,
                line.charge,
                line.provider_fees,
                line.allowed_fees,
                line.coinsurance,
                line.copay,
                line.reference,
                line.place,
            )

    def event(self, record: ClaimRecord, claim: str) -> Row:
        note = encrypt(record.denial_reason) if record.denial_reason else ""
        status = Status.VOID if record.frequency == "8" else record.status
        received = (claim, self._now, self._actor, RECEIVED, "", status.value, note, False)
        return (*received, self._source, record.place)

    def message(self, record: ClaimRecord, claim: str) -> Row | None:
        """What the payments side is told; nothing of claims whose format does not say their net fee."""
        shares = shares_of(record)
        if not shares or record.frequency == "8" or record.status == Status.VOID:
            return None
        fee = sum(shares.values())
        told = "[" + ", ".join([f'["{npi}", {cents}]' for npi, cents in sorted(shares.items())]) + "]"
        message = (self._written(new_id()), claim, OutboxMessage.Reason.ACCEPTED.value, fee, told, self._now)
        return (*message, OutboxMessage.State.WAITING.value, self._now, 0, "")

    def payment(self, record: ClaimRecord, claim: str) -> Row | None:
        """A claims CSV says in one sum what came in."""
        if not record.paid:
            return None
        paid_on = standing(record, self._today).paid_on
        state = ClaimPayment.State.POSTED.value
        posted = (self._source, record.place, claim, state, record.control_number, "", "")
        amounts: tuple[Any, ...] = (charge_of(record), record.paid, 0, 0)
        return (*posted, record.service_date, paid_on, *amounts, "", "", self._now)


def billed_npi(record: ClaimRecord) -> str:
    """The provider of the claim as a whole."""
    first = record.lines[0].rendering_npi if record.lines else ""
    return record.rendering_npi or record.billing_npi or first


def shares_of(record: ClaimRecord) -> dict[str, int]:
    """Cents by the NPI that each line credits; nothing when no line tells its net fee."""
    shares: dict[str, int] = {}
    for line in record.lines:
        if (fee := line.net_fee) is not None:
            npi = line.rendering_npi
            shares[npi] = shares.get(npi, 0) + fee
    return shares
