"""The mail queue against a real SMTP server, which can refuse, vanish, hang and forget to answer."""

from __future__ import annotations

import email
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from email.mime.image import MIMEImage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection, transaction
from django.utils import timezone

from rcm_site import mail
from rcm_site.models import Mail

pytestmark = pytest.mark.django_db


class Mailbox:
    """What the mail server took; `answers` are given in turn before it takes anything."""

    def __init__(self) -> None:
        self.taken: list[email.message.Message] = []
        self.envelopes: list[Any] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(email.message_from_bytes(envelope.content))
        self.envelopes.append(envelope)
        return "250 taken"


class Server:
    """An SMTP server on a port that stays the same when it is stopped and started."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.controller: Controller | None = None

    def start(self) -> None:
        self.controller = Controller(self.mailbox, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self) -> None:
        if self.controller:
            self.controller.stop()
            self.controller = None


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    server = Server(Mailbox())
    server.start()
    settings.EMAIL_BACKEND = "rcm_site.mail.QueueBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 1
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = None
    yield server
    server.stop()


@pytest.fixture
def mailbox(server: Server) -> Mailbox:
    return server.mailbox


def write(subject: str = "Reset your password") -> Mail:
    send_mail(subject, "Follow https://rcm.example.org/secret-link", None, ["ann@example.org"])
    return Mail.objects.latest("pk")


def let_time_pass() -> None:
    """As if every pause and hold were over."""
    past = timezone.now() - timedelta(seconds=1)
    Mail.objects.exclude(held_until=None).update(held_until=past)
    Mail.objects.update(due_at=past)


def test_writing_a_mail_reaches_no_server(server):
    server.stop()

    row = write()

    assert (row.state, row.attempts, row.recipients) == ("waiting", 0, ["ann@example.org"])


def test_a_mail_is_rolled_back_with_its_transaction(server):
    with transaction.atomic():
        write()
        transaction.set_rollback(True)

    assert not Mail.objects.exists()


def test_a_sent_mail_keeps_no_secret(mailbox):
    row = write()

    assert mail.send_due() == 1

    row.refresh_from_db()
    assert (row.state, row.message, row.attempts) == ("sent", {}, 1)
    assert "secret-link" in mailbox.taken[0].get_payload()
    assert mailbox.taken[0]["Message-ID"] == row.message_id


def test_a_sent_mail_is_not_sent_again(mailbox):
    write()
    mail.send_due()
    let_time_pass()

    assert mail.send_due() == 0
    assert len(mailbox.taken) == 1


def test_page_pictures_attachments_and_headers_arrive_as_they_were_written(mailbox):
    message = EmailMultiAlternatives(
        "Zahlen für März — 📈",
        "In words.",
        "rcm@example.org",
        ["ann@example.org"],
        bcc=["audit@example.org"],
        cc=["bob@example.org"],
        reply_to=["help@example.org"],
        headers={"X-Kind": "alert", "Message-ID": "<my-own@example.org>"},
    )
    message.mixed_subtype = "related"
    message.attach_alternative("<p>In colour.</p>", "text/html")
    message.attach("claims.csv", "a,b\n1,2\n", "text/csv")
    message.attach("report.pdf", b"%PDF\x00\xff", "application/pdf")
    picture = MIMEImage(b"\x89PNG\r\n\x1a\nrest", "png")
    picture.add_header("Content-ID", "<chart>")
    message.attach(picture)
    expected = message.message()

    message.send()
    mail.send_due()

    arrived = mailbox.taken[0]
    assert shape(arrived) == shape(expected)
    for name in ("Subject", "From", "To", "Cc", "Reply-To", "X-Kind", "Message-ID"):
        assert decoded(arrived[name]) == decoded(expected[name])
    assert arrived["Bcc"] is None
    assert mailbox.envelopes[0].rcpt_tos == ["ann@example.org", "bob@example.org", "audit@example.org"]


def shape(message: email.message.Message) -> list[tuple[Any, ...]]:
    return [
        (part.get_content_type(), part["Content-ID"], part.get_filename(), content_of(part))
        for part in message.walk()
    ]


def content_of(part: email.message.Message) -> bytes:
    """SMTP ends every line of text with CR LF."""
    content: Any = part.get_payload(decode=True) or b""
    return content.replace(b"\r\n", b"\n") if part.get_content_maintype() == "text" else content


def decoded(header: str) -> str:
    return str(email.header.make_header(email.header.decode_header(header)))


def test_a_mail_in_html_only_stays_html(mailbox):
    message = EmailMessage("Page", "<p>hello</p>", None, ["ann@example.org"])
    message.content_subtype = "html"
    message.send()

    mail.send_due()

    assert mailbox.taken[0].get_content_type() == "text/html"


def test_a_mail_larger_than_servers_take_is_refused_at_once(server):
    message = EmailMessage("Big", "", None, ["ann@example.org"])
    message.attach("big.bin", b"\0" * mail.LARGEST_MESSAGE, "application/octet-stream")

    with pytest.raises(mail.MailTooLarge):
        message.send()


def test_a_line_break_in_a_header_is_refused_where_the_caller_sees_it(server):
    with pytest.raises(ValueError, match="newlines"):
        send_mail("Hello\nBcc: everybody@example.org", "", None, ["ann@example.org"])


def test_a_mail_to_nobody_is_no_mail(server):
    assert EmailMessage("Hello", "", None, []).send() == 0
    assert not Mail.objects.exists()


def test_while_the_server_is_down_nothing_counts_as_tried_and_then_all_leaves(server, mailbox):
    rows = [write(f"number {number}") for number in range(3)]
    server.stop()
    for _ in range(mail.MOST_ATTEMPTS + 1):
        assert mail.send_due() == 0
        let_time_pass()

    server.start()

    assert mail.send_due() == len(rows)
    assert sorted(message["Subject"] for message in mailbox.taken) == ["number 0", "number 1", "number 2"]
    assert set(Mail.objects.values_list("attempts", flat=True)) == {1}


def test_a_server_that_is_away_is_not_asked_again_at_once(server, monkeypatch):
    opened = count_calls(monkeypatch, EmailBackend, "open")
    write()
    server.stop()

    mail.send_due()
    write("another, written meanwhile")
    mail.send_due()

    assert len(opened) == 1


def test_a_hung_server_costs_one_sender_its_time_out_and_nobody_else(server, settings):
    write()
    with socket.create_server(("127.0.0.1", 0), backlog=5) as hung:
        settings.EMAIL_PORT = hung.getsockname()[1]
        started = time.monotonic()
        assert mail.send_due() == 0
        first = time.monotonic() - started
        assert mail.send_due() == 0
        second = time.monotonic() - started - first

    assert first < 3
    assert second < 0.5


def in_own_connection(work: Any) -> None:
    try:
        work()
    finally:
        connection.close()


def test_a_refused_mail_is_tried_again_later_and_given_up_in_the_end(server, mailbox):
    row = write()
    mailbox.answers = ["451 try later"] * mail.MOST_ATTEMPTS
    for attempt in range(1, mail.MOST_ATTEMPTS + 1):
        mail.send_due()
        row.refresh_from_db()
        assert (row.attempts, row.unanswered, row.last_error) == (attempt, 0, "451: try later")
        assert row.due_at > timezone.now() + timedelta(seconds=10)
        let_time_pass()

    assert row.state == "failed"
    assert mail.send_due() == 0


def test_a_refused_mail_holds_up_no_other(server, mailbox):
    write("refused")
    write("fine")
    mailbox.answers = ["550 no"]

    assert mail.send_due() == 1
    assert mailbox.taken[0]["Subject"] == "fine"


def test_a_crash_after_the_server_took_it_gives_at_most_two_copies_with_one_message_id(
    server, mailbox, monkeypatch
):
    row = write()
    crash_after(monkeypatch, EmailBackend, "send_messages")
    for _ in range(mail.MOST_UNANSWERED):
        with pytest.raises(Crash):
            mail.send_due()
        let_time_pass()
    assert mail.send_due() == 0

    row.refresh_from_db()
    assert row.state == "failed"
    assert [copy["Message-ID"] for copy in mailbox.taken] == [row.message_id] * 2


def test_after_one_crash_the_second_copy_settles_it(server, mailbox, monkeypatch):
    row = write()
    with monkeypatch.context() as crashing:
        crash_after(crashing, EmailBackend, "send_messages")
        with pytest.raises(Crash):
            mail.send_due()
    let_time_pass()

    assert mail.send_due() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)
    assert len(mailbox.taken) == 2


def test_what_a_dead_sender_held_is_taken_up_when_its_hold_ends(server):
    row = write()
    Mail.objects.update(held_until=timezone.now() + mail.HOLD)
    assert mail.send_due() == 0

    Mail.objects.update(held_until=timezone.now())

    assert mail.send_due() == 1
    row.refresh_from_db()
    assert row.state == "sent"


def test_a_connection_lost_in_mid_mail_frees_the_rest_of_the_batch(server, mailbox, monkeypatch):
    for number in range(3):
        write(f"number {number}")

    def drop(self: Any, messages: Any) -> int:
        raise ConnectionResetError

    with monkeypatch.context() as dropping:
        dropping.setattr(EmailBackend, "send_messages", drop)
        assert mail.send_due() == 0

    assert sorted(Mail.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    assert mail.send_due() == 2  # the first one waits for its turn
    let_time_pass()
    assert mail.send_due() == 1


def test_mail_too_old_to_be_of_use_is_given_up(server):
    row = write()
    Mail.objects.update(queued_at=timezone.now() - mail.GIVE_UP_AFTER - timedelta(hours=1))

    assert mail.send_due() == 0
    row.refresh_from_db()
    assert row.state == "failed"


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_mail_once(server, mailbox):
    for number in range(30):
        write(f"number {number}")
    senders = [threading.Thread(target=in_own_connection, args=[send_until_empty]) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert sorted(message["Subject"] for message in mailbox.taken) == sorted(
        f"number {number}" for number in range(30)
    )
    assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 1)}


def send_until_empty() -> None:
    deadline = time.monotonic() + 20
    while Mail.objects.waiting().exists() and time.monotonic() < deadline:
        mail.send_due()
        time.sleep(0.02)


def test_old_mail_is_forgotten_and_the_words_of_failed_mail_sooner(server):
    now = timezone.now()
    rows = {
        "sent long ago": ("sent", now - mail.KEEP_SENT - timedelta(days=1)),
        "sent lately": ("sent", now),
        "failed long ago": ("failed", now - mail.KEEP_FAILED - timedelta(days=1)),
        "failed last month": ("failed", now - mail.KEEP_FAILED_BODY - timedelta(days=1)),
        "failed today": ("failed", now),
        "waiting": ("waiting", None),
    }
    for name, (state, closed_at) in rows.items():
        Mail.objects.create(
            message_id=name, recipients=[], message={"body": "secret"}, state=state, closed_at=closed_at
        )

    mail.forget_old()

    left = dict(Mail.objects.values_list("message_id", "message"))
    assert set(left) == {"sent lately", "failed last month", "failed today", "waiting"}
    assert left["failed last month"] == {}
    assert left["failed today"] == {"body": "secret"}


class Crash(BaseException):
    """The worker is killed."""


def crash_after(patch: pytest.MonkeyPatch, owner: type, name: str) -> None:
    real = getattr(owner, name)

    def crashing(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise Crash

    patch.setattr(owner, name, crashing)


def count_calls(patch: pytest.MonkeyPatch, owner: type, name: str) -> list[str]:
    real, calls = getattr(owner, name), []

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return real(*args, **kwargs)

    patch.setattr(owner, name, counting)
    return calls
