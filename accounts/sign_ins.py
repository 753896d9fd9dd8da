"""Hears what Django and django-allauth tell of sign-ins and passwords, and writes it to the audit trail.

Signals are the one place through which pages, API and admin all pass.
"""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.dispatch import receiver
from django.http import HttpRequest

from . import audit
from .models import User
from .throttle import account_of


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    audit.record(user, "sign_in", user, request=request, superuser=user.is_superuser)


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user:
        audit.record(user, "sign_out", user, request=request)


@receiver(user_login_failed)
def sign_in_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    if request is None:
        return
    locked = getattr(request, "axes_locked_out", False)
    audit.record(
        typed_account(account_of(request, credentials)),
        "sign_in.locked" if locked else "sign_in.failed",
        request=request,
        outcome="refused" if locked else "failed",
    )


def typed_account(typed: str) -> User | str:
    """Whose account it was; what is no e-mail address may be a password typed into the wrong field."""
    try:
        validate_email(typed)
    except ValidationError:
        return "not an e-mail address"
    return User.objects.filter(email=typed).first() or typed


@receiver(password_changed)
def changed_password(request: HttpRequest, user: User, **kwargs: Any) -> None:
    audit.record(user, "password.changed", user, request=request)


@receiver(password_reset)
def reset_password(request: HttpRequest, user: User, **kwargs: Any) -> None:
    audit.record(user, "password.reset", user, request=request)
