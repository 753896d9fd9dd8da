"""Files for other systems: asked for, watched and fetched as on the pages, every mistake named."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from analytics.exports import making
from analytics.models import Export
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def biller() -> User:
    return make_user("biller", departments=[make_department("Cardiology")])


@pytest.fixture
def api(biller: User) -> APIClient:
    return signed_in(biller)


def signed_in(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def ask(api: APIClient, **body: Any) -> Any:
    return api.post("/api/exports/", {"kind": "claims", "format": "csv"} | body, format="json")


def test_a_file_is_asked_for_watched_and_fetched(
    api: APIClient, biller: User, django_assert_max_num_queries: Any
) -> None:
    denied = make_claim(department=biller.departments.get(), status="denied", charge=5)
    make_claim(department=biller.departments.get(), charge=5)
    make_claim(department=make_department("Imaging"), status="denied", charge=5)
    answer = ask(api, parameters={"status": "denied"})
    assert (answer.status_code, answer.json()["state"], answer.json()["file"]) == (202, "waiting", None)
    address = answer["Location"]
    assert api.get(f"{address}/file").status_code == 409
    making.make_waiting(seconds=30)
    shown = api.get(address).json()
    assert (shown["state"], shown["rows_written"], shown["words"]) == ("done", 1, "Status: Denied")
    file: Any = api.get(shown["file"], HTTP_ACCEPT="text/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert [row["Claim"] for row in rows] == [str(denied)]
    with django_assert_max_num_queries(3):
        assert [each["id"] for each in api.get("/api/exports/").json()["results"]] == [shown["id"]]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"kind": "people"}, "kind"),
        ({"format": "exe"}, "format"),
        ({"colour": "red"}, "colour"),
        ({"parameters": {"colour": "red"}}, "parameters.colour"),
        ({"parameters": {"start": "2026-02-31"}}, "parameters.start"),
        ({"parameters": {"department": "999"}}, "parameters.department"),
        ({"parameters": {"status": ["denied"]}}, "parameters.status"),
        ({"kind": "kpi"}, "parameters.kpi"),
        ({"kind": "kpi", "parameters": {"kpi": "denial_rate", "payer": "Nobody"}}, "parameters.payer"),
        ({"kind": "kpi", "parameters": {"kpi": "denial_rate", "part": "half"}}, "parameters.part"),
    ],
)
def test_whatever_makes_no_sense_is_named(api: APIClient, body: dict[str, Any], named: str) -> None:
    answer = ask(api, **body)
    assert (answer.status_code, [*answer.json()["error"]["fields"]]) == (400, [named])
    assert not Export.objects.exists()


def test_a_list_beyond_ones_rights_and_a_fourth_file_are_refused(api: APIClient) -> None:
    assert ask(signed_in(make_user("analyst")), kind="remittances").status_code == 403
    for status in ("paid", "denied", "void"):
        assert ask(api, parameters={"status": status}).status_code == 202
    assert ask(api, parameters={"status": "void"}).status_code == 202  # the same one again
    assert ask(api).json()["error"]["code"] == "too_many_exports"
    assert Export.objects.count() == 3


def test_a_file_is_its_owners_alone_and_ends_when_cancelled(api: APIClient, biller: User) -> None:
    address = ask(api)["Location"]
    director = signed_in(make_user("director"))
    for path in ("", "/file"):
        assert director.get(f"{address}{path}").status_code == 404
    assert director.post(f"{address}/cancel").status_code == 404
    assert director.get("/api/exports/").json()["results"] == []
    assert api.post(f"{address}/cancel").json()["state"] == "cancelled"
    assert api.post(f"{address}/cancel").status_code == 409
    assert api.get(f"{address}/file").status_code == 410
    trail = AuditEntry.objects.filter(actor=biller).order_by("id").values_list("action", "outcome")
    assert [*trail] == [("export.asked", "done"), ("export.cancelled", "done"), ("export.taken", "refused")]
