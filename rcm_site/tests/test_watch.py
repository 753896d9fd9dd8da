"""What the site sees of itself: how it answers, what waits, what is silent, and a database that is lost."""

from __future__ import annotations

import email
import fcntl
import gc
import os
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.utils import timezone

from analytics.alerts.watched import WATCHED, Looking
from analytics.models import Alert, AlertRule, Export
from analytics.periods import Period
from analytics.scopes import Scope
from claims.downstream import outbox
from claims.models import Import, OutboxMessage
from rcm_site import gunicorn, lost_database, request_minutes, watch
from rcm_site.models import Heartbeat, Mail, RequestMinute
from rcm_site.request_minutes import TALLY, Answered, Tally, answered, answered_within, write_down
from rcm_site.testing.makers import make_claim, make_import, make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
IT = "it@clinic.example"


class Mailbox:
    def __init__(self) -> None:
        self.taken: list[email.message.Message] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append(email.message_from_bytes(envelope.content))
        return "250 taken"

    @property
    def subjects(self) -> list[str]:
        return [
            str(email.header.make_header(email.header.decode_header(each["Subject"]))) for each in self.taken
        ]


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """A real mail server, and whom the site tells of itself."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    settings.SYSTEM_ALERT_ADDRESSES = [IT]
    settings.EMAIL_BACKEND = "rcm_site.mail.QueueBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 10
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = None
    yield mailbox
    controller.stop()


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Away until it is let back."""

    def refuse(*_: object) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(BaseDatabaseWrapper, "connect", refuse)
        patched.setattr(BaseDatabaseWrapper, "ensure_connection", refuse)
        yield patched


def look(now: datetime) -> None:
    watch.look_at_database(now)
    watch.look_at_site(now)


def measured(key: str, now: datetime) -> tuple[Decimal | None, int]:
    today = timezone.localdate(now)
    (found,) = WATCHED[key].measure(Looking(Scope(None), Period(today, today), "", now))
    return found.value, found.n


# How it answers ----------------------------------------------------------------------------------------


def test_answers_are_counted_but_not_those_to_machines_that_watch(client: Client, db: None) -> None:
    TALLY.take()
    client.get("/sign-in/")
    client.get("/nowhere/")
    client.get("/health/live")
    client.get("/static/css/site.css")
    counted = TALLY.take()
    assert (counted.requests, counted.errors) == (2, 0)


def test_an_error_of_ours_and_a_slow_answer_count_as_such() -> None:
    assert answered(500, 0.2) == Answered(1, 1, 0, 200)
    assert answered(404, 5.001) == Answered(1, 0, 1, 5001)
    assert answered(503, 5) == Answered(1, 1, 0, 5000)


def test_what_several_processes_wrote_down_adds_up_and_is_forgotten_after_a_week() -> None:
    now = timezone.now()
    for minutes, seconds in ((1, 0.1), (2, 7.0), (14, 0.2), (16, 9.0)):
        tally = Tally()
        tally.add(answered(200, seconds))
        write_down(now - minutes * MINUTE, tally)
    write_down(now, Tally())  # asked nothing, wrote nothing
    assert RequestMinute.objects.count() == 4
    assert answered_within(15 * MINUTE, now) == Answered(3, 0, 1, 7000)
    request_minutes.forget_old(now + timedelta(days=7) - 3 * MINUTE)
    assert RequestMinute.objects.count() == 2


def test_while_the_database_is_away_it_is_counted_on(no_database: Any) -> None:
    tally = Tally()
    tally.add(answered(200, 0.1))
    with pytest.raises(OperationalError):
        write_down(timezone.now(), tally)
    tally.add(answered(500, 0.1))
    assert tally.take() == Answered(2, 1, 0, 100)


def test_shares_of_slow_and_failed_answers() -> None:
    now = timezone.now()
    assert measured("slow_answers", now) == (None, 0)
    RequestMinute.objects.create(until=now, requests=200, errors=3, slow=10, longest_ms=8000)
    assert measured("slow_answers", now) == (5, 200)
    assert measured("failed_answers", now) == (Decimal("1.5"), 200)


# What waits, and what is silent ------------------------------------------------------------------------


def test_how_long_the_oldest_has_waited() -> None:
    now = timezone.now()
    queues = ("mail_age", "payments_age", "imports_age", "exports_age")
    assert [measured(key, now) for key in queues] == [(0, 0)] * 4
    long_ago = now - 26 * MINUTE
    Mail.objects.create(message_id="<1@x>", recipients=[], due_at=long_ago)
    Mail.objects.create(message_id="<2@x>", recipients=[], due_at=now + MINUTE)  # tried, and again later
    outbox.tell(make_claim(fees=["10.00"]), OutboxMessage.Reason.ACCEPTED)
    OutboxMessage.objects.update(created_at=long_ago)
    make_import(state=Import.State.WAITING, sent_at=long_ago)
    make_import(state=Import.State.RUNNING, sent_at=long_ago - MINUTE, held_until=now + MINUTE)
    Export.objects.create(owner=make_user(), kind="claims", format="csv", asked_on=now, asked_at=long_ago)
    assert [measured(key, now) for key in queues] == [(26, 2), (26, 1), (26, 1), (26, 1)]


def test_how_long_a_part_has_been_silent(settings: Any, tmp_path: Path) -> None:
    now = timezone.now()
    assert measured("worker_silent", now) == (None, 0)
    for name, minutes in (("worker", 7), ("payments", 0), ("facts", 4), ("beat", 3)):
        Heartbeat.objects.create(name=name, at=now - minutes * MINUTE)
    parts = ("worker_silent", "payments_worker_silent", "facts_worker_silent", "beat_silent")
    assert [measured(key, now)[0] for key in parts] == [7, 0, 4, 3]


def test_how_old_the_last_backup_is(settings: Any, tmp_path: Path) -> None:
    now = timezone.now()
    assert measured("backup_age", now) == (None, 0)  # nobody said where to look
    settings.BACKUP_MARK = str(tmp_path / "last-backup")
    make_user(joined_at=now - timedelta(hours=50))
    assert measured("backup_age", now) == (50, 1)  # there never was one
    Path(settings.BACKUP_MARK).touch()
    stamp = (now - timedelta(hours=27)).timestamp()
    os.utime(settings.BACKUP_MARK, (stamp, stamp))
    assert measured("backup_age", now) == (27, 1)


def test_every_rule_of_the_site_watches_a_number_of_the_site() -> None:
    rules = AlertRule.objects.filter(is_about_site=True)
    assert rules.count() >= 12
    for rule in rules:
        assert WATCHED[rule.watches].is_about_site
        assert rule.runbook
    free, _ = measured("free_disk", timezone.now())
    assert free is not None
    assert 0 < free <= 100


# A dead worker cannot say so ---------------------------------------------------------------------------


def test_without_a_worker_web_processes_notice_and_tell(mailbox: Mailbox) -> None:
    now = timezone.now() + MINUTE
    Heartbeat.objects.create(name="beat", at=now)
    Heartbeat.objects.create(name="worker", at=now - 20 * MINUTE)
    look(now)
    alert = Alert.objects.get(watches="worker_silent")
    assert (alert.value, alert.is_open) == (20, True)
    look(now + MINUTE)
    (told,) = [each for each in mailbox.taken if "worker" in each.as_string().lower()]
    assert told["To"] == IT
    Heartbeat.objects.update(at=now + 16 * MINUTE)
    look(now + 16 * MINUTE)
    alert.refresh_from_db()
    assert not alert.is_open


def test_while_workers_live_web_processes_leave_the_mail_to_them(mailbox: Mailbox) -> None:
    now = timezone.now()
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, at=now)
    assert not watch.nobody_works(now)
    Heartbeat.objects.filter(name="beat").update(at=now - 4 * MINUTE)
    assert watch.nobody_works(now)  # nobody rings


# The database is lost -----------------------------------------------------------------------------------


def test_people_are_told_once_past_the_queue_and_it_is_written_down_later(
    mailbox: Mailbox, no_database: Any
) -> None:
    lost = timezone.now()
    for minutes in range(4):
        look(lost + minutes * MINUTE)
    assert mailbox.subjects == ["Revenue cycle: the database is lost"]
    assert mailbox.taken[0]["To"] == IT

    no_database.undo()
    look(lost + 7 * MINUTE)
    look(lost + 8 * MINUTE)
    alert = Alert.objects.get(watches="database_lost")
    assert (alert.opened_at, alert.resolved_at, alert.value) == (lost, lost + 7 * MINUTE, 7)
    assert [each.what for each in alert.events.all()] == ["opened", "resolved"]
    assert mailbox.subjects[-1] == "Revenue cycle: the database is back"


def test_a_database_that_is_only_started_anew_wakes_nobody(mailbox: Mailbox, no_database: Any) -> None:
    lost = timezone.now()
    look(lost)
    no_database.undo()
    look(lost + timedelta(seconds=20))
    assert not Alert.objects.filter(watches="database_lost").exists()
    assert "database" not in " ".join(mailbox.subjects)


def test_a_mail_server_that_is_away_too_is_tried_again(
    mailbox: Mailbox, no_database: Any, settings: Any
) -> None:
    lost, port = timezone.now(), settings.EMAIL_PORT
    lost_database.notice_loss(lost)
    settings.EMAIL_PORT = 1  # nobody listens there
    lost_database.notice_loss(lost + MINUTE)
    settings.EMAIL_PORT = port
    lost_database.notice_loss(lost + 2 * MINUTE)
    assert len(mailbox.taken) == 1


def test_processes_of_one_machine_tell_it_once(mailbox: Mailbox, settings: Any) -> None:
    lost, outages = timezone.now(), list[lost_database.Outage]()
    lost_database.notice_loss(lost)
    with (Path(settings.VAR_DIR) / "database-lost.json").open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # as another process would while it writes its mail
        lost_database.notice_loss(lost + MINUTE)
        lost_database.notice_return(lost + MINUTE, outages.append)
    assert (mailbox.taken, outages) == ([], [])
    for _ in range(2):
        lost_database.notice_return(lost + 2 * MINUTE, outages.append)
    assert outages == [lost_database.Outage(lost, lost + 2 * MINUTE)]


def test_an_outage_that_could_not_be_recorded_is_recorded_the_next_minute(settings: Any) -> None:
    lost = timezone.now()
    lost_database.notice_loss(lost)

    def fail(_: object) -> None:
        raise OperationalError("gone again")

    with pytest.raises(OperationalError):
        lost_database.notice_return(lost + MINUTE, fail)
    outages: list[lost_database.Outage] = []
    lost_database.notice_return(lost + 2 * MINUTE, outages.append)
    assert len(outages) == 1


def test_a_process_that_answers_watches_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "EVERY_SECONDS", 3600)  # it only begins here
    gunicorn.post_worker_init(None)
    is_kept_out_of_garbage_collection = gc.get_freeze_count() > 10_000
    gc.unfreeze()
    assert is_kept_out_of_garbage_collection
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "watch"] == [True, True]
