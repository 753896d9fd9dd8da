import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from celery import Celery, signals
from celery.beat import BeatLazyFunc, ScheduleEntry
from celery.contrib.testing.worker import start_worker
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerAway
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from rcm_site import beat, tasks
from rcm_site.celery import app
from rcm_site.logs import current_request_id
from rcm_site.models import Heartbeat, Mail
from rcm_site.supervisor import Supervisor
from rcm_site.testing.migrated import copy_migrated

START_SECONDS = 120  # of a busy machine, and it costs nothing


def test_every_scheduled_call_names_a_task_that_exists_and_expires():
    app.loader.import_default_modules()

    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] > 0


def test_a_task_survives_the_death_of_its_worker_and_speaks_json_only():
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_ignore_result


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Celery:
    """Celery as it really is, in this very process, so that what its tasks see can be looked at."""
    # A starting worker lets go of the database connections, which here are the test's own.
    monkeypatch.setattr(signals.worker_init, "receivers", [])
    monkeypatch.setattr(signals.worker_process_init, "receivers", [])
    bench = Celery("bench", broker="memory://", fixups=[])
    bench.conf.broker_transport_options = {"polling_interval": 0.01}
    return bench


def test_a_request_id_travels_with_the_task_and_ends_with_it(bench):
    seen: list[tuple[str, str]] = []

    @bench.task
    def look(name: str) -> None:
        seen.append((name, current_request_id()))

    with start_worker(bench, pool="solo", perform_ping_check=False):
        with bound_contextvars(request_id="the-request"):
            look.delay("asked for")
        look.delay("on its own")
        wait_until(lambda: len(seen) == 2, seconds=10)

    assert seen == [("asked for", "the-request"), ("on its own", "")]


def test_a_failed_task_is_logged_with_its_request_and_without_its_arguments(bench):
    @bench.task
    def fail(patient: str) -> None:
        raise ValueError(patient)

    with (
        structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines,
        start_worker(bench, pool="solo", perform_ping_check=False),
    ):
        with bound_contextvars(request_id="the-request"):
            fail.delay("Jane-Canary-Doe")
        wait_until(lambda: lines, seconds=10)

    assert (lines[0]["event"], lines[0]["state"]) == ("task", "FAILURE")
    assert lines[0]["request_id"] == "the-request"
    assert "Canary" not in str(lines)


@pytest.mark.django_db
def test_a_pulse_is_one_row_however_often_it_beats():
    tasks.pulse()
    Heartbeat.objects.update(at=timezone.now() - timedelta(hours=1))
    tasks.pulse()

    assert Heartbeat.objects.get().name == "worker"
    assert Heartbeat.objects.get().at > timezone.now() - timedelta(minutes=1)


@pytest.mark.django_db
def test_beat_shows_life_but_not_at_every_tick(django_assert_num_queries):
    scheduler = beat.Beat(app=app, lazy=True)
    scheduler.schedule = {}
    scheduler.tick()

    assert Heartbeat.objects.get().name == "beat"
    with django_assert_num_queries(0):
        scheduler.tick()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BrokerAway("refused"), ["broker_out_of_reach"]),
        (ValueError("wrong"), ["task_not_sent"] * 4),  # no outage: somebody has to mend it
    ],
)
def test_beat_says_once_in_a_while_that_the_broker_is_away(error, said):
    def ring() -> None:
        raise error

    scheduler = beat.Beat(app=app, lazy=True)
    entry = ScheduleEntry(name="mail", task="mail", args=(BeatLazyFunc(ring),), schedule=10, app=app)
    with capture_logs() as logs:
        for _ in range(4):
            scheduler.apply_entry(entry)
    assert [each["event"] for each in logs] == said


def test_beat_goes_on_without_the_database(monkeypatch):
    def refuse(*_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", refuse)

    beat.show_life()


@pytest.mark.django_db
def test_tidying_up_forgets_what_has_served_its_time():
    long_ago = timezone.now() - timedelta(days=400)
    Mail.objects.create(message_id="<old@x>", recipients=[], state="sent", closed_at=long_ago)

    tasks.tidy_up()

    assert not Mail.objects.exists()


@pytest.mark.embedded
def test_worker_and_beat_come_alive_on_files_alone_and_send_the_mail(tmp_path: Path):
    without_services = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_URL")
    env = {name: value for name, value in os.environ.items() if name not in without_services}
    os_env = env | {"VAR_DIR": str(tmp_path), "ENV_FILE": os.devnull}
    run = [sys.executable, "manage.py"]
    copy_migrated(tmp_path / "rcm.sqlite3")
    subprocess.run([*run, "migrate", "-v0"], env=os_env, check=True)
    subprocess.run([*run, "sendtestemail", "ann@example.org"], env=os_env, check=True)

    with Supervisor() as supervisor, pytest.MonkeyPatch.context() as patch:
        for name in without_services:
            patch.delenv(name, raising=False)
        for name, value in os_env.items():
            patch.setenv(name, value)
        celery = [sys.executable, "-m", "celery", "-A", "rcm_site"]
        alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        supervisor.start("worker", [*celery, "worker", "--pool=threads", "--concurrency=2", *alone])
        supervisor.start("beat", [*celery, "beat", "--pidfile="])
        database = tmp_path / "rcm.sqlite3"
        wait_until(lambda: alive_in(database) == {"beat", "worker"}, seconds=START_SECONDS)
        wait_until(lambda: list((tmp_path / "mail").glob("*.log")), seconds=START_SECONDS)

    assert "ann@example.org" in next((tmp_path / "mail").glob("*.log")).read_text()


def alive_in(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM rcm_site_heartbeat")}


def wait_until(condition: Callable[[], object], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
