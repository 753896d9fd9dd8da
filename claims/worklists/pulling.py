"""The next claim: taken by one person, who has it until they do nothing for a while or take another.

First it is looked for among those that stood in front when the list was last counted, then on the whole list.
On PostgreSQL whoever comes second passes by rows that others are just taking; on SQLite writers take turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from rcm_site.days import midnight

from ..models import Claim, Worklist
from ..models.claims import ClaimQuerySet
from .choosing import at_rest, claims_of, free_for, is_shared, not_valued_yet, valued
from .holding import hold, let_go
from .ordering import among_best, put_in_order
from .standings import FRONT, front
from .valuing import value_claims

VALUED_AT_ONCE = 200  # claims that are so new that nobody has valued them


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
    free = valued(pull.worklist, found.exclude(at_rest(today)), pull.user)
    new = free.exclude(work__passed_by=pull.user, work__passed_at__gte=midnight(today))
    with transaction.atomic():
        let_go(pull.user, pull.now)
        for claims in _in_front(pull, new):
            if claim := _first(pull, claims):
                return claim
    # What somebody else is just about to take or to value is waited for only when there is nothing else, and
    # with nothing in hand: two people would wait for each other.
    for is_patient, claims in product((False, True), _behind(free, new)):
        with transaction.atomic():
            if claim := _first(pull, claims, is_patient=is_patient):
                return claim
    return None


def _in_front(pull: Pull, new: QuerySet[Claim]) -> Iterable[QuerySet[Claim]]:
    """What was worth most when the list was counted; until it is, what is among the best of all at work."""
    if ids := front(pull.worklist, pull.user, pull.now):
        return _slices(new, ids)
    return [among_best(pull.worklist, new)]


def _behind(free: QuerySet[Claim], new: QuerySet[Claim]) -> Iterable[QuerySet[Claim]]:
    """All that is free, what one passed by last."""
    ids = put_in_order(free)
    return [new, free] if ids is None else [*_slices(new, ids), *_slices(free, ids)]


def _slices(claims: QuerySet[Claim], ids: Sequence[UUID | str]) -> Iterator[QuerySet[Claim]]:
    """Those of them that were first, and all others if somebody looks on."""
    return (claims.filter(pk__in=some) for some in (ids[:FRONT], ids[FRONT:]) if some)


def _first(pull: Pull, claims: QuerySet[Claim], *, is_patient: bool = False) -> Claim | None:
    locked = claims.select_related("work").only("number", "work")
    claim = locked.select_for_update(skip_locked=not is_patient, of=("work",)).first()
    if claim:
        hold(claim.work, pull.user, pull.now)
        pull.note(claim)
    return claim


def _taken_of_new(pull: Pull, found: ClaimQuerySet) -> Claim | None:
    new = list(not_valued_yet(pull.worklist, found, pull.user).values_list("pk", flat=True)[:VALUED_AT_ONCE])
    if not new:
        return None
    with transaction.atomic():
        value_claims(new, timezone.localdate(pull.now))
    return _taken(pull, found)
