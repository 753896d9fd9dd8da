"""The API's common ground: one shape of error, strict JSON, pages by cursor, its own description."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import BytesIO
from itertools import chain
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import OperationalError
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import include, path
from rest_framework import exceptions, generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import ANYONE
from accounts.models import Department, User
from rcm_site.api import DEEPEST, MOST_PROBLEMS, StrictSerializer, told
from rcm_site.chunked import measured
from rcm_site.testing.makers import make_department
from rcm_site.urls import handler400, handler403, handler404, handler500  # noqa: F401 - of this URLconf

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


# Views that only these tests serve -------------------------------------------------------------------


class Line(StrictSerializer):
    amount = serializers.DecimalField(max_digits=10, decimal_places=2)


class Bill(StrictSerializer):
    number = serializers.IntegerField()
    note = serializers.CharField(required=False)
    lines = Line(many=True, required=False)


class TakeBill(APIView):
    access = ANYONE

    def post(self, request: Request) -> Response:
        form = Bill(data=request.data)
        form.is_valid(raise_exception=True)
        return Response({"number": form.validated_data["number"]})


class Undeclared(APIView):
    def get(self, request: Request) -> Response:
        return Response({"secret": 1})


BREAKAGES: dict[str, Exception] = {
    "crash": ZeroDivisionError("a patient's name"),
    "database": OperationalError("server closed the connection"),
    "missing": Http404("a patient's name"),
    "denied": PermissionDenied("a patient's name"),
    "throttled": exceptions.Throttled(wait=30),
}


class Break(APIView):
    access = ANYONE

    def get(self, request: Request, how: str) -> Response:
        raise BREAKAGES[how]


class DepartmentRow(serializers.ModelSerializer[Department]):
    class Meta:
        model = Department
        fields = ("id", "name", "is_active")


class Departments(generics.ListAPIView[Department]):
    access = ANYONE
    queryset = Department.objects.all()
    serializer_class = DepartmentRow


class DepartmentsByState(Departments):
    ordering = ("-is_active",)


urlpatterns = [
    path("api/bills", TakeBill.as_view()),
    path("api/undeclared", Undeclared.as_view()),
    path("api/break/<str:how>", Break.as_view()),
    path("api/departments", Departments.as_view()),
    path("api/departments/by-state", DepartmentsByState.as_view()),
    path("", include("rcm_site.urls")),
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def send(client: Client, body: bytes | str, content_type: str = "application/json") -> Any:
    return client.generic("POST", "/api/bills", body, content_type)


def error_of(response: Any) -> dict[str, Any]:
    """The error in its one shape; checks the shape on the way."""
    body = response.json()
    assert set(body) == {"error"}
    error = body["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["code"]
    assert error["message"]
    assert all(isinstance(messages, list) for messages in error["fields"].values())
    assert response["Cache-Control"] == "no-store"
    return error


# One shape of error ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "url", "headers", "status", "code"),
    [
        ("GET", "/api/", {}, 404, "not_found"),
        ("GET", "/api/no/such/thing", {}, 404, "not_found"),
        ("POST", "/api/auth/token/", {}, 404, "not_found"),
        ("GET", "/api/auth/token", {}, 405, "method_not_allowed"),
        ("BREW", "/api/auth/token", {}, 405, "method_not_allowed"),
        ("GET", "/api/break/missing", {"Accept": "text/html"}, 406, "not_acceptable"),
        ("GET", "/api/break/missing?format=xml", {}, 404, "not_found"),
        ("GET", "/api/break/missing", {}, 404, "not_found"),
        ("GET", "/api/break/denied", {}, 403, "permission_denied"),
        ("GET", "/api/break/throttled", {}, 429, "throttled"),
        ("GET", "/api/break/crash", {}, 500, "server_error"),
        ("GET", "/api/break/database", {}, 503, "unavailable"),
        ("GET", "/api/users/profile", {}, 401, "not_authenticated"),
        ("GET", "/api/schema", {}, 401, "not_authenticated"),
        ("GET", "/api/docs", {"Accept": "text/html"}, 401, "not_authenticated"),
        ("GET", "/api/users/profile", {"Host": "evil.example"}, 400, "bad_request"),
    ],
)
def test_every_error_has_one_shape(
    client: Client, method: str, url: str, headers: dict[str, str], status: int, code: str
) -> None:
    response = client.generic(method, url, headers=headers)

    assert response.status_code == status
    assert error_of(response)["code"] == code
    assert b"patient" not in response.content
    assert ("WWW-Authenticate" in response) == (status == 401)
    assert ("Retry-After" in response) == (status in (429, 503))


def test_a_view_that_names_nobody_serves_nobody(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in("admin")

    assert error_of(client.get("/api/undeclared"))["code"] == "permission_denied"


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml"])
def test_a_body_of_another_kind_is_refused(client: Client, content_type: str) -> None:
    response = send(
        client, b'--x\r\nContent-Disposition: form-data; name="number"\r\n\r\n1\r\n--x--\r\n', content_type
    )

    assert response.status_code == 415
    assert error_of(response)["code"] == "unsupported_media_type"


def test_a_form_in_a_session_is_refused_for_its_kind(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in()

    assert client.post("/api/bills", {"number": 1}).status_code == 415


def test_a_session_needs_the_csrf_token(sign_in: Callable[..., User], client: Client) -> None:
    sign_in()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    response = strict.patch("/api/users/profile", {"theme": "dark"}, "application/json")

    assert response.status_code == 403
    assert error_of(response)["code"] == "csrf_failed"


def test_errors_of_rows_are_named_by_their_path() -> None:
    detail = {
        "lines": [{}, {"amount": ["Too big."], "non_field_errors": ["Odd."]}],
        "non_field_errors": ["Does not add up."],
    }

    assert told(detail) == (
        {"lines.1.amount": ["Too big."], "lines.1": ["Odd."]},
        ["Does not add up."],
    )


@pytest.mark.parametrize(
    "address", ["/api/users/profile", "/dashboard/", "/profile/", "/audit/", "/audit/1/", "/password/reset/"]
)
@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_an_answer_is_kept_by_no_cache(
    client: Client, sign_in: Callable[..., User], role: str, address: str
) -> None:
    sign_in(role)

    assert "no-store" in client.get(address)["Cache-Control"]


def test_the_documentation_answers_no_question_about_its_options(
    client: Client, sign_in: Callable[..., User]
) -> None:
    sign_in()

    assert client.options("/api/docs").status_code == 405


# Strict JSON -----------------------------------------------------------------------------------------

DEEP = "[" * (DEEPEST + 5) + "]" * (DEEPEST + 5)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"number": NaN}', "number"),
        ('{"number": -Infinity}', "number"),
        ('{"number": 1E+999999}', "number"),
        ('{"number": 1E+99999999999999999999}', "number"),
        ('{"number": 1e-400}', "number"),
        ('{"number": ' + "9" * 5000 + "}", "number"),
        ('{"number": 0.' + "9" * 5000 + "}", "number"),
        ('{"number": "' + "9" * 5000 + '"}', "number"),
        ('{"number": 1.5}', "number"),
        ('{"number": true}', "number"),
        ('{"number": 1, "number": 2}', "number"),
        ('{"number": 1, "other": 2}', "other"),
        ('{"number": 1, "note": "a\\u0000b"}', "note"),
        ('{"number": 1, "note": "\\ud800"}', "note"),
        ('{"number": 1, "note": {}}', "note"),
        ('{"number": 1, "lines": [{"amount": 1}, {"amount": NaN}]}', "lines.1.amount"),
        ('{"number": 1, "lines": [{"amount": 1, "amount": 2}]}', "lines.0.amount"),
        ('{"number": 1, "lines": [{"amount": 1e30}]}', "lines.0.amount"),
        ('{"number": 1, "lines": [{"amount": "sNaN"}]}', "lines.0.amount"),
        ('{"number": 1, "lines": [{"amount": 1, "paid": 1}]}', "lines.0.paid"),
        ('{"number": 1, "lines": 7}', "lines"),
        ('{"number": 1, "note": ' + DEEP + "}", "note" + ".0" * DEEPEST),
    ],
)
def test_what_no_field_can_hold_is_refused_by_name(client: Client, body: str, field: str) -> None:
    response = send(client, body)

    assert response.status_code == 400
    assert field in error_of(response)["fields"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe{\x00}\x00",
        b'{"number": "\xe9"}',
        b"\xef\xbb\xbf{}",
        b"NaN",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"{'number': 1}",
        b'{"number": 01}',
        b'{"number": 1,}',
        b'{"number": 1} {"number": 2}',
        b'{"\\u0000": 1}',
        b'{"\\udfff": 1, "number": 1}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b" ",
    ],
    ids=lambda body: body[:24].decode("ascii", "backslashreplace"),
)
def test_what_is_no_bill_is_refused(client: Client, body: bytes) -> None:
    response = send(client, body)

    assert response.status_code == 400
    error_of(response)


def test_an_answer_names_a_bounded_number_of_problems(client: Client) -> None:
    for body in ("[" + "NaN," * 2_000 + "0]", json.dumps({f"field{number}": 1 for number in range(2_000)})):
        assert len(error_of(send(client, body))["fields"]) == MOST_PROBLEMS


def test_the_charset_named_in_the_header_is_not_trusted(client: Client) -> None:
    for charset in ("utf-16", "bz2_codec", "no-such", "utf-7"):
        assert send(client, b'{"number": 1}', f"application/json; charset={charset}").status_code == 200


def test_a_number_with_a_fraction_arrives_exactly(rf: RequestFactory) -> None:
    request = TakeBill().initialize_request(
        rf.post("/api/bills", b'{"amount": 0.1, "rate": 1e2}', "application/json")
    )

    assert request.data == {"amount": Decimal("0.1"), "rate": Decimal("1e2")}


def test_a_body_over_the_limit_is_refused(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000

    response = send(client, json.dumps({"number": 1, "note": "x" * 1_000}))

    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"


@pytest.mark.parametrize(("size", "length"), [(100, "100"), (5_000, "1001")])
def test_a_body_in_chunks_is_read_to_just_past_the_limit(settings: Any, size: int, length: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: object) -> Iterator[bytes]:
        seen.update(environ)
        return iter(())

    environ = {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "wsgi.input": BytesIO(b"x" * size),
    }
    measured(application)(environ, lambda *_: None)

    assert seen["CONTENT_LENGTH"] == length
    assert len(seen["wsgi.input"].read()) == int(length)


# Pages by cursor -------------------------------------------------------------------------------------


def walk(client: Client, url: str) -> Iterator[list[str]]:
    while url:
        page = client.get(url).json()
        yield [row["name"] for row in page["results"]]
        url = page["next"]


def test_pages_hold_every_row_once(client: Client) -> None:
    names = [make_department(f"D{number}").name for number in range(7)]

    assert list(walk(client, "/api/departments?limit=3")) == [names[:3], names[3:6], names[6:]]


def test_rows_that_share_a_place_are_neither_lost_nor_doubled(client: Client) -> None:
    for number in range(9):
        Department.objects.create(name=f"D{number}", is_active=number % 2 == 0)

    pages = walk(client, "/api/departments/by-state?limit=2")

    assert list(chain(*pages)) == ["D0", "D2", "D4", "D6", "D8", "D1", "D3", "D5", "D7"]


def test_a_row_that_arrives_meanwhile_moves_no_other(client: Client) -> None:
    names = [make_department(f"D{number}").name for number in range(4)]
    pages = walk(client, "/api/departments?limit=2")

    first = next(pages)
    Department.objects.filter(name="D0").delete()
    make_department("D4")

    assert [*first, *chain(*pages)] == [*names, "D4"]


def test_a_page_holds_fifty_rows_unless_asked_otherwise(client: Client) -> None:
    Department.objects.bulk_create(Department(name=f"D{number}") for number in range(51))

    assert [len(page) for page in walk(client, "/api/departments")] == [50, 1]
    assert [len(page) for page in walk(client, "/api/departments?limit=500")] == [51]


@pytest.mark.parametrize("limit", ["0", "-1", "501", "x", "", "1.5", "\uff15", "9" * 5000, "%00"])
def test_a_limit_that_cannot_be_is_refused(client: Client, limit: str) -> None:
    response = client.get(f"/api/departments?limit={limit}")

    assert response.status_code == 400
    assert "limit" in error_of(response)["fields"]


@pytest.mark.parametrize("cursor", ["x", "WyIxIl0", "' OR 1=1 --", "%00", "é", "x" * 5000, "a:b:c", ":::"])
def test_a_cursor_that_was_not_handed_out_is_refused(client: Client, cursor: str) -> None:
    response = client.get(f"/api/departments?cursor={cursor}")

    assert response.status_code == 400
    assert "cursor" in error_of(response)["fields"]


def test_a_cursor_of_another_order_is_refused(client: Client) -> None:
    for number in range(3):
        make_department(f"D{number}")
    following = client.get("/api/departments?limit=1").json()["next"]

    response = client.get(following.replace("/departments?", "/departments/by-state?"))

    assert response.status_code == 400


# Its own description ---------------------------------------------------------------------------------


@pytest.mark.urls("rcm_site.urls")
def test_the_schema_has_no_gaps(capsys: Any) -> None:
    call_command("spectacular", fail_on_warn=True, validate=True, file="/dev/null")


@pytest.mark.urls("rcm_site.urls")
def test_the_schema_tells_of_errors_and_of_ways_to_sign_in(
    client: Client, sign_in: Callable[..., User]
) -> None:
    sign_in()

    schema = client.get("/api/schema", headers={"Accept": "application/json"}).json()

    assert set(schema["components"]["securitySchemes"]) == {"token", "session"}
    assert "Error" in schema["components"]["schemas"]
    for methods in schema["paths"].values():
        for operation in methods.values():
            assert {"400", "401", "403", "429", "503", "default"} <= set(operation["responses"])


@pytest.mark.urls("rcm_site.urls")
@pytest.mark.parametrize(
    "query", ["?lang=xx", "?lang=../../x", "?lang=%00", "?version=%0d%0aX-Evil:1", "?version=9"]
)
def test_odd_questions_do_not_break_the_schema(
    client: Client, sign_in: Callable[..., User], query: str
) -> None:
    sign_in()

    assert client.get(f"/api/schema{query}").status_code in (200, 400, 404)
    assert client.get(f"/api/docs{query}").status_code in (200, 400, 404)


@pytest.mark.urls("rcm_site.urls")
def test_the_documentation_holds_nothing_inline(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in()

    page = client.get("/api/docs", headers={"Accept": "text/html"}).content.decode()

    assert "<style" not in page
    assert "<script>" not in page
