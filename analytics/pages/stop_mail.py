"""The way out of mails: a page that works signed out, and mail programs' own button (RFC 8058)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.access import allow_anyone

from ..models import Delivery
from ..telling import stopping


@allow_anyone
@never_cache
@csrf_exempt  # the signed link says who asks; a mail program that posts it has no cookie to send along
@require_http_methods(["GET", "HEAD", "POST"])
def stop_mail(request: HttpRequest, token: str) -> HttpResponse:
    """Looking changes nothing: programs that check links in mails follow them all."""
    delivery = stopping.delivery_of(token)
    if delivery is None:
        return render(request, "analytics/stop_mail.html", {"is_known": False}, status=410)
    if request.method == "POST" and "again" in request.POST:
        stopping.go_on(delivery, request=request)
    elif request.method == "POST":
        stopping.stop(delivery, request=request)
    is_stopped = stopping.is_stopped(delivery)
    return render(
        request,
        "analytics/stop_mail.html",
        {
            "is_known": True,
            "is_stopped": is_stopped,
            "address": delivery.address,
            "subject": subject_of(delivery),
            "has_account": delivery.person is not None,
        },
    )


def subject_of(delivery: Delivery) -> str:
    """What the mails are about that would stop."""
    if delivery.about == Delivery.About.REPORT:
        return f"the report “{delivery.body.get('name', '')}”"
    if delivery.event is not None:
        return f"alerts of “{delivery.event.alert.rule.name}”"
    return "alerts, of whatever rule"
