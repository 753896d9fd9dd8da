"""What working one claim is worth, on the claim's page, with its place on the list that somebody works."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.forms import Form
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.access import may, person
from rcm_site.templatetags.ui import day, money, percent

from ..models import Claim, OpenWork, Worklist
from ..worklists import pending
from ..worklists.chances import LIKENESSES
from ..worklists.choosing import neighbours
from .filters import colleagues
from .forms import PassClaim, PendClaim

AT_STAKE = {
    "owed": "is owed",
    "underpaid": "was paid too little",
    "credit": "was paid too much and has to go back",
}


def work_of(request: HttpRequest, claim: Claim, bound: tuple[str, Form] | None = None) -> dict[str, Any]:
    """For the claim's page, as far as somebody has to work it; `bound`: a form of it, filled in wrongly."""
    user, today, now = person(request), timezone.localdate(), timezone.now()
    if not may(user, "claims.view_worklist"):
        return {}
    work = OpenWork.objects.filter(pk=claim.pk).select_related("claim", "held_by").first()
    worklist = worked_list(request)
    previous, following = neighbours(worklist, user, claim) if worklist else (None, None)
    told: dict[str, Any] = {"worklist": worklist, "previous": previous, "next": following}
    if work is None:
        return told
    forms: dict[str, Form] = {
        "pend": PendClaim(auto_id="pend_%s"),
        "hand_over": PassClaim(colleagues(user).active().exclude(pk=user.pk), prefix="hand"),
        "escalate": PassClaim(pending.leads(claim).exclude(pk=user.pk), prefix="lead"),
    }
    if bound and bound[0] in forms:
        forms[bound[0]] = bound[1]
    return told | {
        "work": work,
        "words": in_words(work, today),
        "is_pended": work.is_pended(today),
        "is_at_rest": work.is_pended(today) or work.is_closed,
        "is_held": work.is_held(now),
        "is_mine": work.held_by_id == user.pk,
        **forms,
    }


def worked_list(request: HttpRequest) -> Worklist | None:
    """The list that somebody works from, if it is one of theirs: the address names it, or what is sent."""
    asked = request.POST.get("list") or request.GET.get("list", "")
    known = asked.isascii() and asked.isdigit() and len(asked) < 10
    return Worklist.objects.visible_to(person(request)).filter(pk=asked).first() if known else None


def way_to(request: HttpRequest, claim: UUID, place: str = "") -> str:
    """The claim's page, or a place on it, still on the list that somebody works."""
    worklist = worked_list(request)
    return reverse("claim", args=[claim]) + (f"?list={worklist.pk}" if worklist else "") + place


def in_words(work: OpenWork, today: date) -> list[tuple[str, str]]:
    """Each part of what the claim is worth, and where it comes from."""
    if work.decided:
        of_denied, of_waiting = LIKENESSES[work.likeness]
        like = of_denied if work.claim.denial_category else of_waiting
        chance = f"{work.collected:,} of {work.decided:,} claims {like} were paid"
    else:
        chance = "nobody knows it: it counts as one"
    if work.deadline is None:
        urgency = "nothing ends on a day"
    elif work.deadline < today:
        urgency = f"too late since {day(work.deadline)}"
    else:
        left = (work.deadline - today).days
        urgency = f"{left} day{'' if left == 1 else 's'} left until {day(work.deadline)}"
    return [
        (money(work.dollars), AT_STAKE[work.at_stake]),
        (f"× {percent(work.chance, 0)}", chance),
        (f"× {work.times_urgent}", urgency),
    ]
