"""Signing in through the API, and one's own profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, User
from rcm_site.testing.makers import PASSWORD, make_department, make_user

pytestmark = pytest.mark.django_db

SIGN_IN, PROFILE = "/api/auth/token", "/api/users/profile"


def ask_for_token(client: Client, email: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(SIGN_IN, {"email": email, "password": password}, "application/json", **extra)


def change(client: Client, **fields: Any) -> Any:
    return client.patch(PROFILE, fields, "application/json")


# Signing in ------------------------------------------------------------------------------------------


def test_an_email_and_a_password_give_tokens(client: Client) -> None:
    user = make_user("analyst")

    response = ask_for_token(client, user.email.upper())

    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh", "expires_in"}
    assert response["Cache-Control"] == "no-store"
    actions = AuditEntry.objects.filter(actor=user).values_list("action", flat=True)
    assert sorted(actions) == ["sign_in", "token.issued"]


def test_a_token_starts_no_session(client: Client) -> None:
    response = ask_for_token(client, make_user("analyst").email)

    assert not response.cookies


@pytest.mark.parametrize("who", ["wrong password", "nobody", "disabled"])
def test_a_refused_sign_in_tells_nobody_why(client: Client, who: str) -> None:
    user = make_user("biller", is_active=who != "disabled")
    email = "nobody@clinic.example" if who == "nobody" else user.email

    response = ask_for_token(client, email, "wrong" if who == "wrong password" else PASSWORD)

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response.json() == {
        "error": {
            "code": "authentication_failed",
            "message": "This e-mail and password do not belong together.",
            "fields": {},
        }
    }
    assert AuditEntry.objects.filter(action="sign_in.failed", outcome="failed").count() == 1


def test_a_sign_in_names_each_field_that_is_wrong(client: Client) -> None:
    response = client.post(SIGN_IN, {"email": "no address", "admin": True}, "application/json")

    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == {"email", "password", "admin"}


def test_guessing_locks_the_account_for_this_address_alone(client: Client) -> None:
    victim, neighbour = make_user("biller"), make_user("biller")

    statuses = [ask_for_token(client, victim.email, "wrong").status_code for _ in range(6)]
    locked = ask_for_token(client, victim.email)

    assert statuses[:4] == [401] * 4
    assert locked.status_code == 429
    assert int(locked["Retry-After"]) > 0
    assert locked.json()["error"]["code"] == "locked"
    assert ask_for_token(client, neighbour.email).status_code == 200
    assert ask_for_token(client, victim.email, REMOTE_ADDR="192.0.2.7").status_code == 200


def test_the_page_and_the_api_count_guesses_together(client: Client) -> None:
    victim = make_user("biller")

    for spelling in (victim.email, victim.email.upper(), f" {victim.email} "):
        ask_for_token(client, spelling, "wrong")
    for _ in range(2):
        client.post("/sign-in/", {"login": victim.email, "password": "wrong"})

    assert ask_for_token(client, victim.email).status_code == 429
    assert client.post("/sign-in/", {"login": victim.email, "password": PASSWORD}).status_code == 429


def test_a_sign_in_that_succeeds_forgets_the_failures_before(client: Client) -> None:
    user = make_user("biller")

    for _ in range(3):
        for _ in range(3):
            ask_for_token(client, user.email, "wrong")
        assert ask_for_token(client, user.email).status_code == 200


def test_a_session_cookie_changes_nothing_about_signing_in(
    sign_in: Callable[..., User], client: Client
) -> None:
    user = sign_in("biller")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    assert ask_for_token(strict, user.email).status_code == 200


# The profile -----------------------------------------------------------------------------------------


def test_a_profile_shows_who_one_is(client: Client, sign_in: Callable[..., User]) -> None:
    department = make_department("Cardiology")
    user = sign_in("ar_agent", departments=[department])

    assert client.get(PROFILE).json() == {
        "id": user.pk,
        "name": user.name,
        "email": user.email,
        "role": {"key": "ar_agent", "label": "A/R agent"},
        "departments": [{"id": department.pk, "name": "Cardiology"}],
        "theme": "system",
        "default_period": "last_30_days",
        "wants_digest": False,
        "digest_every": "day",
        "time_zone": "",
    }


def test_a_profile_takes_a_name_and_preferences(client: Client, sign_in: Callable[..., User]) -> None:
    user = sign_in()

    response = change(client, name="Ana Ruiz", theme="dark", default_period="this_month", wants_digest=True)

    assert response.status_code == 200
    user.refresh_from_db()
    assert (user.name, user.theme, user.default_period, user.wants_digest) == (
        "Ana Ruiz", "dark", "this_month", True,
    )  # fmt: skip
    entry = AuditEntry.objects.get(action="profile.changed")
    assert entry.actor == user
    assert entry.details["changes"]["theme"] == ["system", "dark"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 1),
        ("email", "boss@clinic.example"),
        ("role", "admin"),
        ("departments", [1]),
        ("is_superuser", True),
        ("is_active", True),
        ("is_staff", True),
        ("password", "a-password-of-my-own"),
        ("joined_at", "2020-01-01T00:00:00Z"),
        ("no_such_field", 1),
        ("__class__", "x"),
    ],
)
def test_no_other_field_can_be_set(
    client: Client, sign_in: Callable[..., User], field: str, value: object
) -> None:
    user = sign_in()
    before = User.objects.filter(pk=user.pk).values().get()

    response = change(client, **{field: value, "theme": "dark"})

    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == {field}
    assert User.objects.filter(pk=user.pk).values().get() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "x" * 121),
        ("name", ["x"]),
        ("name", "Ana\nBcc: all@clinic.example"),
        ("name", "Ana\u202egpj.exe"),
        ("theme", "neon"),
        ("theme", None),
        ("theme", {"a": 1}),
        ("default_period", "last_century"),
        ("wants_digest", "perhaps"),
        ("wants_digest", None),
        ("wants_digest", []),
        ("digest_every", "hour"),
        ("time_zone", "Mars/Olympus"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_field(
    client: Client, sign_in: Callable[..., User], field: str, value: object
) -> None:
    sign_in()

    response = change(client, **{field: value})

    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [field]


def test_a_profile_is_shown_to_nobody_who_is_not_signed_in(client: Client) -> None:
    response = client.get(PROFILE)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "not_authenticated"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_disabled_user_is_out_of_the_session_at_the_next_request(
    client: Client, sign_in: Callable[..., User]
) -> None:
    user = sign_in()
    assert client.get(PROFILE).status_code == 200

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get(PROFILE).status_code == 401


def test_a_profile_costs_few_queries(
    client: Client, sign_in: Callable[..., User], django_assert_max_num_queries: Any
) -> None:
    sign_in(departments=[make_department() for _ in range(5)])
    client.get(PROFILE)

    with django_assert_max_num_queries(4):
        client.get(PROFILE)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["name", "theme", "default_period", "wants_digest", "email", "role", "departments"])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(names | st.text(max_size=5), anything, max_size=4) | anything)
def test_no_body_breaks_the_profile(client: Client, sign_in: Callable[..., User], body: Any) -> None:
    sign_in()

    response = client.patch(PROFILE, body, "application/json")

    assert response.status_code in (200, 400)
    if response.status_code == 400:
        assert set(response.json()["error"]) == {"code", "message", "fields"}
