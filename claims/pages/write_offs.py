"""Write-offs that wait for somebody who leads, and what was decided of late."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.access import allow, person
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, money, unbroken

from .. import write_offs as deciding
from ..changes import Change, ClaimError
from ..models import WriteOff
from .claims import amount
from .masking import MASKED
from .step_forms import WORK

Decide = Callable[..., WriteOff]
BADGES = {"done": "written_off", "declined": "refused", "withdrawn": "cancelled"}
SHOWN = 200  # more than anybody decides at one sitting


class Decision(forms.Form):
    note = forms.CharField(
        required=False, max_length=2_000, label="Your answer", widget=forms.Textarea(attrs={"rows": 2})
    )


@allow(WORK)
@never_cache
@require_safe
def write_offs(request: HttpRequest) -> HttpResponse:
    """What waits, largest first, with all that it takes to decide; and what was decided."""
    user = person(request)
    seen = WriteOff.objects.visible_to(user).select_related("claim__payer", "asked_by", "decided_by")
    waiting = list(seen.waiting().order_by("-amount", "pk")[:SHOWN])
    audit.record(user, "write_off.read", request=request, rows=len(waiting))
    return render(
        request,
        "claims/write_offs.html",
        {
            "title": "What may be written off?",
            "waiting": [
                {
                    "it": each,
                    "note": MASKED if each.note and user.phi_masked else each.note,
                    "form": Decision(auto_id=f"decide_{each.pk}_%s"),
                    "is_own": each.asked_by_id == user.pk,
                }
                for each in waiting
            ],
            "decided": decided_table(request),
        },
    )


def decided_table(request: HttpRequest) -> Table:
    found = WriteOff.objects.visible_to(person(request)).exclude(state=WriteOff.State.WAITING)
    return Table(
        request,
        found.select_related("claim", "asked_by", "decided_by"),
        [
            Column("claim", "Claim", lambda each: str(each.claim)),
            Column("amount", "Amount", lambda each: amount(each.amount), numeric=True, sort="amount"),
            Column("reason", "Why", lambda each: each.get_reason_display()),
            Column("asked", "Asked for by", lambda each: each.asked_by.name),
            Column(
                "on",
                "On",
                lambda each: unbroken(
                    day(each.decided_at.date() if each.decided_at else each.asked_at.date())
                ),
                sort="asked_at",
            ),
            Column(
                "state",
                "What became of it",
                lambda each: Cell(each.get_state_display(), badge=BADGES[each.state]),
            ),
            Column(
                "decided", "Decided by", lambda each: each.decided_by.name if each.decided_by else NOTHING
            ),
        ],
        key="decided",
        default_sort="-on",
        caption="Decided",
        link=lambda each: reverse("claim", args=[each.claim_id]),
        empty_title="Nothing yet",
        empty_text="What was written off or declined stands here.",
    )


@allow(deciding.APPROVE)
@require_POST
def approve_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, deciding.approve, "{amount} of {claim} was written off.")


@allow(deciding.APPROVE)
@require_POST
def decline_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, deciding.decline, "{claim} stays open.")


@allow(WORK)
@require_POST
def withdraw_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, deciding.withdraw, "It is withdrawn: {claim} stays open.")


def decide(request: HttpRequest, pk: int, act: Decide, words: str) -> HttpResponse:
    user = person(request)
    found = WriteOff.objects.visible_to(user).select_related("claim").filter(pk=pk).first()
    if found is None:
        audit.record(user, "write_off.decided", request=request, outcome="failed", asked_for=pk)
        raise Http404
    form = Decision(request.POST)
    if not form.is_valid():
        messages.error(request, "The answer is too long: 2,000 characters are kept.")
        return redirect("write_offs")
    try:
        act(write_off=found, change=Change(user, request, form.cleaned_data["note"]))
    except ClaimError as wrong:
        messages.error(request, f"Nothing was changed. {wrong}")
    else:
        messages.success(request, words.format(amount=money(found.amount), claim=found.claim))
    return redirect("write_offs")
