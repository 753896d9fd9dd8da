"""How long a sign-in lasts: an idle limit that auto-refresh does not extend, and an absolute one."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from . import audit
from .access import allow_anyone, allow_signed_in

STARTED, LAST_USED = "started_at", "last_used_at"
# Writing the session on every click would double a page's writes; a limit of minutes needs no seconds.
PRECISION_SECONDS = 10
# Fragments that refresh themselves send this header: the machine is alive, the person may be at lunch.
BACKGROUND = "X-Background"


class SessionLimits:
    """Sign out whoever was idle too long, or signed in too long ago."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        """Only once a view is found: health checks and files must not need the session's table."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or getattr(view, "without_session", False):
            return
        if not request.user.is_authenticated:
            return
        now = time.time()
        if LAST_USED not in request.session:
            request.session[STARTED] = request.session[LAST_USED] = now
            return
        if why := expired(request, now):
            sign_out_expired(request, why)
        elif not is_background(request, view) and now - request.session[LAST_USED] > PRECISION_SECONDS:
            request.session[LAST_USED] = now


def is_background(request: HttpRequest, view: object) -> bool:
    return BACKGROUND in request.headers or getattr(view, "keeps_session_idle", False)


def expired(request: HttpRequest, now: float) -> str:
    """Why this session is over, in words; empty while it is not."""
    if now - request.session[STARTED] > settings.SESSION_ABSOLUTE_LIMIT.total_seconds():
        hours = settings.SESSION_ABSOLUTE_LIMIT.total_seconds() / 3600
        return f"You were signed out after {hours:g} hours. Please sign in again."
    if now - request.session[LAST_USED] > settings.SESSION_IDLE_LIMIT.total_seconds():
        minutes = settings.SESSION_IDLE_LIMIT.total_seconds() / 60
        return f"You were signed out after {minutes:g} minutes without activity."
    return ""


def sign_out_expired(request: HttpRequest, why: str) -> None:
    audit.record(request.user, "session.expired", request=request)
    logout(request)
    messages.info(request, why)


def seconds_left(request: HttpRequest) -> int:
    now = time.time()
    idle = request.session.get(LAST_USED, now) + settings.SESSION_IDLE_LIMIT.total_seconds()
    absolute = request.session.get(STARTED, now) + settings.SESSION_ABSOLUTE_LIMIT.total_seconds()
    return max(0, int(min(idle, absolute) - now))


@allow_anyone
@require_safe
def session_state(request: HttpRequest) -> JsonResponse:
    """How long this sign-in lasts if nobody does anything; asking does not extend it."""
    signed_in = request.user.is_authenticated
    return JsonResponse({"signed_in": signed_in, "seconds_left": seconds_left(request) if signed_in else 0})


session_state.keeps_session_idle = True  # type: ignore[attr-defined]


@allow_signed_in
@require_POST
def session_keep(request: HttpRequest) -> JsonResponse:
    """Somebody is here and wants to stay signed in."""
    request.session[LAST_USED] = time.time()
    return JsonResponse({"signed_in": True, "seconds_left": seconds_left(request)})
