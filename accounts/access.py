"""The one gate: a view that does not say whom it serves serves nobody.

Pages say it with a decorator, API views with an `access` attribute; both speak of the permissions in
`roles.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, resolve_url
from rest_framework.permissions import BasePermission

from . import audit
from .models import User

ANYONE: Final = "anyone"
SIGNED_IN: Final = "signed in"

PAGE_METHODS = ["GET", "HEAD", "POST", "OPTIONS"]  # pages are links and forms

# Views of other people's apps, which cannot carry our decorator: by the name of the URL, or of its namespace.
OF_OTHERS = {
    "admin": "accounts.use_admin",
    "account_login": ANYONE,
    "account_logout": SIGNED_IN,
    "account_change_password": SIGNED_IN,
    "account_reset_password": ANYONE,
    "account_reset_password_done": ANYONE,
    "account_reset_password_from_key": ANYONE,
    "account_reset_password_from_key_done": ANYONE,
    "account_inactive": ANYONE,
}

View = Callable[..., HttpResponseBase]


def allow(access: str) -> Callable[[View], View]:
    """Let people in who hold this permission (or ANYONE, or whoever is SIGNED_IN)."""

    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


allow_signed_in = allow(SIGNED_IN)
allow_anyone = allow(ANYONE)


def may(user: Any, access: str | None) -> bool:
    if access == ANYONE:
        return True
    if access is None or not user.is_authenticated:
        return False
    return access == SIGNED_IN or user.has_perm(access)


def person(request: HttpRequest) -> User:
    """Who is asking: past the gate of a view that is not for ANYONE, there is always somebody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def note(request: Any, *, allowed: bool) -> None:
    """Tell the audit trail of whoever was refused, and of everything that an emergency superuser does."""
    page = audit.page_of(request)
    if not allowed:
        audit.record(request.user, "page.refused", request=request, outcome="refused", page=page)
    elif request.user.is_superuser:
        audit.record(request.user, "superuser.request", request=request, method=request.method, page=page)


class RequireAccess:
    """Refuse every page whose view does not let this person in, and say so in the audit trail."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if hasattr(getattr(view, "cls", None), "permission_classes"):
            return None  # RoleAllows decides, once the token has been read
        if request.method not in PAGE_METHODS:
            return HttpResponseNotAllowed(PAGE_METHODS)
        access = access_of(view, request)
        if access == ANYONE:
            return None
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        allowed = may(request.user, access)
        note(request, allowed=allowed)
        if not allowed:
            raise PermissionDenied
        return None


def access_of(view: Any, request: HttpRequest) -> str | None:
    declared = getattr(view, "access", None)
    if declared is not None:
        return declared
    match = request.resolver_match
    if match is None:
        return None
    return OF_OTHERS.get(match.namespaces[0] if match.namespaces else match.url_name or "")


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a browser to the sign-in page; a fragment's request takes its whole page along."""
    wanted = request.headers.get("HX-Current-URL") if request.headers.get("HX-Request") else None
    sign_in = resolve_url(settings.LOGIN_URL)
    if wanted:
        return HttpResponse(status=401, headers={"HX-Redirect": sign_in})
    return redirect(f"{sign_in}?{urlencode({'next': request.get_full_path()})}")


class RoleAllows(BasePermission):
    """The API's gate: a view names its permission in `access`, or serves nobody."""

    def has_permission(self, request: Any, view: Any) -> bool:
        allowed = may(request.user, getattr(view, "access", None))
        if isinstance(request.user, User):
            note(request, allowed=allowed)
        return allowed
