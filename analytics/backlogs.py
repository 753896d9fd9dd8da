"""What waited on each worklist at the end of each day, as it was counted then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Min, Sum

from accounts.models import User
from claims.models import BacklogDay, Worklist

from .periods import Period
from .scopes import Scope


@dataclass(frozen=True)
class Backlog:
    claims: int
    dollars: Decimal
    over_90: int  # claims that were submitted more than 90 days before
    oldest: date | None


@dataclass(frozen=True)
class Course:
    """How one list's backlog moved: its days that were counted, from first to last."""

    worklist: int
    name: str
    days: dict[date, Backlog]

    @property
    def last_day(self) -> date:
        return max(self.days)

    @property
    def now(self) -> Backlog:
        return self.days[self.last_day]

    @property
    def change(self) -> int | None:
        """Claims more than on the first day; nothing to compare with on one day."""
        return self.now.claims - self.days[min(self.days)].claims if len(self.days) > 1 else None

    @property
    def oldest_days(self) -> int | None:
        return (self.last_day - self.now.oldest).days if self.now.oldest else None


def courses(user: User, scope: Scope, period: Period) -> list[Course]:
    """Of the lists in use that this person sees, where anything was counted; the longest first.

    Backlogs are kept by department alone: nobody knows them of one payer.
    """
    if scope.asked:
        return []
    lists = Worklist.objects.visible_to(user).filter(is_active=True)
    # All rows of a day tell that it was counted, those of the scope how much of it is theirs.
    seen = scope.about_facts()
    rows = (
        BacklogDay.objects.filter(worklist__in=lists.values("pk"), day__range=(period.start, period.end))
        .order_by("day")
        .values_list("worklist", "worklist__name", "day")
        .annotate(
            waiting=Sum("claims", filter=seen, default=0),
            worth=Sum("dollars", filter=seen),
            old=Sum("over_90", filter=seen, default=0),
            first=Min("oldest", filter=seen),
        )
    )
    found: dict[int, Course] = {}
    for worklist, name, day, claims, dollars, over_90, oldest in rows:
        course = found.setdefault(worklist, Course(worklist, name, {}))
        course.days[day] = Backlog(claims, dollars or Decimal(0), over_90, oldest)
    return sorted(found.values(), key=lambda course: (-course.now.claims, course.name))


def days_of(found: Sequence[Course]) -> list[date]:
    """All the days on which any of them was counted."""
    return sorted({day for course in found for day in course.days})
