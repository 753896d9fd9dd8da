"""Tokens with which other systems sign in: a short one to call with, a longer one to renew it once.

Every token that renewing led to belongs to one family. A renewal token that comes back a second time was
copied by somebody, so its whole family ends; nobody can tell the thief from the owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.http import HttpRequest
from rest_framework import authentication, exceptions
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request, is_form_media_type
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed as NotOurToken
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token
from rest_framework_simplejwt.utils import aware_utcnow, datetime_from_epoch, get_md5_hash_password

from rcm_site import prepared

from . import audit
from .models import User


class TokenRefused(exceptions.AuthenticationFailed):
    """One answer whatever the reason: whoever holds a bad token learns nothing from it."""

    default_detail = "The token is not valid, or no longer. Sign in again."
    default_code = "token_not_valid"


@dataclass(frozen=True)
class TokenPair:
    access: str
    refresh: str
    expires_in: int


class RenewalToken(RefreshToken):
    """Good for one renewal, until the day's sign-in ends: renewing does not put that off."""

    def set_jti(self) -> None:
        family = self.payload["jti"].split(".")[0] if "jti" in self.payload else uuid4().hex
        self.payload["jti"] = f"{family}.{uuid4().hex}"

    @property
    def family(self) -> str:
        return self["jti"].split(".")[0]

    def outstand(self) -> OutstandingToken:
        """Kept by id alone: a copy of the database lets nobody in."""
        return OutstandingToken.objects.create(
            jti=self["jti"],
            user_id=self[api_settings.USER_ID_CLAIM],
            created_at=self.current_time,
            expires_at=datetime_from_epoch(self["exp"]),
        )

    def check_blacklist(self) -> None:
        """Left to `use`: a token that was used before is not worthless, it tells of a copy."""

    def use(self) -> bool:
        """Spend it; False if it was spent before. Of two requests at once the database lets one do so."""
        known = OutstandingToken.objects.filter(jti=self["jti"]).first()
        if known is None:
            raise TokenRefused
        _, is_first_use = BlacklistedToken.objects.get_or_create(token=known)
        return is_first_use


@transaction.atomic
def issue(*, user: User, request: HttpRequest) -> TokenPair:
    """Start a family of tokens for somebody who has just signed in."""
    token = RenewalToken()
    token[api_settings.USER_ID_CLAIM] = str(user.pk)
    token[api_settings.REVOKE_TOKEN_CLAIM] = get_md5_hash_password(user.password)
    audit.record(user, "token.issued", user, request=request, family=token.family)
    return _hand_out(token)


def renew(*, encoded: str, request: HttpRequest) -> TokenPair:
    """Take a renewal token in, for good, and hand out the next pair."""
    try:
        token = RenewalToken(encoded)  # type: ignore[arg-type]  # simplejwt's own annotation is wrong
    except TokenError as error:
        raise TokenRefused from error
    user = TokenAuthentication().get_user(token)
    with transaction.atomic():
        if token.use():
            audit.record(user, "token.renewed", user, request=request, family=token.family)
            token.set_jti()
            token.set_iat()
            return _hand_out(token)
        revoked = _revoke(token.family)
        details = {"family": token.family, "revoked": revoked}
        audit.record(user, "token.replayed", user, request=request, outcome="refused", **details)
    raise TokenRefused


def _hand_out(token: RenewalToken) -> TokenPair:
    token.outstand()
    lifetime = api_settings.ACCESS_TOKEN_LIFETIME
    return TokenPair(str(token.access_token), str(token), int(lifetime.total_seconds()))


def _revoke(family: str) -> int:
    """End a family; how many of its tokens could still have been used."""
    alive = OutstandingToken.objects.filter(jti__startswith=f"{family}.", blacklistedtoken=None)
    return len(
        BlacklistedToken.objects.bulk_create(
            [BlacklistedToken(token=token) for token in alive], ignore_conflicts=True
        )
    )


class TokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer …`, looked up at every request: a disabled user is out at the next one."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        try:
            return super().authenticate(request)
        except NotOurToken as error:
            raise TokenRefused from error

    def get_validated_token(self, raw_token: bytes) -> Token:
        token = _signed(raw_token)
        try:
            token.check_exp(current_time=aware_utcnow())
        except TokenError as error:
            raise TokenRefused from error
        return token

    def get_user(self, validated_token: Token) -> Any:
        user = _current(validated_token.get(api_settings.USER_ID_CLAIM))
        mark = validated_token.get(api_settings.REVOKE_TOKEN_CLAIM)
        if user is None or not user.is_active or mark != get_md5_hash_password(user.password):
            raise TokenRefused
        return user


@lru_cache(maxsize=1_000)
def _signed(raw_token: bytes) -> Token:
    """A signature is checked once: it takes longer than the rest of most requests, and stays right."""
    return JWTAuthentication().get_validated_token(raw_token)


# Columns by name: one that a release adds must not change what a kept statement answers.
_COLUMNS = [field.attname for field in User._meta.concrete_fields]
_PERSON = f"SELECT {', '.join(_COLUMNS)} FROM accounts_user WHERE id = %s"  # noqa: S608 - names of our own


def _current(key: str | None) -> User | None:
    """As the database has this person now: their password, their role, whether they are still active.

    In each request, so the statement stands here: to put one together takes longer than to ask it.
    """
    if connection.vendor == "sqlite":  # which leaves it to Django to make dates and booleans
        return User.objects.filter(pk=key).first()
    with prepared.cursor() as cursor:
        cursor.execute(_PERSON, [key])
        row = cursor.fetchone()
    return User.from_db(connection.alias, _COLUMNS, row) if row else None


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's own sign-in, for pages that call the API; only together with the CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        # Django looks for the token in a form's body first and leaves nothing to read, which DRF then takes
        # for an empty body. A form that no parser here reads is refused for what it is.
        if is_form_media_type(request.content_type) and not self._reads_forms(request):
            raise exceptions.UnsupportedMediaType(request.content_type)
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise exceptions.PermissionDenied(
                "The request did not come with this site's own token.", code="csrf_failed"
            ) from error

    @staticmethod
    def _reads_forms(request: Request) -> bool:
        return any(isinstance(parser, FormParser | MultiPartParser) for parser in request.parsers or ())
