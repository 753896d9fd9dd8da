"""Which claims a project pursues: those that were short as it was opened, and those that are since."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet, Sum

from ..models import PursuedClaim, Shortfall, UnderpaymentProject
from .causes import CauseKey, worth_pursuing


def join(ids: Sequence[UUID]) -> None:
    """Bring claims that fell short just now to the projects that pursue what they fell short for."""
    for project in UnderpaymentProject.objects.unfinished().filter(payer__claims__in=ids).distinct():
        key = CauseKey(project.payer_id, project.procedure, project.modifiers, project.cause)
        bring(project, worth_pursuing(Shortfall.objects.filter(key.condition(), claim__in=ids)))


def bring(project: UnderpaymentProject, parts: QuerySet[Shortfall]) -> None:
    """A claim that was there before stays as it came."""
    found = parts.order_by().values_list("claim", "claim__paid").annotate(Sum("amount"))
    PursuedClaim.objects.bulk_create(
        [
            PursuedClaim(project=project, claim_id=claim, amount=amount, paid=paid)
            for claim, paid, amount in found
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
