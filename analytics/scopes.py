"""Whose claims a number is about: what a person may see, narrowed by what they ask for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from django.db.models import Exists, Q
from django.utils import timezone

from accounts.models import Department, User
from claims.models import Claim
from claims.models.claims import ClaimQuerySet

from .hanging import denials_of, lines_of

NONE: Literal["none"] = "none"  # asks for the claims that have no payer, department, provider, reason …
Key = int | Literal["none"] | None

# What facts tell apart, though not all of it at once.
FACT_FILTERS = ("payer", "kind", "category", "provider")
# What only claims tell.
CLAIM_FILTERS = ("procedure", "reason", "remark", "plan", "assignee")


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
    procedure: str | None = None  # on one of its lines
    reason: str | None = None  # "CO-16": group and reason of the decision that denied it
    remark: str | None = None  # "N382": given with such a reason
    plan: str | None = None  # the plan or group under which one of its lines is covered
    assignee: Key = None
    today: date = field(default_factory=timezone.localdate)

    def narrowed(self, **filters: Any) -> Scope:
        return replace(self, **filters)

    @property
    def asked(self) -> set[str]:
        """The filters that are set, departments apart."""
        return {name for name in (*FACT_FILTERS, *CLAIM_FILTERS) if getattr(self, name) is not None}

    @property
    def has_all_departments(self) -> bool:
        return self.departments is None and self.department is None

    def condition(self, claim: str = "", provider: str = "") -> Q:
        """On claims, or on rows that lead to them by this path; lines have a provider of their own."""
        asked = self.about_facts(claim)
        if self.provider is not None:
            asked &= _is(provider or f"{claim}provider", self.provider)
        if self.kind is not None:
            asked &= Q(**{f"{claim}kind": self.kind})
        if self.category is not None:
            asked &= Q(**{f"{claim}denial_category": self.category})
        return asked & self._about_claims(claim)

    def _about_claims(self, claim: str) -> Q:
        """What facts do not tell apart: of the whole claim, also where a line of it is counted."""
        asked = Q()
        if self.assignee is not None:
            asked &= _is(f"{claim}assignee", self.assignee)
        if self.procedure is not None:
            asked &= Q(Exists(lines_of(claim).filter(procedure=self.procedure)))
        if self.plan is not None:
            asked &= Q(Exists(lines_of(claim).filter(coverage__plan_group=self.plan)))
        if self.reason is not None or self.remark is not None:
            asked &= self._denied_for(claim)
        return asked

    def _denied_for(self, claim: str) -> Q:
        """The reason and the remark of one and the same adjustment."""
        denials = denials_of(claim)
        if self.reason == NONE:
            return ~Q(Exists(denials))
        if self.reason is not None:
            denials = denials.filter(code=self.reason)
        if self.remark is not None:
            denials = denials.filter(spaced_remarks__contains=f" {self.remark} ")
        return Q(Exists(denials))

    def on_facts(self) -> Q:
        """The same on facts, which tell some of it apart by columns of their own."""
        asked = self.about_facts()
        if self.provider is not None:
            asked &= _is("provider", self.provider)
        for key in ("kind", "category"):
            if getattr(self, key) is not None:
                asked &= Q(**{key: getattr(self, key)})
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
