"""Requests that name a charset."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from rcm_site.wsgi import application

pytestmark = pytest.mark.django_db

CHARSETS = ["utf-8", "base64", "bz2", "undefined", "unicode_escape", "utf-7", "utf-16", "latin-1", "no-such"]


def answer_to(method: str, path: str, content_type: str) -> int:
    """Through the web server's own way in: Django's test client makes requests of its own kind."""
    statuses: list[str] = []
    environ = RequestFactory().generic(method, path, "--b--", content_type).environ
    list(application(environ | {"QUERY_STRING": "next=%5Cud800"}, lambda status, *_: statuses.append(status)))
    return int(statuses[0].split()[0])


@pytest.mark.parametrize("charset", CHARSETS)
def test_the_charset_that_a_request_names_changes_nothing(charset: str) -> None:
    assert answer_to("GET", "/sign-in/", f"text/plain; charset={charset}") == 200
    assert answer_to("GET", "/api/patients", f"text/plain; charset={charset}") == 401
    assert answer_to("POST", "/sign-in/", f"multipart/form-data; boundary=b; charset={charset}") == 403
