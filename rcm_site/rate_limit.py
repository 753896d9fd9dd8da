"""How often one person may ask for something: exactly so many in any period, however many ask at once.

django-ratelimit counts in fixed windows, so twice as many get past where one window meets the next. Here it
counts those who got past, and answers for a window that is full. Whoever it lets through takes a ticket, of
which there are as many as requests are allowed; each can be had again one period later. A full window means
that all tickets are out, so the two never disagree.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from .outages import MESSAGE, RETRY_AFTER_SECONDS

Handler = Callable[..., Response]


class CannotCount(exceptions.APIException):
    """Without the cache nobody knows who asked how often, and nobody is let through uncounted."""

    status_code = 503
    default_code = "unavailable"
    default_detail = MESSAGE
    wait = RETRY_AFTER_SECONDS


def limited(requests: int, *, seconds: int = 60) -> Callable[[Handler], Handler]:
    """Let each person use this method of an API view so many times in any such period."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def count_first(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            # By the handler's own name: a view that inherits it shares the count.
            group = f"{handler.__module__}.{handler.__qualname__}"
            try:
                wait = seconds_to_wait(request, group, str(request.user.pk), requests, seconds)
            except RedisError as error:
                raise CannotCount from error
            if wait:
                raise exceptions.Throttled(wait)
            return handler(view, request, *args, **kwargs)

        return count_first

    return decorate


def seconds_to_wait(request: HttpRequest | Request, group: str, who: str, requests: int, seconds: int) -> int:
    """Nothing for whoever may pass, which counts; for others the seconds until they may."""

    def passed(*, count_this: bool) -> int:
        usage = get_usage(
            request, group=group, key=lambda *_: who, rate=(requests, seconds), increment=count_this
        )
        return int(usage["count"]) if usage else 0

    tickets = [f"ticket:{group}:{who}:{number}" for number in range(requests)]
    free_again = time.time() + seconds
    if passed(count_this=False) < requests:
        for ticket in tickets:
            if cache.add(ticket, free_again, timeout=seconds):
                passed(count_this=True)
                return 0
    first_free = min(cache.get_many(tickets).values(), default=0.0)
    return max(1, int(first_free - time.time()) + 1)
