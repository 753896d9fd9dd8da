"""Pay-backs that wait for somebody who leads, and what was decided of late."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import allow
from rcm_site.tables import Column
from rcm_site.templatetags.ui import NOTHING, day, money, unbroken

from .. import approvals
from .. import pay_backs as deciding
from ..models import PayBack
from .approvals import Kind, decide, list_page
from .masking import MASKED
from .step_forms import WORK


def facts(pay_back: PayBack, is_masked: bool) -> list[tuple[str, str]]:
    reference = MASKED if pay_back.reference and is_masked else pay_back.reference
    return [
        ("To", pay_back.get_to_display()),
        ("How", pay_back.get_way_display()),
        ("Reference", reference or NOTHING),
        ("Paid back on", day(pay_back.paid_on)),
    ]


def too_late(pay_back: PayBack) -> str:
    credit = pay_back.claim.overpaid
    return "" if credit >= pay_back.amount else f"but only {money(credit)} is too much now"


KIND = Kind(
    model=PayBack,
    title="What may be paid back?",
    heading="To pay back",
    do="Approve",
    facts=facts,
    columns=[
        Column("to", "To", lambda each: each.get_to_display()),
        Column("way", "How", lambda each: each.get_way_display()),
        Column("paid_on", "Paid back on", lambda each: unbroken(day(each.paid_on)), sort="paid_on"),
    ],
    too_late=too_late,
    empty_text="What was paid back or declined stands here.",
)


@allow(WORK)
@never_cache
@require_safe
def pay_backs(request: HttpRequest) -> HttpResponse:
    return list_page(request, KIND)


@allow(PayBack.APPROVE)
@require_POST
def approve_pay_back(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, KIND, deciding.approve, "{amount} of {claim} was paid back.")


@allow(PayBack.APPROVE)
@require_POST
def decline_pay_back(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, KIND, approvals.decline, "{claim} keeps its credit.")


@allow(WORK)
@require_POST
def withdraw_pay_back(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, KIND, approvals.withdraw, "It is withdrawn: {claim} keeps its credit.")
