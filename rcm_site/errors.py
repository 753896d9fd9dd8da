"""What people and machines are told when something is refused or broken: a page, or JSON under /api/."""

import sys
from collections.abc import Mapping

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from .outages import is_outage, unavailable

Fields = dict[str, list[str]]


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def api_error(
    status: int,
    code: str,
    message: str,
    *,
    fields: Fields | None = None,
    headers: Mapping[str, str] | None = None,
    first: Mapping[str, str] | None = None,
) -> JsonResponse:
    """The one shape in which the API refuses; `fields` says what is wrong with which field of the body.

    Of something that is here already, `first` says where.
    """
    error = {"code": code, "message": message, "fields": fields or {}} | ({"first": first} if first else {})
    all_headers = {"Cache-Control": "no-store", **(headers or {})}
    return JsonResponse({"error": error}, status=status, headers=all_headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    is_too_big = isinstance(exception, RequestDataTooBig)
    status = 413 if is_too_big else 400
    if is_api(request):
        if is_too_big:
            return api_error(status, "too_large", "The request is larger than this site takes.")
        return api_error(status, "bad_request", "The request could not be understood.")
    # Without the request: one whose host or cookies are forged must not reach the page's navigation.
    return HttpResponse(render_to_string(f"{status}.html"), status=status)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return api_error(403, "permission_denied", "You may not do this.")
    return render(request, "403.html", status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    if is_api(request):
        return api_error(403, "csrf_failed", "The request did not come with this site's own token.")
    return render(request, "403.html", {"is_csrf_failure": True}, status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return api_error(404, "not_found", "There is nothing at this address.")
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_outage(sys.exception()):
        return unavailable(request)
    if is_api(request):
        return api_error(500, "server_error", "Something broke on our side. It has been logged.")
    # Without the request: the frame of the page may be the very thing that broke.
    return HttpResponse(render_to_string("500.html"), status=500)
