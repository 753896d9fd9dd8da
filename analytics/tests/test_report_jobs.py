"""Files of reports: made by a worker, kept for a day, for their owner and those whom they are shared with."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Department, User
from analytics.exports import asking, handing_over, making
from analytics.exports.asking import TooMany
from analytics.exports.handing_over import NotKept, files_for
from analytics.exports.kinds import WrongExport
from analytics.exports.rights import rights_of
from analytics.models import Export, Report
from analytics.reports import keeping
from analytics.tasks import refresh_facts
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_provider, make_user

pytestmark = pytest.mark.django_db

ASKED: dict[str, Any] = {"kpis": ["denial_rate"], "group_by": ["payer"], "period": "last_30_days"}


@pytest.fixture
def imaging() -> Department:
    return make_department("Imaging")


@pytest.fixture
def director(imaging: Department) -> User:
    """Of claims of two departments, one of which is imaging."""
    for department in (imaging, make_department("Dental")):
        make_claim(department=department, payer=make_payer("Aetna"), status="denied", charge=10)
    refresh_facts()
    return make_user("director")


def kept(owner: User, **asked: Any) -> Report:
    return keeping.save_report(Report(owner=owner), name="Rates", asked=ASKED | asked, actor=owner)


def ordered(owner: User, report: Report, file_format: str = "json") -> Export:
    return asking.ask_for(owner, "report", file_format, {"report": str(report.pk)})


def made(export: Export) -> Export:
    making.make_waiting(seconds=30)
    export.refresh_from_db()
    return export


def rows_of(export: Export, by: User | None = None) -> list[dict[str, Any]]:
    content = b"".join(handing_over.hand_over(export, now=timezone.now(), by=by))
    return json.loads(content)["rows"]


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "pdf", "json"])
def test_a_worker_makes_it_in_every_format(director: User, file_format: str) -> None:
    export = made(ordered(director, kept(director), file_format))
    assert (export.state, export.rows_written, export.has_patients) == ("done", 1, False)
    content = b"".join(handing_over.hand_over(export, now=timezone.now()))
    assert len(content) == export.size
    begins = {"csv": b"\xef\xbb\xbfPayer", "xlsx": b"PK", "pdf": b"%PDF-", "json": b'{"timestamp"'}
    assert content.startswith(begins[file_format])
    with pytest.raises(NotKept):
        handing_over.hand_over(export, now=timezone.now() + timedelta(hours=25))


def test_it_is_made_of_what_was_asked_then_and_of_its_day(director: User) -> None:
    report = kept(director, group_by=[])
    export = asking.ask_for(director, "report", "json", {"report": str(report.pk)}, today=date(2026, 1, 31))
    keeping.save_report(report, name="Rates", asked=ASKED | {"period": "last_month"}, actor=director)
    made(export)
    content = json.loads(b"".join(handing_over.hand_over(export, now=timezone.now())))
    assert (content["period"]["start"], content["period"]["end"]) == ("2026-01-02", "2026-01-31")
    assert export.report == report


def test_asking_again_gives_the_same_file_and_clicks_are_limited(director: User) -> None:
    report = kept(director)
    assert ordered(director, report) == ordered(director, report)
    ordered(director, report, "csv")
    ordered(director, report, "pdf")
    with pytest.raises(TooMany):
        ordered(director, report, "xlsx")
    unlimited = asking.ask_for(director, "report", "pdf", {"standard": "payers"}, is_limited=False)
    assert made(unlimited).state == "done"


@pytest.mark.parametrize(
    ("asked", "file_format", "path"),
    [
        ({}, "pdf", "report"),
        ({"report": "0"}, "pdf", "report"),
        ({"report": "x" * 40}, "pdf", "report"),
        ({"standard": "gossip"}, "pdf", "standard"),
        ({"standard": "payers", "period": "eon"}, "pdf", "period"),
        ({"standard": "payers"}, "csv", "format"),
        ({"asked": '{"kpis": ["x"]}'}, "pdf", "kpis[0]"),
    ],
)
def test_what_cannot_be_made_is_not_asked_for(
    director: User, asked: dict[str, str], file_format: str, path: str
) -> None:
    with pytest.raises(WrongExport) as wrong:
        asking.ask_for(director, "report", file_format, asked)
    assert path in wrong.value.problems
    assert not Export.objects.exists()


def test_lists_are_not_made_as_paper(director: User) -> None:
    api = APIClient()
    api.force_authenticate(director)
    answer = api.post("/api/exports/", {"kind": "claims", "format": "pdf"}, format="json")
    assert answer.json()["error"]["fields"] == {"format": ["One of csv, xlsx."]}


def test_those_it_is_shared_with_fetch_what_they_may_see(director: User, imaging: Department) -> None:
    report = kept(director)
    export = made(ordered(director, report))
    analyst, manager, outsider = make_user("analyst"), make_user("manager"), make_user("director")
    manager.departments.set([imaging])
    keeping.share_report(report, people=[manager], roles=["analyst"], actor=director)
    assert files_for(analyst).get() == export
    assert rows_of(export, by=analyst) == rows_of(export)
    with pytest.raises(NotKept):  # it tells of all departments
        rows_of(export, by=manager)
    taken = AuditEntry.objects.filter(action="export.taken").order_by("id").values_list("actor", "outcome")
    assert list(taken) == [(analyst.pk, "done"), (director.pk, "done"), (manager.pk, "refused")]
    assert not files_for(outsider).exists()
    keeping.share_report(report, people=[], roles=[], actor=director)
    assert not files_for(analyst).exists()


def test_a_managers_file_holds_their_department_for_colleagues_of_it(
    imaging: Department, director: User
) -> None:
    manager, colleague, other = (make_user("manager") for _ in range(3))
    manager.departments.set([imaging])
    colleague.departments.set([imaging])
    report = kept(manager)
    keeping.share_report(report, people=[colleague, other], roles=[], actor=manager)
    export = made(ordered(manager, report))
    (row,) = rows_of(export, by=colleague)
    assert row["numbers"]["kpis.denial_rate"]["denominator"] == "1"
    with pytest.raises(NotKept):
        rows_of(export, by=other)


def test_what_it_tells_apart_must_be_allowed_too(director: User) -> None:
    """Billers see no numbers by provider, wherever these stand."""
    make_claim(provider=make_provider(), status="denied", charge=10)
    report = kept(director, group_by=["provider"])
    export = made(ordered(director, report))
    superuser = make_user("", is_superuser=True)
    rights = rights_of(make_user("biller").pk, "report")
    assert rights is not None
    assert not rights.cover(export)
    everything = rights_of(superuser.pk, "report")
    assert everything is not None
    assert everything.cover(export)


def test_what_its_owner_lost_is_not_made(director: User) -> None:
    report = kept(director, group_by=["provider"])
    export = ordered(director, report)
    User.objects.filter(pk=director.pk).update(role="biller")
    assert made(export).state == "failed"
    assert "ask again" in export.reason


def test_a_report_of_too_many_rows_says_so(director: User, settings: Any) -> None:
    settings.EXPORT_MAX_ROWS = 10
    export = made(ordered(director, kept(director, group_by=["day"]), "csv"))
    assert (export.state, export.reason) == ("failed", "More than 10 rows: narrow the report.")
    assert not export.pieces.exists()
