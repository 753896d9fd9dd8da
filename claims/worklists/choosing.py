"""Which claims a worklist has, for whom, in which order: the ones that are worth most come first.

A list is read from the claims themselves each time, so a claim that nobody has to work any more, that is void
or another department's is on none, however late what is kept about it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable

from accounts.models import Department, User

from ..models import Claim, OpenWork, Worklist, WorkMark
from ..models.claims import OPEN, OWED, ClaimQuerySet
from ..pages.filters import MONEY, ClaimFilter

BY_VALUE = ("-work__value", "work__claim_id")


def asked_of(worklist: Worklist) -> dict[str, str]:
    """What its list asks of the list of claims: whoever asks the same there finds the same claims."""
    asked = {"money": "owed"} | {name: str(word) for name, word in worklist.filters.items()}
    if worklist.department_id:
        asked["department"] = str(worklist.department_id)
    return asked


def narrowed(rule: ClaimFilter, user: User, department: Department | None) -> ClaimQuerySet:
    """The claims that a rule finds for this person, kept as a list's or not."""
    claims = rule.narrow(Claim.objects.read_for(user))
    if department:
        claims = claims.filter(department=department)
    return claims.filter(_money(rule.cleaned_data)) if rule.is_valid() else claims


def _money(asked: dict[str, Any]) -> Q:
    """What is owed, unless the rule says so. A database that is told twice expects too few claims by far."""
    if asked["money"] or asked["due"]:
        return Q()
    is_open = asked["waiting"] or asked["status"] in ("open", *OPEN)
    return Q(balance__gt=0) if is_open else OWED


def claims_of(worklist: Worklist, user: User) -> ClaimQuerySet:
    """The claims that this person sees on the list, whoever has them."""
    return narrowed(ClaimFilter(worklist.filters, user), user, worklist.department)


def dollars_of(worklist: Worklist) -> Combinable:
    return MONEY[asked_of(worklist)["money"]][2]


def valued(worklist: Worklist, claims: ClaimQuerySet, user: User) -> QuerySet[Claim]:
    """Those of its claims that have been valued, in the order in which they are worked."""
    return claims.filter(_is_valued(worklist, user)).order_by(*BY_VALUE)


def not_valued_yet(worklist: Worklist, claims: ClaimQuerySet, user: User) -> QuerySet[Claim]:
    """Those that came in a moment ago, or changed their department or from one kind of money to another."""
    marked = claims.filter(pk__in=WorkMark.objects.values("claim_id"))
    return marked.exclude(_is_valued(worklist, user)).order_by("-balance", "pk")


def _is_valued(worklist: Worklist, user: User) -> Q:
    """Where claims are of one department, the database has an order of its work alone."""
    is_valued = Q(work__at_stake=asked_of(worklist)["money"])
    if user.sees_everything and not worklist.department_id:
        return is_valued  # claims of no department among them
    return is_valued & Q(work__department=F("department"))


def at_rest(today: date) -> Q:
    """Until a day, or closed until something changes."""
    return Q(work__pended_until__gt=today) | Q(work__closed_as__gt="")


def is_shared(worklist: Worklist) -> bool:
    """Whether its claims are given to people, each of whom works their own."""
    return worklist.hand_out != Worklist.HandOut.PULL


def free_for(user: User, now: datetime, *, is_shared: bool) -> Q:
    """Not in somebody else's hands now; theirs, or nobody's unless the list is shared out."""
    free = Q(work__held_by=None) | Q(work__held_until__lte=now) | Q(work__held_by=user)
    return free & (Q(assignee=user) if is_shared else Q(assignee=None) | Q(assignee=user))


def neighbours(worklist: Worklist, user: User, claim: Claim) -> tuple[Claim | None, Claim | None]:
    """The claims before and after this one on its list, if it has been valued."""
    work = OpenWork.objects.filter(pk=claim.pk).first()
    if work is None:
        return None, None
    others = valued(worklist, claims_of(worklist, user), user)
    before = Q(work__value__gt=work.value) | Q(work__value=work.value, pk__lt=claim.pk)
    after = Q(work__value__lt=work.value) | Q(work__value=work.value, pk__gt=claim.pk)
    return others.filter(before).reverse().first(), others.filter(after).first()
