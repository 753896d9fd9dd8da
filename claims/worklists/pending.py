"""Letting a claim rest, closing the work on it, taking it up again, and passing it on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User, UserQuerySet

from .. import changes
from ..business_days import plus_business_days
from ..changes import Change, ClaimError
from ..models import Claim, OpenWork
from ..models.work import LONGEST_REST
from .valuing import as_it_stands, at_stake, value_claims

LEADING = ("manager", "director", "admin")
Why, Closed = OpenWork.Why, OpenWork.Closed
LET_GO = {"held_by": None, "held_until": None, "passed_by": None}


@transaction.atomic
def pend(*, claim: Claim, days: int, why: str, change: Change, today: date | None = None) -> date:
    """Put a claim aside for so many business days; the day on which it is back."""
    today = today or timezone.localdate()
    if not 1 <= days <= LONGEST_REST:
        raise ClaimError(f"A claim rests for 1 to {LONGEST_REST} business days.")
    until = plus_business_days(today, days)
    _resting(claim, today).update(
        pended_until=until, pended_why=Why(why), closed_as="", closed_why="", **LET_GO
    )
    words = f"Until {until:%-d %b %Y}: {Why(why).label.lower()}. {change.note}".strip()
    changes.note(claim, "pended", replace(change, note=words))
    return until


@transaction.atomic
def close(*, claim: Claim, why: str, change: Change, today: date | None = None) -> None:
    """Nobody works a claim on until something about it changes."""
    work = _resting(claim, today or timezone.localdate())
    claim = Claim.objects.get(pk=claim.pk)
    work.update(
        closed_as=as_it_stands(claim), closed_why=Closed(why), pended_until=None, pended_why="", **LET_GO
    )
    words = f"{Closed(why).label}. {change.note}".strip()
    changes.note(claim, "closed", replace(change, note=words))


@transaction.atomic
def bring_back(*, claim: Claim, change: Change, today: date | None = None) -> None:
    """Take a claim up before its day, or although it was closed."""
    today = today or timezone.localdate()
    resting = _resting(claim, today).filter(Q(pended_until__gt=today) | Q(closed_as__gt=""))
    if not resting.update(pended_until=None, pended_why="", closed_as="", closed_why=""):
        raise ClaimError("This claim does not rest.")
    changes.note(claim, "taken up again", change)


@transaction.atomic
def hand_over(*, claim: Claim, to: User, change: Change, action: str = "handed over") -> None:
    """Make a claim somebody else's work; who gives it away no longer has it."""
    changes.reassign(claims=[claim], assignee=to, change=change, action=action)
    OpenWork.objects.filter(pk=claim.pk, held_by=change.actor).update(held_by=None, held_until=None)


def escalate(*, claim: Claim, to: User, change: Change) -> None:
    """Ask somebody who leads to decide."""
    if to not in leads(claim):
        raise ClaimError(f"{to.name} leads nobody who works this claim.")
    hand_over(claim=claim, to=to, change=change, action="escalated")


def leads(claim: Claim) -> UserQuerySet:
    """Those to whom a claim can be escalated: who lead its department, or all of them."""
    of_department = User.objects.filter(departments=claim.department_id).values("pk")
    found = User.objects.active().filter(role__in=LEADING).order_by("name")
    return found.filter(Q(role__in=LEADING[1:]) | Q(pk__in=of_department))


def _resting(claim: Claim, today: date) -> QuerySet[OpenWork]:
    """The claim's row, made if it came in a moment ago."""
    claim = Claim.objects.select_for_update().get(pk=claim.pk)
    if at_stake(claim) is None:
        raise ClaimError("Nobody has to work this claim.")
    if not OpenWork.objects.filter(pk=claim.pk).exists():
        value_claims([claim.pk], today)
    return OpenWork.objects.filter(pk=claim.pk)
