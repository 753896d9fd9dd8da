"""How long a sign-in lasts."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from accounts.models import AuditEntry
from accounts.sessions import LAST_USED, STARTED

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, sign_in: Any) -> Client:
    sign_in("biller")
    client.get("/profile/")
    return client


def age(client: Client, **ages: float) -> None:
    """Move a moment of the session into the past, by seconds."""
    session = client.session
    for key, seconds in ages.items():
        session[key] -= seconds
    session.save()


def test_a_click_extends_an_idle_session(signed_in: Client, settings: Any) -> None:
    limit = settings.SESSION_IDLE_LIMIT.total_seconds()
    for _ in range(3):
        age(signed_in, **{LAST_USED: limit - 5})
        assert signed_in.get("/profile/").status_code == 200


def test_an_idle_session_ends_and_says_why(signed_in: Client, settings: Any) -> None:
    age(signed_in, **{LAST_USED: settings.SESSION_IDLE_LIMIT.total_seconds() + 1})
    response = signed_in.get("/profile/", follow=True)
    assert response.redirect_chain == [("/sign-in/?next=%2Fprofile%2F", 302)]
    assert "signed out after 15 minutes without activity" in response.text
    assert AuditEntry.objects.filter(action="session.expired").count() == 1


def test_refreshing_fragments_do_not_extend_an_idle_session(signed_in: Client, settings: Any) -> None:
    limit = settings.SESSION_IDLE_LIMIT.total_seconds()
    age(signed_in, **{LAST_USED: limit - 5})
    for _ in range(3):
        assert (
            signed_in.get("/profile/", headers={"X-Background": "1", "HX-Request": "true"}).status_code == 200
        )
    age(signed_in, **{LAST_USED: 6})
    response = signed_in.get("/profile/", headers={"X-Background": "1", "HX-Request": "true"})
    assert SESSION_KEY not in signed_in.session
    assert response.status_code == 302


def test_a_fragment_of_an_ended_session_takes_its_whole_page_to_the_sign_in(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard/"}
    response = client.get("/dashboard/", headers=headers)
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/sign-in/"


def test_the_absolute_limit_holds_however_busy_somebody_is(signed_in: Client, settings: Any) -> None:
    age(signed_in, **{STARTED: settings.SESSION_ABSOLUTE_LIMIT.total_seconds() + 1})
    response = signed_in.get("/profile/", follow=True)
    assert "signed out after 12 hours" in response.text


def test_asking_for_the_state_does_not_extend_but_keeping_does(signed_in: Client, settings: Any) -> None:
    age(signed_in, **{LAST_USED: 600})
    for _ in range(2):
        assert 295 <= signed_in.get("/session/").json()["seconds_left"] <= 300
    assert signed_in.post("/session/keep/").json()["seconds_left"] > 890
    assert signed_in.get("/session/").json()["seconds_left"] > 890


def test_seconds_left_counts_to_the_nearer_of_both_limits(signed_in: Client, settings: Any) -> None:
    settings.SESSION_ABSOLUTE_LIMIT = timedelta(minutes=10)
    assert signed_in.get("/session/").json()["seconds_left"] <= 600


def test_somebody_signed_out_is_told_so(client: Client) -> None:
    assert client.get("/session/").json() == {"signed_in": False, "seconds_left": 0}


def test_a_new_sign_in_starts_anew(signed_in: Client, sign_in: Any, settings: Any) -> None:
    age(signed_in, **{STARTED: settings.SESSION_ABSOLUTE_LIMIT.total_seconds() + 1})
    signed_in.get("/profile/")
    sign_in("biller")
    assert signed_in.get("/profile/").status_code == 200
