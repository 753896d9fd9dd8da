"""The next claim: taken by one person, who has it until they do nothing for a while or take another.

First it is looked for among those that stood in front when the list was last counted, then on the whole list.
On PostgreSQL whoever comes second passes by rows that others are just taking; on SQLite writers take turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import product

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from rcm_site.days import midnight

from ..models import Claim, OpenWork, Worklist
from ..models.claims import ClaimQuerySet
from .choosing import at_rest, claims_of, free_for, in_order, is_shared, not_valued_yet, valued
from .holding import HOLD, let_go
from .standings import FRONT, front
from .valuing import value_claims

VALUED_AT_ONCE = 200  # claims that are so new that nobody has valued them
BEST = 2_000  # claims at work, by what they are worth
FEW = 2_000  # claims that are found and put in order for one person


@dataclass(frozen=True)
class Pull:
    """Somebody asks for the next claim of a list."""

    user: User
    worklist: Worklist
    now: datetime
    request: HttpRequest | None

    def note(self, claim: Claim | None) -> None:
        audit.record(self.user, "claim.pulled", claim, request=self.request, worklist=self.worklist.pk)


def next_claim(
    *, user: User, worklist: Worklist, request: HttpRequest | None = None, now: datetime | None = None
) -> Claim | None:
    """Let go of what this person had, and give them what is worth most of what is free."""
    pull = Pull(user, worklist, now or timezone.now(), request)
    free = free_for(user, pull.now, is_shared=is_shared(worklist))
    found = claims_of(worklist, user).filter(free)
    claim = _taken(pull, found) or _taken_of_new(pull, found)
    if claim is None:
        pull.note(None)
    return claim


def _taken(pull: Pull, found: ClaimQuerySet) -> Claim | None:
    today = timezone.localdate(pull.now)
    free = valued(pull.worklist, found.exclude(at_rest(today)))
    passed_by = Q(work__passed_by=pull.user, work__passed_at__gte=midnight(today))
    new = free.exclude(passed_by)
    with transaction.atomic():
        let_go(pull.user, pull.now)
        for claims in _in_front(pull, new):
            if claim := _first(pull, claims):
                return claim
    # What somebody else is just about to take or to value is waited for only when there is nothing else, and
    # with nothing in hand: two people would wait for each other.
    for is_patient, claims in product((False, True), _behind(free, new, passed_by)):
        with transaction.atomic():
            if claim := _first(pull, claims, is_patient=is_patient):
                return claim
    return None


def _in_front(pull: Pull, new: QuerySet[Claim]) -> list[QuerySet[Claim]]:
    """What was worth most when the list was counted; until it is, what is among the best of all at work."""
    if ids := front(pull.worklist, pull.user, pull.now):
        return [new.filter(pk__in=some) for some in (ids[:FRONT], ids[FRONT:]) if some]
    behind = in_order(pull.worklist)[BEST : BEST + 1].values_list("value", flat=True).first()
    return [] if behind is None else [new.filter(work__value__gt=behind)]


def _behind(free: QuerySet[Claim], new: QuerySet[Claim], passed_by: Q) -> list[QuerySet[Claim]]:
    """All that is free, what one passed by last. Of many the first comes soon where they are read in order. A
    few are found and put in order here: to come upon one of them all that is at work would be read.
    """
    rows = free.order_by().annotate(is_old=passed_by).values_list("work__value", "pk", "is_old")[: FEW + 1]
    if len(rows) > FEW:
        return [new, free]
    best = sorted(rows, key=lambda row: (-row[0], row[1]))
    ids = [[pk for _, pk, is_old in best if bool(is_old) is last] for last in (False, True)]
    return [free.filter(pk__in=some) for some in ids if some]


def _first(pull: Pull, claims: QuerySet[Claim], *, is_patient: bool = False) -> Claim | None:
    locked = claims.select_related("work").only("number", "work__claim")
    claim = locked.select_for_update(skip_locked=not is_patient, of=("work",)).first()
    if claim:
        work = OpenWork.objects.filter(pk=claim.pk)
        work.update(held_by=pull.user, held_until=pull.now + HOLD, passed_by=None, passed_at=None)
        pull.note(claim)
    return claim


def _taken_of_new(pull: Pull, found: ClaimQuerySet) -> Claim | None:
    new = list(not_valued_yet(pull.worklist, found).values_list("pk", flat=True)[:VALUED_AT_ONCE])
    if not new:
        return None
    with transaction.atomic():
        value_claims(new, timezone.localdate(pull.now))
    return _taken(pull, found)
