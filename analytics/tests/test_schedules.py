"""Reports that are sent again and again: when, to whom, and that each turn comes once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from analytics.exports import making
from analytics.models import Export, Report, Schedule, ScheduledRun
from analytics.reports import schedules
from analytics.reports.runs import end, run_due, run_now
from analytics.reports.turns import in_words, last_turn, next_turn
from rcm_site.models import Mail
from rcm_site.testing.makers import make_claim, make_department, make_user
from rcm_site.testing.threads import at_once

CHICAGO = "America/Chicago"
MONDAY = datetime(2026, 11, 23, 14, tzinfo=UTC)  # 08:00 in Chicago


def schedule_of(every: str, at: str, zone: str = CHICAGO, **fields: Any) -> Schedule:
    return Schedule(name="S", every=every, at=time.fromisoformat(at), time_zone=zone, **fields)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def turns(schedule: Schedule, after: str, count: int) -> list[str]:
    found, moment = [], utc(after)
    for _ in range(count):
        moment = next_turn(schedule, moment)
        found.append(f"{moment:%m-%d %H:%M}")
    return found


# When ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "after", "expected"),
    [
        # On 8 March 2026 the clocks of Chicago jump from 02:00 CST (08:00 UTC) to 03:00 CDT.
        ("09:00", "2026-03-06 16:00", ["03-07 15:00", "03-08 14:00", "03-09 14:00"]),
        ("02:30", "2026-03-06 16:00", ["03-07 08:30", "03-08 08:00", "03-09 07:30"]),
        ("02:00", "2026-03-07 16:00", ["03-08 08:00", "03-09 07:00"]),
        ("03:00", "2026-03-07 16:00", ["03-08 08:00", "03-09 08:00"]),
        # On 1 November 2026 they fall back from 02:00 CDT (07:00 UTC) to 01:00 CST.
        ("09:00", "2026-10-30 20:00", ["10-31 14:00", "11-01 15:00", "11-02 15:00"]),
        ("01:30", "2026-10-30 20:00", ["10-31 06:30", "11-01 06:30", "11-02 07:30"]),
        ("00:00", "2026-10-31 20:00", ["11-01 05:00", "11-02 06:00"]),
    ],
)
def test_the_wall_clock_is_kept_over_a_change_of_clocks(at: str, after: str, expected: list[str]) -> None:
    assert turns(schedule_of("day", at), after, len(expected)) == expected


def test_a_time_that_a_day_has_twice_comes_once() -> None:
    """01:30 comes at 06:30 and at 07:30 UTC: after the first of them the next is tomorrow's."""
    schedule = schedule_of("day", "01:30")
    assert next_turn(schedule, utc("2026-11-01 06:30")) == utc("2026-11-02 07:30")
    assert last_turn(schedule, utc("2026-11-01 07:30")) == utc("2026-11-01 06:30")


def test_a_month_without_the_day_has_its_last_day() -> None:
    schedule = schedule_of("month", "08:00", "UTC", day_of_month=31)
    assert turns(schedule, "2027-12-31 08:00", 4) == [
        "01-31 08:00",
        "02-29 08:00",
        "03-31 08:00",
        "04-30 08:00",
    ]
    assert turns(schedule_of("month", "08:00", "UTC", day_of_month=30), "2027-01-30 08:00", 2) == [
        "02-28 08:00",
        "03-30 08:00",
    ]


def test_a_week_turns_on_its_day_where_its_clock_is() -> None:
    """Monday 08:00 in Auckland is Sunday evening in UTC."""
    schedule = schedule_of("week", "08:00", "Pacific/Auckland", weekday=0)
    assert next_turn(schedule, utc("2026-11-18 12:00")) == utc("2026-11-22 19:00")
    assert last_turn(schedule, utc("2026-11-22 18:59")) == utc("2026-11-15 19:00")


def test_a_turn_is_said_in_words() -> None:
    assert in_words(schedule_of("week", "08:00", weekday=0)) == "Every Monday at 08:00 Chicago time"
    assert in_words(schedule_of("day", "17:30", "UTC")) == "Every day at 17:30 UTC"
    assert (
        in_words(schedule_of("month", "06:00", "America/New_York", day_of_month=30))
        == "Every month on the 30th (or its last day) at 06:00 New York time"
    )


# Each turn once ------------------------------------------------------------------------------------

database = pytest.mark.django_db


@pytest.fixture
def director(db: None) -> User:
    return make_user("director", name="Dana Director")


def scheduled(owner: User, *people: User, now: datetime = MONDAY, **fields: Any) -> Schedule:
    """Every morning at 08:00 in Chicago, unless said otherwise."""
    given = {"name": "Mornings", "every": "day", "at": time(8), "time_zone": CHICAGO} | fields
    given |= {} if "report" in given else {"standard": "denials"}
    schedule = Schedule(owner=owner, **given)
    assert schedules.problems_of(schedule, people or (owner,)) == {}
    return schedules.save_schedule(schedule, people or (owner,), actor=owner, now=now - timedelta(days=1))


def report_of(owner: User, **asked: Any) -> Report:
    definition = {"kpis": ["denied_charges"], "group_by": ["payer"], "period": "last_30_days"} | asked
    return Report.objects.create(name="Denied", owner=owner, asked=definition)


def make_files(now: datetime) -> None:
    """As a worker does, whose clock shows the moment that is tested."""
    making.make_waiting(seconds=30)
    Export.objects.update(kept_until=now + making.KEPT)


def sent(now: datetime = MONDAY) -> list[Any]:
    """Who has been mailed, after the turns that have come and their files are made."""
    run_due(now)
    make_files(now)
    run_due(now + timedelta(minutes=1))
    return sorted(mail.recipients for mail in Mail.objects.all())


@database
def test_a_turn_comes_once_whatever_calls_and_how_often(director: User) -> None:
    schedule = scheduled(director, format="xlsx")
    assert run_due(MONDAY - timedelta(seconds=1)) == 0
    assert sent() == [[director.email]]
    assert sent() == [[director.email]]
    run = ScheduledRun.objects.get()
    assert (run.due_at, run.problem, run.export.asked_on) == (MONDAY, "", MONDAY.date())  # type: ignore[union-attr]
    schedule.refresh_from_db()
    assert schedule.due_at == MONDAY + timedelta(days=1)


@database
def test_what_another_beat_began_is_not_begun_again(director: User) -> None:
    """As if two had seen the same turn: the second finds its row, and only moves on."""
    schedule = scheduled(director)
    ScheduledRun.objects.create(schedule=schedule, due_at=MONDAY)
    run_due(MONDAY)
    assert (ScheduledRun.objects.count(), Export.objects.count()) == (1, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's writers take turns")
def test_of_two_beats_at_once_one_runs_a_turn_and_one_tells_of_it() -> None:
    director = make_user("director")
    scheduled(director, format="xlsx")
    at_once(lambda _: run_due(MONDAY), range(4))
    assert (ScheduledRun.objects.count(), Export.objects.count()) == (1, 1)
    make_files(MONDAY)
    at_once(lambda _: run_due(MONDAY + timedelta(minutes=1)), range(4))
    assert [mail.recipients for mail in Mail.objects.all()] == [[director.email]]
    assert AuditEntry.objects.filter(action="schedule.sent").count() == 1


@database
def test_switched_on_in_the_admin_it_begins_with_its_next_turn(
    client: Client, sign_in: Any, director: User
) -> None:
    schedule = scheduled(director)
    Schedule.objects.update(is_active=False)
    sign_in("admin")
    client.post(f"/admin/analytics/schedule/{schedule.pk}/change/", {"is_active": "on"})
    schedule.refresh_from_db()
    assert schedule.is_active
    assert schedule.due_at > timezone.now()


@database
def test_turns_missed_over_three_days_come_as_one(director: User) -> None:
    scheduled(director, format="xlsx")
    back = MONDAY + timedelta(days=3, hours=2)
    assert sent(back) == [[director.email]]
    run = ScheduledRun.objects.get()
    assert run.due_at == MONDAY + timedelta(days=3)
    assert Schedule.objects.get().due_at == MONDAY + timedelta(days=4)


@database
def test_what_is_switched_off_stays_silent(director: User) -> None:
    schedule = scheduled(director)
    schedule.is_active = False
    schedules.save_schedule(schedule, [director], actor=director, now=MONDAY - timedelta(hours=1))
    assert sent() == []


@database
def test_sent_now_the_next_turn_stays(director: User) -> None:
    schedule = scheduled(director, format="xlsx")
    now = MONDAY - timedelta(hours=3)
    run_now(schedule, actor=director, now=now)
    assert sent(now) == [[director.email]]
    schedule.refresh_from_db()
    assert schedule.due_at == MONDAY


# To whom -------------------------------------------------------------------------------------------


@database
def test_an_owner_who_is_locked_out_has_nothing_sent(director: User) -> None:
    colleague = make_user("director")
    scheduled(director, colleague)
    director.is_active = False
    director.save()
    assert sent() == []
    assert ScheduledRun.objects.get().problem == "Dana Director is locked out, whose rights it is made with."


@database
def test_an_owner_who_lost_the_right_meanwhile_has_nothing_sent(director: User) -> None:
    """After the file was begun, before it is sent: what was made is not handed on."""
    scheduled(director, make_user("director"), format="xlsx")
    run_due(MONDAY)
    make_files(MONDAY)
    User.objects.filter(pk=director.pk).update(role="biller")
    run_due(MONDAY + timedelta(minutes=1))
    assert not Mail.objects.exists()
    assert ScheduledRun.objects.get().problem == "Dana Director may not schedule reports any more."


@database
def test_each_gets_it_only_while_they_may_see_all_of_it(director: User) -> None:
    """The manager of one department may have its report, not one of all, nor one of another."""
    heart, lungs = make_department("Heart"), make_department("Lungs")
    manager = make_user("manager", departments=[heart])
    mine = report_of(director, filters={"department": str(heart.pk)})
    scheduled(director, manager, director, report=mine, format="xlsx")
    assert sent() == sorted([[manager.email], [director.email]])
    other = Schedule(
        owner=director, standard="denials", time_zone=CHICAGO, at=time(8), every="day", name="All"
    )
    assert list(schedules.problems_of(other, [manager])) == ["people"]
    other.report, other.standard = report_of(director, filters={"department": str(lungs.pk)}), ""
    assert list(schedules.problems_of(other, [manager])) == ["people"]


@database
def test_who_lost_a_department_is_left_out_and_the_run_says_so(director: User) -> None:
    heart = make_department("Heart")
    manager = make_user("manager", departments=[heart])
    mine = report_of(director, filters={"department": str(heart.pk)})
    scheduled(director, manager, director, report=mine, format="xlsx")
    manager.departments.clear()
    assert sent() == [[director.email]]
    run = ScheduledRun.objects.get()
    assert run.told_at
    assert run.problem == "Sent to 1 of 2: the others may not see all that is in it."


@database
def test_who_may_not_see_people_by_name_gets_no_report_by_them(director: User) -> None:
    analyst = make_user("analyst")  # sees every department, but no team
    by_person = report_of(director, kpis=["claims_submitted"], group_by=["assignee"])
    schedule = Schedule(
        owner=director, report=by_person, time_zone=CHICAGO, at=time(8), every="day", name="S"
    )
    assert list(schedules.problems_of(schedule, [analyst])) == ["people"]
    assert schedules.problems_of(schedule, [director]) == {}


@database
def test_a_report_of_sums_is_attached_and_its_file_opens_behind_the_sign_in(
    director: User, client: Any
) -> None:
    make_claim(status="denied", charge=90)
    scheduled(director, format="xlsx")
    sent()
    (name, _, content) = Mail.objects.get().message["attachments"][-1]
    assert (name, content[:4]) == ("mornings-2026-11-23.xlsx", "UEsD")  # a zip file, in base64
    run = ScheduledRun.objects.get()
    client.force_login(director, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(f"/schedules/runs/{run.pk}/file").status_code == 200
    client.force_login(make_user("director"), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(f"/schedules/runs/{run.pk}/file").status_code == 404


@database
def test_what_tells_of_single_claims_is_linked_and_never_attached(director: User) -> None:
    scheduled(director, format="xlsx")
    run_due(MONDAY)
    make_files(MONDAY)
    Export.objects.update(has_patients=True)
    run_due(MONDAY + timedelta(minutes=1))
    mail = Mail.objects.get()
    assert mail.message["attachments"] == []
    assert f"/schedules/runs/{ScheduledRun.objects.get().pk}/file" in mail.message["body"]


@database
def test_not_attached_where_nobody_wants_it_so(director: User) -> None:
    scheduled(director, format="xlsx", is_attached=False)
    sent()
    assert Mail.objects.get().message["attachments"] == []


@database
def test_a_file_that_could_not_be_made_is_said_to_nobody_but_the_page(director: User) -> None:
    scheduled(director)
    run_due(MONDAY)
    Export.objects.update(state="failed", reason="It broke off three times in a row.")
    assert run_due(MONDAY + timedelta(minutes=1)) == 1
    assert not Mail.objects.exists()
    assert ScheduledRun.objects.get().problem == "It broke off three times in a row."
    assert not end(ScheduledRun.objects.get().pk, MONDAY)


@database
def test_a_report_that_is_not_shared_any_more_is_not_sent(director: User) -> None:
    other = make_user("director")
    shared = report_of(other)
    shared.people.add(director)
    scheduled(director, report=shared)
    shared.people.clear()
    assert sent() == []
    assert "not shared" in ScheduledRun.objects.get().problem


# Keeping, and other systems --------------------------------------------------------------------------


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


ASKED = {
    "name": "Mondays",
    "standard": "denials",
    "every": "week",
    "weekday": 0,
    "at": "08:00",
    "time_zone": CHICAGO,
}


@database
def test_other_systems_add_change_send_and_delete(director: User) -> None:
    api = api_of(director)
    made = api.post("/api/schedules/", ASKED | {"people": [director.pk]}, format="json")
    assert (made.status_code, made.json()["words"]) == (201, "Every Monday at 08:00 Chicago time")
    address = made["Location"]
    changed = api.patch(address, {"every": "month", "day_of_month": 31}, format="json")
    assert changed.json()["words"] == "Every month on its last day at 08:00 Chicago time"
    assert changed.json()["people"] == [{"id": director.pk, "name": director.name}]
    assert api.post(f"{address}/send", {}, format="json").status_code == 202
    assert api.get(address).json()["last_run"]["told_at"] is None
    assert api.delete(address).status_code == 204
    assert api.get("/api/schedules/").json()["results"] == []
    actions = AuditEntry.objects.filter(action__startswith="schedule").values_list("action", flat=True)
    assert {*actions} == {"schedule.added", "schedule.changed", "schedule.run", "schedule.deleted"}


@database
@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"standard": ""}, "report"),
        ({"report": 999}, "report"),
        ({"every": "hour"}, "every"),
        ({"weekday": 7}, "weekday"),
        ({"day_of_month": 32}, "day_of_month"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"people": []}, "people"),
        ({"people": [999_999]}, "people"),
        ({"owner": 1}, "owner"),
    ],
)
def test_whatever_makes_no_sense_is_named(director: User, body: dict[str, Any], named: str) -> None:
    answer = api_of(director).post("/api/schedules/", ASKED | {"people": [director.pk]} | body, format="json")
    assert (answer.status_code, [*answer.json()["error"]["fields"]]) == (400, [named])
    assert not Schedule.objects.exists()


@database
def test_somebody_elses_schedule_is_unknown_but_to_who_runs_the_site(director: User) -> None:
    schedule = scheduled(director)
    assert api_of(make_user("director")).get(f"/api/schedules/{schedule.pk}").status_code == 404
    assert api_of(make_user("admin")).get(f"/api/schedules/{schedule.pk}").status_code == 200
