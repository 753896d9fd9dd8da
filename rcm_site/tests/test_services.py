"""PostgreSQL and Redis from wheels start, answer, and end with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import environ
import psycopg
import pytest
import redis

from rcm_site.testing.services import CannotRun, Postgres, Redis, environment, running

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.embedded


@pytest.fixture
def servers():
    try:
        with running(Postgres, Redis) as started:
            yield started
    except CannotRun as reason:
        pytest.skip(str(reason))


def connect(url: str) -> psycopg.Connection:
    where = environ.Env.db_url_config(url)
    return psycopg.connect(host=where["HOST"], user=where["USER"], dbname=where["NAME"])


def is_running(pid: int) -> bool:
    """A zombie does not count: it runs no more, and somebody else is to bury it."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_they_answer_and_can_be_stopped_frozen_and_started_again(servers):
    postgres, cache = servers
    client = redis.Redis.from_url(cache.url, socket_timeout=0.3, retry=None)

    with connect(postgres.url) as connection:
        assert connection.execute("SHOW server_version_num").fetchone()[0].startswith("18")
    assert client.ping()

    cache.freeze()
    with pytest.raises(redis.TimeoutError):
        client.ping()
    cache.thaw()
    assert client.ping()

    cache.stop()
    postgres.stop()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    with pytest.raises(psycopg.OperationalError):
        connect(postgres.url)

    cache.start()
    postgres.start()
    assert client.ping()
    connect(postgres.url).close()


def test_they_end_when_whoever_started_them_is_killed():
    holder = subprocess.Popen(
        [sys.executable, "-m", "rcm_site.testing.services", "--", sys.executable, "-c", REPORT_AND_WAIT],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("TEST_")},
        stdout=subprocess.PIPE,
        text=True,
    )
    database_url, redis_pid, command_pid = holder.stdout.readline().split()
    directory = Path(environ.Env.db_url_config(database_url)["HOST"])
    postgres_pid = int((directory / "cluster" / "postmaster.pid").read_text().splitlines()[0])
    assert is_running(postgres_pid)
    assert is_running(int(redis_pid))

    holder.kill()
    os.kill(int(command_pid), signal.SIGKILL)
    holder.communicate()

    deadline = time.monotonic() + 20
    while is_running(postgres_pid) or is_running(int(redis_pid)) or directory.exists():
        assert time.monotonic() < deadline, "still there"
        time.sleep(0.05)


def test_real_servers_are_used_where_they_are_named(monkeypatch):
    monkeypatch.setenv("TEST_DATABASE_URL", "postgres://rcm@db.example/rcm")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://redis.example:6379")

    with environment() as variables:
        assert variables == {
            "DATABASE_URL": "postgres://rcm@db.example/rcm",
            "REDIS_URL": "redis://redis.example:6379",
            "CELERY_BROKER_URL": "redis://redis.example:6379",
        }


REPORT_AND_WAIT = """
import os, time, redis
server = redis.Redis.from_url(os.environ["REDIS_URL"]).info("server")
print(os.environ["DATABASE_URL"], server["process_id"], os.getpid(), flush=True)
time.sleep(60)
"""
