"""The numbers under which people know claims: given once, in order, with no one waiting for another."""

from __future__ import annotations

from django.db import connection
from django.db.models import Max

from .models import Claim

SEQUENCE = "claims_claim_number"


def next_numbers(count: int) -> list[int]:
    """So many new numbers. Called in the transaction that stores the claims."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [SEQUENCE, count])
            return [number for (number,) in cursor.fetchall()]
    # SQLite's writers take turns, so nobody else can take the same ones before this transaction ends.
    last = Claim.objects.aggregate(last=Max("number"))["last"] or 0
    return list(range(last + 1, last + 1 + count))
