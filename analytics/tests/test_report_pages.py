"""Reports on pages: put together, kept, shared, pinned and taken out, each with the rights of who looks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from analytics.models import Report, Schedule
from analytics.pages.report_form import definition_of, filled_in
from analytics.reports import waiting
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ASKED = {"kpis": ["denied_charges"], "group_by": ["payer"], "period": "last_30_days"}
FORM = {"kpis": ["denied_charges"], "group_1": "payer", "period": "last_30_days", "compare": "none"}


@pytest.fixture
def director() -> User:
    return make_user("director", name="Dana Director")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def report_of(owner: User, name: str = "Denied by payer", **asked: Any) -> Report:
    return Report.objects.create(name=name, owner=owner, asked=ASKED | asked)


def deny(charge: str, **fields: Any) -> None:
    make_claim(status="denied", charge=Decimal(charge), denial_category="coding", **fields)


# Putting together ----------------------------------------------------------------------------------


def test_the_preview_follows_what_is_ticked(director: User) -> None:
    deny("120.00", payer=make_payer("Aetna"))
    client = signed_in(director)
    page = client.post("/reports/new/", FORM, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert "Aetna" in page
    assert "$120.00" in page
    page = client.post("/reports/new/", FORM | {"look": "1"}).content.decode()  # without scripts
    assert "<html" in page
    assert "$120.00" in page


def test_what_cannot_be_asked_is_said_at_its_field_and_not_kept(director: User) -> None:
    client = signed_in(director)
    wrong = FORM | {"group_1": "reason", "group_2": "procedure", "name": "Both", "save": "1"}
    page = client.post("/reports/new/", wrong).content.decode()
    assert "Only one of procedure and reason" in page
    page = client.post("/reports/new/", FORM | {"name": " ", "save": "1"}).content.decode()
    assert "Give it a name" in page
    page = client.post("/reports/new/", FORM | {"period": "days"}).content.decode()
    assert "The first day is missing." in page
    assert not Report.objects.exists()


def test_what_is_kept_comes_back_into_the_form_as_it_was(director: User) -> None:
    given = FORM | {"measures": ["denied"], "group_2": "month", "chart": "on", "category": "coding"}
    given |= {"period": "days", "start": "2026-01-01", "end": "2026-03-31", "compare": "year", "name": "Q1"}
    signed_in(director).post("/reports/new/", given | {"save": "1"})
    kept = Report.objects.get()
    assert kept.asked["group_by"] == ["payer", "month"]
    assert kept.asked["chart"] == "line"
    again = definition_of(filled_in(kept.asked, kept.name, director))
    assert {name: kept.asked.get(name, again[name]) for name in again} == again


def test_somebody_elses_report_is_saved_as_ones_own(director: User) -> None:
    shared = report_of(make_user("director"))
    shared.people.add(director)
    client = signed_in(director)
    client.post(f"/reports/{shared.pk}/edit/", FORM | {"name": "Stolen", "save": "1"})
    assert Report.objects.get().name == "Denied by payer"
    client.post(f"/reports/{shared.pk}/edit/", FORM | {"name": "Mine", "save_as": "1"})
    assert Report.objects.get(owner=director).name == "Mine"


# Looking -------------------------------------------------------------------------------------------


def test_everybody_sees_a_shared_report_with_their_own_rights(director: User) -> None:
    heart, aetna = make_department("Heart"), make_payer("Aetna")
    deny("120.00", payer=aetna, department=heart)
    deny("70.00", payer=aetna, department=make_department("Lungs"))
    shared = report_of(director)
    manager = make_user("manager", departments=[heart])
    assert signed_in(manager).get(f"/reports/{shared.pk}/").status_code == 404
    signed_in(director).post(f"/reports/{shared.pk}/share/", {"roles": ["manager"], "people": []})
    assert "$190.00" in signed_in(director).get(f"/reports/{shared.pk}/").content.decode()
    page = signed_in(manager).get(f"/reports/{shared.pk}/").content.decode()
    assert "$120.00" in page
    assert "$190.00" not in page
    assert "Dana Director" in signed_in(manager).get("/reports/").content.decode()


def test_an_address_asks_the_same_numbers_over_other_days(director: User) -> None:
    deny("120.00", payer=make_payer("Aetna"))
    kept = report_of(director)
    page = signed_in(director).get(f"/reports/{kept.pk}/?start=2020-01-01&end=2020-01-31").content.decode()
    assert "1 – 31 Jan 2020" in page or "1 Jan – 31 Jan 2020" in page
    assert "$120.00" not in page
    page = signed_in(director).get(f"/reports/{kept.pk}/?period=ever").content.decode()
    assert "Choose one of the list." in page


def test_a_figure_leads_to_the_claims_that_it_counts(director: User) -> None:
    aetna = make_payer("Aetna")
    deny("120.00", payer=aetna)
    page = signed_in(director).get(f"/reports/{report_of(director).pk}/").content.decode()
    assert f"/numbers/denied_charges/?period=last_30_days&amp;compare=none&amp;payer={aetna.pk}" in page


def test_a_page_costs_no_more_queries_with_more_rows(
    director: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        deny("10.00", payer=make_payer(f"Payer {number}"))
    kept, client = report_of(director, compare="previous"), signed_in(director)
    client.get(f"/reports/{kept.pk}/")
    with django_assert_max_num_queries(24):
        client.get(f"/reports/{kept.pk}/")
    for number in range(6):
        report_of(director, f"Another {number}")
    with django_assert_max_num_queries(10):
        client.get("/reports/")


@pytest.mark.parametrize(("kind", "begins"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF")])
def test_all_of_it_is_taken_out_and_written_down(director: User, kind: str, begins: bytes) -> None:
    deny("120.00", payer=make_payer("Aetna"))
    kept = report_of(director)
    answer: Any = signed_in(director).get(f"/reports/{kept.pk}/file?format={kind}")
    content = b"".join(answer.streaming_content)
    assert content.startswith(begins)
    if kind == "csv":
        assert "Aetna,120.00" in content.decode("utf-8-sig")
    assert AuditEntry.objects.get(action="report.exported").subject_id == str(kept.pk)


# What is done with it ------------------------------------------------------------------------------


def test_a_pinned_report_stands_on_ones_own_dashboard(director: User) -> None:
    deny("120.00", payer=make_payer("Aetna"))
    kept, client = report_of(director, "Denied, pinned"), signed_in(director)
    client.post(f"/reports/{kept.pk}/pin/")
    page = client.get("/dashboard/").content.decode()
    assert f"pin-{kept.pk}" in page
    assert "Pinned reports" not in signed_in(make_user("director")).get("/dashboard/").content.decode()
    client.post(f"/reports/{kept.pk}/pin/")
    assert "Pinned reports" not in client.get("/dashboard/").content.decode()


def test_a_pin_that_cannot_be_answered_any_more_says_so_and_spoils_nothing(director: User) -> None:
    kept = report_of(director, "Broken", filters={"payer": "999999"})
    kept.pinned_by.add(director)
    deny("120.00")
    page = signed_in(director).get("/dashboard/").content.decode()
    assert "Broken" in page
    assert "cannot be answered" in page


def test_what_reads_very_many_claims_is_answered_only_when_somebody_waits_for_it(
    director: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST_READ", 0)
    deny("120.00", assignee=make_user("biller", name="Bea Biller"))
    slow, client = FORM | {"group_1": "assignee"}, signed_in(director)
    for asked, is_answered in ((slow, False), (slow | {"look": "1"}, True), (FORM, True)):
        page = client.post("/reports/new/", asked).content.decode()
        assert ("$120.00" in page, "1 claims are read one by one" in page) == (is_answered, not is_answered)
    kept = report_of(director, group_by=["assignee"])
    kept.pinned_by.add(director)
    page = client.get(f"/reports/{kept.pk}/").content.decode()
    assert "$120.00" not in page
    assert "?look=1" in page
    assert "$120.00" in client.get(f"/reports/{kept.pk}/?look=1").content.decode()
    assert "It takes a while" in client.get("/dashboard/").content.decode()
    assert client.get(f"/reports/{kept.pk}/file?format=csv").status_code == 302  # a worker makes it


def test_a_copy_is_ones_own_and_shared_with_nobody(director: User) -> None:
    shared = report_of(make_user("director"))
    shared.people.add(director)
    signed_in(director).post(f"/reports/{shared.pk}/duplicate/")
    copy = Report.objects.get(owner=director)
    assert (copy.asked, copy.people.count()) == (ASKED, 0)


def test_only_its_owner_deletes_it_and_is_asked_before(director: User) -> None:
    other = make_user("director")
    kept = report_of(director)
    kept.people.add(other)
    Schedule.objects.create(
        name="S", owner=director, report=kept, at="08:00", time_zone="UTC", due_at=timezone.now()
    )
    assert signed_in(other).post(f"/reports/{kept.pk}/delete/").status_code == 404
    assert "(1)" in signed_in(director).get(f"/reports/{kept.pk}/delete/").content.decode()
    signed_in(director).post(f"/reports/{kept.pk}/delete/")
    assert not Report.objects.exists()
    assert not Schedule.objects.exists()


# Schedules on pages --------------------------------------------------------------------------------


def scheduled(owner: User) -> dict[str, Any]:
    return {
        "name": "Mondays",
        "what": "standard:denials",
        "every": "week",
        "weekday": "0",
        "at": "08:00",
        "time_zone": "America/Chicago",
        "format": "pdf",
        "is_attached": "on",
        "people": [owner.pk],
        "is_active": "on",
    }


def test_a_schedule_is_made_changed_switched_and_deleted(director: User) -> None:
    client = signed_in(director)
    page = client.post(
        "/schedules/new/", scheduled(director), headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in page
    assert "Mon " in page
    client.post("/schedules/new/", scheduled(director) | {"save": "1"})
    made = Schedule.objects.get()
    assert "Every Monday at 08:00 Chicago time" in client.get("/schedules/").content.decode()
    client.post(f"/schedules/{made.pk}/edit/", scheduled(director) | {"every": "day", "save": "1"})
    page = client.get(f"/schedules/{made.pk}/").content.decode()
    assert "Every day at 08:00" in page
    assert "gets nothing" not in page
    client.post(f"/schedules/{made.pk}/switch/")
    assert "Switched off" in client.get("/schedules/").content.decode()
    client.post(f"/schedules/{made.pk}/send/")
    assert "Being made" in client.get(f"/schedules/{made.pk}/").content.decode()
    client.post(f"/schedules/{made.pk}/delete/")
    assert not Schedule.objects.exists()


def test_who_may_not_have_it_is_named_before_it_is_kept(director: User) -> None:
    manager = make_user("manager", name="Mia Manager", departments=[make_department("Heart")])
    asked = scheduled(director) | {"people": [manager.pk], "save": "1"}
    page = signed_in(director).post("/schedules/new/", asked).content.decode()
    assert "Mia Manager may not see all that is in it" in page
    assert not Schedule.objects.exists()
