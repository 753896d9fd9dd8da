"""Pursuing underpayments with a payer: one project a likely cause, with all claims that fell short for it.

Claims that fall short for the same cause later come to it by themselves. What was recovered follows from the
payments: whatever has been paid on a claim since it came to the project, up to what it was short of.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from accounts import audit
from accounts.models import User

from ..changes import Change, ClaimError
from ..models import Claim, Payer, PursuedClaim, Shortfall, UnderpaymentProject
from ..models.contracts import ProjectQuerySet
from ..money import MoneyField
from .causes import CauseKey, worth_pursuing
from .pursued import bring

State = UnderpaymentProject.State
ZERO = Decimal(0)


@dataclass(frozen=True)
class Progress:
    """How far a project has come, of the claims that somebody sees."""

    claims: int
    short: Decimal
    recovered: Decimal


def unfinished(key: CauseKey) -> UnderpaymentProject | None:
    return _about(key).unfinished().first()


def latest(key: CauseKey) -> UnderpaymentProject | None:
    """The one at work, or else the one that ended last."""
    return unfinished(key) or _about(key).select_related("owner").first()


def _about(key: CauseKey) -> ProjectQuerySet:
    return UnderpaymentProject.objects.filter(
        payer=key.payer, procedure=key.procedure, modifiers=key.modifiers, cause=key.cause
    ).select_related("owner")


@transaction.atomic
def pursue(*, key: CauseKey, owner: User, state: str, change: Change) -> UnderpaymentProject:
    """Open a project about a cause, or say how far it has come and whose it is."""
    payer = Payer.objects.select_for_update().filter(pk=key.payer or 0).first()
    if payer is None:
        raise ClaimError("Nobody can be pursued: these claims have no payer.")
    project = unfinished(key)
    if project is None:
        return _open(key, payer, owner, state, change)
    wanted = {"state": state, "owner": owner}
    changed = audit.changes(project, wanted)
    project.state, project.owner, project.note = state, owner, change.note
    project.closed_at = None if state in UnderpaymentProject.UNFINISHED else timezone.now()
    project.save(update_fields=["state", "owner", "note", "closed_at"])
    audit.record(
        change.actor, "underpaymentproject.changed", project, request=change.request, changes=changed
    )
    return project


def _open(key: CauseKey, payer: Payer, owner: User, state: str, change: Change) -> UnderpaymentProject:
    if state not in UnderpaymentProject.UNFINISHED:
        raise ClaimError("A project ends after it was opened.")
    project = UnderpaymentProject.objects.create(
        payer=payer,
        procedure=key.procedure,
        modifiers=key.modifiers,
        cause=key.cause,
        owner=owner,
        state=state,
        note=change.note,
    )
    bring(project, worth_pursuing(Shortfall.objects.filter(key.condition())))
    audit.record(change.actor, "underpaymentproject.opened", project, request=change.request)
    return project


def recovered(pursued: QuerySet[PursuedClaim]) -> Decimal:
    nothing = Value(0, MoneyField())
    since = Least(Greatest(F("claim__paid") - F("paid"), nothing), F("amount"), output_field=MoneyField())
    return Decimal(pursued.aggregate(sum=Sum(since, default=ZERO, output_field=MoneyField()))["sum"])


def progress(project: UnderpaymentProject, user: User) -> Progress:
    mine = PursuedClaim.objects.filter(project=project, claim__in=Claim.objects.visible_to(user))
    found = mine.aggregate(claims=Count("pk"), short=Sum("amount", default=ZERO))
    return Progress(found["claims"], found["short"], recovered(mine))


def states(user: User) -> dict[CauseKey, str]:
    """Of the newest project about each cause of which somebody sees a claim."""
    newest = UnderpaymentProject.objects.filter(
        payer=OuterRef("payer"),
        procedure=OuterRef("procedure"),
        modifiers=OuterRef("modifiers"),
        cause=OuterRef("cause"),
    ).order_by("-opened_at", "-id")
    rows = UnderpaymentProject.objects.visible_to(user).filter(pk=Subquery(newest.values("pk")[:1]))
    columns = ("payer", "procedure", "modifiers", "cause", "state")
    return {CauseKey(*key): state for *key, state in rows.order_by().values_list(*columns)}
