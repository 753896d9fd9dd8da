"""Limits of single plans, which go before their payer's: of several plans of a claim the shortest counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from .models import Claim, ClaimLine, Payer, PlanLimit
from .outlines import Outline


class PlanLimits:
    """What the plans of these claims limit, read once for all of them."""

    def __init__(self, claims: Collection[Claim | Outline]) -> None:
        payers = {claim.pk: claim.payer_id for claim in claims if claim.payer_id}
        limits = PlanLimit.objects.filter(payer__in=set(payers.values())).order_by()
        self._limits = {(each.payer_id, each.plan_group): each for each in limits}
        self._plans: dict[UUID, list[PlanLimit]] = defaultdict(list)
        if not self._limits:
            return
        concerned = {payer for payer, _ in self._limits}
        lines = ClaimLine.objects.filter(
            claim__in=[pk for pk, payer in payers.items() if payer in concerned],
            coverage__plan_group__in={group for _, group in self._limits},
        )
        for pk, group in lines.order_by().values_list("claim", "coverage__plan_group").distinct():
            if plan := self._limits.get((payers[pk], str(group))):
                self._plans[pk].append(plan)

    def days(self, claim: Claim | Outline, of_plan: str) -> int | None:
        """Nothing where none of its plans says."""
        said = [getattr(plan, of_plan) for plan in self._plans.get(claim.pk, ())]
        return min((days for days in said if days is not None), default=None)


class Lengths:
    """How long payers' limits and their plans' are, read once, as conditions on claims.

    Two that were read are equal while no limit has changed.
    """

    def __init__(self) -> None:
        payers = Payer.objects.order_by("pk").values("pk", "timely_filing_days", "appeal_days")
        self._payers: list[dict[str, Any]] = [{**payer} for payer in payers]
        self._plans = list(PlanLimit.objects.order_by("pk"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lengths) and self._known == other._known

    def __hash__(self) -> int:
        return hash(self._known)

    @cached_property
    def _known(self) -> tuple[tuple[Any, ...], ...]:
        plans = ((each.payer_id, each.plan_group, each.filing_days, each.appeal_days) for each in self._plans)
        return (*(tuple(payer.values()) for payer in self._payers), *plans)

    @property
    def are_of_payers(self) -> bool:
        """Whether claims alone tell theirs, as no plan has its own."""
        return not self._plans

    def told(self, of_payer: str) -> tuple[tuple[int, int], ...]:
        """By payer."""
        return tuple((payer["pk"], payer[of_payer]) for payer in self._payers)

    def of_claims(self, of_payer: str, of_plan: str) -> Iterator[tuple[int, Q]]:
        """Each length of a limit, with the claims that it limits."""
        plans = self._of_plans(of_plan)
        payers: dict[int, list[int]] = defaultdict(list)
        for payer in self._payers:
            pk, days = payer["pk"], payer[of_payer]
            if pk in plans:
                yield from _with_plans(pk, plans[pk], days)
            else:
                payers[days].append(pk)
        for days, alike in payers.items():
            yield days, Q(payer__in=alike)

    def _of_plans(self, of_plan: str) -> dict[int, dict[int, list[str]]]:
        """Of each payer the groups of plans by their length."""
        plans: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        for plan in self._plans:
            days = getattr(plan, of_plan)
            if days is not None:
                plans[plan.payer_id][days].append(plan.plan_group)
        return plans

    def of_each(self, of_payer: str, of_plan: str) -> Combinable:
        """How many days the limit is, in a query over claims."""
        own = F(f"payer__{of_payer}")
        if not self._of_plans(of_plan):
            return own
        said = PlanLimit.objects.exclude(**{of_plan: None})
        groups = ClaimLine.objects.filter(claim=OuterRef(OuterRef("pk"))).values("coverage__plan_group")
        shortest = said.filter(payer=OuterRef("payer"), plan_group__in=groups).order_by(of_plan)
        return Coalesce(Subquery(shortest.values(of_plan)[:1]), own)


def _with_plans(payer: int, plans: dict[int, list[str]], days_of_payer: int) -> Iterator[tuple[int, Q]]:
    shorter: list[str] = []
    for days, groups in sorted(plans.items()):
        yield days, Q(payer=payer) & Q(Exists(_lines_of(groups))) & Q(~Exists(_lines_of(shorter)))
        shorter = [*shorter, *groups]
    yield days_of_payer, Q(payer=payer) & Q(~Exists(_lines_of(shorter)))


def _lines_of(groups: list[str]) -> QuerySet[ClaimLine]:
    return ClaimLine.objects.filter(claim=OuterRef("pk"), coverage__plan_group__in=groups)
