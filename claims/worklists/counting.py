"""Counts lists anew each minute, and keeps what waited on them on each day.

Each list is counted in one statement for all that see it: by department, by whose work a claim is and in
whose hands. Of each part those that are worth most are noted, so that whoever takes the next claim is given
one of them without the list being put in order again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, F, Min, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import User
from rcm_site.days import midnight

from ..models import BacklogDay, Claim, KeptStanding, StandingPart, Worklist
from ..models.claims import ClaimQuerySet
from ..pages.filters import ME, ClaimFilter
from .choosing import asked_of, dollars_of, narrowed, valued
from .standings import FRONT, is_good, to_do

EACH = timedelta(seconds=55)
OLD = timedelta(days=91)
EVERYBODY = User(role="director")  # whoever sees everything, nobody in particular
KEYS = ("department", "assignee")
Part = tuple[int | None, int | None, int | None]  # department, assignee, in whose hands


def count_due(now: datetime | None = None) -> int:
    """Count each list in use whose figures are a minute old, or of another rule; how many were."""
    now = now or timezone.now()
    kept = KeptStanding.objects.in_bulk()
    lists = Worklist.objects.filter(is_active=True).select_related("department")
    due = [each for each in lists if each.pk not in kept or not is_good(kept[each.pk], each, now, EACH)]
    return sum(_count(worklist, now) for worklist in due)


@transaction.atomic
def _count(worklist: Worklist, now: datetime) -> bool:
    """Not while somebody else does, nor once the list is gone."""
    KeptStanding.objects.get_or_create(worklist=worklist)
    if not KeptStanding.objects.select_for_update(skip_locked=True).filter(pk=worklist.pk).first():
        return False
    today, claims = timezone.localdate(now), claims_of_all(worklist)
    sums, fronts = _summed(worklist, claims, now), _fronts(worklist, claims, now)
    StandingPart.objects.filter(standing=worklist.pk).delete()
    StandingPart.objects.bulk_create(_part(worklist, row, fronts) for row in sums)
    KeptStanding.objects.filter(pk=worklist.pk).update(asked=asked_of(worklist), as_of=now)
    _keep_day(worklist, sums, today)
    return True


def claims_of_all(worklist: Worklist) -> ClaimQuerySet:
    """What is on a list for anybody: on one of everybody's own work all that is somebody's or nobody's."""
    rule = {name: word for name, word in worklist.filters.items() if (name, word) != ("assignee", ME)}
    return narrowed(ClaimFilter(rule, EVERYBODY), EVERYBODY, worklist.department)


def _summed(worklist: Worklist, claims: ClaimQuerySet, now: datetime) -> list[dict[str, Any]]:
    today = timezone.localdate(now)
    here = to_do(today)
    in_hands = Case(When(work__held_until__gt=now, then=F("work__held_by")), default=Value(None))
    return list(
        claims.order_by()
        .values(*KEYS, in_hands=in_hands)
        .annotate(
            claims=Count("pk", filter=here),
            dollars=Sum(dollars_of(worklist), filter=here),
            deadline=Min("work__deadline", filter=here & Q(work__deadline__gte=today)),
            at_rest=Count("pk", filter=~here),
            over_90=Count("pk", filter=here & Q(submitted_on__lte=today - OLD)),
            oldest=Min("submitted_on", filter=here),
        )
    )


def _fronts(worklist: Worklist, claims: ClaimQuerySet, now: datetime) -> dict[Part, list[list[Any]]]:
    """Of each part the best of what nobody has in hand: what each is worth in cents, which it is, and who
    passed it by today. What nobody passed by has places of its own, or it would run out for whoever works
    the part alone.
    """
    found: dict[Part, list[list[Any]]] = defaultdict(list)
    today = timezone.localdate(now)
    free = Q(work__held_by=None) | Q(work__held_until__lte=now)
    passed_by = Case(When(work__passed_at__gte=midnight(today), then=F("work__passed_by")))
    waiting = valued(worklist, claims, EVERYBODY).filter(to_do(today) & free)
    waiting = waiting.annotate(passer=passed_by, is_new=Q(passer=None))
    places = [F(key) for key in (*KEYS, "is_new")]
    nth = Window(RowNumber(), partition_by=places, order_by=[F("work__value").desc(), "pk"])
    best: QuerySet[Claim, Any] = waiting.order_by().annotate(nth=nth).filter(nth__lte=FRONT)
    for department, assignee, value, pk, passer in best.values_list(*KEYS, "work__value", "pk", "passer"):
        claim = [int(value * 100), str(pk)]
        found[department, assignee, None].append([*claim, passer] if passer else claim)
    return found


def _part(worklist: Worklist, row: dict[str, Any], fronts: dict[Part, list[list[Any]]]) -> StandingPart:
    return StandingPart(
        standing_id=worklist.pk,
        department_id=row["department"],
        assignee_id=row["assignee"],
        held_by_id=row["in_hands"],
        claims=row["claims"],
        dollars=row["dollars"] or 0,
        deadline=row["deadline"],
        at_rest=row["at_rest"],
        front=fronts.get((row["department"], row["assignee"], row["in_hands"]), []),
    )


def _keep_day(worklist: Worklist, sums: Iterable[dict[str, Any]], day: date) -> None:
    """The last count of a day stands; the row of no department says that there was one."""
    rows = {None: BacklogDay(worklist=worklist, day=day, claims=0, dollars=0, over_90=0)}
    for part in sums:
        department = part["department"]
        row = rows.setdefault(
            department,
            BacklogDay(worklist=worklist, day=day, department_id=department, claims=0, dollars=0, over_90=0),
        )
        row.claims += part["claims"]
        row.dollars += part["dollars"] or 0
        row.over_90 += part["over_90"]
        row.oldest = min(filter(None, (row.oldest, part["oldest"])), default=None)
    BacklogDay.objects.filter(worklist=worklist, day=day).delete()
    BacklogDay.objects.bulk_create(rows.values())
