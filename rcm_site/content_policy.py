"""What a browser may load for a page: one policy for all of them, put into words once."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def one_policy(get_response: GetResponse) -> GetResponse:
    """Middleware: no page is an exception, so none is asked for one."""
    policy = build_policy()

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers[HEADER] = policy
        return response

    return middleware
