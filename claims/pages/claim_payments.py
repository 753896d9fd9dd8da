"""The page of one claim payment: how a payer decided each service, down to the segment."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.access import allow, may, person
from rcm_site.templatetags.ui import NOTHING

from ..answers import denials
from ..models import Adjustment, ClaimPayment, ServicePayment
from .balance import adjusted, payers_answer
from .places import import_url, in_file, place_heading, remittance_name
from .remittances import VIEW, imbalance_cell, payer_of


@allow(VIEW)
@never_cache
@require_safe
def claim_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """How a payer decided one claim: each service and each adjustment, to the segment."""
    user = person(request)
    found = visible_payment(request, pk)
    services = list(found.services.select_related("line"))
    adjustments = list(found.adjustments.all())
    url = import_url(found.source, user) if found.source else ""
    return render(
        request,
        "claims/claim_payment.html",
        {
            "title": "How was this claim decided?",
            "payment": found,
            "name": found.control_number or f"Payment {found.pk}",
            "answer": payers_answer(found),
            "adjusted": adjusted(found),
            "imbalance": imbalance_cell(found),
            "origin": in_file(found.source, found.place, url),
            "remittance_name": remittance_name(found.remittance) if found.remittance else "",
            "payer": payer_of(found.remittance) if found.remittance else NOTHING,
            "services": shown_services(services, adjustments),
            "on_claim": [shown_adjustment(each) for each in adjustments if each.service_id is None],
            "place_heading": place_heading(found.source),
            "may_match": may(user, "claims.change_claim") and found.state in TO_LOOK_AT,
        },
    )


TO_LOOK_AT = (ClaimPayment.State.UNMATCHED, ClaimPayment.State.HELD)


def visible_payment(request: HttpRequest, pk: int) -> ClaimPayment:
    user = person(request)
    related = ("remittance__payer", "source", "claim")
    found = ClaimPayment.objects.visible_to(user).select_related(*related).filter(pk=pk).first()
    outcome = "done" if found else "failed"
    audit.record(user, "claim_payment.read", found, request=request, outcome=outcome, asked_for=pk)
    if found is None:
        raise Http404
    return found


def shown_services(services: list[ServicePayment], adjustments: list[Adjustment]) -> list[dict[str, Any]]:
    of_service: dict[int, list[Adjustment]] = defaultdict(list)
    for each in adjustments:
        if each.service_id:
            of_service[each.service_id].append(each)
    return [
        {
            "service": each,
            "procedure": f"{each.procedure or each.revenue_code} {each.modifiers}".strip() or NOTHING,
            "adjusted": sum((one.amount for one in of_service[each.pk]), Decimal(0)),
            "imbalance": imbalance_cell(each),
            "adjustments": [shown_adjustment(one) for one in of_service[each.pk]],
        }
        for each in services
    ]


def shown_adjustment(adjustment: Adjustment) -> dict[str, Any]:
    return {
        "adjustment": adjustment,
        "words": denials.words(adjustment.group, adjustment.reason),
    }
