"""Tokens: what lets a system in, and all that must not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts import tokens
from accounts.models import AuditEntry, User
from rcm_site.testing.makers import make_user

pytestmark = pytest.mark.django_db

KEY: str = settings.SIMPLE_JWT["SIGNING_KEY"]  # type: ignore[assignment]


@pytest.fixture
def user() -> User:
    return make_user("analyst")


@pytest.fixture
def pair(user: User, rf: RequestFactory) -> tokens.TokenPair:
    return tokens.issue(user=user, request=rf.post("/api/auth/token"))


@pytest.fixture
def renew(client: Client) -> Callable[[str], Any]:
    return lambda token: client.post("/api/auth/token/refresh", {"refresh": token}, "application/json")


def call(client: Client, token: str) -> Any:
    return client.get("/api/users/profile", headers={"Authorization": f"Bearer {token}"})


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def resigned(token: str, *, key: str = KEY, algorithm: str = "HS256", **changed: Any) -> str:
    claims = {name: value for name, value in (claims_of(token) | changed).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm)


def assert_refused(response: Any) -> None:
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["error"]["code"] == "token_not_valid"


def test_a_token_lets_its_user_in(client: Client, pair: tokens.TokenPair, user: User) -> None:
    response = call(client, pair.access)

    assert response.status_code == 200
    assert response.json()["id"] == user.pk


def test_an_access_token_is_good_for_ten_minutes_at_most(pair: tokens.TokenPair) -> None:
    claims = claims_of(pair.access)

    assert claims["exp"] - claims["iat"] <= 600
    assert pair.expires_in == claims["exp"] - claims["iat"]


FORGERIES: dict[str, Callable[[tokens.TokenPair], str]] = {
    "no algorithm": lambda pair: resigned(pair.access, key="", algorithm="none"),
    "another algorithm": lambda pair: resigned(pair.access, algorithm="HS512"),
    "another key": lambda pair: resigned(pair.access, key="0" * 64),
    "expired": lambda pair: resigned(pair.access, exp=int(time.time()) - 1),
    "without an end": lambda pair: resigned(pair.access, exp=None),
    "for another audience": lambda pair: resigned(pair.access, aud="someone-else"),
    "for no audience": lambda pair: resigned(pair.access, aud=None),
    "from another issuer": lambda pair: resigned(pair.access, iss="someone-else"),
    "from no issuer": lambda pair: resigned(pair.access, iss=None),
    "without a type": lambda pair: resigned(pair.access, token_type=None),
    "without a user": lambda pair: resigned(pair.access, user_id=None),
    "without a password mark": lambda pair: resigned(pair.access, password_mark=None),
    "of a user who is not there": lambda pair: resigned(pair.access, user_id="999999"),
    "a renewal token": lambda pair: pair.refresh,
    "cut off": lambda pair: pair.access[:-4],
    "claims changed under the old signature": lambda pair: ".".join(
        [*resigned(pair.access, user_id="0").split(".")[:2], pair.access.split(".")[2]]
    ),
    "garbage": lambda pair: "a.b.c",
    "not a token": lambda pair: "☃\x00".encode().decode("latin-1").replace("\x00", ""),
    "two words": lambda pair: f"{pair.access} {pair.access}",
    "very long": lambda pair: "x" * 100_000,
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_is_refused(
    client: Client, pair: tokens.TokenPair, forgery: Callable[[tokens.TokenPair], str]
) -> None:
    assert_refused(call(client, forgery(pair)))


@pytest.mark.parametrize("header", ["Bearer", "Basic YTpi", "", "Token x"])
def test_a_header_without_a_token_is_refused(client: Client, db: None, header: str) -> None:
    response = client.get("/api/users/profile", headers={"Authorization": header})

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_disabled_user_is_out_at_the_next_request(
    client: Client, pair: tokens.TokenPair, user: User, renew: Callable[[str], Any]
) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert_refused(call(client, pair.access))
    assert_refused(renew(pair.refresh))


def test_a_changed_password_ends_every_token(
    client: Client, pair: tokens.TokenPair, user: User, renew: Callable[[str], Any]
) -> None:
    user.set_password("another-good-password")
    user.save(update_fields=["password"])

    assert_refused(call(client, pair.access))
    assert_refused(renew(pair.refresh))


def test_renewing_hands_out_the_next_pair(
    client: Client, pair: tokens.TokenPair, user: User, renew: Callable[[str], Any]
) -> None:
    response = renew(pair.refresh)

    assert response.status_code == 200
    assert response.json()["refresh"] != pair.refresh
    assert call(client, response.json()["access"]).status_code == 200
    assert AuditEntry.objects.filter(action="token.renewed", actor=user).count() == 1


def test_renewing_does_not_put_off_the_end_of_the_sign_in(
    pair: tokens.TokenPair, renew: Callable[[str], Any]
) -> None:
    followed = renew(pair.refresh).json()["refresh"]

    assert claims_of(followed)["exp"] == claims_of(pair.refresh)["exp"]


def test_a_token_used_twice_ends_its_family(
    pair: tokens.TokenPair, user: User, renew: Callable[[str], Any]
) -> None:
    second = renew(pair.refresh).json()["refresh"]

    assert_refused(renew(pair.refresh))
    assert_refused(renew(second))
    first_replay = AuditEntry.objects.filter(action="token.replayed").earliest("id")
    assert (first_replay.actor, first_replay.outcome) == (user, "refused")
    assert first_replay.details["revoked"] == 1


def test_a_copied_token_cannot_end_a_later_sign_in(
    pair: tokens.TokenPair, user: User, rf: RequestFactory, renew: Callable[[str], Any]
) -> None:
    renew(pair.refresh)
    later = tokens.issue(user=user, request=rf.post("/api/auth/token"))

    assert_refused(renew(pair.refresh))

    assert renew(later.refresh).status_code == 200


@pytest.mark.parametrize(
    "forgery",
    [
        lambda pair: pair.access,
        lambda pair: resigned(pair.refresh, key="", algorithm="none"),
        lambda pair: resigned(pair.refresh, key="0" * 64),
        lambda pair: resigned(pair.refresh, exp=int(time.time()) - 1),
        lambda pair: resigned(pair.refresh, aud="someone-else"),
        lambda pair: resigned(pair.refresh, iss="someone-else"),
        lambda pair: "garbage",
    ],
    ids=["an access token", "no algorithm", "another key", "expired", "audience", "issuer", "garbage"],
)
def test_a_forged_renewal_token_is_refused(
    pair: tokens.TokenPair, renew: Callable[[str], Any], forgery: Callable[[tokens.TokenPair], str]
) -> None:
    assert_refused(renew(forgery(pair)))


def test_the_database_holds_no_token_that_lets_anybody_in(
    pair: tokens.TokenPair, renew: Callable[[str], Any]
) -> None:
    renew(pair.refresh)

    assert set(OutstandingToken.objects.values_list("token", flat=True)) == {""}


def test_a_token_of_one_user_wins_over_the_session_of_another(
    client: Client, pair: tokens.TokenPair, user: User, sign_in: Callable[..., User]
) -> None:
    sign_in("director")

    assert call(client, pair.access).json()["id"] == user.pk
