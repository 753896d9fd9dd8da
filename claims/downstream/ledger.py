"""The payments side's own book: one entry a message, and the proof that it says what the claims say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from ..models import Claim, LedgerEntry, OutboxMessage
from ..money import cents, dollars
from .outbox import CURRENCY, VERSION, NotTaken

State = OutboxMessage.State


class Unacceptable(NotTaken):
    """A message that no book can take."""


def post(bodies: Sequence[dict[str, Any]]) -> None:
    """Write one entry a message, in the caller's transaction; whatever has one already gets no other."""
    entries = [_entry(body) for body in bodies]
    ids = [entry.message_id for entry in entries]
    booked = set(LedgerEntry.objects.filter(message_id__in=ids).values_list("message_id", flat=True))
    LedgerEntry.objects.bulk_create([entry for entry in entries if entry.message_id not in booked])


def _entry(body: dict[str, Any]) -> LedgerEntry:
    if body["version"] != VERSION or body["currency"] != CURRENCY:
        raise Unacceptable("Not of this version or currency.")
    net_fee = Decimal(body["net_fee"])
    shares = [(share["npi"] or "", cents(Decimal(share["net_fee"]))) for share in body["providers"]]
    if sum(share for _, share in shares) != cents(net_fee):
        raise Unacceptable("The providers' shares do not add up to the net fee.")
    return LedgerEntry(
        message_id=UUID(body["id"]), claim_id=UUID(body["claim_id"]), net_fee=net_fee, shares=shares
    )


# The proof -------------------------------------------------------------------------------------------

# One statement, so that claims and book are seen at one and the same moment.
SUMS = """
WITH parts AS (
    SELECT line.claim_id AS claim_id, line.net_fee AS owed, 0 AS booked, 0 AS on_its_way, 0 AS dead
    FROM claims_claimline line JOIN claims_claim claim ON claim.id = line.claim_id
    WHERE claim.status <> %(void)s AND line.net_fee IS NOT NULL
    UNION ALL
    {booked}
    UNION ALL
    SELECT claim_id, 0, 0, CASE WHEN state <> %(dead)s THEN net_fee ELSE 0 END,
        CASE WHEN state = %(dead)s THEN net_fee ELSE 0 END
    FROM claims_outboxmessage WHERE state <> %(delivered)s
),
claims AS (
    SELECT claim_id, SUM(owed) AS owed, SUM(booked) AS booked, SUM(on_its_way) AS on_its_way,
        SUM(dead) AS dead
    FROM parts GROUP BY claim_id
)
SELECT NULL AS claim_id, SUM(owed), SUM(booked), SUM(on_its_way), SUM(dead), COUNT(*) FROM claims
UNION ALL
SELECT claim_id, owed, booked, on_its_way, dead, 1 FROM claims WHERE owed <> booked + on_its_way
"""
IN_THE_LEDGER = "SELECT claim_id, 0, net_fee, 0, 0 FROM claims_ledgerentry"
# What an external consumer has said yes to.
TAKEN_ELSEWHERE = """
    SELECT claim_id, 0, net_fee, 0, 0 FROM claims_outboxmessage WHERE state = %(delivered)s
"""


@dataclass(frozen=True)
class Balance:
    """What claims owe their providers, and where each cent of it is."""

    owed: Decimal
    booked: Decimal
    on_its_way: Decimal
    dead: Decimal
    claim_id: UUID | None = None
    claims: int = 1

    @property
    def difference(self) -> Decimal:
        """What the book will lack, or have too much, once all that is on its way has arrived."""
        return self.owed - self.booked - self.on_its_way


@dataclass(frozen=True)
class Proof:
    total: Balance
    differing: list[Balance]

    @property
    def holds(self) -> bool:
        return not self.differing


def verify() -> Proof:
    """Compare claim by claim what is owed with what is booked."""
    statement = SUMS.format(booked=TAKEN_ELSEWHERE if settings.PAYMENTS_WEBHOOK_URL else IN_THE_LEDGER)
    states = {"void": Claim.Status.VOID, "dead": State.DEAD, "delivered": State.DELIVERED}
    with connection.cursor() as cursor:
        cursor.execute(statement, {name: value.value for name, value in states.items()})
        balances = [_balance(row) for row in cursor.fetchall()]
    (total,) = (balance for balance in balances if balance.claim_id is None)
    return Proof(total, [balance for balance in balances if balance.claim_id is not None])


def _balance(row: Sequence[Any]) -> Balance:
    claim_id, *sums, claims = row
    owed, booked, on_its_way, dead = (dollars(int(each or 0)) or Decimal(0) for each in sums)
    named = None if claim_id is None else UUID(str(claim_id))
    return Balance(owed, booked, on_its_way, dead, claim_id=named, claims=claims)
