"""How django-allauth fits this site: nobody signs up, people sign in by e-mail and land where they may be."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from .audit import client_address


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The e-mail or the password is wrong."
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Links in mail start at SITE_URL: the Host header of whoever asked is not to be trusted with one."""
        path = super().get_reset_password_from_key_url(key)
        return settings.SITE_URL + path[path.index("/password/") :]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Failures are counted by django-axes and AddressGuard, for the pages and the API alike."""
