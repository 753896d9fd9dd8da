"""How lists stand: what waits on each, what of it is free, and which claims stand in front.

Adding up a long list takes longer than a page may, so a worker counts each list once a minute, split finely
enough for everybody to see what is theirs. Pages say as of when; the claims that they list are always read
anew. Where nothing is kept that fits, a list is counted on the spot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from accounts.models import Department, User

from ..models import KeptStanding, StandingPart, Worklist
from ..pages.filters import ME, ClaimFilter
from .choosing import asked_of, at_rest, claims_of, dollars_of, free_for, is_shared

# Past this nobody has counted for a while, and a page counts for itself.
TOO_OLD = timedelta(minutes=5)
A_DAY = timedelta(days=1)
FRONT = 100  # claims of each part of a list


@dataclass(frozen=True)
class Standing:
    """How a list stands: what is to be done now, and what rests."""

    worklist: Worklist
    words: str
    claims: int = 0
    free: int = 0  # for this person: neither with somebody else nor given to them
    dollars: Decimal = Decimal(0)
    deadline: date | None = None  # the first that is still to come
    at_rest: int = 0
    as_of: datetime | None = None  # now, where it says nothing


def standings(worklists: Sequence[Worklist], user: User, now: datetime) -> list[Standing]:
    """How lists stand for this person, as they were counted last."""
    kept = {row.pk: row for row in _kept(worklists, user, now)}
    return [
        _told(worklist, kept[worklist.pk], user) if worklist.pk in kept else standing(worklist, user, now)
        for worklist in worklists
    ]


def standing(worklist: Worklist, user: User, now: datetime | None = None) -> Standing:
    """How a list stands at this moment."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    here = to_do(today)
    sums = (
        claims_of(worklist, user)
        .order_by()
        .aggregate(
            claims=Count("pk", filter=here),
            free=Count("pk", filter=here & free_for(user, now, is_shared=is_shared(worklist))),
            dollars=Sum(dollars_of(worklist), filter=here),
            deadline=Min("work__deadline", filter=here & Q(work__deadline__gte=today)),
            at_rest=Count("pk", filter=at_rest(today)),
        )
    )
    return Standing(worklist, _words(worklist, user), **_known(sums))


def to_do(today: date) -> Q:
    """What does not rest."""
    here = Q(work=None) | Q(work__closed_as="")
    return here & (Q(work__pended_until=None) | Q(work__pended_until__lte=today))


def _words(worklist: Worklist, user: User) -> str:
    return ClaimFilter(worklist.filters, user).in_words() or "Finds nothing until its rule is corrected"


def _known(sums: dict[str, Any]) -> dict[str, Any]:
    """Sums of nothing are none; a first deadline of nothing stays unknown."""
    return {name: 0 if value is None and name != "deadline" else value for name, value in sums.items()}


# As it was counted last ----------------------------------------------------------------------------


def is_good(kept: KeptStanding, worklist: Worklist, now: datetime, lasting: timedelta = TOO_OLD) -> bool:
    """By the rule as it is, and of this day: with the next one claims are older."""
    if kept.as_of is None or kept.asked != asked_of(worklist):
        return False
    return now - lasting < kept.as_of and timezone.localdate(kept.as_of) == timezone.localdate(now)


def _kept(worklists: Iterable[Worklist], user: User, now: datetime) -> list[KeptStanding]:
    """Those that still say something, added up over what this person sees."""
    by_pk = {worklist.pk: worklist for worklist in worklists}
    seen = _seen(user, by_pk.values())
    free = Q(parts__held_by=None) | Q(parts__held_by=user)
    mine = Q(parts__assignee=user)
    pulled = Q(parts__assignee=None, worklist__hand_out=Worklist.HandOut.PULL)
    found = KeptStanding.objects.filter(pk__in=by_pk).annotate(
        claims=Sum("parts__claims", filter=seen),
        free=Sum("parts__claims", filter=seen & free & (mine | pulled)),
        dollars=Sum("parts__dollars", filter=seen),
        deadline=Min("parts__deadline", filter=seen),
        at_rest=Sum("parts__at_rest", filter=seen),
    )
    return [row for row in found if is_good(row, by_pk[row.pk], now)]


def _seen(user: User, worklists: Iterable[Worklist]) -> Q:
    """The parts of lists that are of this person's departments; of a list of everybody's own only theirs."""
    seen = Q(parts__isnull=False)
    if not user.sees_everything:
        seen &= Q(parts__department__in=Department.objects.visible_to(user))
    own = [worklist.pk for worklist in worklists if worklist.filters.get("assignee") == ME]
    return seen & (~Q(pk__in=own) | Q(parts__assignee=user)) if own else seen


def _told(worklist: Worklist, kept: KeptStanding, user: User) -> Standing:
    rule = ClaimFilter(worklist.filters, user)
    if not rule.is_valid():  # of somebody whose work this person does not see
        return Standing(worklist, _words(worklist, user))
    names = ("claims", "free", "dollars", "deadline", "at_rest")
    sums = _known({name: getattr(kept, name) for name in names})
    return Standing(worklist, rule.in_words(), **sums, as_of=kept.as_of)


def front(worklist: Worklist, user: User, now: datetime) -> list[str]:
    """What was worth most of what was free for this person, when the list was counted last on this day.

    Whoever takes one asks again whether it is still free, and still on the list.
    """
    mine = Q(assignee=user) if is_shared(worklist) else Q(assignee=None) | Q(assignee=user)
    parts = StandingPart.objects.filter(mine, standing=worklist.pk, held_by=None)
    if not user.sees_everything:
        parts = parts.filter(department__in=Department.objects.visible_to(user))
    found = list(parts.values_list("front", "standing__asked", "standing__as_of"))
    if not found or not is_good(KeptStanding(asked=found[0][1], as_of=found[0][2]), worklist, now, A_DAY):
        return []
    # Whoever passed a claim by today gets it when nothing else is left.
    new = [claim[:2] for front, *_ in found for claim in front if user.pk not in claim[2:]]
    return [claim for _, claim in sorted(new, reverse=True)]
