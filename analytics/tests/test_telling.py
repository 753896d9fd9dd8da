"""Who is told of an alert, where, when and how often: rows first, then mails written from them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from analytics.models import (
    Alert,
    AlertEvent,
    AlertRule,
    Delivery,
    Schedule,
    ScheduledRun,
    StoppedMail,
    Webhook,
)
from analytics.telling import digests, mails, notices, stopping
from rcm_site.models import Mail
from rcm_site.testing.makers import make_alert, make_department, make_payer, make_rule, make_user

pytestmark = pytest.mark.django_db

NOW = timezone.now()
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def make_webhook(**fields: Any) -> Webhook:
    name = f"Webhook {Webhook.objects.count()}"
    return Webhook.objects.create(**({"name": name, "url": "https://hooks.example/x"} | fields))


def rule_for(*people: User, **fields: Any) -> AlertRule:
    rule = make_rule(**fields)
    rule.people.set(people)
    return rule


def happened(alert: Alert, what: str, now: datetime = NOW, value: Decimal | None = None) -> AlertEvent:
    event = alert.events.create(what=what, at=now, value=value or alert.value)
    notices.tell(event, now=now)
    return event


def opened(rule: AlertRule, now: datetime = NOW, **fields: Any) -> Alert:
    alert = make_alert(rule, opened_at=now, **fields)
    notices.tell(alert.events.get(), now=now)
    return alert


def over(alert: Alert, now: datetime = NOW) -> None:
    alert.resolved_at = now
    alert.save(update_fields=["resolved_at"])
    happened(alert, "resolved", now, Decimal("8.1"))


def told() -> list[tuple[str, str]]:
    rows = Delivery.objects.order_by("event", "channel", "address", "webhook")
    return [(row.event.what if row.event else row.about, row.address or str(row.webhook)) for row in rows]


# Whom, and once ------------------------------------------------------------------------------------


def test_each_place_is_told_once_of_each_event() -> None:
    ann, bob = make_user("director", email="ann@x.example"), make_user("director", email="bob@x.example")
    rule = rule_for(ann, bob, addresses=["it@x.example", "ANN@x.example"], numbers=["+12175550100"])
    rule.webhooks.add(make_webhook(name="Ours"), make_webhook(name="Not in use", is_active=False))
    alert = opened(rule)
    notices.tell(alert.events.get(), now=NOW)  # as if a worker did it twice
    assert sorted(address for _, address in told()) == [
        *("+12175550100", "Ours", "ann@x.example", "bob@x.example", "it@x.example")
    ]


def test_whoever_may_not_see_an_alert_hears_nothing_of_it() -> None:
    mine, other = make_department(), make_department()
    ann = make_user("manager", departments=[mine], email="ann@x.example")
    bob = make_user("manager", departments=[other], email="bob@x.example")
    biller = make_user("biller", departments=[mine])
    opened(rule_for(ann, bob, biller, department=mine))
    assert told() == [("opened", "ann@x.example")]


def test_rights_that_were_lost_meanwhile_count_when_the_mail_is_written() -> None:
    ann, bob, cleo = make_user("director"), make_user("director"), make_user("director")
    opened(rule_for(ann, bob, cleo))
    User.objects.filter(pk=ann.pk).update(is_active=False)
    User.objects.filter(pk=bob.pk).update(role="biller")
    assert mails.write_due(NOW) == 1
    assert Mail.objects.get().recipients == [cleo.email]
    answers = Delivery.objects.filter(state="failed").order_by("person").values_list("answer", flat=True)
    assert [*answers] == ["This person is not active any more.", "They may not see this alert any more."]


def test_only_a_critical_alert_is_told_again_when_it_gets_worse() -> None:
    calm, critical = rule_for(make_user("director")), rule_for(make_user("director"), severity="critical")
    for rule in (calm, critical):
        happened(opened(rule), "worsened")
    whats = Delivery.objects.filter(event__what="worsened").values_list("event__alert__rule", flat=True)
    assert [*whats] == [critical.pk]


def test_that_it_is_over_is_told_where_it_was_told_before() -> None:
    ann, bob = make_user("director", email="ann@x.example"), make_user("director", email="bob@x.example")
    rule = rule_for(ann)
    alert = opened(rule)
    rule.people.add(bob)
    over(alert)
    assert told() == [("opened", "ann@x.example"), ("resolved", "ann@x.example")]


def test_nobody_is_told_of_what_is_snoozed_but_machines_that_it_is_over() -> None:
    rule = rule_for(make_user("director"), severity="critical")
    rule.webhooks.add(make_webhook(name="Pager", shape="pagerduty"))
    alert = opened(rule)
    Delivery.objects.exclude(webhook=None).update(state="sent")
    Delivery.objects.filter(webhook=None).delete()
    alert.snoozed_until = NOW + DAY
    happened(alert, "worsened")
    over(alert)
    assert told() == [("opened", "Pager"), ("resolved", "Pager")]


def test_an_escalation_reaches_those_it_is_for_at_once_and_them_alone() -> None:
    ann, boss = make_user("director"), make_user("director", email="boss@x.example", wants_digest=True)
    outsider = make_user("manager", departments=[make_department()])
    rule = rule_for(ann)
    rule.escalates_to.set([boss, outsider])
    alert = opened(rule)
    alert.escalated_at = NOW
    happened(alert, "escalated")
    over(alert)
    rows = Delivery.objects.filter(person=boss).order_by("event")
    assert [(row.event.what, row.state) for row in rows if row.event] == [
        ("escalated", "waiting"),
        ("resolved", "collected"),
    ]
    assert not Delivery.objects.filter(person=outsider).exists()
    assert Delivery.objects.filter(person=ann, event__what="escalated").count() == 0


def test_who_keeps_incidents_is_told_that_somebody_took_it_up() -> None:
    rule = rule_for(make_user("director"))
    rule.webhooks.add(
        *(make_webhook(name=shape, shape=shape) for shape in ("json", "slack", "teams", "pagerduty"))
    )
    happened(opened(rule), "acknowledged")
    acknowledged = sorted(where for what, where in told() if what == "acknowledged")
    assert acknowledged == ["json", "pagerduty"]


# Several at once -----------------------------------------------------------------------------------


def opened_at_once(rule: AlertRule, *values: int, **fields: Any) -> list[Alert]:
    alerts = [
        make_alert(rule, opened_at=NOW, payer=make_payer(f"Payer {value}"), value=Decimal(value), **fields)
        for value in values
    ]
    notices.tell(*AlertEvent.objects.filter(alert__in=alerts), now=NOW)
    return alerts


def test_what_opens_at_once_is_one_message_but_to_machines_that_keep_incidents() -> None:
    ann, digested = make_user("director"), make_user("director", wants_digest=True)
    rule = rule_for(ann, digested, each="payer", addresses=["it@x.example"])
    rule.webhooks.set(make_webhook(name=shape, shape=shape) for shape in Webhook.Shape.values)
    _, worst, _ = opened_at_once(rule, 20, 40, 30)
    notices.tell(*AlertEvent.objects.all(), now=NOW)  # as if a worker did it twice
    one_each = Delivery.objects.exclude(others=None).distinct()
    places = sorted(row.address or str(row.webhook) for row in one_each)
    assert places == sorted([ann.email, "it@x.example", "slack", "teams"])
    assert {(row.event, row.others.count()) for row in one_each} == {(worst.events.get(), 2)}
    assert Delivery.objects.filter(webhook__shape="json").count() == 3
    assert Delivery.objects.filter(webhook__shape="pagerduty").count() == 3
    assert Delivery.objects.filter(person=digested, state="collected").count() == 3
    assert Delivery.objects.count() == 4 + 9


def test_each_hears_only_of_those_at_once_that_they_may_see() -> None:
    mine, other = make_department("Mine"), make_department("Other")
    lead = make_user("manager", departments=[mine], email="lead@x.example")
    boss = make_user("director", email="boss@x.example")
    rule = rule_for(lead, boss, each="department")
    alerts = [make_alert(rule, opened_at=NOW, department=each) for each in (mine, other)]
    notices.tell(*AlertEvent.objects.all(), now=NOW)
    hers = Delivery.objects.get(person=lead)
    assert (hers.event, hers.others.count()) == (alerts[0].events.get(), 0)
    lost = Delivery.objects.get(person=boss)
    User.objects.filter(pk=boss.pk).update(role="manager")
    boss.departments.set([other])
    mails.write_due(NOW)
    lost.refresh_from_db()
    assert lost.mail is not None
    assert "Other" in str(lost.mail.message)
    assert "Mine" not in str(lost.mail.message)


def test_one_of_several_ends_where_all_were_told_and_hangs_on_to_that_message() -> None:
    rule = rule_for(make_user("director"), each="payer")
    first, worst = opened_at_once(rule, 20, 40)
    assert mails.write_due(NOW) == 1
    over(first, NOW + MINUTE)
    assert mails.write_due(NOW + MINUTE) == 1
    told_of_both, ended = Mail.objects.order_by("pk")
    assert told_of_both.message_id.startswith(f"<alert-{worst.pk}.")
    assert ended.message["headers"]["References"] == told_of_both.message_id


# When ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "quiet", "due"),
    [
        ("2026-03-10 21:59", (22, 7), "2026-03-10 21:59"),
        ("2026-03-10 22:00", (22, 7), "2026-03-11 07:00"),
        ("2026-03-11 06:59", (22, 7), "2026-03-11 07:00"),
        ("2026-03-11 07:00", (22, 7), "2026-03-11 07:00"),
        ("2026-03-11 12:30", (12, 14), "2026-03-11 14:00"),
        ("2026-03-11 12:30", (8, 8), "2026-03-11 12:30"),
        ("2026-03-07 23:30", (22, 7), "2026-03-08 07:00"),  # the night in which clocks go forward
        ("2026-10-31 23:30", (22, 7), "2026-11-01 07:00"),  # … and back
    ],
)
def test_quiet_hours_end_by_the_sites_clock(clock: str, quiet: tuple[int, int], due: str) -> None:
    here = timezone.get_current_timezone()
    now, expected = (datetime.fromisoformat(text).replace(tzinfo=here) for text in (clock, due))
    found = notices.end_of_quiet(now, time(quiet[0]), time(quiet[1]))
    assert found.astimezone(UTC) == expected.astimezone(UTC)


def test_quiet_hours_hold_back_all_but_what_is_critical() -> None:
    night = timezone.localtime(NOW).replace(hour=23, minute=0)
    quiet = {"quiet_from": time(22), "quiet_until": time(7)}
    ann = make_user("director")
    calm, urgent = rule_for(ann, **quiet), rule_for(ann, severity="critical", **quiet)
    opened(calm, night)
    opened(urgent, night)
    assert mails.write_due(night) == 1
    written = Delivery.objects.get(mail__isnull=False)
    assert written.event is not None
    assert written.event.alert.rule == urgent
    assert mails.write_due(night + timedelta(hours=8)) == 1


def test_what_is_over_never_overtakes_what_opened() -> None:
    rule = rule_for(make_user("director"))
    alert = opened(rule)
    Delivery.objects.update(due_at=NOW + DAY)
    over(alert, NOW + MINUTE)
    assert mails.write_due(NOW + 2 * MINUTE) == 0
    assert mails.write_due(NOW + 2 * DAY) == 1
    assert mails.write_due(NOW + 2 * DAY) == 1
    first, second = Mail.objects.order_by("pk")
    assert second.message["headers"]["References"] == first.message_id


# Digests -------------------------------------------------------------------------------------------


def morning(person: User, clock: str) -> datetime:
    return datetime.fromisoformat(clock).replace(tzinfo=person.zone)


def test_a_digest_gathers_a_day_into_one_mail_however_often_beat_looks() -> None:
    ann = make_user("director", wants_digest=True, time_zone="America/Los_Angeles")
    rule, critical = rule_for(ann), rule_for(ann, severity="critical")
    before = morning(ann, "2026-03-10 15:00")
    alert, other = opened(rule, before), opened(rule, before, payer_id=None, department=make_department())
    opened(critical, before)
    over(other, before + MINUTE)
    assert digests.gather(morning(ann, "2026-03-11 06:59")) == 0
    for minute in (0, 0, 1):
        digests.gather(morning(ann, f"2026-03-11 07:0{minute}"))
    assert mails.write_due(morning(ann, "2026-03-11 07:02")) == 2  # and the critical one by itself
    mail = Mail.objects.get(message_id__contains="digest")
    assert mail.message["subject"] == "Alerts of 11 Mar 2026: 1 open, 1 over"
    assert f"/alerts/{alert.pk}/" in mail.message["body"]
    assert f"/alerts/{other.pk}/" in mail.message["body"]
    assert Delivery.objects.filter(state="collected").count() == 0


def test_nothing_to_tell_is_no_digest() -> None:
    make_user("director", wants_digest=True)
    assert digests.gather(NOW) == 0
    assert not Delivery.objects.exists()


def test_what_comes_after_the_days_digest_waits_for_the_next() -> None:
    ann = make_user("director", wants_digest=True)
    rule = rule_for(ann)
    opened(rule, morning(ann, "2026-03-10 15:00"))
    assert digests.gather(morning(ann, "2026-03-11 07:00")) == 1
    opened(rule, morning(ann, "2026-03-11 06:30"), department=make_department())  # told late
    assert digests.gather(morning(ann, "2026-03-11 08:00")) == 0
    assert digests.gather(morning(ann, "2026-03-14 12:00")) == 1  # beat was off for days
    assert Delivery.objects.filter(about="digest").count() == 2


def test_a_weekly_digest_waits_for_monday() -> None:
    ann = make_user("director", wants_digest=True, digest_every="week")
    opened(rule_for(ann), morning(ann, "2026-03-10 15:00"))  # a Tuesday
    assert digests.gather(morning(ann, "2026-03-15 23:00")) == 0
    assert digests.gather(morning(ann, "2026-03-16 07:00")) == 1


def test_a_digest_shows_only_what_its_reader_may_see_by_then() -> None:
    mine = make_department()
    ann = make_user("manager", departments=[mine], wants_digest=True)
    opened(rule_for(ann, department=mine), morning(ann, "2026-03-10 15:00"))
    digests.gather(morning(ann, "2026-03-11 07:00"))
    ann.departments.clear()
    assert mails.write_due(morning(ann, "2026-03-11 07:01")) == 0
    assert Delivery.objects.get(about="digest").answer == "They may not see any of it any more."


# Wanting no more -----------------------------------------------------------------------------------


def link_of(delivery: Delivery) -> str:
    return stopping.url_of(delivery)


def test_one_click_stops_a_rules_mails_without_signing_in(client: Client) -> None:
    ann = make_user("director")
    rule = rule_for(ann, addresses=["it@x.example"])
    alert = opened(rule)
    strict = Client(enforce_csrf_checks=True)
    for delivery in Delivery.objects.all():
        assert client.get(link_of(delivery)).status_code == 200
    assert not StoppedMail.objects.exists()  # looking stops nothing
    for delivery in Delivery.objects.all():
        answer = strict.post(link_of(delivery), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        strict.post(link_of(delivery), {"List-Unsubscribe": "One-Click"})
    over(alert)
    opened(rule, department=make_department())
    assert Delivery.objects.count() == 2
    assert StoppedMail.objects.count() == 2
    assert AuditEntry.objects.filter(action="mail.stopped").count() == 2
    assert mails.write_due(NOW) == 0  # nor what waited already

    strict.post(link_of(Delivery.objects.filter(person=ann)[0]), {"again": "1"})
    assert StoppedMail.objects.filter(person=ann).count() == 0


def test_the_link_of_a_digest_stops_all_alerts_and_no_reports() -> None:
    ann = make_user("director", wants_digest=True)
    opened(rule_for(ann), morning(ann, "2026-03-10 15:00"))
    digests.gather(morning(ann, "2026-03-11 07:00"))
    stopping.stop(Delivery.objects.get(about="digest"))
    opened(rule_for(ann))
    assert Delivery.objects.filter(event__isnull=False).count() == 1
    run = run_for(ann)
    mails.mail_report(run, person=ann, content=None, url="/reports/", now=NOW)
    assert Delivery.objects.filter(about="report").count() == 1


def test_a_link_that_somebody_made_up_stops_nothing(client: Client) -> None:
    opened(rule_for(make_user("director")))
    for token in ("x", f"{Delivery.objects.get().pk}:forged"):
        assert client.post(f"/mails/stop/{token}/").status_code == 410
    assert not StoppedMail.objects.exists()


def test_what_was_stopped_stands_in_the_profile_and_is_taken_back_there(client: Client, sign_in: Any) -> None:
    ann, bob = make_user("director"), make_user("director")
    opened(rule_for(ann, bob, name="Denials of Aetna"))
    for delivery in Delivery.objects.all():
        stopping.stop(delivery)
    sign_in(ann)
    assert "alerts of “Denials of Aetna”" in client.get("/profile/").content.decode()
    of_bob = StoppedMail.objects.get(person=bob)
    assert client.post(f"/mails/again/{of_bob.pk}/").status_code == 404
    client.post(f"/mails/again/{StoppedMail.objects.get(person=ann).pk}/")
    assert [*StoppedMail.objects.all()] == [of_bob]


def test_the_profile_offers_digests_to_those_who_are_told_of_alerts(client: Client, sign_in: Any) -> None:
    sign_in("biller")
    assert "wants_digest" not in client.get("/profile/").content.decode()
    ann = sign_in("manager")
    page = client.get("/profile/").content.decode()
    assert "Central, Chicago" in page
    asked = {
        "theme": "system",
        "default_period": "last_30_days",
        "wants_digest": "on",
        "digest_every": "week",
    }
    client.post("/profile/", asked | {"name": "Ann", "time_zone": "America/Chicago"})
    ann.refresh_from_db()
    assert (ann.wants_digest, ann.digest_every, ann.time_zone) == (True, "week", "America/Chicago")


# Reports -------------------------------------------------------------------------------------------


def run_for(owner: User) -> ScheduledRun:
    schedule = Schedule.objects.create(
        name="Denials, weekly", owner=owner, standard="denials", at=time(8), time_zone="UTC", due_at=NOW
    )
    return ScheduledRun.objects.create(schedule=schedule, due_at=NOW)


def test_a_report_is_mailed_once_a_turn_with_its_file() -> None:
    ann = make_user("director")
    run = run_for(ann)
    for _ in range(2):
        mails.mail_report(run, person=ann, content=b"%PDF-1.7", url="/reports/1/", now=NOW)
    (mail,) = Mail.objects.all()
    assert [(name, kind) for name, kind, _ in mail.message["attachments"]] == [
        (f"denials-weekly-{timezone.localdate(NOW)}.pdf", "application/pdf")
    ]
    Mail.objects.update(state="sent", closed_at=NOW)
    assert mails.settle(NOW) == 1
    assert Delivery.objects.get().state == "sent"


def test_a_report_that_somebody_stopped_is_not_mailed_to_them() -> None:
    ann, bob = make_user("director"), make_user("director")
    run = run_for(ann)
    mails.mail_report(run, person=ann, content=None, url="/reports/1/", now=NOW)
    stopping.stop(Delivery.objects.get())
    next_run = ScheduledRun.objects.create(schedule=run.schedule, due_at=NOW + DAY)
    for person in (ann, bob):
        mails.mail_report(next_run, person=person, content=None, url="/reports/1/", now=NOW)
    assert [*Delivery.objects.filter(once__contains=f":{next_run.pk}:").values_list("person", flat=True)] == [
        bob.pk
    ]
