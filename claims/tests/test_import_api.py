"""Files through the API: taken at once, watched, steered, and what was refused fetched back."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEntry, Department, User
from claims.models import Import, ImportProblem
from rcm_site.testing.makers import make_claim, make_department, make_import, make_user

from .sample_files import SAMPLES

pytestmark = pytest.mark.django_db

CONTENT = (SAMPLES / "claims.json").read_bytes()


@pytest.fixture
def dental(db: None) -> Department:
    return make_department("Dental")


@pytest.fixture
def biller(sign_in: Any, dental: Department) -> User:
    return sign_in("biller", departments=[dental])


def send(client: Client, content: bytes = CONTENT, name: str = "claims.json", **fields: Any) -> Any:
    return client.post("/api/claims/import", {"file": SimpleUploadedFile(name, content), **fields})


def steer(client: Client, url: str) -> Any:
    return client.post(url, content_type="application/json")


def test_a_file_is_accepted_and_can_be_watched(client: Client, biller: User, dental: Department) -> None:
    response = send(client, department="dental", sender="Office 7", taking="whole")
    source = Import.objects.get()

    assert response.status_code == 202
    assert response["Location"] == f"/api/imports/{source.pk}"
    assert (source.sent_by, source.department, source.sender, source.taking) == (
        biller,
        dental,
        "Office 7",
        "whole",
    )
    watched = client.get(response["Location"]).json()
    assert watched == response.json()
    assert (watched["state"], watched["kind"], watched["size"]) == ("waiting", "claim_json", len(CONTENT))
    assert watched["counts"]["claims"] == 0
    assert watched["progress"]["share"] == 0


def test_the_same_file_again_is_refused_unless_asked_for(client: Client, biller: User) -> None:
    first = send(client).json()
    again = send(client, name="other.json")
    error = again.json()["error"]

    assert again.status_code == 409
    assert (error["code"], error["first"]["url"]) == ("sent_before", f"/api/imports/{first['id']}")
    assert send(client, again="true").status_code == 202


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"content": b"nonsense"}, "file"),
        ({"content": b""}, "file"),
        ({"content": b"%PDF-1.7"}, "file"),
        ({"kind": "spreadsheet"}, "kind"),
        ({"grouping": "x"}, "grouping"),
        ({"claim_kind": "x"}, "claim_kind"),
        ({"taking": "some"}, "taking"),
        ({"department": "Surgery"}, "department"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_kept_nowhere(
    client: Client, biller: User, fields: dict[str, Any], name: str
) -> None:
    make_department("Surgery")
    response = send(client, **fields)
    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [name]
    assert not Import.objects.exists()


def test_a_file_is_sent_as_one_part_of_a_form(client: Client, biller: User) -> None:
    assert client.post("/api/claims/import", CONTENT, content_type="application/json").status_code == 415
    assert client.post("/api/claims/import", {}).status_code == 400
    two = [SimpleUploadedFile("a.json", CONTENT), SimpleUploadedFile("b.json", CONTENT)]
    assert client.post("/api/claims/import", {"file": two}).status_code == 400


def test_a_file_too_large_is_refused(client: Client, biller: User, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100
    response = send(client)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


def test_an_import_of_another_department_is_not_found(client: Client, biller: User) -> None:
    other = make_import(sent_by=make_user("biller"), department=make_department("Surgery"))
    for path in ("", "/errors"):
        assert client.get(f"/api/imports/{other.pk}{path}").status_code == 404
    for step in ("pause", "resume", "cancel"):
        assert steer(client, f"/api/imports/{other.pk}/{step}").status_code == 404
    assert not AuditEntry.objects.filter(action="import.errors_read").exists()


def rows_of(response: Any) -> list[list[str]]:
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_problems_come_as_csv_that_runs_no_formula(client: Client, biller: User) -> None:
    source = make_import(sent_by=biller)
    first = make_claim()
    ImportProblem.objects.create(source=source, place=7, field="=HYPERLINK(1)", reason="is wrong")
    ImportProblem.objects.create(source=source, place=9, severity="duplicate", first_claim=first)

    response = client.get(f"/api/imports/{source.pk}/errors", headers={"Accept": "text/csv"})

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert rows_of(response) == [
        ["file", "place", "field", "what", "reason", "duplicate of"],
        ["", "7", "'=HYPERLINK(1)", "Refused", "is wrong", ""],
        ["", "9", "", "Here already", "", f"C-{first.number}"],
    ]
    assert AuditEntry.objects.get(action="import.errors_read").subject_id == str(source.pk)
    assert client.get(f"/api/imports/{source.pk}/errors?as=pdf").status_code == 400


def test_refused_rows_come_back_as_they_were_sent(client: Client, biller: User) -> None:
    header = (
        "service date,submitted procedure,quadrant,Plan/Group #,Subscriber#,Provider NPI,provider fees,"
        "Allowed fees,member coinsurance,member copay"
    )
    row = "3/28/18 0:00,X0180,,GRP-1000,3730189502,1497775530,$100.00 ,$100.00 ,$0.00 ,$0.00 "
    source_id = send(client, f"{header}\n{row}\n".encode(), "lines.csv").json()["id"]

    found = rows_of(client.get(f"/api/imports/{source_id}/errors?as=rows"))

    assert found == [header.split(","), row.split(",")]


def test_an_import_is_paused_resumed_and_cancelled(client: Client, biller: User) -> None:
    url = send(client)["Location"]
    states = [steer(client, f"{url}/{step}").json()["state"] for step in ("pause", "resume", "cancel")]
    assert states == ["paused", "waiting", "cancelled"]
    refused = steer(client, f"{url}/resume")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_now")
