"""What waits for somebody who leads, and what was decided of late, whichever kind of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts import audit
from accounts.access import may, person
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, money, unbroken

from ..changes import Change, ClaimError
from ..models import Approval
from .claims import amount
from .masking import MASKED

BADGES = {"done": "done", "declined": "refused", "withdrawn": "cancelled", "undone": "cancelled"}
SHOWN = 200  # more than anybody decides at one sitting


class Decision(forms.Form):
    note = forms.CharField(
        required=False,
        max_length=2_000,
        label="Your answer",
        help_text="Whoever declines says why.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@dataclass(frozen=True)
class Kind:
    """One kind of what is approved, and the words of its page."""

    model: type[Approval]
    title: str
    heading: str  # of the amount that waits
    do: str
    facts: Callable[
        [Any, bool], list[tuple[str, str]]
    ]  # of one row, with or without what may tell of patients
    columns: list[Column]
    too_late: Callable[[Any], str]  # why it cannot be done as asked any more
    empty_text: str


def list_page(request: HttpRequest, kind: Kind) -> HttpResponse:
    """What waits, largest first, with all that it takes to decide; and what was decided."""
    user = person(request)
    seen = kind.model.objects.visible_to(user)
    waiting = list(
        seen.waiting().select_related("claim__payer", "asked_by").order_by("-amount", "pk")[:SHOWN]
    )
    audit.record(user, f"{kind.model.AUDITED_AS}.read", request=request, rows=len(waiting))
    return render(
        request,
        "claims/approvals.html",
        {
            "title": kind.title,
            "kind": kind,
            "may_decide": may(user, kind.model.APPROVE),
            "urls": {act: f"{act}_{kind.model.AUDITED_AS}" for act in ("approve", "decline", "withdraw")},
            "waiting": [
                {
                    "it": each,
                    "facts": kind.facts(each, user.phi_masked),
                    "too_late": kind.too_late(each),
                    "note": MASKED if each.note and user.phi_masked else each.note,
                    "form": Decision(auto_id=f"decide_{each.pk}_%s"),
                    "is_own": each.asked_by_id == user.pk,
                }
                for each in waiting
            ],
            "decided": decided_table(request, kind),
        },
    )


def decided_table(request: HttpRequest, kind: Kind) -> Table:
    found = kind.model.objects.visible_to(person(request)).exclude(state=Approval.State.WAITING)
    return Table(
        request,
        found.select_related("claim", "asked_by", "decided_by"),
        [
            Column("claim", "Claim", lambda each: str(each.claim)),
            Column("amount", "Amount", lambda each: amount(each.amount), numeric=True, sort="amount"),
            *kind.columns,
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
        empty_text=kind.empty_text,
    )


def decide(
    request: HttpRequest, pk: int, kind: Kind, act: Callable[..., Approval], words: str
) -> HttpResponse:
    user, back = person(request), redirect(kind.model.PAGE)
    seen = kind.model.objects.visible_to(user)
    found = seen.select_related("claim").filter(pk=pk).first()
    if found is None:
        audit.record(
            user, f"{kind.model.AUDITED_AS}.decided", request=request, outcome="failed", asked_for=pk
        )
        raise Http404
    form = Decision(request.POST)
    if not form.is_valid():
        messages.error(request, "The answer is too long: 2,000 characters are kept.")
        return back
    try:
        act(asked=found, change=Change(user, request, form.cleaned_data["note"]))
    except ClaimError as wrong:
        messages.error(request, f"Nothing was changed. {wrong}")
    else:
        messages.success(request, words.format(amount=money(found.amount), claim=found.claim))
    return back
