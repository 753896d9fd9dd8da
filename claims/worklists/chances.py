"""The chance that a claim is paid: how many of those like it were, of all that were decided within a year.

Like a denied claim are those of the same payer, denied for the same, and as old when they were first decided.
Like one that nobody has decided yet are all of its payer, denied or not, that had to wait as long.
Where they are fewer than twenty, those of the same payer count whatever their age, then those of any payer
denied for the same, then all. A claim that was replaced counts as its replacement came out. One that still
waits counts nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.db import transaction
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Concat

from ..answers.denials import category_of
from ..answers.reasons import POSTED, is_reason
from ..models import Adjustment, Claim, CollectingRate
from ..models.claims import ClaimQuerySet
from ..outlines import Outline

YEAR = timedelta(days=365)
FEWEST = 20  # claims of which a share says anything
OLDEST = {30: "0-30", 60: "31-60", 90: "61-90", 120: "91-120"}  # days
# From the most alike to all there are: of a denied claim, and of one that nobody has decided.
LIKENESSES = {
    "payer_category_age": (
        "of this payer that were denied for the same at this age",
        "of this payer that waited as long",
    ),
    "payer_category": ("of this payer that were denied for the same", "of this payer"),
    "category": ("of any payer that were denied for the same", "of any payer"),
    "all": ("of any payer", "of any payer"),
}
Status = Claim.Status
Key = tuple[int | None, str, str]  # payer, category, age
Likeness = tuple[int | str | None, ...]  # as much of a key as claims have to have in common


@dataclass(frozen=True)
class Chance:
    collected: int
    decided: int
    likeness: str


@cache
def age_of(days: int) -> str:
    return next((words for most, words in OLDEST.items() if days <= most), "over-120")


class Chances:
    """What has been reckoned, to be asked for many claims."""

    def __init__(self) -> None:
        self._collected = Counter[Likeness]()
        self._decided = Counter[Likeness]()
        self._known: dict[Key, Chance] = {}
        rates = CollectingRate.objects.values_list("payer_id", "category", "age", "collected", "decided")
        for payer, category, age, collected, decided in rates:
            *keys, everything = _ever_less_like(payer, category, age)
            # What was denied stands among all claims already.
            for key in keys if category else (*keys, everything):
                self._collected[key] += collected
                self._decided[key] += decided

    def of(self, claim: Claim | Outline, today: date) -> Chance:
        """Its age is that at which it was denied, or today's while nobody has decided it."""
        is_denied = claim.denial_category != "" and claim.decided_on is not None
        until = claim.decided_on if is_denied and claim.decided_on else today
        like = claim.payer_id, claim.denial_category, age_of((until - claim.submitted_on).days)
        if like not in self._known:
            self._known[like] = self._first_that_says_anything(*like)
        return self._known[like]

    def _first_that_says_anything(self, payer: int | None, category: str, age: str) -> Chance:
        keys = _ever_less_like(payer, category, age)
        found = next((key for key in keys if self._decided[key] >= FEWEST), keys[-1])
        likeness = list(LIKENESSES)[keys.index(found)]
        return Chance(self._collected[found], self._decided[found], likeness)


def _ever_less_like(payer: int | None, category: str, age: str) -> tuple[Likeness, ...]:
    return (payer, category, age), (payer, category), (category,), ()


# Reckoning -----------------------------------------------------------------------------------------


@transaction.atomic
def reckon(today: date) -> None:
    """Count a year's decided claims anew."""
    collected, decided = Counter[Key](), Counter[Key]()
    for (payer, category, age), is_collected, count in _outcomes(today):
        for key in {(payer, category, age), (payer, "", age)}:
            decided[key] += count
            collected[key] += count if is_collected else 0
    # One row at least, so that it is known that somebody has counted.
    keys = list(decided) or [(None, "", OLDEST[30])]
    CollectingRate.objects.all().delete()
    CollectingRate.objects.bulk_create(
        CollectingRate(
            payer_id=payer,
            category=category,
            age=age,
            collected=collected[payer, category, age],
            decided=decided[payer, category, age],
            reckoned_on=today,
        )
        for payer, category, age in keys
    )


def _outcomes(today: date) -> Iterator[tuple[Key, bool, int]]:
    """Kinds of claims, whether they were paid, and how many."""
    decided = Claim.objects.filter(first_decided_on__gt=today - YEAR, first_decided_on__lte=today)
    replaced = Claim.objects.filter(original=OuterRef("pk")).exclude(status=Status.VOID)
    paid, given_up = Q(paid__gt=0) | Q(status=Status.PAID), Q(status=Status.WRITTEN_OFF, paid__lte=0)
    for is_collected, condition in ((True, paid), (False, given_up)):
        stands = condition & ~Q(status=Status.VOID)
        came_out = Q(Exists(replaced.filter(condition)), status=Status.VOID)
        for found in (decided.filter(stands), decided.filter(came_out)):
            for key, count in _counted(found):
                yield key, is_collected, count


def _counted(claims: ClaimQuerySet) -> Iterator[tuple[Key, int]]:
    """A claim paid in the end no longer says what it was denied for: its first answer does."""
    denied = Q(first_decision=Claim.Decision.DENIED)
    code = Case(
        When(denied & Q(denial_category=""), then=_first_reason()),
        default=Value(""),
        output_field=CharField(),
    )
    days = ("payer", "first_decision", "denial_category", "submitted_on", "first_decided_on")
    rows = claims.order_by().annotate(code=code).values_list(*days, "code").annotate(Count("pk"))
    for payer, decision, category, submitted, decided, reason, count in rows.iterator():
        is_denied = decision == Claim.Decision.DENIED
        category = (category or _category_of_code(reason or "")) if is_denied else ""
        yield (payer, category, age_of((decided - submitted).days)), count


def _first_reason() -> Subquery:
    """The largest reason of a claim's first denial, as "CO 16 M127"."""
    given = Adjustment.objects.filter(
        is_reason(),
        payment__state=POSTED,
        payment__claim=OuterRef("pk"),
        payment__paid_on=OuterRef("first_decided_on"),
    )
    words = Concat(F("group"), Value(" "), F("reason"), Value(" "), F("remarks"), output_field=CharField())
    return Subquery(given.order_by("-amount", "pk").annotate(words=words).values("words")[:1])


@cache
def _category_of_code(code: str) -> str:
    if not code:
        return Claim.Category.OTHER.value
    group, reason, *remarks = code.split()
    return category_of(group, reason, remarks).value or Claim.Category.OTHER.value
