"""Custom reports through the API: made, watched, fetched, kept, shared; mistakes are named by their path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from analytics.exports import making
from analytics.models import Report
from analytics.tasks import refresh_facts
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db

ASKED: dict[str, Any] = {"kpis": ["denial_rate"], "group_by": ["payer"], "period": "last_30_days"}


@pytest.fixture
def director() -> User:
    for status in ("denied", "paid", "paid"):
        make_claim(department=make_department(), payer=make_payer("Aetna"), status=status, charge=10)
    refresh_facts()
    return make_user("director")


@pytest.fixture
def api(director: User) -> APIClient:
    return signed_in(director)


def signed_in(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def generate(api: APIClient, **body: Any) -> Any:
    return api.post("/api/reports/generate", body, format="json")


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_short_answer_comes_with_its_job(api: APIClient) -> None:
    answer = generate(api, **ASKED)
    told = answer.json()
    assert (answer.status_code, told["state"], told["rows_written"]) == (202, "done", 1)
    (row,) = told["answer"]["rows"]
    assert row["members"][0]["label"] == "Aetna"
    figure = row["numbers"]["kpis.denial_rate"]
    assert (figure["value"], figure["numerator"], figure["denominator"]) == ("33.3333", "1", "3")
    assert json.loads(content(api.get(told["result"]))) == told["answer"]
    assert api.get(answer["Location"]).json()["result"] == told["result"]


def test_a_file_is_watched_until_it_is_there(api: APIClient) -> None:
    answer = generate(api, **ASKED, format="pdf")
    told = answer.json()
    assert (answer.status_code, told["state"], told["result"], told["answer"]) == (202, "waiting", None, None)
    assert api.get(f"{answer['Location']}/result").status_code == 409
    making.make_waiting(seconds=30)
    shown = api.get(answer["Location"]).json()
    assert (shown["state"], shown["rows_written"]) == ("done", 1)
    file = api.get(shown["result"], HTTP_ACCEPT="application/pdf")
    assert file["Content-Type"] == "application/pdf"
    assert content(file).startswith(b"%PDF-")


def test_what_is_live_waits_for_a_worker(api: APIClient) -> None:
    told = generate(api, **ASKED | {"group_by": ["assignee"]}).json()
    assert (told["state"], told["answer"]) == ("waiting", None)


def test_mistakes_are_named_by_their_path(api: APIClient) -> None:
    answer = generate(api, kpis=["denial_rate", "gold"], filters={"payer": "Nobody"}, stars=5)
    assert answer.status_code == 400
    assert {*answer.json()["error"]["fields"]} == {"kpis[1]", "filters.payer", "stars"}
    assert api.post("/api/reports/generate", [1], format="json").status_code == 400
    assert generate(api, report=4, kpis=["denial_rate"]).status_code == 400
    assert generate(api, report=4).status_code == 404
    assert generate(api, report="x").status_code == 404


def test_others_find_no_job_of_mine(api: APIClient) -> None:
    address = generate(api, **ASKED)["Location"]
    stranger = signed_in(make_user("director"))
    assert stranger.get(address).status_code == 404
    assert stranger.get(f"{address}/result").status_code == 404
    assert AuditEntry.objects.filter(action="export.taken", outcome="failed").count() == 2


def test_a_report_is_kept_run_shared_and_deleted(api: APIClient, director: User) -> None:
    answer = api.post("/api/reports/", {"name": "Rates", "asked": ASKED}, format="json")
    address, told = answer["Location"], answer.json()
    assert (answer.status_code, told["asked"]) == (
        201,
        ASKED | {"compare": "none", "chart": "none", "format": "json"},
    )
    assert api.patch(address, {"name": "Denials"}, format="json").json()["name"] == "Denials"
    colleague = make_user("analyst")
    theirs = signed_in(colleague)
    assert theirs.get(address).status_code == 404
    shared = api.post(f"{address}/share", {"people": [colleague.pk], "roles": []}, format="json").json()
    assert [each["id"] for each in shared["people"]] == [colleague.pk]
    assert [each["name"] for each in theirs.get("/api/reports/").json()["results"]] == ["Denials"]
    for method in ("patch", "delete"):
        assert getattr(theirs, method)(address, {"name": "Mine"}, format="json").status_code == 404
    assert theirs.post(f"{address}/share", {"people": [], "roles": []}, format="json").status_code == 404
    job = generate(api, report=told["id"], format="json").json()
    assert job["report"] == told["id"]
    assert json.loads(content(theirs.get(job["result"])))["title"] == "Denials"
    assert api.delete(address).status_code == 204
    assert not Report.objects.exists()
    assert theirs.get(job["result"]).status_code == 404
    assert [
        each.action for each in AuditEntry.objects.filter(action__startswith="report.").order_by("id")
    ] == [*("report.added", "report.changed", "report.shared", "report.deleted")]


def test_what_cannot_be_asked_is_not_kept(api: APIClient) -> None:
    answer = api.post("/api/reports/", {"name": "Bad", "asked": {"kpis": ["gold"]}}, format="json")
    assert answer.status_code == 400
    assert "asked.kpis[0]" in answer.json()["error"]["fields"]
    assert api.post("/api/reports/", {"name": "Bad"}, format="json").status_code == 400
    assert not Report.objects.exists()


def test_nobody_is_shared_with_who_cannot_look(api: APIClient, director: User) -> None:
    report = Report.objects.create(name="R", owner=director, asked=ASKED, made_at=timezone.now())
    auditor = make_user("auditor")
    body = {"people": [auditor.pk], "roles": ["king"]}
    answer = api.post(f"/api/reports/{report.pk}/share", body, format="json")
    assert "roles[0]" in answer.json()["error"]["fields"] or "roles.0" in answer.json()["error"]["fields"]
    answer = api.post(f"/api/reports/{report.pk}/share", body | {"roles": []}, format="json")
    assert "people" in answer.json()["error"]["fields"]
