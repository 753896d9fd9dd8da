"""Webhooks and text messages against real servers: signed, patient, each in its own turn, never inside."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.utils import timezone

from analytics.models import Alert, AlertEvent, AlertRule, Delivery, Webhook
from analytics.telling import addresses, notices, sending
from rcm_site import posting
from rcm_site.testing.makers import make_alert, make_department, make_payer, make_rule, make_user

pytestmark = pytest.mark.django_db

SECRET = "a-secret-that-both-sides-know"
NOW = timezone.now()


@dataclass
class Elsewhere:
    """Somebody else's server: keeps what it is sent, and answers as a test wants it to."""

    url: str = ""
    answer: Callable[[bytes], tuple[int, bytes]] = lambda body: (200, b"ok")
    seconds: float = 0
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def told(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]


@pytest.fixture
def elsewhere(settings: Any) -> Iterator[Callable[[], Elsewhere]]:
    """Starts such servers, which tests alone may call on this machine."""
    settings.WEBHOOK_INSIDE_HOSTS = ["127.0.0.1"]
    servers: list[ThreadingHTTPServer] = []

    def start() -> Elsewhere:
        receiver = Elsewhere()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.headers.append({"path": self.path, **dict(self.headers)})
                receiver.bodies.append(body)
                time.sleep(receiver.seconds)
                status, text = receiver.answer(body)
                self.send_response(status)
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
                self.end_headers()
                with suppress(BrokenPipeError):  # whoever asked has hung up
                    self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        servers.append(server)
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook?team=1"
        return receiver

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def make_webhook(receiver: Elsewhere | str, shape: str = "json", **fields: Any) -> Webhook:
    url = receiver if isinstance(receiver, str) else receiver.url
    fields = {"name": f"Webhook {Webhook.objects.count()}", "secret": SECRET} | fields
    return Webhook.objects.create(url=url, shape=shape, **fields)


def opened(*webhooks: Webhook, rule: AlertRule | None = None, **fields: Any) -> Alert:
    rule = rule or make_rule(name="Denials <of> *payers*", runbook="Call the payer.")
    rule.webhooks.set(webhooks)
    alert = make_alert(rule, opened_at=NOW, **fields)
    notices.tell(alert.events.get(), now=NOW)
    return alert


def over(alert: Alert) -> None:
    alert.resolved_at = NOW
    alert.save(update_fields=["resolved_at"])
    notices.tell(alert.events.create(what="resolved", at=NOW, value=alert.value), now=NOW)


def turn(now: datetime = NOW) -> int:
    """As if every pause were over."""
    Delivery.objects.waiting().update(due_at=now)
    return sending.send_due(now)


def standing() -> list[tuple[str, int, str]]:
    return [(row.state, row.attempts, row.answer) for row in Delivery.objects.order_by("pk")]


# What is sent --------------------------------------------------------------------------------------


def test_a_message_is_posted_once_signed_with_its_moment(elsewhere: Callable[[], Elsewhere]) -> None:
    there = elsewhere()
    payer = make_payer("Aetna")
    alert = opened(make_webhook(there), payer=payer)
    assert (turn(), turn()) == (1, 0)
    (body,), (headers,) = there.bodies, there.headers
    assert headers["path"] == "/hook?team=1"
    assert headers["Idempotency-Key"] == str(Delivery.objects.get().pk)
    moment, given = (part.split("=")[1] for part in headers["X-Signature"].split(","))
    assert abs(int(moment) - time.time()) < 60
    assert given == hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert told["event"] == "opened"
    assert told["text"] == "Denial rate (of decided) of Aetna: 14.2%, limit 10.0%"
    assert (told["alert"]["id"], told["alert"]["value"], told["alert"]["limit"]) == (alert.pk, "14.2", "10")
    assert told["behind_url"].endswith(f"&start={alert.start}&end={alert.end}")
    assert f"payer={payer.pk}" in told["behind_url"]
    assert standing() == [("sent", 1, "200: ok")]


def test_slack_reads_names_as_they_are(elsewhere: Callable[[], Elsewhere]) -> None:
    there = elsewhere()
    opened(make_webhook(there, "slack"), payer=make_payer("A&B <Health>"))
    turn()
    (told,) = there.told
    assert "A&amp;B &lt;Health&gt;" in told["text"]
    assert {block["type"] for block in told["blocks"]} == {"section", "context"}
    assert "Call the payer." in told["blocks"][0]["text"]["text"]


def test_teams_gets_an_adaptive_card(elsewhere: Callable[[], Elsewhere]) -> None:
    there = elsewhere()
    alert = opened(make_webhook(there, "teams"))
    turn()
    (attachment,) = there.told[0]["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["actions"][0]["url"].endswith(f"/alerts/{alert.pk}/")
    assert {"title": "Rule", "value": "Denials <of> \\*payers\\*"} in card["body"][1]["facts"]


def test_pagerduty_opens_takes_up_and_closes_one_incident(elsewhere: Callable[[], Elsewhere]) -> None:
    there = elsewhere()
    there.answer = lambda body: (202, b'{"status":"success"}')
    alert = opened(make_webhook(there, "pagerduty", secret="R0UT1NGKEY"), rule=make_rule(severity="critical"))
    notices.tell(alert.events.create(what="acknowledged", at=NOW), now=NOW)
    over(alert)
    assert [turn() for _ in range(4)] == [1, 1, 1, 0]  # one after the other: they are about one alert
    assert [told["event_action"] for told in there.told] == ["trigger", "acknowledge", "resolve"]
    assert len({told["dedup_key"] for told in there.told}) == 1
    assert there.told[0]["payload"]["severity"] == "critical"
    assert {told["routing_key"] for told in there.told} == {"R0UT1NGKEY"}
    assert not any("R0UT1NGKEY" in json.dumps(row.body) for row in Delivery.objects.all())
    assert "X-Signature" not in there.headers[0]


# Who is away ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_away_is_asked_again_later_and_given_up_in_the_end(
    elsewhere: Callable[[], Elsewhere], status: int
) -> None:
    there = elsewhere()
    there.answer = lambda body: (status, b"busy\n\x1b[31m" + b"x" * 500)
    opened(make_webhook(there))
    assert sending.send_due(NOW) == 0
    assert sending.send_due(NOW + timedelta(seconds=5)) == 0  # not at once
    assert len(there.bodies) == 1
    for _ in range(20):
        turn()
    (row,) = Delivery.objects.all()
    assert (row.state, row.attempts, len(there.bodies)) == ("failed", 8, 8)
    assert row.answer.startswith(f"{status}: busy [31mxxx")
    assert len(set(there.bodies)) == 1  # the same each time, under one key
    assert len({headers["Idempotency-Key"] for headers in there.headers}) == 1


@pytest.mark.parametrize("status", [302, 307, 404])
def test_a_refusal_or_a_redirect_is_final_and_followed_nowhere(
    elsewhere: Callable[[], Elsewhere], status: int
) -> None:
    there = elsewhere()
    there.answer = lambda body: (status, b"no")
    opened(make_webhook(there))
    turn()
    turn()
    assert standing() == [("failed", 1, f"{status}: no")]


def test_one_that_hangs_keeps_nobody_waiting(
    elsewhere: Callable[[], Elsewhere], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 1.0)
    bad, good = elsewhere(), elsewhere()
    bad.seconds = 5
    hanging = make_webhook(bad)
    for _ in range(5):
        opened(hanging, make_webhook(good), department=make_department())
    started = time.monotonic()
    assert turn() == 5
    assert time.monotonic() - started < 3
    assert len(bad.bodies) == 1  # no second message to who did not answer the first
    assert Delivery.objects.waiting().filter(webhook=hanging, held_until=None).count() == 5


def test_while_a_receiver_is_called_by_one_worker_no_other_calls_it(
    elsewhere: Callable[[], Elsewhere],
) -> None:
    there = elsewhere()
    webhook = make_webhook(there)
    opened(webhook)
    Delivery.objects.update(held_until=NOW + timedelta(minutes=1))  # a worker is at it, or died over it
    opened(webhook, department=make_department())
    assert sending.send_due(NOW) == 0
    assert sending.send_due(NOW + timedelta(minutes=2)) == 2


def test_one_message_that_cannot_be_written_keeps_no_other(elsewhere: Callable[[], Elsewhere]) -> None:
    there = elsewhere()
    webhook = make_webhook(there, "teams")
    broken = opened(webhook)
    opened(webhook, make_webhook(there), department=make_department())
    Alert.objects.filter(pk=broken.pk).update(severity="unheard")  # of which the card knows no colour
    assert turn() == 2
    assert standing()[0] == ("waiting", 1, "It could not be written.")


def test_a_webhook_out_of_use_is_not_called(elsewhere: Callable[[], Elsewhere]) -> None:
    there = elsewhere()
    opened(make_webhook(there))
    Webhook.objects.update(is_active=False)
    turn()
    assert standing() == [("failed", 0, "The webhook is not in use any more.")]
    assert there.bodies == []


@pytest.mark.parametrize("shape", Webhook.Shape.values)
def test_a_test_is_sent_once_and_tells_what_was_answered(
    elsewhere: Callable[[], Elsewhere], shape: str
) -> None:
    there = elsewhere()
    webhook = make_webhook(there, shape, is_active=False)
    actor = make_user("admin")
    sending.ask_for_test(webhook, actor=actor, now=NOW)
    assert there.bodies == []
    assert sending.send_due(NOW) == 1
    assert standing() == [("sent", 1, "200: ok")]
    there.answer = lambda body: (503, b"away")
    sending.ask_for_test(webhook, actor=actor, now=NOW)
    turn()
    assert standing()[1] == ("failed", 1, "503: away")
    assert "is a test" in there.bodies[0].decode()


def test_chats_get_one_message_about_all_that_opened_at_once(elsewhere: Callable[[], Elsewhere]) -> None:
    there = elsewhere()
    rule = make_rule(each="payer")
    rule.webhooks.set([make_webhook(there, shape) for shape in ("slack", "teams")])
    for value in range(11, 26):
        make_alert(rule, opened_at=NOW, payer=make_payer(f"Payer {value}"), value=Decimal(value))
    notices.tell(*AlertEvent.objects.all(), now=NOW)
    assert turn() == 2
    slack, teams = sorted(there.told, key=lambda each: "attachments" in each)
    lines = slack["blocks"][0]["text"]["text"].splitlines()
    assert lines[1] == "• Payer 25: 25.0%, limit 10.0%"
    assert (len(lines), lines[-1]) == (12, "And 5 more")
    body = teams["attachments"][0]["content"]["body"]
    assert [block["text"] for block in body if block.get("text", "").startswith("•")] == lines[1:11]


# Where nobody is called ----------------------------------------------------------------------------

INSIDE = [
    *("127.0.0.1", "127.1", "localhost", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
    *("2130706433", "0x7f.1", "017700000001", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[fec0::1]"),
]
ODD = [
    *("http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//x/"),
    *("https://ann:secret@example.com/", "https://example.com@127.0.0.1/", "https://example.com:22/"),
    *("https://example.com:99999/", "https:///x", "https://exa\\mple.com/", "https://ex%61mple.com/"),
    *("https://example.com/ x", "https://example.com/\r\nX: y", "https://１２７.0.0.1/", "javascript:1", ""),
]


@pytest.mark.parametrize("host", INSIDE)
def test_addresses_inside_are_never_called(host: str) -> None:
    with pytest.raises(addresses.NotAllowed, match="private network"):
        addresses.connection_to(f"https://{host}/latest/meta-data")


@pytest.mark.parametrize("url", ODD)
def test_odd_addresses_are_refused(url: str) -> None:
    with pytest.raises(addresses.NotAllowed):
        addresses.read(url)


def answers_of(*ips: str) -> Callable[..., Any]:
    """A name server that says something else each time, and the last one from then on."""
    left = list(ips)

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> Any:
        ip = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in ip.split()]

    return getaddrinfo


@pytest.mark.parametrize("ips", ["10.0.0.1", "127.0.0.1", "93.184.216.34 169.254.169.254"])
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, ips: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers_of(ips))
    opened(make_webhook("https://rebound.example/"))
    turn()
    (answer,) = Delivery.objects.values_list("answer", flat=True)
    assert answer == "This address leads into a private network, which is not called."


def test_the_address_that_was_looked_at_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []

    def create_connection(address: Any, *_: Any, **__: Any) -> Any:
        called.append(address)
        raise OSError("unreachable from here")

    monkeypatch.setattr(socket, "getaddrinfo", answers_of("93.184.216.34", "127.0.0.1"))
    monkeypatch.setattr(socket, "create_connection", create_connection)
    opened(make_webhook("https://rebound.example:8443/"))
    turn()
    assert called == [("93.184.216.34", 8443)]
    assert standing() == [("waiting", 1, "No answer: OSError.")]


def test_inside_hosts_are_called_only_by_the_name_that_was_allowed(settings: Any) -> None:
    settings.WEBHOOK_INSIDE_HOSTS = ["chat.hospital.internal"]
    with pytest.raises(addresses.NotAllowed):
        addresses.connection_to("https://localhost/")
    assert addresses.read("http://chat.hospital.internal:8065/hooks/1").port == 8065


# Text messages -------------------------------------------------------------------------------------


def texted() -> Alert:
    rule = make_rule(numbers=["+12175550100"])
    alert = make_alert(rule, opened_at=NOW)
    notices.tell(alert.events.get(), now=NOW)
    return alert


def test_a_text_message_goes_to_the_console_unless_settings_say_more(capsys: Any) -> None:
    alert = texted()
    assert turn() == 1
    out = capsys.readouterr().out
    assert "Text message to +12175550100: Denial rate" in out
    assert f"/alerts/{alert.pk}/" in out


def test_a_text_message_is_posted_as_twilio_takes_it(
    elsewhere: Callable[[], Elsewhere], settings: Any
) -> None:
    there = elsewhere()
    there.answer = lambda body: (201, b"{}")
    settings.TEXT_MESSAGES = "analytics.telling.text_messages.over_http"
    settings.TEXT_URL, settings.TEXT_FROM = there.url, "+12175550199"
    settings.TEXT_ACCOUNT, settings.TEXT_TOKEN = "AC1", "key"
    texted()
    assert turn() == 1
    form = parse_qs(there.bodies[0].decode())
    assert (form["To"], form["From"]) == (["+12175550100"], ["+12175550199"])
    assert len(form["Body"][0]) <= 300
    assert b64decode(there.headers[0]["Authorization"].split()[1]) == b"AC1:key"
