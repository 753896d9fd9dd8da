"""Whose claims a number is about: what a person may see, narrowed by what they ask for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from django.db.models import Q
from django.utils import timezone

from accounts.models import Department, User
from claims.models import Claim
from claims.models.claims import ClaimQuerySet

NONE: Literal["none"] = "none"  # asks for the claims that have no payer, department or provider
Key = int | Literal["none"] | None


@dataclass(frozen=True)
class Scope:
    """Departments none: all of them, for whoever sees everything. A filter none: whatever it is."""

    departments: tuple[int, ...] | None
    payer: Key = None
    department: Key = None
    provider: Key = None
    staff: int | None = None  # for what people did; claims themselves are nobody's
    kind: str | None = None
    category: str | None = None
    today: date = field(default_factory=timezone.localdate)

    def narrowed(self, **filters: Any) -> Scope:
        return replace(self, **filters)

    @property
    def needs_claims(self) -> bool:
        """Whether it asks for something that facts do not tell apart."""
        return (self.provider, self.kind, self.category) != (None, None, None)

    def condition(self, claim: str = "", provider: str = "") -> Q:
        """On claims, or on rows that lead to them by this path; lines have a provider of their own."""
        asked = self.about_facts(claim)
        if self.provider is not None:
            asked &= _is(provider or f"{claim}provider", self.provider)
        if self.kind is not None:
            asked &= Q(**{f"{claim}kind": self.kind})
        if self.category is not None:
            asked &= Q(**{f"{claim}denial_category": self.category})
        return asked

    def about_facts(self, claim: str = "") -> Q:
        """What facts tell apart, too: department and payer."""
        asked = Q()
        if self.departments is not None:
            asked &= Q(**{f"{claim}department__in": self.departments})
        if self.department is not None:
            asked &= _is(f"{claim}department", self.department)
        if self.payer is not None:
            asked &= _is(f"{claim}payer", self.payer)
        return asked

    def claims(self) -> ClaimQuerySet:
        """The claims in it, void ones left out: they count nowhere."""
        return Claim.objects.filter(self.condition()).exclude(status=Claim.Status.VOID)


def _is(path: str, key: Key) -> Q:
    return Q(**{f"{path}__isnull": True}) if key == NONE else Q(**{path: key})


def scope_of(user: User, **filters: Any) -> Scope:
    """What this person sees, as `visible_to` says it, narrowed by filters."""
    if user.sees_everything:
        return Scope(None, **filters)
    visible = Department.objects.visible_to(user).order_by("pk").values_list("pk", flat=True)
    return Scope(tuple(visible), **filters)
