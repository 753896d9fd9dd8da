"""The first of a list's claims, without reading all that is at work before they are come upon.

The database has one order of all that is at work. What a person is looking for stands near its top, as a
rule. Else it is found by what it is and put in order here, while it is few; many are come upon soon anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Department, User
from rcm_site.planning import found_one_by_one, never_read_whole

from ..models import Claim, OpenWork, Worklist
from .choosing import asked_of

BEST = 2_000  # of all that is at work
DEEP = 1_000  # claims down a list: whoever works it does not page there
FEW = 2_000  # of what one person is looking for
FEW_DEPARTMENTS = 4  # of more, what they have is most of all that is at work


def among_best(worklist: Worklist, claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """Those of a list's claims that are among the best of all at work."""
    at_work = OpenWork.objects.filter(at_stake=asked_of(worklist)["money"]).order_by("-value", "claim")
    last = at_work.values_list("value", flat=True)[BEST : BEST + 1].first()
    return claims if last is None else claims.filter(work__value__gt=last)


class InOrder:
    """The keys of a list's claims in their order, as pages ask for them.

    The database has an order of all that is at work and one of each department's, none of some departments'.
    """

    def __init__(self, claims: QuerySet[Claim], user: User) -> None:
        self.claims, self.user = claims, user

    def __getitem__(self, place: slice) -> list[UUID]:
        with never_read_whole():
            return self._keys(place)

    def _keys(self, place: slice) -> list[UUID]:
        departments = self._departments() if place.stop <= DEEP else []
        if not 1 < len(departments) <= FEW_DEPARTMENTS:
            return list(self.claims.values_list("pk", flat=True)[place])
        of_each = (self.claims.filter(department=pk) for pk in departments)
        rows = [row for claims in of_each for row in claims.values_list("work__value", "pk")[: place.stop]]
        return [pk for _, pk in _by_value(rows)][place]

    def _departments(self) -> list[int]:
        if self.user.sees_everything:
            return []
        return list(Department.objects.visible_to(self.user).values_list("pk", flat=True))


def _by_value(rows: Iterable[tuple[Decimal, UUID]]) -> list[tuple[Decimal, UUID]]:
    return sorted(rows, key=lambda row: (-row[0], row[1]))


def put_in_order(claims: QuerySet[Claim]) -> list[UUID] | None:
    """Claims that are few, the best first; nothing if they are many."""
    with found_one_by_one():
        rows = list(claims.order_by().values_list("work__value", "pk")[: FEW + 1])
    return None if len(rows) > FEW else [pk for _, pk in _by_value(rows)]
