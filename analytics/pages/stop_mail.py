"""The way out of mails: a page that works signed out, and mail programs' own button (RFC 8058)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import allow_anyone, allow_signed_in, person

from ..models import StoppedMail
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
            "subject": StoppedMail(**stopping.what_stops(delivery)).words,
            "has_account": delivery.person is not None,
        },
    )


@allow_signed_in
@require_POST
def mail_again(request: HttpRequest, pk: int) -> HttpResponse:
    """From the profile, where one's own stand."""
    stopped = get_object_or_404(StoppedMail, pk=pk, person=person(request))
    stopping.take_back(stopped, request=request)
    messages.success(request, f"You are mailed again about {stopped.words}.")
    return redirect("profile")
