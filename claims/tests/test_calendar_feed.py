"""The calendar's file, checked by a reader of our own, and the secret address under which it is read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from claims import todo
from claims.calendar_feed import as_ics, folded
from claims.models import CalendarFeed, Claim, Task
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_user

pytestmark = pytest.mark.django_db


def task(**fields: Any) -> Task:
    at = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
    return Task(**({"pk": 7, "kind": "call", "due_on": date(2026, 11, 30), "changed_at": at} | fields))


def unfolded(content: bytes) -> list[str]:
    """As RFC 5545 has it read: every line ends with CRLF, and one that begins with a space goes on."""
    assert content.endswith(b"\r\n")
    lines = content.split(b"\r\n")[:-1]
    assert not any(b"\n" in line or b"\r" in line or len(line) > 75 for line in lines)
    return content.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


# The file --------------------------------------------------------------------------------------------


def test_a_task_is_an_event_of_a_whole_day_that_ends_before_the_next(settings: Any) -> None:
    settings.SITE_URL = "https://rcm.clinic.example"
    lines = unfolded(as_ics([task(claim=Claim(number=41))]))
    begin, end = lines.index("BEGIN:VEVENT"), lines.index("END:VEVENT")
    assert lines[begin + 1 : end] == [
        "UID:task-7@rcm.clinic.example",
        "DTSTAMP:20261102T153000Z",
        "LAST-MODIFIED:20261102T153000Z",
        "DTSTART;VALUE=DATE:20261130",
        "DTEND;VALUE=DATE:20261201",
        "SUMMARY:Call the payer\\, C-41",
        "URL:https://rcm.clinic.example/tasks/7/",
        "TRANSP:TRANSPARENT",
    ]
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert (lines[-1], any(line.startswith("PRODID:") for line in lines)) == ("END:VCALENDAR", True)


@pytest.mark.parametrize(
    ("reminder_on", "trigger"),
    [(date(2026, 11, 30), "PT9H"), (date(2026, 11, 29), "-PT15H"), (date(2026, 11, 27), "-PT63H")],
)
def test_a_reminder_rings_at_nine_of_its_own_day(reminder_on: date, trigger: str) -> None:
    lines = unfolded(as_ics([task(reminder_on=reminder_on)]))
    alarm = lines[lines.index("BEGIN:VALARM") : lines.index("END:VALARM")]
    assert alarm == ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Call the payer", f"TRIGGER:{trigger}"]


def test_a_calendar_without_tasks_still_holds_a_component() -> None:
    lines = unfolded(as_ics([]))
    assert "BEGIN:VEVENT" not in lines
    assert lines.count("BEGIN:VTIMEZONE") == lines.count("END:VTIMEZONE") == 1


@pytest.mark.parametrize("text", ["x" * 74, "x" * 75, "x" * 76, "x" * 400, "é" * 90, "x" + "🦷" * 60])
def test_long_lines_are_folded_at_75_octets_and_no_character_is_torn(text: str) -> None:
    sent = folded(text)
    parts = sent.removesuffix(b"\r\n").split(b"\r\n")
    assert max(map(len, parts)) <= 75
    assert all(part.decode() for part in parts)
    assert sent.replace(b"\r\n ", b"") == f"{text}\r\n".encode()


def test_what_would_end_a_value_is_escaped(settings: Any) -> None:
    settings.SITE_NAME = "A, B; C\\D\r\nBEGIN:VEVENT"
    lines = unfolded(as_ics([]))
    assert "X-WR-CALNAME:A\\, B\\; C\\\\D\\nBEGIN:VEVENT tasks" in lines
    assert "BEGIN:VEVENT" not in lines


# The address -----------------------------------------------------------------------------------------


@pytest.fixture
def ana(sign_in: Any) -> User:
    return sign_in("biller", departments=[make_department("Heart")])


def made(client: Client) -> str:
    """The path that the page shows."""
    return re.findall(r"calendar/[\w-]+\.ics", client.post("/calendar/make/").text)[0]


def read(path: str) -> Any:
    return Client().get(f"/{path}")


def test_the_feed_holds_only_ones_own_open_tasks_and_no_word_of_a_patient(client: Client, ana: User) -> None:
    heart = ana.departments.get()
    claim = make_claim(department=heart, patient=make_patient("Canary-1", name="Canary, Cora"))
    patient = make_patient("Canary-2", name="Canary, Carl", departments=[heart])
    peer = make_user(departments=[heart])
    day = date(2026, 11, 30)
    todo.add_task(todo.Plan("call", day, ana, text="Canary-3"), claim=claim, actor=ana)
    todo.add_task(todo.Plan("patient", day, ana, text="Canary-4"), patient=patient, actor=ana)
    todo.add_task(todo.Plan("appeal", day, peer), claim=claim, actor=ana)
    todo.add_task(todo.Plan("documents", day), claim=claim, actor=ana)
    todo.finish(todo.add_task(todo.Plan("rebill", day, ana), claim=claim, actor=ana), actor=ana)
    answer = read(made(client))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert "no-store" in answer["Cache-Control"]
    summaries = [line for line in unfolded(answer.content) if line.startswith("SUMMARY:")]
    assert summaries == [f"SUMMARY:Call the payer\\, {claim}", "SUMMARY:Contact the patient"]
    assert b"Canary" not in answer.content


def test_the_address_is_shown_once_kept_as_a_digest_and_a_new_one_ends_it(client: Client, ana: User) -> None:
    first = made(client)
    token = first.removeprefix("calendar/").removesuffix(".ics")
    assert len(token) == 43
    assert token not in client.get("/profile/").text
    assert token not in str(list(CalendarFeed.objects.values()) + list(AuditEntry.objects.values()))
    second = made(client)
    assert (read(first).status_code, read(second).status_code) == (404, 200)
    client.post("/calendar/revoke/")
    assert read(second).status_code == 404
    told = AuditEntry.objects.filter(action__startswith="calendar_feed").order_by("id")
    assert [entry.action for entry in told] == [
        *("calendar_feed.made", "calendar_feed.made", "calendar_feed.revoked")
    ]


def test_the_feed_of_somebody_disabled_or_moved_to_another_role_ends_at_once(
    client: Client, ana: User
) -> None:
    path = made(client)
    User.objects.filter(pk=ana.pk).update(role="auditor")
    wrong = read("calendar/wrong.ics")
    answer = read(path)
    assert (answer.status_code, answer.content) == (404, wrong.content)
    User.objects.filter(pk=ana.pk).update(role="biller", is_active=False)
    assert read(path).status_code == 404


def test_whoever_guesses_is_stopped_and_nobodys_calendar_with_them(client: Client, ana: User) -> None:
    path = made(client)
    answers = [read(f"calendar/guess{number}.ics") for number in range(11)]
    assert [each.status_code for each in answers] == [404] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert [read(path).status_code for _ in range(11)] == [200] * 10 + [429]
