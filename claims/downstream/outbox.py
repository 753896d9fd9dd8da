"""What the payments side has to be told: written in the transaction of the change, sent by a worker.

A message carries the change of a claim's net fee, so whoever adds all of them up has the claims' own sum.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from ..models import Claim, ClaimLine, OutboxMessage
from ..money import cents as cents_of
from ..money import dollars

VERSION = 1
CURRENCY = "USD"


class NotTaken(Exception):
    """Why the payments side did not take a message, in words that hold none of its values."""


def tell(claim: Claim, reason: OutboxMessage.Reason) -> OutboxMessage | None:
    """Tell by how much a claim's net fee differs from what was told so far, if it does.

    The caller holds the claim's row, so that two changes of one claim are told one after the other.
    """
    shares = owed_to_providers(claim)
    told: Counter[str] = Counter()
    for message in OutboxMessage.objects.filter(claim=claim):
        for npi, share in message.shares:
            told[npi] += share
    differences = {npi: shares[npi] - told[npi] for npi in sorted({*shares, *told})}
    changes = [(npi, cents) for npi, cents in differences.items() if cents]
    if not changes:
        return None
    net_fee = Decimal(sum(cents for _, cents in changes)).scaleb(-2)
    return OutboxMessage.objects.create(claim=claim, reason=reason, net_fee=net_fee, shares=changes)


def owed_to_providers(claim: Claim) -> Counter[str]:
    """Cents by the NPI that each of a claim's lines credits; a void claim owes nobody anything."""
    shares: Counter[str] = Counter()
    if claim.status == Claim.Status.VOID:
        return shares
    lines = ClaimLine.objects.filter(claim=claim, net_fee__isnull=False)
    for npi, fee in lines.values_list("provider__npi").annotate(fee=Sum("net_fee")).order_by():
        shares[npi or ""] += cents_of(fee)
    return shares


def body_of(message: OutboxMessage) -> dict[str, Any]:
    """A message as the payments side reads it, described in message_schema.json."""
    return {
        "version": VERSION,
        "id": str(message.pk),
        "claim_id": str(message.claim_id),
        "reason": str(message.reason),
        "net_fee": f"{message.net_fee:.2f}",
        "currency": CURRENCY,
        "providers": [
            {"npi": npi or None, "net_fee": f"{dollars(cents):.2f}"} for npi, cents in message.shares
        ],
        "time": f"{message.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
    }
