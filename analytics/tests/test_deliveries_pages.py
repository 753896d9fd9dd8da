"""Deliveries and webhooks on pages: whose they are, trying again, and that secrets are shown to nobody."""

from __future__ import annotations

import socket
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from analytics.models import Delivery, Webhook
from analytics.telling import sending
from rcm_site.models import Mail
from rcm_site.testing.makers import make_alert, make_department, make_payer, make_rule, make_user

pytestmark = pytest.mark.django_db

NOW = timezone.now()
KEY = "R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY12"


def told(person: User | None = None, **fields: Any) -> Delivery:
    fields = {"channel": "mail", "about": "digest", "once": f"{Delivery.objects.count()}"} | fields
    return Delivery.objects.create(person=person, address=person.email if person else "", **fields)


def make_webhook(**fields: Any) -> Webhook:
    fields = {"name": "Ours", "url": "https://127.0.0.1/secret-path", "secret": "s" * 32} | fields
    return Webhook.objects.create(**fields)


def test_people_see_what_they_were_told_and_who_sees_everything_sees_all(
    client: Client, sign_in: Any
) -> None:
    ann = sign_in("manager", departments=[make_department()])
    own, other = told(ann), told(make_user("manager", name="Bob"))
    page = client.get("/deliveries/").content.decode()
    assert f"/deliveries/{own.pk}/" in page
    assert f"/deliveries/{other.pk}/" not in page
    assert client.get(f"/deliveries/{other.pk}/").status_code == 404
    assert client.post(f"/deliveries/{other.pk}/again/").status_code == 404
    sign_in("director")
    page = client.get("/deliveries/").content.decode()
    assert all(f"/deliveries/{each.pk}/" in page for each in (own, other))


def test_deliveries_are_narrowed(client: Client, sign_in: Any) -> None:
    sign_in("director")
    failed = told(make_user("director", name="Zoe"), state="failed")
    webhook = told(None, channel="webhook", about="test", webhook=make_webhook(), state="sent")
    for query, found in {
        "state=failed": [failed],
        "channel=webhook": [webhook],
        "about=digest": [failed],
        "to=zoe": [failed],
        "to=ours": [webhook],
        f"start={timezone.localdate()}": [failed, webhook],
        f"end={timezone.localdate() - timedelta(days=1)}": [],
        "state=nonsense": [],
    }.items():
        page = client.get(f"/deliveries/?{query}").content.decode()
        shown = [each for each in (failed, webhook) if f"/deliveries/{each.pk}/" in page]
        assert shown == found, query


def test_what_the_mail_server_said_is_shown_with_the_mail(client: Client, sign_in: Any) -> None:
    ann = sign_in("director")
    mail = Mail.objects.create(
        message_id="<1@x>", recipients=[], last_error="550: no such mailbox", attempts=2
    )
    waiting = told(ann, mail=mail)
    for address in ("/deliveries/", f"/deliveries/{waiting.pk}/"):
        assert "550: no such mailbox" in client.get(address).content.decode()


def test_what_failed_is_tried_again_once(client: Client, sign_in: Any) -> None:
    ann = sign_in("director")
    mail = Mail.objects.create(
        message_id="<1@x>", recipients=[], state="failed", attempts=8, closed_at=NOW, message={"subject": "x"}
    )
    failed = told(ann, mail=mail, state="failed", attempts=1, closed_at=NOW, answer="550: no")
    address = f"/deliveries/{failed.pk}/again/"
    assert "Try again" in client.get(f"/deliveries/{failed.pk}/").content.decode()
    for _ in range(2):
        client.post(address)
    mail.refresh_from_db()
    failed.refresh_from_db()
    assert (mail.state, mail.attempts, failed.state, failed.answer) == ("waiting", 0, "waiting", "")
    assert AuditEntry.objects.filter(action="delivery.tried_again").count() == 1


def test_a_mail_whose_words_are_gone_is_written_anew_but_for_a_report(client: Client, sign_in: Any) -> None:
    ann = sign_in("director")
    rows = []
    for number, about in enumerate(("alert", "report")):
        mail = Mail.objects.create(message_id=f"<{number}@x>", recipients=[], state="failed", closed_at=NOW)
        event = make_alert(make_rule()).events.get() if about == "alert" else None
        rows.append(told(ann, about=about, mail=mail, event=event, state="failed", closed_at=NOW))
        client.post(f"/deliveries/{rows[-1].pk}/again/")
    alert, report = (Delivery.objects.get(pk=row.pk) for row in rows)
    assert (alert.state, alert.mail) == ("waiting", None)
    assert report.state == "failed"


def test_the_list_takes_few_queries(client: Client, sign_in: Any, django_assert_max_num_queries: Any) -> None:
    ann = sign_in("director")
    for _ in range(8):
        alert = make_alert(make_rule(each="payer"), payer=make_payer(), department=make_department())
        told(ann, about="alert", event=alert.events.get())
    with django_assert_max_num_queries(12):
        assert client.get("/deliveries/").status_code == 200


# Webhooks ------------------------------------------------------------------------------------------


def form(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Chat",
        "shape": "slack",
        "url": "https://8.8.8.8/hook",
        "secret": "",
        "is_active": "on",
    } | fields


def test_a_webhook_is_kept_and_its_secrets_are_shown_to_nobody(client: Client, sign_in: Any) -> None:
    sign_in("admin")
    answer = client.post("/webhooks/new/", form(url="https://8.8.8.8/T0/B0/hidden-part"))
    webhook = Webhook.objects.get()
    assert answer["Location"] == f"/webhooks/{webhook.pk}/"
    for address in ("/webhooks/", f"/webhooks/{webhook.pk}/"):
        page = client.get(address).content.decode()
        assert "8.8.8.8" in page
        assert "hidden-part" not in page
    client.post(f"/webhooks/{webhook.pk}/", form(name="Our chat", url=""))
    webhook.refresh_from_db()
    assert (webhook.name, webhook.url) == ("Our chat", "https://8.8.8.8/T0/B0/hidden-part")
    client.post(f"/webhooks/{webhook.pk}/", form(name="Our chat", url="https://8.8.4.4/other", is_active=""))
    details = [
        entry.details for entry in AuditEntry.objects.filter(action__startswith="webhook.").order_by("id")
    ]
    assert [sorted(each["changes"]) for each in details] == [[], ["name"], ["is_active", "url"]]
    assert "8.8" not in str(details)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"url": "https://169.254.169.254/latest"}, "private network"),
        ({"url": "http://8.8.8.8/"}, "begins with https"),
        ({"url": ""}, "This field is required."),
        ({"shape": "json", "secret": "short"}, "At least 16 characters"),
        ({"shape": "pagerduty", "secret": "short"}, "32 letters and digits"),
    ],
)
def test_what_cannot_be_called_is_not_kept(
    client: Client, sign_in: Any, fields: dict[str, str], wrong: str
) -> None:
    sign_in("admin")
    answer = client.post("/webhooks/new/", form(**fields))
    assert wrong in answer.content.decode()
    assert not Webhook.objects.exists()


def test_pagerdutys_address_is_known_even_without_a_name_server(
    client: Client, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise OSError("no name server")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    sign_in("admin")
    asked = {"name": "Pager", "shape": "pagerduty", "secret": KEY}
    sent(client, "post", "/api/webhooks/", asked)
    assert Webhook.objects.get().url == "https://events.pagerduty.com/v2/enqueue"


def test_a_test_says_why_it_was_not_taken_and_stands_in_the_log(client: Client, sign_in: Any) -> None:
    sign_in("admin")
    webhook = make_webhook()
    asked = client.post(f"/webhooks/{webhook.pk}/test/")
    delivery = Delivery.objects.get()
    assert asked["Location"] == f"/deliveries/{delivery.pk}/"
    assert 'hx-trigger="every 2s"' in client.get(asked["Location"]).text
    piece = {"HX-Request": "true"}
    assert client.get(asked["Location"], headers=piece).status_code == 200
    sending.send_due(timezone.now())
    over = client.get(asked["Location"], headers=piece)
    assert (over.status_code, "private network" in over.text) == (286, True)
    assert "private network" in client.get(f"/webhooks/{webhook.pk}/").text


def test_a_webhook_that_was_told_something_is_switched_off_and_never_deleted(
    client: Client, sign_in: Any
) -> None:
    sign_in("admin")
    webhook, fresh = make_webhook(), make_webhook(name="Fresh")
    told(None, channel="webhook", about="test", webhook=webhook, state="sent")
    assert client.get(f"/admin/analytics/webhook/{webhook.pk}/delete/").status_code == 403
    client.post(f"/admin/analytics/webhook/{webhook.pk}/change/", {})
    assert Webhook.objects.get(pk=webhook.pk).is_active is False
    client.post(f"/admin/analytics/webhook/{fresh.pk}/delete/", {"post": "yes"})
    assert [*Webhook.objects.all()] == [webhook]


# Through the API -----------------------------------------------------------------------------------


def sent(client: Client, method: str, address: str, body: Any = None) -> Any:
    return getattr(client, method)(address, body or {}, content_type="application/json")


def test_deliveries_are_listed_and_tried_again_through_the_api(client: Client, sign_in: Any) -> None:
    ann = sign_in("manager", departments=[make_department()])
    own, other = told(ann, state="failed", answer="550: no", closed_at=NOW), told(make_user("manager"))
    (row,) = client.get("/api/deliveries/?state=failed").json()["results"]
    assert (row["id"], row["answer"], row["to"]) == (str(own.pk), "550: no", ann.name)
    assert client.get("/api/deliveries/?state=odd").status_code == 400
    assert sent(client, "post", f"/api/deliveries/{other.pk}/again").status_code == 404
    assert sent(client, "post", f"/api/deliveries/{own.pk}/again").json()["state"] == "waiting"
    assert sent(client, "post", f"/api/deliveries/{own.pk}/again").status_code == 409


def test_webhooks_are_kept_through_the_api_without_telling_their_secrets(
    client: Client, sign_in: Any
) -> None:
    sign_in("admin")
    asked = {"name": "Ours", "shape": "json", "url": "https://8.8.8.8/hidden-part", "secret": "s" * 20}

    send = partial(sent, client)
    for wrong, field in (
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"secret": "short"}, "secret"),
        ({"shape": "fax"}, "shape"),
        ({"made_by": 1}, "made_by"),
    ):
        answer = send("post", "/api/webhooks/", asked | wrong)
        assert (answer.status_code, [*answer.json()["error"]["fields"]]) == (400, [field])
    made = send("post", "/api/webhooks/", asked)
    assert made.status_code == 201
    changed = send("patch", made["Location"], {"is_active": False})
    assert changed.json()["is_active"] is False
    assert Webhook.objects.get().url == "https://8.8.8.8/hidden-part"
    for answer in (made, changed, client.get(made["Location"]), client.get("/api/webhooks/")):
        assert "hidden-part" not in answer.content.decode()
    assert send("patch", made["Location"], {"url": "https://[::1]/"}).status_code == 400
    Webhook.objects.update(url="https://127.0.0.1/")  # as if it had been let through
    asked = send("post", f"{made['Location']}/test")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    sending.send_due(timezone.now())
    assert "private network" in client.get(asked["Location"]).json()["answer"]
