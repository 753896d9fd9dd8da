"""The numbers under which people know claims: given once, in order, with no one waiting for another."""

from __future__ import annotations

from django.db import connection

from .bulk import Statement, together

SEQUENCE = "claims_claim_number"
# SQLite's writers take turns, so nobody else can take the same ones before this transaction ends.
_AFTER_THE_LAST = """
WITH RECURSIVE new (number) AS (
    SELECT COALESCE(max(number), 0) + 1 FROM claims_claim UNION ALL SELECT number + 1 FROM new LIMIT %s
)
SELECT number FROM new
"""


def next_numbers(count: int) -> list[int]:
    """So many new numbers. Called in the transaction that stores the claims."""
    return [number for (number,) in together([drawing(count)])[0]]


def drawing(count: int) -> Statement:
    """Like `next_numbers`, to be asked together with more."""
    if connection.vendor == "postgresql":
        return "SELECT nextval(%s) FROM generate_series(1, %s)", [SEQUENCE, count]
    return _AFTER_THE_LAST, [count]
