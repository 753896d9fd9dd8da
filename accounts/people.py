"""Who belongs to the team: inviting people, changing what they may do, letting them go."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac

from rcm_site.letters import letter

from . import audit
from .models import User

INVITATION = "accounts.invitation"


@transaction.atomic
def invite(*, user: User, actor: User, request: HttpRequest | None = None) -> None:
    """Send somebody the link with which they choose a password and so join."""
    words = {
        "user": user,
        "invited_by": actor,
        "link": settings.SITE_URL + reverse("invitation", args=[invitation_token(user)]),
        "days": settings.INVITATION_LIFETIME.days,
    }
    letter("invitation", words, to=[user.email]).send()
    audit.record(actor, "user.invited", user, request=request)


def invitation_token(user: User) -> str:
    return signing.dumps([user.pk, _unused_mark(user)], salt=INVITATION)


def invited_by_token(token: str) -> User | None:
    """Whom a link invites, while it is fresh, unused, and the person not disabled."""
    try:
        pk, mark = signing.loads(token, salt=INVITATION, max_age=settings.INVITATION_LIFETIME)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = User.objects.active().filter(pk=pk).first()
    return user if user and mark == _unused_mark(user) else None


def _unused_mark(user: User) -> str:
    """Changes with the password, so that a link works once."""
    return salted_hmac(INVITATION, f"{user.email}{user.password}{user.last_login}").hexdigest()


@transaction.atomic
def accept_invitation(*, user: User, password: str, request: HttpRequest) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(user, "invitation.accepted", user, request=request)


@transaction.atomic
def set_active(*, user: User, active: bool, actor: User, request: HttpRequest | None = None) -> None:
    """Let somebody in again, or lock them out from their next request on."""
    if user.is_active == active:
        return
    user.is_active = active
    user.save(update_fields=["is_active"])
    audit.record(actor, "user.enabled" if active else "user.disabled", user, request=request)


@transaction.atomic
def update_profile(*, user: User, changes: dict[str, Any], request: HttpRequest) -> User:
    """Change one's own name and preferences."""
    changed = audit.changes(user, changes)
    for field, value in changes.items():
        setattr(user, field, value)
    if changed:
        user.save(update_fields=list(changed))
        audit.record(user, "profile.changed", user, request=request, changes=changed)
    return user


def forget_old_address(user: User) -> None:
    """django-allauth keeps addresses of its own and lets people sign in by them: a changed one must go."""
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()
