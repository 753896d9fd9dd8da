"""What people are told when something is refused or broken; what machines are told is in test_api.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from accounts.access import allow_anyone
from accounts.models import User
from rcm_site.urls import handler400, handler403, handler404, handler500  # noqa: F401 - of this URLconf

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

BREAKAGES: dict[str, Exception] = {
    "crash": ZeroDivisionError("a patient's name"),
    "database": OperationalError("server closed the connection, a patient's name"),
    "denied": PermissionDenied("a patient's name"),
}


@allow_anyone
def break_down(request: HttpRequest, how: str) -> HttpResponse:
    raise BREAKAGES[how]


@allow_anyone
def take_form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.POST.get("text", ""))


urlpatterns = [
    path("break/<str:how>/", break_down),
    path("form/", take_form),
    path("", include("rcm_site.urls")),
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("/no/such/page/", {}, 404),
        ("/break/denied/", {}, 403),
        ("/break/crash/", {}, 500),
        ("/break/database/", {}, 503),
        ("/form/", {"Host": "evil.example"}, 400),
        ("/form/", {"Host": "a b"}, 400),
    ],
)
def test_a_page_that_fails_tells_people_in_a_page(
    client: Client, url: str, headers: dict[str, str], status: int
) -> None:
    response = client.get(url, headers=headers)

    assert response.status_code == status
    assert "<html" in response.content.decode()
    assert b"patient" not in response.content


def test_a_page_that_is_missing_is_told_to_people_signed_in(
    client: Client, sign_in: Callable[..., User]
) -> None:
    sign_in()

    assert client.get("/no/such/page/").status_code == 404


def test_a_database_that_restarts_asks_to_come_back(client: Client) -> None:
    assert int(client.get("/break/database/")["Retry-After"]) > 0


def test_a_form_without_the_sites_token_is_told_to_have_expired(sign_in: Callable[..., User]) -> None:
    response = Client(enforce_csrf_checks=True).post("/form/", {"text": "x"})

    assert response.status_code == 403
    assert "expired" in response.content.decode()


def test_a_form_that_is_too_large_is_refused(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000

    response = client.post("/form/", "text=" + "x" * 2_000, "application/x-www-form-urlencoded")

    assert response.status_code == 413


@pytest.mark.parametrize(
    "address", ["/static/css/site.css", "/static/none", "/sign-in", "/no/such/page/", "/health"]
)
def test_files_redirects_and_errors_carry_the_content_security_policy(client: Client, address: str) -> None:
    assert "default-src 'none'" in client.get(address)["Content-Security-Policy"]
