"""Write-offs that wait for somebody who leads, and what was decided of late."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import allow
from rcm_site.tables import Column
from rcm_site.templatetags.ui import money

from .. import approvals
from .. import write_offs as deciding
from ..models import WriteOff
from .approvals import Kind, decide, list_page
from .step_forms import WORK


def too_late(write_off: WriteOff) -> str:
    balance = write_off.claim.balance
    return "" if balance == write_off.amount else f"but {money(balance)} is open now"


KIND = Kind(
    model=WriteOff,
    title="What may be written off?",
    heading="To write off",
    do="Write off",
    facts=lambda each, _: [("Why", each.get_reason_display())],
    columns=[Column("reason", "Why", lambda each: each.get_reason_display())],
    too_late=too_late,
    empty_text="What was written off or declined stands here.",
)


@allow(WORK)
@never_cache
@require_safe
def write_offs(request: HttpRequest) -> HttpResponse:
    return list_page(request, KIND)


@allow(WriteOff.APPROVE)
@require_POST
def approve_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, KIND, deciding.approve, "{amount} of {claim} was written off.")


@allow(WriteOff.APPROVE)
@require_POST
def decline_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, KIND, approvals.decline, "{claim} stays open.")


@allow(WORK)
@require_POST
def withdraw_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(request, pk, KIND, approvals.withdraw, "It is withdrawn: {claim} stays open.")
