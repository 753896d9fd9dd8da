"""Automation on pages and in the API, and tags on a claim's page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import tokens
from accounts.models import AuditEntry, Department, User
from claims import changes
from claims.automation import running
from claims.changes import Change
from claims.models import AutomationRule, Claim, ClaimTag
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db
SAID = {"rule-name": "Denials to Ana", "rule-on": ["status"], "status": "denied", "save": "1"}


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def manager(sign_in: Any, heart: Department) -> User:
    return sign_in("manager", departments=[heart])


@pytest.fixture
def ana(heart: Department) -> User:
    return make_user(departments=[heart], name="Ana Ruiz")


def denied_since(heart: Department, actor: User) -> Claim:
    claim = make_claim(department=heart, charge=90)
    changes.change_status(claim=claim, to="denied", change=Change(actor))
    return claim


def test_a_rule_is_written_tried_switched_on_and_shows_what_it_did(
    client: Client, manager: User, ana: User, heart: Department
) -> None:
    earlier = denied_since(heart, manager)
    page = client.post("/automation/new/", SAID | {"then-assign": str(ana.pk)})
    rule = AutomationRule.objects.get()
    assert page["Location"] == f"/automation/{rule.pk}/"
    here = client.get(page["Location"]).content.decode()
    assert "give it to Ana Ruiz" in here
    assert "Switch on" not in here
    client.post(f"/automation/{rule.pk}/switch/", {"on": "1"})
    rule.refresh_from_db()
    assert not rule.is_active
    here = client.post(f"/automation/{rule.pk}/try/", follow=True).content.decode()
    assert "It would have acted on <strong>1</strong> change of 1 claim." in here
    assert str(earlier) in here
    client.post(f"/automation/{rule.pk}/switch/", {"on": "1"})
    claim = denied_since(heart, manager)
    running.run_waiting(seconds=5)
    assert "Given to Ana Ruiz" in client.get(f"/automation/{rule.pk}/").content.decode()
    assert "by rule “Denials to Ana”" in client.get(f"/claims/{claim.pk}/").content.decode()
    assert "Denials to Ana" in client.get("/automation/").content.decode()
    client.post(f"/automation/{rule.pk}/switch/", {"on": "0"})
    rule.refresh_from_db()
    assert not rule.is_active


def test_what_is_wrong_with_a_rule_is_said_and_nothing_is_kept(client: Client, manager: User) -> None:
    page = client.post("/automation/new/", SAID | {"age": "never"})
    assert page.status_code == 422
    assert "Say at least one thing that the rule does." in page.content.decode()
    page = client.post("/automation/new/", {"save": "1", "then-task": "call"})
    assert "Say in how many business days the task is due." in page.content.decode()
    stranger = make_user(departments=[make_department("Away")])
    page = client.post("/automation/new/", SAID | {"then-assign": str(stranger.pk)})
    assert "Select a valid choice." in page.content.decode()
    assert not AutomationRule.objects.exists()


def test_a_managers_rule_is_no_other_managers_and_a_director_leaves_it_the_managers(
    client: Client, manager: User, heart: Department, sign_in: Any
) -> None:
    client.post("/automation/new/", SAID | {"then-tag": "x"})
    rule = AutomationRule.objects.get()
    sign_in("manager", departments=[heart])
    assert client.get(f"/automation/{rule.pk}/").status_code == 404
    assert client.post(f"/automation/{rule.pk}/edit/", SAID | {"then-tag": "y"}).status_code == 404
    assert AuditEntry.objects.filter(action="automation_rule.read", outcome="failed").count() == 2
    sign_in("director")
    client.post(f"/automation/{rule.pk}/edit/", SAID | {"then-tag": "z"})
    rule.refresh_from_db()
    assert (rule.made_by, rule.then) == (manager, {"tag": "z"})


def test_rules_are_asked_a_bounded_number_of_questions(
    client: Client, manager: User, heart: Department, django_assert_max_num_queries: Any
) -> None:
    rule = AutomationRule.objects.create(name="One", on=["status"], then={"tag": "x"}, made_by=manager)
    for _ in range(12):
        claim = denied_since(heart, manager)
        rule.runs.create(claim=claim, event=claim.events.get(), did=["tagged “x”"])
    client.get("/profile/")
    with django_assert_max_num_queries(19):
        client.get(f"/automation/{rule.pk}/")


# The API -------------------------------------------------------------------------------------------


def asked_by(user: User) -> dict[str, str]:
    pair = tokens.issue(user=user, request=RequestFactory().post("/"))
    return {"Authorization": f"Bearer {pair.access}"}


def test_other_systems_write_try_and_switch_rules(client: Client, heart: Department, ana: User) -> None:
    manager = make_user("manager", departments=[heart])
    headers = asked_by(manager)
    denied_since(heart, manager)
    body: dict[str, Any] = {"name": "By API", "on": ["status"], "then": {"assign": str(ana.pk)}}

    def send(method: str, path: str, data: Any = None) -> Any:
        return getattr(client, method)(path, data, content_type="application/json", headers=headers)

    assert send("post", "/api/automation/", body | {"then": {}}).json()["error"]["fields"] == {
        "then": ["Say at least one thing that the rule does."]
    }
    assert send("post", "/api/automation/", body | {"filters": {"number": "1"}}).status_code == 400
    made = send("post", "/api/automation/", body)
    path = made["Location"]
    assert made.json()["in_words"] == "When its status changes: give it to Ana Ruiz"
    assert send("post", f"{path}/switch", {"on": True}).status_code == 409
    assert send("post", f"{path}/try").json()["tried"]["changes"] == 1
    assert send("post", f"{path}/switch", {"on": True}).json()["is_active"]
    denied_since(heart, manager)
    running.run_waiting(seconds=5)
    read = client.get(path, headers=headers).json()
    assert [each["did"] for each in read["runs"]] == [["given to Ana Ruiz"]]
    assert not send("put", path, body | {"on": ["payer"]}).json()["is_active"]
    assert [each["name"] for each in client.get("/api/automation/", headers=headers).json()] == ["By API"]


# Tags ------------------------------------------------------------------------------------------------


def test_people_put_tags_on_claims_find_them_by_these_and_take_them_off(
    client: Client, sign_in: Any, heart: Department
) -> None:
    sign_in("biller", departments=[heart])
    claim, other = (make_claim(department=heart, charge=90) for _ in range(2))
    for typed in ("Ask  Ms Lee", "ask ms lee"):
        client.post(f"/claims/{claim.pk}/tags/", {"tag": typed})
    put = ClaimTag.objects.get()
    found = client.get(f"/claims/?tag={put.tag_id}").content.decode()
    assert str(put.tag) == "Ask Ms Lee"
    assert f"/claims/{claim.pk}/" in found
    assert f"/claims/{other.pk}/" not in found
    assert "Ask Ms Lee" in client.get(f"/claims/{claim.pk}/").content.decode()
    client.post(f"/claims/{claim.pk}/tags/{put.tag_id}/take-off/")
    assert not ClaimTag.objects.exists()
    assert not claim.events.exists()  # no work on the claim, which would count for its person
    stranger = make_claim(department=make_department("Away"))
    assert client.post(f"/claims/{stranger.pk}/tags/", {"tag": "x"}).status_code == 404


def test_a_rule_that_was_tried_long_ago_says_when(client: Client, manager: User) -> None:
    tried = {"changes": 10_000, "claims": 9, "sample": [], "is_more": True}
    rule = AutomationRule.objects.create(
        name="One", on=["status"], then={"tag": "x"}, made_by=manager, tried=tried, tried_at=timezone.now()
    )
    assert "<strong>over 10,000</strong> changes of 9 claims" in (
        client.get(f"/automation/{rule.pk}/").content.decode()
    )
