"""How django-allauth fits this site: nobody signs up, people sign in by e-mail and land where they may be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from . import audit
from .audit import client_address
from .models import AuditEntry, User

RESETS_AN_HOUR = 5


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The e-mail or the password is wrong."
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """A few an hour: more would only fill somebody's mailbox. The page says the same either way."""
        asked = AuditEntry.objects.filter(
            action="password.reset_asked", actor=user, at__gt=timezone.now() - timedelta(hours=1)
        )
        if asked.count() < RESETS_AN_HOUR:
            super().send_password_reset_mail(user, email, context)
        audit.record(user, "password.reset_asked", user, request=self.request)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Links in mail start at SITE_URL: the Host header of whoever asked is not to be trusted with one."""
        path = super().get_reset_password_from_key_url(key)
        return settings.SITE_URL + path[path.index("/password/") :]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Failures are counted by django-axes and AddressGuard, for the pages and the API alike."""
