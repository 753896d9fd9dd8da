"""What reviewers found: how many of people's actions they looked at, how many were wrong, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from claims.models import Review
from rcm_site.days import midnight

from .facts.sources import COUNTED
from .periods import Period
from .scopes import Scope
from .staff import people_shown


@dataclass(frozen=True)
class Reviewed:
    """Actions of some days that somebody reviewed."""

    actions: int = 0
    errors: int = 0

    @property
    def error_rate(self) -> Decimal | None:
        """Of those looked at: what the share of all actions, of which few are reviewed, does not tell."""
        return Decimal(self.errors) / self.actions if self.actions else None


@dataclass(frozen=True)
class Found:
    """One kind of error, and how often reviewers found it."""

    label: str
    errors: int
    share: Decimal


def reviewed_by_person(user: User, scope: Scope, period: Period) -> dict[int, Reviewed]:
    """Of each person whom this one may see; the day on which they acted counts."""
    counted = _reviews(user, scope, period).values_list("event__actor")
    rows = counted.annotate(actions=Count("pk"), errors=Count("pk", filter=Q(verdict="error")))
    return {person: Reviewed(actions, errors) for person, actions, errors in rows}


def errors_found(user: User, scope: Scope, period: Period) -> list[Found]:
    """By their kind, the most frequent first."""
    found = _reviews(user, scope, period).filter(verdict="error").values_list("error_type")
    counts: Mapping[str, int] = dict(found.annotate(errors=Count("pk")))
    labels, whole = dict(Review.ErrorType.choices), sum(counts.values())
    rows = [Found(str(labels[kind]), count, Decimal(count) / whole) for kind, count in counts.items()]
    return sorted(rows, key=lambda row: (-row.errors, row.label))


def _reviews(user: User, scope: Scope, period: Period) -> QuerySet[Review]:
    done = Q(event__at__gte=midnight(period.start), event__at__lt=midnight(period.end + timedelta(days=1)))
    reviewed = Review.objects.exclude(verdict="").filter(done, scope.condition("event__claim__"))
    counted = reviewed.filter(event__claim__status__in=COUNTED, event__actor__in=people_shown(user))
    if scope.staff is not None:
        counted = counted.filter(event__actor=scope.staff)
    return counted.order_by()
