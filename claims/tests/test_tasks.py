"""Tasks: who sees them, planning, handing over and doing them, and the pages on which that is done."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from claims import todo
from claims.models import Task
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 19)  # a Thursday
CANARY = "Canary-9 asked for Mrs Abbott's card"


def plan(owner: User | None, due_on: date = TODAY, **fields: Any) -> todo.Plan:
    return replace(todo.Plan("call", due_on, owner), **fields)


def actions() -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(action__startswith="task").order_by("id")
    return list(entries.values_list("action", "outcome"))


# Who sees what ---------------------------------------------------------------------------------------


def test_a_task_is_seen_by_whoever_sees_its_claim_or_patient_or_leads_its_owner() -> None:
    heart, bones = make_department("Heart"), make_department("Bones")
    ana, bo = make_user(departments=[heart]), make_user(departments=[bones])
    lead, director = make_user("manager", departments=[heart]), make_user("director")
    claim, patient = make_claim(department=heart), make_patient(departments=[heart])
    todo.add_task(plan(ana), claim=claim, actor=ana)
    todo.add_task(plan(ana), patient=patient, actor=ana)
    todo.add_task(plan(ana), actor=ana)  # about nothing: hers alone, and her manager's
    peer = make_user(departments=[heart])
    seen = {who: Task.objects.visible_to(who).count() for who in (ana, peer, bo, lead, director)}
    assert seen == {ana: 3, peer: 2, bo: 0, lead: 3, director: 3}


def test_what_waits_for_somebody_is_their_own_and_what_is_nobodys() -> None:
    heart = make_department("Heart")
    ana, peer = make_user(departments=[heart]), make_user(departments=[heart])
    claim = make_claim(department=heart)
    own = todo.add_task(plan(ana), claim=claim, actor=peer)
    todo.add_task(plan(peer), claim=claim, actor=ana)
    anybodys = todo.add_task(plan(None), claim=claim, actor=peer)
    assert set(todo.waiting_for(ana)) == {own, anybodys}
    assert not todo.waiting_for(make_user()).exists()


def test_tasks_stand_by_due_day_and_the_week_ends_on_sunday() -> None:
    ana = make_user()
    for days in (-1, 0, 1, 3, 4, 30):
        todo.add_task(plan(ana, TODAY + timedelta(days=days)), actor=ana)
    groups = todo.by_due_day(todo.waiting_for(ana), TODAY)
    assert [(each.label, each.count, [task.due_on.day for task in each.tasks]) for each in groups] == [
        ("Overdue", 1, [18]),
        ("Today", 1, [19]),
        ("This week", 2, [20, 22]),
        ("Later", 2, [23, 19]),
    ]


def test_a_reminder_comes_on_its_day_and_ends_with_the_due_day() -> None:
    task = Task(due_on=TODAY, reminder_on=TODAY - timedelta(days=2))
    told = [todo.is_reminded(task, TODAY + timedelta(days=days)) for days in (-3, -2, -1, 0)]
    assert told == [False, True, True, False]


# Planning and doing ----------------------------------------------------------------------------------


def test_a_task_goes_only_to_somebody_who_sees_what_it_is_about() -> None:
    heart = make_department("Heart")
    ana, stranger = make_user(departments=[heart]), make_user(departments=[make_department()])
    gone = make_user(departments=[heart], is_active=False)
    claim = make_claim(department=heart)
    task = todo.add_task(plan(ana), claim=claim, actor=ana)
    for other in (stranger, gone):
        with pytest.raises(todo.TaskError, match="does not see"):
            todo.change_task(task, plan(other), actor=ana)
        with pytest.raises(todo.TaskError, match="does not see"):
            todo.add_task(plan(other), claim=claim, actor=ana)
    with pytest.raises(todo.TaskError, match="reminder"):
        todo.change_task(task, plan(ana, reminder_on=TODAY + timedelta(days=1)), actor=ana)
    task.refresh_from_db()
    assert (task.owner, task.reminder_on, Task.objects.count()) == (ana, None, 1)


def test_the_trail_tells_who_has_it_now_and_never_what_it_says() -> None:
    heart = make_department("Heart")
    ana, bo = make_user(departments=[heart]), make_user(departments=[heart])
    task = todo.add_task(plan(ana, text=CANARY), claim=make_claim(department=heart), actor=ana)
    todo.change_task(task, plan(bo, text=f"{CANARY} again"), actor=ana)
    todo.change_task(task, plan(bo, text=f"{CANARY} again"), actor=ana)  # nothing new, so nothing is said
    todo.finish(task, actor=bo, outcome=CANARY)
    todo.reopen(task, actor=bo)
    assert actions() == [
        ("task.added", "done"),
        ("task.changed", "done"),
        ("task.done", "done"),
        ("task.reopened", "done"),
    ]
    changed = AuditEntry.objects.get(action="task.changed").details["changes"]
    assert changed == {"owner": [str(ana), str(bo)], "text": []}
    assert "Canary" not in str(list(AuditEntry.objects.values("details", "subject_name")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, outcome FROM claims_task")
        assert "Canary" not in str(cursor.fetchall())


def test_a_task_is_done_once_and_a_done_one_is_not_planned_anew() -> None:
    ana = make_user()
    task = todo.add_task(plan(ana), actor=ana)
    todo.finish(task, actor=ana)
    with pytest.raises(todo.AlreadyDone):
        todo.finish(task, actor=ana)
    with pytest.raises(todo.AlreadyDone):
        todo.change_task(task, plan(ana, kind="check"), actor=ana)
    assert Task.objects.get().done_by == ana


# Pages -----------------------------------------------------------------------------------------------


@pytest.fixture
def ana(sign_in: Any) -> User:
    return sign_in("biller", departments=[make_department("Heart")])


def asked(owner: User, **fields: Any) -> dict[str, Any]:
    tomorrow = timezone.localdate() + timedelta(days=1)
    return {"kind": "call", "due_on": str(tomorrow), "owner": owner.pk, "text": "Ask for the remit"} | fields


def test_a_task_is_planned_on_its_claims_page_handed_over_and_done(client: Client, ana: User) -> None:
    claim = make_claim(department=ana.departments.get())
    peer = make_user(departments=list(ana.departments.all()))
    page = client.get(f"/claims/{claim.pk}/").text
    assert f'action="/tasks/new/?claim={claim.pk}"' in page
    back = client.post(f"/tasks/new/?claim={claim.pk}", asked(ana))
    assert back["Location"] == f"/claims/{claim.pk}/#tasks"
    task = Task.objects.get()
    for path in (f"/claims/{claim.pk}/", "/tasks/", f"/tasks/{task.pk}/"):
        assert "Ask for the remit" in client.get(path).text
    client.post(f"/tasks/{task.pk}/", asked(peer))
    assert "Ask for the remit" not in client.get("/tasks/").text
    assert (
        client.post(f"/tasks/{task.pk}/done/", {"back": "claim"})["Location"] == f"/claims/{claim.pk}/#tasks"
    )
    assert "Ask for the remit" in client.get("/tasks/?show=done").text
    client.post(f"/tasks/{task.pk}/reopen/")
    task.refresh_from_db()
    assert (task.owner, task.done_at, task.claim) == (peer, None, claim)


def test_days_that_are_over_and_reminders_after_the_day_are_told_in_the_form(
    client: Client, ana: User
) -> None:
    today = timezone.localdate()
    page = client.post("/tasks/new/", asked(ana, due_on=str(today - timedelta(days=1)))).text
    assert "This day is over" in page
    page = client.post("/tasks/new/", asked(ana, reminder_on=str(today + timedelta(days=9)))).text
    assert "The reminder comes on the due day" in page
    assert not Task.objects.exists()


def test_a_task_of_somebody_who_left_goes_to_nobody_unseen(client: Client, ana: User) -> None:
    gone = make_user(departments=list(ana.departments.all()))
    claim = make_claim(department=ana.departments.get())
    task = todo.add_task(plan(gone, timezone.localdate()), claim=claim, actor=gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    form = client.get(f"/tasks/{task.pk}/").context["form"]
    assert form.fields["owner"].choices[0] == ("", "Choose …")
    client.post(f"/tasks/{task.pk}/", asked(gone) | {"owner": ""})
    task.refresh_from_db()
    assert task.owner == gone


def test_of_another_departments_tasks_nothing_is_seen_or_done(client: Client, ana: User) -> None:
    other = make_department("Bones")
    stranger = make_user(departments=[other])
    claim = make_claim(department=other)
    task = todo.add_task(plan(stranger), claim=claim, actor=stranger)
    assert client.get(f"/tasks/{task.pk}/").status_code == 404
    assert client.post(f"/tasks/{task.pk}/", asked(ana)).status_code == 404
    assert client.post(f"/tasks/{task.pk}/done/").status_code == 404
    assert client.post(f"/tasks/new/?claim={claim.pk}", asked(ana)).status_code == 404
    assert client.post("/tasks/new/?claim=nonsense", asked(ana)).status_code == 404
    assert f"/tasks/{task.pk}/" not in client.get("/tasks/?show=team").text
    assert [outcome for _, outcome in actions()].count("failed") == 4
    task.refresh_from_db()
    assert (task.owner, task.done_at, Task.objects.count()) == (stranger, None, 1)


def test_a_lead_sees_their_peoples_tasks_and_chooses_whose(client: Client, sign_in: Any) -> None:
    heart = make_department("Heart")
    sign_in("manager", departments=[heart])
    ana, bo = make_user(departments=[heart], name="Ana"), make_user(departments=[heart], name="Bo")
    todo.add_task(plan(ana, text="of-ana"), actor=ana)
    todo.add_task(plan(bo, text="of-bo"), actor=bo)
    everybody = client.get("/tasks/?show=team").text
    assert ("of-ana" in everybody, "of-bo" in everybody) == (True, True)
    page = client.get(f"/tasks/?show=team&owner={bo.pk}").text
    assert ("of-ana" in page, "of-bo" in page) == (False, True)
    assert "of-ana" not in client.get("/tasks/").text


def test_the_page_takes_as_many_queries_for_thirty_tasks_as_for_one(
    client: Client, ana: User, django_assert_max_num_queries: Any
) -> None:
    claim = make_claim(department=ana.departments.get())
    for days in range(30):
        todo.add_task(plan(ana, TODAY + timedelta(days=days)), claim=claim, actor=ana)
    with django_assert_max_num_queries(14):
        page = client.get("/tasks/").text
    assert page.count("Call the payer</a>") == 30


# API -------------------------------------------------------------------------------------------------


def send(client: Client, method: str, path: str, **body: Any) -> Any:
    return client.generic(method, path, json.dumps(body), content_type="application/json")


def test_the_api_plans_lists_hands_over_and_finishes_a_task(client: Client, ana: User) -> None:
    heart = ana.departments.get()
    peer, claim = make_user(departments=[heart]), make_claim(department=heart)
    day = str(timezone.localdate() + timedelta(days=3))
    told = send(client, "POST", "/api/tasks/", kind="call", due_on=day, claim=str(claim.pk), text="Ask")
    assert (told.status_code, told.json()["owner"]) == (201, {"id": ana.pk, "name": ana.name})
    assert told.json()["claim"] == {"id": str(claim.pk), "number": str(claim)}
    path = told["Location"]
    assert client.get(path).json() == told.json()
    assert [each["id"] for each in client.get("/api/tasks/").json()["results"]] == [told.json()["id"]]
    assert send(client, "PATCH", path, owner=peer.pk, due_on=day).json()["owner"]["id"] == peer.pk
    assert client.get("/api/tasks/").json()["results"] == []
    assert len(client.get(f"/api/tasks/?owner={peer.pk}&claim={claim.pk}").json()["results"]) == 1
    done = send(client, "PATCH", path, done=True, outcome="They pay.").json()
    assert (done["done_by"]["id"], done["outcome"]) == (ana.pk, "They pay.")
    assert send(client, "PATCH", path, kind="check").json()["error"]["code"] == "not_now"
    assert send(client, "PATCH", path, done=False, kind="check").json()["kind"] == "check"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "follow_up"}, "kind"),
        ({"due_on": "2020-01-01"}, "due_on"),
        ({"claim": "nonsense"}, "claim"),
        ({"claim": "019ab3c4-7c1e-7a55-9f60-0a3c5d1f2b41"}, "claim"),
        ({"patient_id": "P-0"}, "patient_id"),
        ({"owner": 999_999}, "owner"),
        ({"made_by": 1}, "made_by"),
    ],
)
def test_what_cannot_be_planned_is_named(client: Client, ana: User, body: dict[str, Any], field: str) -> None:
    wanted = {"kind": "call", "due_on": str(timezone.localdate())} | body
    told = send(client, "POST", "/api/tasks/", **wanted)
    assert (told.status_code, [*told.json()["error"]["fields"]]) == (400, [field])
    assert not Task.objects.exists()


def test_another_departments_tasks_are_unknown_to_the_api(client: Client, ana: User) -> None:
    stranger = make_user(departments=[make_department("Bones")])
    task = todo.add_task(plan(stranger), actor=stranger)
    assert client.get(f"/api/tasks/{task.pk}").status_code == 404
    assert send(client, "PATCH", f"/api/tasks/{task.pk}", done=True).status_code == 404
    assert client.get("/api/tasks/?owner=all").json()["results"] == []
    assert client.get("/api/tasks/?owner=nobody&done=maybe&claim=x&more=1").status_code == 400


def test_a_follow_up_is_done_through_the_api_only_with_its_outcome(client: Client, ana: User) -> None:
    send(client, "POST", "/api/patients", patient_id="P-1", symptoms="chest pain")
    (told,) = client.get("/api/tasks/?owner=none").json()["results"]
    assert (told["kind"], told["patient_id"]) == ("follow_up", "P-1")
    path = f"/api/tasks/{told['id']}"
    assert send(client, "PATCH", path, done=True).status_code == 409
    assert send(client, "PATCH", path, done=True, outcome="Seen").status_code == 200
    assert client.get("/api/patients/P-1").json()["follow_up"] == "closed"
    assert send(client, "PATCH", path, done=False).status_code == 409
