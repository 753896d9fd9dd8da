"""Mails of alerts as they arrive through a real mail server, read as mail programs read them."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from email.message import Message
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.mail.backends.smtp import EmailBackend
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import User
from analytics.models import Alert, AlertEvent, Delivery, Webhook
from analytics.telling import digests, mails, notices, webhooks
from analytics.telling.news import news_of
from claims.models import Claim
from rcm_site import mail as queue
from rcm_site import mail_provider
from rcm_site.models import Mail
from rcm_site.testing.makers import make_alert, make_claim, make_patient, make_payer, make_rule, make_user
from rcm_site.tests.test_mail import Crash, Mailbox, crash_after, let_time_pass, mailbox, server  # noqa: F401

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
DAY = timedelta(days=1)
CANARY = "Zyxwvu-Canary"


@pytest.fixture
def ann(server: Any) -> User:
    return make_user("director", email="ann@x.example")


def make_history(payer: str = "BlueCross & Sons") -> Any:
    """Of forty days a claim each day, of which more and more are denied."""
    found = make_payer(payer)
    patient = make_patient(CANARY, name=CANARY)
    rows = []
    for days in range(60):
        is_denied = days % (9 if days > 20 else 3) == 0
        decided = TODAY - (days + 1) * DAY
        rows.append(
            make_claim(
                payer=found,
                patient=patient,
                charge=Decimal(200),
                submitted_on=decided - 10 * DAY,
                decided_on=decided,
                status="denied" if is_denied else "paid",
                paid_on=None if is_denied else decided,
                denial_category="authorisation" if is_denied else "",
            )
        )
    assert Claim.objects.count() == len(rows)
    return found


def make_told(*people: User, **fields: Any) -> Alert:
    payer = make_history()
    fields = {
        "each": "payer",
        "window_days": 20,
        "minimum_n": 1,
        "runbook": "Call the payer.\nThen tell Bob.",
    } | fields
    rule = make_rule(name="Denials <b>of</b> each payer", **fields)
    rule.people.set(people)
    alert = make_alert(rule, payer=payer, start=TODAY - 19 * DAY, end=TODAY, value=Decimal("31.6"), n=19)
    notices.tell(alert.events.get(), now=NOW)
    return alert


def happened(alert: Alert, what: str, **fields: Any) -> AlertEvent:
    event = alert.events.create(what=what, at=NOW, value=alert.value, **fields)
    notices.tell(event, now=NOW)
    return event


def arrived(mailbox: Mailbox) -> list[Message]:
    """What the mail server took, once mails were written and sent."""
    mails.write_due(timezone.now())
    queue.send_due()
    mails.settle(timezone.now())
    return mailbox.taken


def parts_of(message: Message) -> dict[str, Message]:
    return {part.get_content_type(): part for part in message.walk()}


def text_of(message: Message, kind: str = "text/plain") -> str:
    content: Any = parts_of(message)[kind].get_payload(decode=True)
    return content.decode().replace("\r\n", "\n")


# What arrives --------------------------------------------------------------------------------------


def test_an_alert_arrives_as_text_page_and_picture(
    ann: User, mailbox: Mailbox, client: Client, sign_in: Any
) -> None:
    alert = make_told(ann)
    (message,) = arrived(mailbox)
    subject = "Denial rate (of decided) of BlueCross & Sons: 31.6%, limit 10.0%"
    assert message["Subject"] == subject
    assert message["To"] == "ann@x.example"
    assert message["Message-ID"].startswith(f"<alert-{alert.pk}.")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop = message["List-Unsubscribe"].replace("\n", "").replace(" ", "").strip("<>")
    assert client.get(stop.partition("8000")[2]).status_code == 200
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/related",
        *("multipart/alternative", "text/plain", "text/html", "image/png"),
    ]
    picture = parts_of(message)["image/png"]
    assert picture["Content-ID"] == "<course>"
    assert bytes(picture.get_payload(decode=True))[:4] == b"\x89PNG"
    assert len(message.as_bytes()) < 120_000
    text, page = text_of(message), text_of(message, "text/html")
    for words in (
        subject,
        "Made of: 19 claims",
        "Before:",
        "more claims denied",
        "Call the payer.\nThen tell Bob.",
    ):
        assert words in text
    assert 'src="cid:course"' in page
    assert "Denials &lt;b&gt;of&lt;/b&gt; each payer" in page
    assert "BlueCross &amp; Sons" in page

    sign_in("director")  # the link lands on the claims behind it, asked the same
    (behind,) = re.findall(r"http://127.0.0.1:8000(/numbers/denial_rate/\S+)", text)
    landed = client.get(behind)
    assert landed.context["question"].filtered["payer"] == "BlueCross & Sons"
    assert (landed.context["question"].period.start, landed.context["question"].period.end) == (
        alert.start,
        alert.end,
    )
    (here,) = re.findall(r"http://127.0.0.1:8000(/alerts/\d+/)", text)
    assert client.get(here).status_code == 200


def test_many_that_open_at_once_arrive_as_one_list_the_worst_first(ann: User, mailbox: Mailbox) -> None:
    rule = make_rule(name="Denials of a payer", each="payer", runbook="Call them.")
    rule.people.set([ann])
    values = range(11, 36)
    for value in values:
        make_alert(rule, opened_at=NOW, payer=make_payer(f"<Payer {value}>"), value=Decimal(value))
    notices.tell(*AlertEvent.objects.all(), now=NOW)
    (mail,) = arrived(mailbox)
    subject = str(mail["Subject"]).replace("\r\n", "")
    assert subject == "Denial rate (of decided) of 25 payers, most of all <Payer 35>: 35.0%, limit 10.0%"
    lines = [line for line in text_of(mail).splitlines() if line.startswith("- ")]
    assert lines == [f"- <Payer {value}>: {value}.0%, limit 10.0%" for value in range(35, 15, -1)]
    assert "And 5 more." in text_of(mail)
    assert f"/alerts/?rule={rule.pk}" in text_of(mail)
    assert "Call them." in text_of(mail)
    page = text_of(mail, "text/html")
    assert "&lt;Payer 35&gt;: 35.0%, limit 10.0%" in page
    assert "<Payer" not in page


def test_what_comes_later_hangs_on_to_the_first_mail(ann: User, mailbox: Mailbox) -> None:
    bob = make_user("director", email="bob@x.example")
    alert = make_told(ann, bob, severity="critical")
    happened(alert, "worsened")
    alert.resolved_at = NOW
    alert.save(update_fields=["resolved_at"])
    happened(alert, "resolved")
    for _ in range(3):
        arrived(mailbox)
    by_person = {to: [each for each in mailbox.taken if each["To"] == to] for to in (ann.email, bob.email)}
    firsts = set()
    for messages in by_person.values():
        first, worse, over = messages
        firsts.add(first["Message-ID"])
        assert {each["References"] for each in (worse, over)} == {first["Message-ID"]}
        assert len({each["Message-ID"] for each in messages}) == 3
        subjects = [each["Subject"].replace("\n", "") for each in messages]
        assert [each.split(": ")[:2] for each in subjects[:2]] == [
            ["Critical", subjects[0].split(": ")[1]],
            ["Critical", "Got worse"],
        ]
        assert subjects[2].startswith("Over: Denial rate")
        assert "What to do" not in text_of(over)
    assert len(firsts) == 2  # one Message-ID an alert and mailbox


def test_a_crash_after_the_server_took_it_gives_at_most_two_copies_of_one_message(
    ann: User,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_told(ann)
    mails.write_due(NOW)
    crash_after(monkeypatch, EmailBackend, "send_messages")
    for _ in range(4):
        with suppress(Crash):
            queue.send_due()
        let_time_pass()
        mails.write_due(timezone.now())  # nor is it written once more
    assert len({copy["Message-ID"] for copy in mailbox.taken}) == 1
    assert len(mailbox.taken) == 2
    mails.settle(NOW)
    assert Delivery.objects.get().state == "failed"


def test_while_the_mail_server_is_down_nothing_is_lost_and_nobody_waits(ann: User, server: Any) -> None:
    server.stop()
    make_told(ann)
    assert arrived(server.mailbox) == []
    assert Delivery.objects.get().state == "waiting"
    server.start()
    let_time_pass()
    assert len(arrived(server.mailbox)) == 1
    assert Delivery.objects.get().state == "sent"


def test_a_mailbox_that_refuses_is_shown_with_the_servers_words(ann: User, mailbox: Mailbox) -> None:
    make_told(ann)
    mailbox.answers = ["550 5.1.1 no such mailbox"] * queue.MOST_ATTEMPTS
    for _ in range(queue.MOST_ATTEMPTS):
        arrived(mailbox)
        let_time_pass()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.answer) == ("failed", "550: 5.1.1 no such mailbox")


def test_a_mail_that_comes_back_is_shown_as_failed(ann: User, mailbox: Mailbox, settings: Any) -> None:
    settings.EMAIL_PROVIDER, settings.ANYMAIL = "postmark", {"WEBHOOK_SECRET": "rcm:secret"}
    (address,) = mail_provider.addresses()
    make_told(ann)
    arrived(mailbox)
    assert Delivery.objects.get().state == "sent"
    told = {
        "RecordType": "Bounce",
        "Type": "HardBounce",
        "TypeCode": 1,
        "MessageID": "a-postmark-id",
        "Email": ann.email,
        "BouncedAt": "2026-11-21T12:00:00Z",
        "Description": "The server was unable to deliver your message",
        "Metadata": {"mail": str(Mail.objects.get().pk)},
    }
    for key, state in (("rcm:wrong", "sent"), ("rcm:secret", "failed")):
        signed = {"Authorization": f"Basic {b64encode(key.encode()).decode()}"}
        request = RequestFactory().post(
            "/", json.dumps(told), content_type="application/json", headers=signed
        )
        with suppress(SuspiciousOperation):
            address.callback(request)
        mails.settle(NOW)
        assert Delivery.objects.get().state == state
    assert Delivery.objects.get().answer == "bounced: The server was unable to deliver your message"


def test_names_cannot_write_headers_or_markup(ann: User, mailbox: Mailbox) -> None:
    alert = make_told(ann)
    alert.payer.name = "Evil\r\nBcc: all@x.example <script>alert(1)</script>"  # type: ignore[union-attr]
    alert.payer.save()  # type: ignore[union-attr]
    (message,) = arrived(mailbox)
    assert message["Bcc"] is None
    assert "<script" not in text_of(message, "text/html")


def test_no_patient_and_no_comment_leaves_the_site(ann: User, mailbox: Mailbox) -> None:
    digested = make_user("director", wants_digest=True)
    alert = make_told(ann, digested)
    alert.rule.webhooks.set(
        [Webhook.objects.create(name=shape, shape=shape, url="https://x.example") for shape in Webhook.Shape]
    )
    happened(alert, "commented", text=f"{CANARY} called", actor=ann)
    happened(alert, "acknowledged", actor=ann)
    alert.resolved_at = NOW
    alert.save(update_fields=["resolved_at"])
    happened(alert, "resolved")
    digests.gather(NOW + 2 * DAY)
    mails.write_due(NOW + 2 * DAY)
    mails.write_due(NOW + 2 * DAY)
    sent = [str(unpacked(each)) for each in Mail.objects.all()]
    sent += [
        str(webhooks.body_of(webhook, news_of(event)))
        for webhook in Webhook.objects.all()
        for event in AlertEvent.objects.exclude(what="commented")
    ]
    assert len(sent) >= 3 + 12
    assert not any(CANARY in each for each in sent)


def unpacked(each: Mail) -> str:
    return queue.unpacked(each.message).message().as_string() + str(each.message)
