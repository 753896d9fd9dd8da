"""Alerts and their rules through the API: who may do what, and what of it is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from analytics.alerts.checking import check_due
from analytics.models import Alert, AlertRule
from rcm_site.testing.makers import make_alert, make_claim, make_department, make_payer, make_rule, make_user

pytestmark = pytest.mark.django_db
SignIn = Callable[..., User]
TODAY = timezone.localdate()
RULE = {"name": "Denials", "watches": "denial_rate", "condition": "above", "limit": "10.00"}


@pytest.fixture(autouse=True)
def no_shipped_rules() -> None:
    AlertRule.objects.all().delete()


def send(client: Client, path: str, body: Any = None, method: str = "post") -> Any:
    return getattr(client, method)(f"/api/alerts/{path}", body, content_type="application/json")


def fields(response: Any) -> set[str]:
    assert response.status_code == 400, response.content
    return {*response.json()["error"]["fields"]}


def denied(number: int, **more: Any) -> None:
    for _ in range(number):
        make_claim(status="denied", decided_on=TODAY, denial_category="coding", **more)


# Rules ---------------------------------------------------------------------------------------------


def test_a_rule_is_added_read_changed_and_deleted(client: Client, sign_in: SignIn) -> None:
    director, other = sign_in("director"), make_user("director")
    asked = RULE | {"each": "payer", "people": [director.pk], "escalates_to": [other.pk]}
    response = send(client, "rules", asked | {"escalates_after": 30, "addresses": ["it@clinic.example"]})
    assert response.status_code == 201, response.content
    shown = response.json()
    assert response["Location"] == f"/api/alerts/rules/{shown['id']}"
    assert (shown["limit"], shown["people"]) == ("10.00", [{"id": director.pk, "name": director.name}])
    changed = send(client, f"rules/{shown['id']}", {"limit": "12.5", "roles": ["admin"]}, "patch").json()
    assert (changed["limit"], changed["roles"], changed["each"]) == ("12.50", ["admin"], "payer")
    assert [each["id"] for each in client.get("/api/alerts/rules").json()["results"]] == [shown["id"]]
    rule = AlertRule.objects.get()
    assert (rule.made_by, [*rule.people.all()], rule.limit) == (director, [director], Decimal("12.5"))
    send(client, f"rules/{rule.pk}", {"is_active": False}, "patch")
    kept = make_alert()
    assert send(client, f"rules/{kept.rule.pk}", method="delete").status_code == 409
    assert send(client, f"rules/{rule.pk}", method="delete").status_code == 204
    assert client.get(f"/api/alerts/rules/{rule.pk}").status_code == 404
    trail = AuditEntry.objects.filter(action__startswith="alert_rule.", outcome="done").order_by("pk")
    assert [each.action.removeprefix("alert_rule.") for each in trail] == [
        "added",
        *["changed"] * 2,
        "deleted",
    ]


def test_what_is_wrong_with_a_rule_is_named_by_field(client: Client, sign_in: SignIn) -> None:
    sign_in("director")
    assert fields(send(client, "rules", {})) == {"name", "watches", "condition", "limit"}
    assert fields(send(client, "rules", RULE | {"watches": "luck"})) == {"watches"}
    assert fields(send(client, "rules", RULE | {"condition": "equals"})) == {"condition"}
    assert fields(send(client, "rules", RULE | {"limit": "ten"})) == {"limit"}
    assert fields(send(client, "rules", RULE | {"colour": "red"})) == {"colour"}
    assert fields(send(client, "rules", RULE | {"payer": 99, "people": [10**6]})) == {"payer", "people"}
    assert fields(send(client, "rules", RULE | {"watches": "dead_letters"})) == {"watches"}
    assert not AlertRule.objects.exists()


def test_a_manager_rules_over_own_departments_alone(client: Client, sign_in: SignIn) -> None:
    heart, eyes = make_department(), make_department()
    sign_in("manager", departments=[heart])
    assert fields(send(client, "rules", RULE)) == {"department"}
    assert fields(send(client, "rules", RULE | {"department": eyes.pk})) == {"department"}
    outside = {"department": heart.pk, "addresses": ["me@elsewhere.example"], "numbers": ["+13125550123"]}
    assert fields(send(client, "rules", RULE | outside)) == {"addresses", "numbers"}
    assert send(client, "rules", RULE | {"department": heart.pk}).status_code == 201
    hers, site_wide = make_rule(department=eyes), make_rule()
    for hidden in (hers, site_wide):
        assert client.get(f"/api/alerts/rules/{hidden.pk}").status_code == 404
        assert send(client, f"rules/{hidden.pk}", {"limit": "1"}, "patch").status_code == 404
        assert send(client, f"rules/{hidden.pk}", method="delete").status_code == 404
        assert send(client, "evaluate", {"rule": hidden.pk}).status_code == 404
    assert len(client.get("/api/alerts/rules").json()["results"]) == 1


def test_a_preview_keeps_nothing_and_tells_of_own_departments(client: Client, sign_in: SignIn) -> None:
    heart, eyes = make_department("Heart"), make_department("Eyes")
    sign_in("manager", departments=[heart])
    denied(3, department=heart)
    denied(3, department=eyes)
    shown = send(client, "rules/preview", RULE | {"each": "department", "minimum_n": 1}).json()
    assert shown["words"] == "Would have fired once in the last 90 days"
    assert shown["firings"] == [
        {
            "of": "Heart",
            "opened": TODAY.isoformat(),
            "resolved": None,
            "value": "100.0000",
            "worst": "100.0000",
        }
    ]
    assert fields(send(client, "rules/preview", RULE)) == {"department"}
    assert not AlertRule.objects.exists()


# Looking now ---------------------------------------------------------------------------------------


def test_looking_now_opens_alerts_and_tells_own_departments(client: Client, sign_in: SignIn) -> None:
    heart, eyes = make_department(), make_department()
    lead = sign_in("manager", departments=[heart])
    rule = make_rule(each="department", minimum_n=1, made_by=lead)
    make_rule()  # not hers
    denied(2, department=heart)
    denied(2, department=eyes)
    AlertRule.objects.update(due_at=timezone.now() + timedelta(days=1))
    answer = send(client, "evaluate")
    assert (answer.status_code, answer["Location"]) == (202, f"/api/alerts/rules/{rule.pk}")
    (asked,) = answer.json()["rules"]
    assert (asked["rule"]["id"], asked["url"]) == (rule.pk, f"/api/alerts/rules/{rule.pk}")
    assert not Alert.objects.exists()
    assert check_due(timezone.now()) == 1
    assert client.get(asked["url"]).json()["checked_at"] > answer.json()["asked_at"]
    assert len(client.get(asked["alerts_url"]).json()["results"]) == 1
    assert Alert.objects.filter(rule=rule).count() == 2
    assert Alert.objects.count() == 2
    shown = client.get("/api/alerts/").json()["results"]
    assert [each["department"]["id"] for each in shown] == [heart.pk]


# Alerts --------------------------------------------------------------------------------------------


def test_alerts_are_listed_by_state_severity_and_number(client: Client, sign_in: SignIn) -> None:
    sign_in("analyst")
    rule, loud = make_rule(), make_rule(severity="critical", watches="open_ar")
    one = make_alert(rule, payer=make_payer())
    over = make_alert(rule, resolved_at=timezone.now())
    critical = make_alert(loud)
    make_alert(make_rule(watches="dead_letters", is_about_site=True))

    def listed(query: str = "") -> set[int]:
        return {each["id"] for each in client.get(f"/api/alerts/{query}").json()["results"]}

    assert listed() == {one.pk, critical.pk}
    assert listed("?state=over") == {over.pk}
    assert listed("?state=all") == {one.pk, over.pk, critical.pk}
    assert listed("?severity=critical") == listed("?watches=open_ar") == {critical.pk}
    assert listed(f"?rule={rule.pk}") == {one.pk}
    for wrong in ("state=closed", "severity=red", "watches=luck", "rule=x", "colour=red"):
        assert client.get(f"/api/alerts/?{wrong}").status_code == 400


def test_an_alert_is_answered(client: Client, sign_in: SignIn) -> None:
    heart = make_department()
    lead = sign_in("manager", departments=[heart])
    agent, stranger = make_user("manager", departments=[heart]), make_user("manager")
    alert = make_alert(make_rule(department=heart))
    assert send(client, f"{alert.pk}/acknowledge").json()["acknowledged_by"]["id"] == lead.pk
    assert send(client, f"{alert.pk}/assign", {"assignee": agent.pk}).json()["assignee"]["id"] == agent.pk
    assert fields(send(client, f"{alert.pk}/assign", {"assignee": stranger.pk})) == {"assignee"}
    assert fields(send(client, f"{alert.pk}/assign", {"assignee": 10**6})) == {"assignee"}
    until = timezone.now() + timedelta(hours=1)
    snoozed = send(client, f"{alert.pk}/snooze", {"until": until.isoformat()}).json()
    assert snoozed["snoozed_until"] is not None
    past = timezone.now() - timedelta(hours=1)
    assert fields(send(client, f"{alert.pk}/snooze", {"until": past.isoformat()})) == {"until"}
    shown = send(client, f"{alert.pk}/comment", {"text": "The new code list."}).json()
    assert [each["what"] for each in shown["events"]] == [
        "opened",
        "acknowledged",
        "assigned",
        "snoozed",
        "commented",
    ]
    assert shown["events"][-1]["text"] == "The new code list."
    Alert.objects.update(resolved_at=timezone.now())
    assert send(client, f"{alert.pk}/acknowledge").status_code == 409
    assert send(client, f"{alert.pk}/assign", {"assignee": None}).status_code == 409


def test_another_departments_alert_is_as_unknown_as_none(client: Client, sign_in: SignIn) -> None:
    sign_in("manager", departments=[make_department()])
    hidden = [make_alert(make_rule(department=make_department())), make_alert()]
    for pk in (*(each.pk for each in hidden), 10**6):
        assert client.get(f"/api/alerts/{pk}").status_code == 404
        for answer, body in (("acknowledge", {}), ("comment", {"text": "?"}), ("snooze", {"until": None})):
            assert send(client, f"{pk}/{answer}", body).status_code == 404
    refused = AuditEntry.objects.filter(action="alert.acknowledged", outcome="failed")
    assert refused.count() == 3


def test_comments_are_not_for_who_works_without_patients(client: Client, sign_in: SignIn) -> None:
    alert = make_alert()
    alert.events.create(what="commented", text="Jane Doe again")
    sign_in("analyst")
    response = client.get(f"/api/alerts/{alert.pk}")
    assert response.json()["events"][-1]["text"] is None
    assert b"Jane" not in response.content
    assert send(client, f"{alert.pk}/acknowledge").status_code == 403
