"""The open claims that matter most: those with the largest balances, and those that wait longest."""

from __future__ import annotations

from django.db.models import QuerySet

from claims.models import Claim

from .measures import is_owed
from .scopes import Scope


def largest_open(scope: Scope, most: int = 10) -> QuerySet[Claim]:
    return scope.claims().filter(is_owed("")).order_by("-balance", "-number")[:most]


def oldest_open(scope: Scope, most: int = 10) -> QuerySet[Claim]:
    return scope.claims().filter(is_owed("")).order_by("submitted_on", "number")[:most]
