"""The open claims that matter most: those with the largest balances, and those that wait longest."""

from __future__ import annotations

from django.db.models import QuerySet

from claims.models import Claim
from claims.models.claims import OWED

from .scopes import Scope


def largest_open(scope: Scope, most: int = 10) -> QuerySet[Claim]:
    return Claim.objects.filter(OWED, scope.condition()).order_by("-balance", "-number")[:most]


def oldest_open(scope: Scope, most: int = 10) -> QuerySet[Claim]:
    return Claim.objects.filter(OWED, scope.condition()).order_by("submitted_on", "number")[:most]
