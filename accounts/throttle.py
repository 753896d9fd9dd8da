"""Guessing passwords is made slow, per account and per address, without locking anybody else out.

django-axes locks the pair of account and address after a few failures. What it cannot see is one address that
tries many accounts; `AddressGuard` stops that, but lets in whoever signed in from this address not long ago.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from rcm_site.errors import api_error, is_api

from .audit import client_address
from .models import AuditEntry, User

ADDRESS_LIMIT = 50
ADDRESS_WINDOW = timedelta(minutes=15)
KNOWN_HERE_FOR = timedelta(days=30)


def account_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The account that a guess was aimed at, spelt one way for the page and the API (for django-axes)."""
    named = credentials or {}
    typed = named.get("email") or named.get("username") or request.POST.get("login") or ""
    return str(typed).strip().lower()[:254]


class AddressGuard(BaseBackend):
    """Signs nobody in; refuses an address from which too many sign-ins failed."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        if request is None:
            return
        address = client_address(request)
        if too_many_failures(address) and not known_at(address, account_of(request, credentials)):
            request.axes_locked_out = True  # type: ignore[attr-defined]  # axes then answers `locked_out`
            raise PermissionDenied


def too_many_failures(address: str) -> bool:
    recent = timezone.now() - ADDRESS_WINDOW
    failed = AuditEntry.objects.filter(action="sign_in.failed", address=address, at__gt=recent)
    return failed.order_by()[:ADDRESS_LIMIT].count() >= ADDRESS_LIMIT


def known_at(address: str, account: str) -> bool:
    return AuditEntry.objects.filter(
        actor__in=User.objects.filter(email=account),
        action="sign_in",
        address=address,
        at__gt=timezone.now() - KNOWN_HERE_FOR,
    ).exists()


def locked_out(request: HttpRequest, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """What a locked account and address are told (for django-axes); others at the address go on."""
    wait = settings.AXES_COOLOFF_TIME
    minutes = int(wait.total_seconds() // 60)
    if is_api(request):
        text = f"Too many failed sign-ins. Wait {minutes} minutes and try again."
        response: HttpResponse = api_error(429, "locked", text)
    else:
        response = render(request, "accounts/locked_out.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response
