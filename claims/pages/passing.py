"""Putting a claim aside, taking it up again, giving it to a colleague or up to somebody who leads."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import allow, person
from rcm_site.templatetags.ui import day

from ..changes import Change, ClaimError
from ..models import Claim
from ..worklists import pending
from .claims import claim_page, visible_claim
from .filters import colleagues
from .forms import PassClaim, PendClaim
from .worth import way_to, worked_list

WORK = "claims.change_claim"
Act = Callable[[Claim, Change], str]  # what it did, in words


@allow(WORK)
@require_POST
def pend_claim(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    form = PendClaim(request.POST, auto_id="pend_%s")

    def pend(claim: Claim, change: Change) -> str:
        asked = form.cleaned_data
        until = pending.pend(claim=claim, days=asked["days"], why=asked["why"], change=change)
        return f"{claim} rests until {day(until)}."

    return done(request, pk, "pend", form, pend)


@allow(WORK)
@require_POST
def take_up_claim(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    def take_up(claim: Claim, change: Change) -> str:
        pending.bring_back(claim=claim, change=change)
        return f"{claim} is back."

    return done(request, pk, "take_up", None, take_up)


@allow(WORK)
@require_POST
def hand_over_claim(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    form = PassClaim(colleagues(person(request)).active(), request.POST, prefix="hand")

    def hand_over(claim: Claim, change: Change) -> str:
        to = form.cleaned_data["to"]
        pending.hand_over(claim=claim, to=to, change=change)
        return f"{claim} is with {to.name} now."

    return done(request, pk, "hand_over", form, hand_over)


@allow(WORK)
@require_POST
def escalate_claim(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    claim = visible_claim(request, pk)
    form = PassClaim(pending.leads(claim), request.POST, prefix="lead")

    def escalate(claim: Claim, change: Change) -> str:
        to = form.cleaned_data["to"]
        pending.escalate(claim=claim, to=to, change=change)
        return f"{claim} is with {to.name} now."

    return done(request, pk, "escalate", form, escalate)


def done(request: HttpRequest, pk: uuid.UUID, way: str, form: forms.Form | None, act: Act) -> HttpResponse:
    """Do it to a claim that this person sees, say how it went, and go back to the list that they work.

    What cannot be done is asked again, with what was written.
    """
    claim, user = visible_claim(request, pk), person(request)
    worklist = worked_list(request)
    if form and not form.is_valid():
        return claim_page(request, claim, wrong=(way, form), status=422)
    note = form.cleaned_data["note"] if form else ""
    try:
        messages.success(request, act(claim, Change(user, request, note)))
    except ClaimError as wrong:
        messages.error(request, f"Nothing was changed. {wrong}")
        if form:
            return claim_page(request, claim, wrong=(way, form), status=422)
        return redirect(way_to(request, pk))
    return redirect("worklist", worklist.pk) if worklist else redirect("claim", pk)
