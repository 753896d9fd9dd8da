"""When the database or Redis is away, people are told to come back in a moment: 503, never 500."""

from __future__ import annotations

import django.db
import kombu.exceptions
import redis.exceptions
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

RETRY_AFTER_SECONDS = 5
MESSAGE = "A part of the site is out of reach. Please try again in a moment."
OUTAGES = (
    django.db.OperationalError,
    django.db.InterfaceError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    kombu.exceptions.OperationalError,
)


def is_outage(exception: BaseException | None) -> bool:
    return isinstance(exception, OUTAGES)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The page is rendered without the request: its frame would ask for the user, who is in the database."""
    if request.path.startswith("/api/"):
        error = {"code": "unavailable", "message": MESSAGE, "fields": {}}
        response: HttpResponse = JsonResponse({"error": error}, status=503)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
