"""The address of one's calendar: making it, ending it, and what calendars read there."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe
from redis.exceptions import RedisError

from accounts.access import allow, allow_anyone, person
from accounts.audit import client_address
from rcm_site.outages import RETRY_AFTER_SECONDS
from rcm_site.rate_limit import seconds_to_wait

from .. import calendar_feed
from .tasks import WORK

READS, GUESSES, SECONDS = 10, 10, 60  # of one calendar, of one address that guesses, in how long


@allow(WORK)
@never_cache
@require_POST
def make_calendar(request: HttpRequest) -> HttpResponse:
    """The new address, shown in the answer and never again."""
    address = calendar_feed.make_feed(person(request), request=request)
    page = {"title": "Where does my calendar find my tasks?", "address": address}
    return render(request, "claims/calendar_feed.html", page)


@allow(WORK)
@require_POST
def revoke_calendar(request: HttpRequest) -> HttpResponse:
    calendar_feed.revoke_feed(person(request), request=request)
    return redirect(f"{reverse('profile')}#calendar")


@allow_anyone
@never_cache
@require_safe
@sensitive_variables("token")
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """What a calendar that knows the address reads; a wrong one is nothing, whatever is wrong with it."""
    reader = calendar_feed.reader_of(token)
    try:
        if reader:
            wait = seconds_to_wait(request, "calendar", f"feed:{reader.pk}", READS, SECONDS)
        else:
            wait = seconds_to_wait(request, "calendar", f"from:{client_address(request)}", GUESSES, SECONDS)
    except RedisError:
        return HttpResponse(status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    if wait:
        return HttpResponse(status=429, headers={"Retry-After": str(wait)})
    if reader is None:
        raise Http404
    headers = {"Content-Disposition": 'inline; filename="tasks.ics"'}
    return HttpResponse(
        calendar_feed.calendar_of(reader), content_type="text/calendar; charset=utf-8", headers=headers
    )
