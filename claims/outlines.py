"""What of a claim its limits and its worth depend on: of many claims, read in a third of the time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from . import bulk
from .models import Claim, Payer


class Outline(NamedTuple):
    """Says what the claim says, by the same names."""

    pk: UUID
    status: str
    payer_id: int | None
    department_id: int | None
    denial_category: str
    at_intake: str
    submitted_on: date
    service_to: date | None
    decided_on: date | None
    balance: Decimal
    paid: Decimal
    expected: Decimal | None
    patient_share: Decimal
    payer: Payer | None


_READ = Outline._fields[:-1]


def outlined(ids: Collection[UUID]) -> dict[UUID, Outline]:
    """In the order of their ids."""
    payers = {payer.pk: payer for payer in Payer.objects.order_by()}
    claims = Claim.objects.filter(pk__in=bulk.listed("uuid", ids)).order_by("pk").values_list(*_READ)
    place = _READ.index("payer_id")
    return {row[0]: Outline._make((*row, payers.get(row[place]))) for row in claims}
