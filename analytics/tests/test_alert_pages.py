"""Alerts and their rules on pages: who sees which, what they do about them, and what a rule's form offers."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Department, User
from analytics.alerts.wording import alert_in_words, behind, condition_in_words
from analytics.models import Alert, AlertRule, Delivery, Webhook
from rcm_site.testing.makers import (
    make_alert,
    make_claim,
    make_department,
    make_payer,
    make_provider,
    make_rule,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_shipped_rules(db: None) -> None:
    AlertRule.objects.all().delete()


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def manager(sign_in: Any, heart: Department) -> User:
    return sign_in("manager", departments=[heart])


def asked(**changes: Any) -> dict[str, Any]:
    """What somebody sends who fills in the form for a rule."""
    sent = {
        "name": "Denials",
        "watches": "denial_rate",
        "condition": "above",
        "limit": "10",
        "change_in": "amount",
        "window_days": "30",
        "minimum_n": "20",
        "every": "60",
        "cool_down_minutes": "60",
        "severity": "critical",
        "by_mail": "on",
        "save": "1",
    }
    return {name: value for name, value in (sent | changes).items() if value is not None}


# Words ---------------------------------------------------------------------------------------------


def test_an_alert_and_its_rule_are_said_in_words(heart: Department) -> None:
    rule = make_rule(each="payer", department=heart, kind="dental")
    alert = make_alert(rule, payer=make_payer("Aetna"), value=Decimal("14.2184"))
    said = "Denial rate (of decided) of Aetna, Heart, dental: 14.2%, limit 10.0%"
    assert alert_in_words(alert) == said
    falls = AlertRule(watches="cash_collected", condition="falls", limit=20, change_in="percent")
    assert condition_in_words(falls) == "falls by more than 20.0% against the 30 days before"
    rises = AlertRule(watches="denial_rate", condition="rises", limit=Decimal("2.5"), window_days=7)
    assert condition_in_words(rises) == "rises by more than 2.5 points against the 7 days before"


def test_what_is_behind_an_alert_is_asked_for_the_same_claims_and_days(heart: Department) -> None:
    provider = make_provider("1234567893")
    rule = make_rule(each="provider", department=heart, category="coding")
    alert = make_alert(rule, provider=provider)
    day = timezone.localdate().isoformat()
    asked_for = f"department={heart.pk}&provider=1234567893&category=coding&start={day}&end={day}"
    assert behind(alert) == f"/numbers/denial_rate/?{asked_for}"


def test_claims_without_a_payer_are_asked_for_as_such() -> None:
    assert "?payer=none&" in behind(make_alert(make_rule(each="payer")))


# All of them ---------------------------------------------------------------------------------------


def test_open_alerts_stand_there_the_gravest_first(client: Client, sign_in: Any) -> None:
    sign_in("director")
    for name, severity, age in [("Old", "warning", 3), ("New", "warning", 1), ("Grave", "critical", 9)]:
        opened_at = timezone.now() - timedelta(days=age)
        make_alert(make_rule(severity=severity, each="payer"), payer=make_payer(name), opened_at=opened_at)
    make_alert(resolved_at=timezone.now())
    page = client.get("/alerts/")
    rows = [row.cells[0].text for row in page.context["table"].rows]
    assert [name for row in rows for name in ("Old", "New", "Grave") if name in row] == [
        "Grave",
        "New",
        "Old",
    ]
    assert page.context["lead"] == "3 open: 1 critical, 2 warning."


def test_alerts_are_filtered_by_state_severity_number_department_and_person(
    client: Client, manager: User, heart: Department
) -> None:
    def found(query: str) -> set[int]:
        page = client.get(f"/alerts/?{query}")
        return {int(row.url.split("/")[2]) for row in page.context["table"].rows if row.url}

    mine = make_alert(make_rule(department=heart), assignee=manager, acknowledged_at=timezone.now())
    grave = make_alert(make_rule(department=heart, severity="critical", watches="open_ar"))
    later = timezone.now() + timedelta(hours=1)
    snoozed = make_alert(make_rule(department=heart), snoozed_until=later)
    over = make_alert(make_rule(department=heart), resolved_at=timezone.now())
    assert found("") == {mine.pk, grave.pk, snoozed.pk}
    assert found("state=waiting") == {grave.pk, snoozed.pk}
    assert found("state=snoozed") == {snoozed.pk}
    assert found("state=over") == {over.pk}
    assert found("state=all") == {mine.pk, grave.pk, snoozed.pk, over.pk}
    assert found("severity=critical") == found("watches=open_ar") == {grave.pk}
    assert found("assignee=me") == {mine.pk}
    assert found(f"department={heart.pk}") == {mine.pk, grave.pk, snoozed.pk}
    assert found("state=nonsense") == set()


def test_a_manager_finds_alerts_of_their_own_departments_alone(
    client: Client, manager: User, heart: Department
) -> None:
    teeth = make_department("Teeth")
    near, far = (make_alert(make_rule(department=each)) for each in (heart, teeth))
    everybodys, sites = make_alert(), make_alert(make_rule(watches="dead_letters", is_about_site=True))
    assert [row.url for row in client.get("/alerts/").context["table"].rows] == [f"/alerts/{near.pk}/"]
    for alert in (far, everybodys, sites):
        assert client.get(f"/alerts/{alert.pk}/").status_code == 404
        for act in ("acknowledge", "comment", "snooze", "assign"):
            assert client.post(f"/alerts/{alert.pk}/{act}/", {"text": "x"}).status_code == 404
    vain = AuditEntry.objects.filter(action="alert.read", outcome="failed")
    assert [each.details["asked_for"] for each in vain.order_by("pk")] == [far.pk, everybodys.pk, sites.pk]
    assert "Teeth" not in client.get("/dashboard/").text


def test_the_sites_own_alerts_are_for_those_who_run_it(client: Client, sign_in: Any) -> None:
    alert = make_alert(make_rule(watches="dead_letters", is_about_site=True))
    sign_in("director")
    assert client.get(f"/alerts/{alert.pk}/").status_code == 404
    assert 'value="dead_letters"' not in client.get("/alerts/rules/new/").text
    sign_in("admin")
    assert client.get(f"/alerts/{alert.pk}/").status_code == 200
    assert 'value="dead_letters"' in client.get("/alerts/rules/new/").text


@pytest.mark.parametrize("role", ["manager", "biller"])
def test_the_dashboard_shows_the_gravest_to_those_who_see_alerts(
    client: Client, sign_in: Any, heart: Department, role: str
) -> None:
    make_claim(department=heart)
    for number in range(6):
        make_alert(make_rule(department=heart, severity="critical" if number == 5 else "low"))
    sign_in(role, departments=[heart])
    table = client.get("/dashboard/").context["alerts"]
    if role == "biller":
        assert table is None
    else:
        assert [row.cells[1].badge for row in table.rows] == ["critical", "low", "low", "low", "low"]
        assert table.caption == "Needs attention: the first 5"


def test_pages_take_as_many_queries_for_many_as_for_one(
    client: Client, sign_in: Any, heart: Department, django_assert_max_num_queries: Any
) -> None:
    sign_in("director")
    for number in range(12):
        payer, provider = make_payer(f"Payer {number}"), make_provider()
        rule = make_rule(each="provider", payer=payer, department=heart)
        make_alert(rule, provider=provider, assignee=make_user("manager"))
    client.get("/alerts/")
    with django_assert_max_num_queries(8):
        client.get("/alerts/")
    with django_assert_max_num_queries(6):
        client.get("/alerts/rules/")


# One of them ---------------------------------------------------------------------------------------


def test_an_alert_says_all_about_itself(client: Client, manager: User, heart: Department) -> None:
    rule = make_rule(department=heart, runbook="Call the payer.")
    alert = make_alert(rule, worst=Decimal(17))
    event = alert.events.get()
    Delivery.objects.create(
        channel="mail", about="alert", once="1", event=event, person=manager, state="failed", answer="550 no"
    )
    others = make_user("director")
    Delivery.objects.create(
        channel="mail", about="alert", once="2", event=event, person=others, answer="Read"
    )
    page = client.get(f"/alerts/{alert.pk}/")
    for words in ("14.2%", "limit 10.0%", "17.0%", "Call the payer.", "Opened", "550 no"):
        assert words in page.text
    assert f'href="/numbers/denial_rate/?department={heart.pk}&amp;start=' in page.text
    assert [row.cells[0].text for row in page.context["deliveries"].rows] == [manager.name]
    assert page.context["chart"].about.key == "course"


def test_an_alert_about_the_site_is_of_no_claims(client: Client, sign_in: Any) -> None:
    sign_in("admin")
    alert = make_alert(make_rule(watches="dead_letters", is_about_site=True))
    assert dict(client.get(f"/alerts/{alert.pk}/").context["facts"])["Of"] == "The site itself"


def test_somebody_takes_care_of_an_alert(client: Client, manager: User, heart: Department) -> None:
    alert = make_alert(make_rule(department=heart))
    colleague = make_user("manager", name="Mona", departments=[heart])
    make_user("biller", name="Bill who sees no alerts", departments=[heart])
    assert "Bill who sees no alerts" not in client.get(f"/alerts/{alert.pk}/").text
    client.post(f"/alerts/{alert.pk}/acknowledge/")
    client.post(f"/alerts/{alert.pk}/assign/", {"assignee": colleague.pk})
    client.post(f"/alerts/{alert.pk}/snooze/", {"until": "day"})
    client.post(f"/alerts/{alert.pk}/comment/", {"text": "Their portal is down."})
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.assignee) == (manager, colleague)
    assert alert.snoozed_until is not None
    assert timedelta(hours=23) < alert.snoozed_until - timezone.now() < timedelta(hours=25)
    page = client.get(f"/alerts/{alert.pk}/")
    assert [each.event.what for each in page.context["events"]] == [
        *("commented", "snoozed", "assigned", "acknowledged", "opened")
    ]
    assert "Their portal is down." in page.text
    assert AuditEntry.objects.filter(action="alert.acknowledged", actor=manager).exists()


def test_what_the_list_shows_as_waiting_is_acknowledged_at_once_and_nothing_else(
    client: Client, manager: User, heart: Department
) -> None:
    rule = make_rule(department=heart, severity="critical")
    first, second = (make_alert(rule, payer=make_payer(name)) for name in ("Acme", "Northern"))
    warning = make_alert(make_rule(department=heart, severity="warning"))
    others = make_alert(make_rule(department=make_department("Dental"), severity="critical"))
    colleague = make_user("manager", departments=[heart])
    known = make_alert(
        make_rule(department=heart, severity="critical"),
        acknowledged_at=timezone.now(),
        acknowledged_by=colleague,
    )
    page = client.get("/alerts/?severity=critical")
    assert (page.context["waiting"], "Acknowledge the 2 that wait" in page.text) == (2, True)
    sent = {"newest": page.context["newest"]}
    since = make_alert(make_rule(department=heart, severity="critical"))
    answer = client.post("/alerts/acknowledge/?severity=critical", sent, follow=True)
    assert "You know of 2 more" in answer.text
    assert answer.redirect_chain[-1][0] == "/alerts/?severity=critical"
    by = dict(Alert.objects.values_list("pk", "acknowledged_by"))
    assert (by[first.pk], by[second.pk]) == (manager.pk, manager.pk)
    assert (by[warning.pk], by[others.pk], by[since.pk], by[known.pk]) == (None, None, None, colleague.pk)
    assert AuditEntry.objects.filter(action="alert.acknowledged", actor=manager).count() == 2
    again = client.post("/alerts/acknowledge/?severity=critical", sent, follow=True)
    assert "Nothing waits there any more." in again.text
    for wrong in ({}, {"newest": "9" * 40}, {"newest": "x"}):
        client.post("/alerts/acknowledge/", wrong)
    assert Alert.objects.filter(acknowledged_at=None).count() == 3


def test_an_alert_is_given_to_nobody_who_may_not_see_it(
    client: Client, manager: User, heart: Department
) -> None:
    alert = make_alert(make_rule(department=heart))
    stranger = make_user("manager", departments=[make_department("Teeth")])
    page = client.post(f"/alerts/{alert.pk}/assign/", {"assignee": stranger.pk}, follow=True)
    assert "Who looks after it: Select a valid choice" in page.text
    alert.refresh_from_db()
    assert alert.assignee is None


def test_what_is_over_can_only_be_commented(client: Client, manager: User, heart: Department) -> None:
    alert = make_alert(make_rule(department=heart), resolved_at=timezone.now())
    page = client.post(f"/alerts/{alert.pk}/acknowledge/", follow=True)
    assert "It is over already." in page.text
    assert "Acknowledge</button>" not in page.text
    client.post(f"/alerts/{alert.pk}/comment/", {"text": "It was a holiday."})
    assert alert.events.filter(what="commented").count() == 1


def test_an_analyst_reads_no_comments_and_changes_nothing(
    client: Client, sign_in: Any, manager: User, heart: Department
) -> None:
    alert = make_alert(make_rule(department=heart))
    client.post(f"/alerts/{alert.pk}/comment/", {"text": "Ask about Smith, Anna."})
    sign_in("analyst")
    page = client.get(f"/alerts/{alert.pk}/")
    assert "Smith" not in page.text
    assert "<textarea" not in page.text
    assert client.post(f"/alerts/{alert.pk}/comment/", {"text": "x"}).status_code == 403


# Rules ---------------------------------------------------------------------------------------------


def test_a_rule_is_written_changed_switched_off_and_deleted(
    client: Client, manager: User, heart: Department
) -> None:
    answer = client.post("/alerts/rules/new/", asked(department=heart.pk, people=[manager.pk]))
    assert answer["Location"] == "/alerts/rules/"
    rule = AlertRule.objects.get()
    assert (rule.made_by, rule.department, rule.limit, [*rule.people.all()]) == (
        manager,
        heart,
        10,
        [manager],
    )
    page = client.get("/alerts/rules/")
    words = "Denial rate (of decided), Heart, over 30 days: is above 10.0%"
    assert page.context["table"].rows[0].cells[1].text == words
    client.post(f"/alerts/rules/{rule.pk}/", asked(department=heart.pk, limit="12.5", each="payer"))
    rule.refresh_from_db()
    assert (rule.limit, rule.each, rule.people.count()) == (Decimal("12.5"), "payer", 0)
    alert = make_alert(rule)
    client.post(f"/alerts/rules/{rule.pk}/switch/", {"is_active": "no"})
    alert.refresh_from_db()
    assert alert.resolved_at is not None
    page = client.post(f"/alerts/rules/{rule.pk}/delete/", follow=True)
    assert "It has opened alerts, which are kept with it" in page.text
    assert "Delete…" not in page.text
    fresh = make_rule(department=heart)
    assert "It has not opened any alert." in client.get(f"/alerts/rules/{fresh.pk}/delete/").text
    client.post(f"/alerts/rules/{fresh.pk}/delete/")
    assert [*AlertRule.objects.all()] == [rule]


def test_a_form_that_is_wrong_names_what_and_how_to_mend_it(
    client: Client, manager: User, heart: Department
) -> None:
    sent = asked(name="", limit="-", department="", watches="profit", quiet_from="22:00", provider="1")
    page = client.post("/alerts/rules/new/", sent)
    errors = page.context["form"].errors
    assert {"name", "limit", "watches", "provider"} <= errors.keys()
    page = client.post("/alerts/rules/new/", asked(department="", quiet_from="22:00"))
    assert errors["provider"] == ["There is no provider with this NPI: ten digits, as on a claim."]
    assert page.context["form"].errors.keys() == {"department", "quiet_until"}
    assert not AlertRule.objects.exists()


def test_only_who_sees_everything_tells_somebody_outside(
    client: Client, sign_in: Any, manager: User, heart: Department
) -> None:
    hook = Webhook.objects.create(name="Pager", url="https://pager.example")
    outside = {"addresses": "it@clinic.example", "numbers": "+13125550123", "webhooks": [hook.pk]}
    client.post("/alerts/rules/new/", asked(department=heart.pk, **outside))
    rule = AlertRule.objects.get()
    assert (rule.addresses, rule.numbers, rule.webhooks.count()) == ([], [], 0)
    sign_in("director")
    two = "it@clinic.example\n\nops@clinic.example"
    client.post("/alerts/rules/new/", asked(name="Outside", **outside | {"addresses": two}))
    rule = AlertRule.objects.get(name="Outside")
    assert rule.addresses == ["it@clinic.example", "ops@clinic.example"]
    assert (rule.numbers, rule.webhooks.get()) == (["+13125550123"], hook)


def test_a_manager_is_offered_own_departments_and_whom_they_may_tell(
    client: Client, manager: User, heart: Department
) -> None:
    teeth = make_department("Teeth")
    near, far = make_user("manager", departments=[heart]), make_user("manager", departments=[teeth])
    director = make_user("director")
    page = client.get("/alerts/rules/new/")
    form = page.context["form"]
    assert 'Of the department <span class="optional">unless it looks at each</span>' in page.text
    assert {*form["people"].field.queryset} == {manager, near, director}
    assert [*form["department"].field.queryset] == [heart]
    for wrong in ({"department": teeth.pk}, {"department": heart.pk, "people": [far.pk]}, {}):
        client.post("/alerts/rules/new/", asked(**wrong))
    assert not AlertRule.objects.exists()


def test_what_a_director_put_into_a_rule_stays_when_a_manager_changes_the_rest(
    client: Client, manager: User, heart: Department
) -> None:
    far = make_user("manager", departments=[make_department("Teeth")])
    rule = make_rule(department=heart, addresses=["it@clinic.example"], roles=["director"])
    rule.people.add(far)
    form = client.get(f"/alerts/rules/{rule.pk}/").context["form"]
    kept = {name: form[name].value() for name in ("people", "roles")}
    client.post(f"/alerts/rules/{rule.pk}/", asked(department=heart.pk, limit="12", **kept))
    rule.refresh_from_db()
    assert (rule.limit, rule.addresses, [*rule.people.all()]) == (12, ["it@clinic.example"], [far])


def test_a_rule_that_makes_no_sense_any_more_can_be_switched_off_but_not_on(
    client: Client, manager: User, heart: Department
) -> None:
    rule = make_rule(department=heart)
    AlertRule.objects.update(watches="profit")
    for word, is_active in (("no", False), ("yes", False)):
        page = client.post(f"/alerts/rules/{rule.pk}/switch/", {"is_active": word}, follow=True)
        rule.refresh_from_db()
        assert rule.is_active is is_active
    assert "First mend this: There is no such number." in page.text


def test_rules_of_other_departments_are_unknown(client: Client, manager: User) -> None:
    rule = make_rule(department=make_department("Teeth"))
    assert client.get("/alerts/rules/").context["table"].rows == []
    for address in (f"{rule.pk}/", f"{rule.pk}/delete/", f"new/?like={rule.pk}", "new/?like=x"):
        assert client.get(f"/alerts/rules/{address}").status_code == 404
    assert client.post(f"/alerts/rules/{rule.pk}/switch/", {"is_active": "no"}).status_code == 404


def test_a_rule_is_duplicated_with_whom_it_tells(client: Client, sign_in: Any, heart: Department) -> None:
    director = sign_in("director")
    rule = make_rule(name="Denials", department=heart, limit=7, addresses=["it@clinic.example"])
    rule.people.add(director)
    form = client.get(f"/alerts/rules/new/?like={rule.pk}").context["form"]
    assert form["name"].value() == "Denials (copy)"
    assert form["people"].value() == [director.pk]
    assert form["addresses"].value() == "it@clinic.example"
    client.post(f"/alerts/rules/new/?like={rule.pk}", asked(name="Second", limit="8"))
    assert {*AlertRule.objects.values_list("name", "limit")} == {("Denials", 7), ("Second", 8)}


# What it would have done ----------------------------------------------------------------------------


@pytest.fixture
def denied_a_week_ago(heart: Department) -> None:
    """Thirty decisions a day, of which all are denials for three days."""
    today = timezone.localdate()
    for age in range(20):
        status = "denied" if 6 <= age <= 8 else "paid"
        for _ in range(3):
            day = today - timedelta(days=age)
            make_claim(fees=["100"], department=heart, status=status, decided_on=day, submitted_on=day)


def test_a_preview_says_how_often_and_when_it_would_have_fired(
    client: Client, manager: User, heart: Department, denied_a_week_ago: None
) -> None:
    sent = asked(department=heart.pk, window_days="1", minimum_n="1", limit="50", save=None, name="")
    page = client.post("/alerts/rules/new/", sent | {"preview": "1"})
    preview = page.context["preview"]
    assert preview.words == "Would have fired once in the last 90 days."
    first = timezone.localdate() - timedelta(days=8)
    assert (preview.firings[0].days.split(" ")[0], preview.firings[0].worst) == (str(first.day), "100.0%")
    assert [row[2] for row in preview.chart.numbers.rows if row[2] is not None] == [1, 1, 1]
    assert page.context["form"].errors == {}
    fragment = client.post("/alerts/rules/new/", sent, headers={"HX-Request": "true"})
    assert "Would have fired once" in fragment.text
    assert "<html" not in fragment.text
    assert not AlertRule.objects.exists()


def test_a_preview_leaves_out_days_that_tell_of_too_few(
    client: Client, manager: User, heart: Department, denied_a_week_ago: None
) -> None:
    sent = asked(department=heart.pk, window_days="1", minimum_n="4", limit="50", save=None)
    preview = client.post("/alerts/rules/new/", sent).context["preview"]
    assert preview.words == "Would not have fired in the last 90 days."
    assert preview.chart.about.caption == "Days that tell of fewer than 4 claims are left out."
    assert preview.chart.drawings == ()


def test_a_preview_counts_what_the_person_may_see_alone(
    client: Client, manager: User, denied_a_week_ago: None, sign_in: Any
) -> None:
    teeth = make_department("Teeth")
    other = sign_in("manager", departments=[teeth])
    sent = asked(each="department", window_days="1", minimum_n="1", limit="50", save=None)
    preview = client.post("/alerts/rules/new/", sent).context["preview"]
    assert other.departments.get() == teeth
    assert preview.words == "Would not have fired in the last 90 days."
    assert "Heart" not in str(preview)


def test_a_preview_says_what_it_lacks(client: Client, manager: User, heart: Department) -> None:
    sent = asked(limit="", department=heart.pk, save=None)
    preview = client.post("/alerts/rules/new/", sent).context["preview"]
    assert preview.words == "It can be tried as soon as it says: limit."
    preview = client.post("/alerts/rules/new/", {"preview": 1, "department": heart.pk}).context["preview"]
    assert "as it says: watches, tells when it" in preview.words
    sent = asked(watches="failed_imports", condition="unusual", department=heart.pk, save=None)
    assert "mended" in client.post("/alerts/rules/new/", sent).context["preview"].words


# The admin -----------------------------------------------------------------------------------------


def test_the_admin_keeps_rules_by_the_same_validation(client: Client, sign_in: Any) -> None:
    admin = sign_in("admin")
    sent = asked(roles=["director"], is_active="on")
    page = client.post(
        "/admin/analytics/alertrule/add/",
        sent | {"each": "payer", "payer": make_payer().pk},
    )
    assert "Either one payer, or each of them." in page.text
    client.post("/admin/analytics/alertrule/add/", sent)
    rule = AlertRule.objects.get()
    assert (rule.made_by, rule.roles) == (admin, ["director"])
    make_alert(rule)
    assert client.get(f"/admin/analytics/alertrule/{rule.pk}/delete/").status_code == 403
    Alert.objects.update(resolved_at=timezone.now())
    assert client.get(f"/admin/analytics/alertrule/{rule.pk}/delete/").status_code == 403
    assert (
        "switched off instead of deleted" in client.get(f"/admin/analytics/alertrule/{rule.pk}/change/").text
    )
    fresh = make_rule()
    client.post(f"/admin/analytics/alertrule/{fresh.pk}/delete/", {"post": "yes"})
    assert [*AlertRule.objects.all()] == [rule]
