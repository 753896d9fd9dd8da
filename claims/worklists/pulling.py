"""The next claim: taken by one person, who has it until they do nothing for a while or take another.

First it is looked for among those that stood in front when the list was last counted, then on the whole list.
On PostgreSQL whoever comes second passes by rows that others are just taking; on SQLite writers take turns.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from rcm_site.days import midnight

from ..models import Claim, OpenWork, Worklist
from ..models.claims import ClaimQuerySet
from .choosing import at_rest, claims_of, free_for, is_shared, not_valued_yet, valued
from .holding import HOLD, let_go
from .standings import front
from .valuing import value_claims

VALUED_AT_ONCE = 200  # claims that are so new that nobody has valued them


def next_claim(*, user: User, worklist: Worklist, now: datetime | None = None) -> Claim | None:
    """Let go of what this person had, and give them what is worth most of what is free."""
    now = now or timezone.now()
    let_go(user, now)
    found = claims_of(worklist, user)
    found = found.filter(free_for(user, now, is_shared=is_shared(worklist)))
    return _taken(worklist, found, user, now) or _taken_of_new(worklist, found, user, now)


def _taken(worklist: Worklist, found: ClaimQuerySet, user: User, now: datetime) -> Claim | None:
    today = timezone.localdate(now)
    free = valued(worklist, found.exclude(at_rest(today)))
    new = free.exclude(work__passed_by=user, work__passed_at__gte=midnight(today))
    in_front = new.filter(pk__in=front(worklist, user, now))
    # What somebody else is just about to take or to value is waited for only when there is nothing else.
    tries = ((in_front, False), (new, False), (new, True), (free, False), (free, True))
    for claims, is_patient in tries:
        if claim := _first(claims, user, now, is_patient=is_patient):
            return claim
    return None


@transaction.atomic
def _first(claims: QuerySet[Claim], user: User, now: datetime, *, is_patient: bool) -> Claim | None:
    locked = claims.select_related("work").select_for_update(skip_locked=not is_patient, of=("work",))
    claim = locked.first()
    if claim:
        work = OpenWork.objects.filter(pk=claim.pk)
        work.update(held_by=user, held_until=now + HOLD, passed_by=None, passed_at=None)
    return claim


def _taken_of_new(worklist: Worklist, found: ClaimQuerySet, user: User, now: datetime) -> Claim | None:
    new = list(not_valued_yet(worklist, found).values_list("pk", flat=True)[:VALUED_AT_ONCE])
    if not new:
        return None
    with transaction.atomic():
        value_claims(new, timezone.localdate(now))
    return _taken(worklist, found, user, now)
