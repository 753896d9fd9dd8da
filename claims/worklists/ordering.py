"""The first of a list's claims, without reading all that is at work before they are come upon.

The database has one order of all that is at work. What a person is looking for stands near its top, as a
rule. Else it is found by what it is and put in order here, while it is few; many are come upon soon anyway.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from rcm_site.planning import found_one_by_one

from ..models import Claim, OpenWork, Worklist
from .choosing import asked_of

BEST = 2_000  # of all that is at work
FEW = 2_000  # of what one person is looking for


def among_best(worklist: Worklist, claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """Those of a list's claims that are among the best of all at work."""
    at_work = OpenWork.objects.filter(at_stake=asked_of(worklist)["money"]).order_by("-value", "claim")
    last = at_work.values_list("value", flat=True)[BEST : BEST + 1].first()
    return claims if last is None else claims.filter(work__value__gt=last)


def put_in_order(claims: QuerySet[Claim]) -> list[UUID] | None:
    """Claims that are few, the best first; nothing if they are many."""
    with found_one_by_one():
        rows = list(claims.order_by().values_list("work__value", "pk")[: FEW + 1])
    return None if len(rows) > FEW else [pk for _, pk in sorted(rows, key=lambda row: (-row[0], row[1]))]
