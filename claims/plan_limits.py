"""Limits of single plans, which go before their payer's: of several plans of a claim the shortest counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from .models import Claim, ClaimLine, Payer, PlanLimit


class PlanLimits:
    """What the plans of these claims limit, read once for all of them."""

    def __init__(self, claims: Collection[Claim]) -> None:
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

    def days(self, claim: Claim, of_plan: str) -> int | None:
        """Nothing where none of its plans says."""
        said = [getattr(plan, of_plan) for plan in self._plans.get(claim.pk, ())]
        return min((days for days in said if days is not None), default=None)


def by_length(of_payer: str, of_plan: str) -> Iterator[tuple[int, Q]]:
    """Each length of a limit, with the claims that it limits."""
    plans: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = PlanLimit.objects.exclude(**{of_plan: None}).order_by(of_plan)
    for payer, days, group in rows.values_list("payer", of_plan, "plan_group"):
        plans[payer][days].append(group)
    payers: dict[int, list[int]] = defaultdict(list)
    for pk, days in Payer.objects.order_by().values_list("pk", of_payer):
        if pk in plans:
            yield from _of_plans(pk, plans[pk], days)
        else:
            payers[days].append(pk)
    for days, alike in payers.items():
        yield days, Q(payer__in=alike)


def _of_plans(payer: int, plans: dict[int, list[str]], days_of_payer: int) -> Iterator[tuple[int, Q]]:
    shorter: list[str] = []
    for days, groups in plans.items():  # the shortest first
        yield days, Q(payer=payer) & Q(Exists(_lines_of(groups))) & Q(~Exists(_lines_of(shorter)))
        shorter = [*shorter, *groups]
    yield days_of_payer, Q(payer=payer) & Q(~Exists(_lines_of(shorter)))


def _lines_of(groups: list[str]) -> QuerySet[ClaimLine]:
    return ClaimLine.objects.filter(claim=OuterRef("pk"), coverage__plan_group__in=groups)


def length(of_payer: str, of_plan: str) -> Combinable:
    """How many days the limit is, in a query over claims."""
    said = PlanLimit.objects.exclude(**{of_plan: None})
    own = F(f"payer__{of_payer}")
    if not said.exists():
        return own
    groups = ClaimLine.objects.filter(claim=OuterRef(OuterRef("pk"))).values("coverage__plan_group")
    shortest = said.filter(payer=OuterRef("payer"), plan_group__in=groups).order_by(of_plan)
    return Coalesce(Subquery(shortest.values(of_plan)[:1]), own)
