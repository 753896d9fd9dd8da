"""What is owed by how old it is, on any day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from .facts.measures import BUCKETS
from .facts.reading import Amount
from .facts.totals import standings, totals
from .periods import Period
from .scopes import Scope

AGING = ("owed_claims", "owed", "owed_net", "credit_claims", "credits")
BUCKET_LABELS = ("0–30 days", "31–60 days", "61–90 days", "91–120 days", "over 120 days")


def aging(scope: Scope, on: date, by: str | None = None) -> dict[Any, list[dict[str, Amount]]]:
    """The sums of `AGING` in each bucket at the end of a day, for each key of the split (or for None)."""
    keys = (by,) if by else ()
    found: dict[Any, list[dict[str, Amount]]] = {}
    for row in totals(scope, Period(on, on), AGING, by=(*keys, "age")):
        empty: list[dict[str, Amount]] = [dict.fromkeys(AGING, 0) for _ in BUCKETS]
        found.setdefault(row.key[0] if by else None, empty)[row.key[-1]] = row.sums
    return found


def aging_trend(scope: Scope, days: Sequence[date]) -> list[tuple[date, list[dict[str, Amount]]]]:
    """The same at the end of each of these days."""
    found = []
    for day, rows in standings(scope, days, AGING, by=("age",)).items():
        buckets: list[dict[str, Amount]] = [dict.fromkeys(AGING, 0) for _ in BUCKETS]
        for row in rows:
            buckets[row.key[0]] = row.sums
        found.append((day, buckets))
    return found
