"""Pages on which people find the claim of a payment that no control number led to one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.access import allow, may, person
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, money, unbroken

from ..answers.matching import match_by_hand
from ..changes import Change, ClaimError
from ..models import Claim, ClaimPayment
from .claim_payments import TO_LOOK_AT, visible_payment
from .claims import amount
from .filters import any_number
from .forms import FindClaim, MatchPayment
from .remittances import payer_of, tabs

MOST_CANDIDATES = 20

COLUMNS = [
    Column("control", "Control number", lambda each: each.control_number or f"Payment {each.pk}"),
    Column("state", "State", lambda each: Cell(each.get_state_display(), badge=each.state)),
    Column("payer", "Payer", lambda each: payer_of(each.remittance) if each.remittance else NOTHING),
    Column("paid_on", "Paid on", lambda each: unbroken(day(each.paid_on))),
    Column("charge", "Charge", lambda each: amount(each.charge), numeric=True),
    Column("paid", "Paid", lambda each: amount(each.paid), numeric=True),
    Column("why", "Why", lambda each: each.reason or "No claim here has this control number."),
]


@allow("claims.view_remittance")
@never_cache
@require_safe
def unmatched(request: HttpRequest) -> HttpResponse:
    user = person(request)
    waiting = ClaimPayment.objects.visible_to(user).filter(state__in=TO_LOOK_AT)
    may_match = may(user, "claims.change_claim")
    page = "match_payment" if may_match else "claim_payment"
    table = Table(
        request,
        waiting.select_related("remittance__payer").order_by("id"),
        COLUMNS,
        link=lambda each: reverse(page, args=[each.pk]),
        caption="Payments to look at, longest waiting first",
        empty_title="Every payment has found its claim",
        empty_text="A payment whose claim is not here waits on this page until the claim comes in.",
    )
    return render(
        request,
        "claims/unmatched.html",
        {"title": "Which payments wait for a claim?", "tabs": tabs("unmatched_payments"), "table": table},
    )


@dataclass(frozen=True)
class Candidate:
    """A claim beside the payment, and what speaks for their belonging together."""

    claim: Claim
    agreements: list[str]


@allow("claims.change_claim")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def match_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """Find a payment's claim and, once somebody has confirmed it, post it there."""
    user = person(request)
    payment = visible_payment(request, pk)
    if payment.state not in TO_LOOK_AT:
        messages.info(request, "This payment has its claim already.")
        return redirect("claim_payment", pk=pk)
    visible = Claim.objects.visible_to(user)
    form = MatchPayment(request.POST or None, claims=visible)
    if request.method == "POST" and form.is_valid():
        claim = form.cleaned_data["claim"]
        try:
            match_by_hand(payment, claim, Change(user, request, form.cleaned_data["note"]))
        except ClaimError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{money(payment.paid)} is posted to claim {claim}.")
            return redirect("claim", pk=claim.pk)
    find = FindClaim(request.GET if "number" in request.GET else None)
    found = candidates(payment, visible, find)
    audit.record(user, "claims.read", request=request, rows=len(found))
    chosen = chosen_claim(request, visible)
    return render(
        request,
        "claims/match_payment.html",
        {
            "title": "Which claim is this payment for?",
            "payment": payment,
            "payer": payer_of(payment.remittance) if payment.remittance else NOTHING,
            "find": find,
            "candidates": found,
            "most": MOST_CANDIDATES,
            "chosen": chosen,
            "form": form,
        },
        status=400 if form.errors else 200,
    )


def chosen_claim(request: HttpRequest, visible: QuerySet[Claim]) -> Claim | None:
    form = MatchPayment({"claim": request.POST.get("claim") or request.GET.get("claim")}, claims=visible)
    return form.cleaned_data.get("claim") if form.is_valid() else None


def candidates(payment: ClaimPayment, visible: QuerySet[Claim], find: FindClaim) -> list[Candidate]:
    """What was searched for; before anybody searched, what the payment itself points to."""
    typed = find.cleaned_data["number"] if find.is_valid() else ""
    asked = any_number(typed) if typed else like(payment)
    if asked is None:
        return []
    claims = visible.filter(asked).exclude(status=Claim.Status.VOID).select_related("payer", "department")
    return [Candidate(each, agreements(payment, each)) for each in claims[:MOST_CANDIDATES]]


def like(payment: ClaimPayment) -> Q | None:
    """Claims that the payer calls the same, or whose control number differs in capitals and zeros alone."""
    number = payment.control_number
    asked: Q | None = None
    if number:
        spellings = {number, number.upper(), number.lower(), number.lstrip("0")} - {""}
        asked = Q(control_number__in=sorted(spellings))
    if payment.payer_claim_number:
        by_payer = Q(payer_claim_number=payment.payer_claim_number)
        asked = asked | by_payer if asked else by_payer
    return asked


def agreements(payment: ClaimPayment, claim: Claim) -> list[str]:
    payer = payment.remittance.payer_id if payment.remittance else None
    agreed = {
        "charge": payment.charge == claim.charge,
        "service date": payment.service_date is not None and payment.service_date == claim.service_from,
        "payer": payer is not None and payer == claim.payer_id,
        "payer's number": payment.payer_claim_number != ""
        and payment.payer_claim_number == claim.payer_claim_number,
    }
    return [what for what, does_agree in agreed.items() if does_agree]
