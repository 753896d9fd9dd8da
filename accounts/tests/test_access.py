"""The one gate: default deny, and what changes at the next request."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from accounts.access import allow
from accounts.models import AuditEntry, Department, User
from rcm_site import urls
from rcm_site.testing.makers import make_department, make_user

pytestmark = pytest.mark.django_db


def undeclared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("must not be seen")


@allow("accounts.no_such_permission")
def unknown_permission(request: HttpRequest) -> HttpResponse:
    return HttpResponse("must not be seen")


class Urls:
    urlpatterns = [*urls.urlpatterns, path("undeclared/", undeclared), path("unknown/", unknown_permission)]
    handler403 = urls.handler403


def test_a_view_that_declares_nobody_serves_nobody(client: Client, sign_in: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = Urls
    assert client.get("/undeclared/").status_code == 302
    for role in ("admin", "director"):
        sign_in(role)
        assert client.get("/undeclared/").status_code == 403
        assert client.get("/unknown/").status_code == 403


def test_a_refused_page_is_written_to_the_trail(client: Client, sign_in: Any) -> None:
    user = sign_in("biller")
    assert client.get("/audit/?subject=canary").status_code == 403
    entry = AuditEntry.objects.get(action="page.refused")
    assert (entry.actor, entry.outcome, entry.details) == (user, "refused", {"page": "audit_trail"})


def test_a_superusers_every_request_is_written_to_the_trail(client: Client, sign_in: Any) -> None:
    sign_in("", is_superuser=True)
    client.get("/audit/")
    client.get("/api/users/profile")
    seen = AuditEntry.objects.filter(action="superuser.request").order_by("id")
    assert [entry.details["page"] for entry in seen] == ["audit_trail", "api_profile"]


def test_a_role_taken_away_is_gone_at_the_next_request(client: Client, sign_in: Any) -> None:
    user = sign_in("auditor")
    assert client.get("/audit/").status_code == 200
    User.objects.filter(pk=user.pk).update(role="")
    assert client.get("/audit/").status_code == 403


def test_a_disabled_person_is_out_at_the_next_request(client: Client, sign_in: Any) -> None:
    user = sign_in("auditor")
    User.objects.filter(pk=user.pk).update(is_active=False)
    response = client.get("/audit/")
    assert (response.status_code, response["Location"]) == (302, "/sign-in/?next=%2Faudit%2F")


def test_people_see_their_own_departments_and_colleagues() -> None:
    heart, teeth = make_department("Heart"), make_department("Teeth")
    biller, colleague, stranger = (
        make_user("biller", departments=[heart]),
        make_user("coder", departments=[heart, teeth]),
        make_user("biller", departments=[teeth]),
    )
    director, auditor = make_user("director"), make_user("auditor", departments=[heart])
    assert set(Department.objects.visible_to(biller)) == {heart}
    assert set(Department.objects.visible_to(director)) == {heart, teeth}
    assert set(Department.objects.visible_to(auditor)) == set()
    assert set(User.objects.visible_to(biller)) == {biller, colleague, auditor}
    assert set(User.objects.visible_to(auditor)) == {auditor}
    assert set(User.objects.visible_to(director)) == {biller, colleague, stranger, director, auditor}


def test_nobody_signed_out_reaches_a_page(client: Client) -> None:
    response = client.get("/audit/?person=a")
    assert (response.status_code, response["Location"]) == (302, "/sign-in/?next=%2Faudit%2F%3Fperson%3Da")
