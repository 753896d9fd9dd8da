"""The auditor's pages: filters, one entry, the export."""

import csv
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from accounts import audit, tasks
from accounts.models import AuditEntry, AuditSeal, User
from rcm_site.testing.makers import make_user

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def auditor(client: Client, sign_in: Any) -> User:
    return sign_in("auditor")


def actions(client: Client, query: str) -> list[str]:
    page = client.get(f"/audit/?{query}")
    return [row.cells[2].text for row in page.context["table"].rows]


def happened(at: datetime, action: str = "thing.done") -> AuditEntry:
    return AuditEntry.objects.create(action=action, at=at, mac="0" * 64)


def test_entries_are_filtered_by_person_action_subject_and_outcome(client: Client, auditor: User) -> None:
    ana = make_user(email="ana@clinic.example", name="Ana Reyes")
    audit.record(ana, "claim.read", ana)
    audit.record(ana, "claim", outcome="refused")
    audit.record("cron", "claims.counted")
    assert actions(client, "person=ana@clinic.example") == ["claim", "claim.read"]
    assert actions(client, "person=cro") == ["claims.counted"]
    assert actions(client, "action=claim") == ["claim", "claim.read"]
    assert actions(client, "subject=Reyes") == ["claim.read"]
    assert actions(client, f"subject={ana.pk}") == ["claim.read"]
    assert actions(client, "outcome=refused&action=claim") == ["claim"]
    assert actions(client, "person=nobody") == []


def test_days_begin_and_end_at_the_sites_own_midnight(client: Client, auditor: User) -> None:
    happened(datetime(2026, 3, 10, 3, 59, tzinfo=UTC), "before")  # 9 Mar, 23:59 in New York
    happened(datetime(2026, 3, 10, 4, 0, tzinfo=UTC), "first")
    happened(datetime(2026, 3, 11, 3, 59, tzinfo=UTC), "last")
    happened(datetime(2026, 3, 11, 4, 0, tzinfo=UTC), "after")
    assert actions(client, "start=2026-03-10&end=2026-03-10&sort=at") == ["first", "last"]


@pytest.mark.parametrize(
    "query", ["start=2026-02-31", "end=x", "start=2026-03-02&end=2026-03-01", "outcome=odd", "end=9999-12-31"]
)
def test_a_question_that_makes_no_sense_says_so_and_shows_nothing(
    client: Client, auditor: User, query: str
) -> None:
    page = client.get(f"/audit/?{query}")
    assert page.status_code == 200
    assert page.context["table"].rows == []
    assert page.context["form"].errors
    assert client.get(f"/audit/export/?{query}").status_code == 400


@pytest.mark.parametrize("name", ["person", "action", "subject"])
@pytest.mark.parametrize(
    "text", ["'; DROP TABLE accounts_user; --", "%_\\", "a\0b", "\ud800", "x" * 5_000, HOSTILE]
)
def test_hostile_filters_neither_break_nor_show_up_as_markup(
    client: Client, auditor: User, name: str, text: str
) -> None:
    page = client.get("/audit/", {name: text.encode("utf-8", "surrogatepass")})
    assert page.status_code == 200
    assert HOSTILE not in page.text


def test_what_people_typed_is_inert_on_the_page(client: Client, auditor: User) -> None:
    entry = audit.record(HOSTILE, "thing.done", note=HOSTILE)
    for path in ("/audit/", f"/audit/{entry.pk}/"):
        page = client.get(path)
        assert page.status_code == 200
        assert HOSTILE not in page.text
        assert "&lt;script&gt;" in page.text


def test_changes_are_told_as_old_and_new_and_secrets_only_by_name(client: Client, auditor: User) -> None:
    audit.record("x", "user.changed", changes={"role": ["biller", "manager"], "password": []})
    assert "role: biller → manager; password changed" in client.get("/audit/").text


def test_an_entry_shows_its_place_in_the_chain(client: Client, auditor: User) -> None:
    entry = audit.record("x", "thing.done")
    assert "Not sealed yet" in client.get(f"/audit/{entry.pk}/").text
    tasks.seal_audit_trail()
    assert "Not sealed yet" not in client.get(f"/audit/{entry.pk}/").text
    assert client.get("/audit/999999/").status_code == 404


def test_the_nightly_run_seals_what_a_long_transaction_held_back() -> None:
    late = audit.record("x", "late")
    AuditSeal.objects.create(position=1, entry_id=late.pk + audit.LOOK_BACK, mac="0" * 64)
    tasks.seal_audit_trail()
    assert not AuditSeal.objects.filter(entry_id=late.pk).exists()
    tasks.seal_stragglers()
    assert AuditSeal.objects.get(entry_id=late.pk).position == 2


def test_the_export_holds_what_the_page_shows_and_runs_no_formula(client: Client, auditor: User) -> None:
    audit.record("=cmd|' /C calc'!A0", "thing.done", note="+1")
    audit.record("x", "other.thing")
    response = client.get("/audit/export/?action=thing")
    assert response["Content-Disposition"] == 'attachment; filename="audit-trail.csv"'
    headings, row = csv.reader(StringIO(response.getvalue().decode("utf-8-sig")))
    told = dict(zip(headings, row, strict=True))
    assert told["Who"] == "'=cmd|' /C calc'!A0"
    assert (told["What"], told["Details"]) == ("thing.done", "note: +1")


def test_reading_and_exporting_the_trail_are_in_the_trail_before_the_first_byte(
    client: Client, auditor: User
) -> None:
    client.get("/audit/?action=none")
    response = client.get("/audit/export/?action=none")
    told = AuditEntry.objects.order_by("-id").values_list("action", "actor")[:2]
    assert list(told) == [("audit.exported", auditor.pk), ("audit.read", auditor.pk)]
    response.getvalue()


def test_one_page_takes_few_queries_however_long_the_trail(
    client: Client, auditor: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(120):
        audit.record(auditor, "thing.done", auditor, number=number)
    client.get("/audit/")
    with django_assert_max_num_queries(10):
        client.get("/audit/?size=100")
