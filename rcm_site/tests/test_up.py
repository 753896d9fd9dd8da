"""The supervisor, with real processes: whatever ends it, nothing is left running."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from accounts.demo import SIGN_INS
from rcm_site.testing.migrated import copy_migrated

ROOT = Path(__file__).resolve().parents[2]
READY = "Ctrl-C stops everything."
PATIENCE_SECONDS = 120  # of a busy machine, and it costs nothing

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes through /proc"),
]


class Up:
    """A `manage.py up` of its own, with its var directory and port."""

    def __init__(self, var: Path, port: int, **env: str) -> None:
        configures = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
        inherited = {name: value for name, value in os.environ.items() if name not in configures}
        self.var, self.port, self.output = var, port, var / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env={
                    **inherited,
                    "ENV_FILE": os.devnull,
                    "VAR_DIR": str(var),
                    "PORT": str(port),
                    "DEMO_CLAIMS": "0",
                    **env,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self) -> "Up":
        try:
            wait_until(lambda: READY in self.said() or self.process.poll() is not None)
            assert self.process.poll() is None, self.said()
        except AssertionError:
            self.process.kill()  # nobody else would, as nobody has it yet
            raise
        return self

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def pids(self, word: str = "") -> list[int]:
        """Every living process of this site: they, and they only, were given its var directory."""
        mark = f"VAR_DIR={self.var}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found += [int(process.name)] if word in command else []
        return sorted(found)


def wait_until(is_true) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def first_start(tmp_path_factory) -> Up:
    site = Up(tmp_path_factory.mktemp("first"), free_port()).wait_until_ready()
    assert site.end(signal.SIGTERM) == 0
    return site


@pytest.fixture
def up(tmp_path, port, first_start) -> Iterator[Up]:
    """A site on its second start, which has nothing to migrate or to seed."""
    shutil.copy(first_start.var / "rcm.sqlite3", tmp_path)
    site = Up(tmp_path, port)
    yield site.wait_until_ready()
    with suppress(ProcessLookupError):
        site.process.kill()
    site.process.wait()


def test_it_prints_the_address_and_a_sign_in_for_every_role(first_start):
    said = first_start.said()

    assert f"http://127.0.0.1:{first_start.port}" in said
    assert all(role in said and email in said and password in said for role, email, password in SIGN_INS)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_ends_all_and_says_success(up, how):
    assert len(up.pids()) >= 7  # supervisor, guard, web, worker, payments worker, facts worker, beat

    assert up.end(how) == 0

    assert up.pids() == []


def test_who_asks_does_not_say_under_which_path_the_site_lies(up):
    """Navigation is worked out once for all: one such answer would lead everybody astray."""
    asked = Request(
        f"http://127.0.0.1:{up.port}/elsewhere/health/live", headers={"SCRIPT_NAME": "/elsewhere"}
    )

    with pytest.raises(HTTPError, match="404"):
        urlopen(asked)


def test_killed_it_leaves_no_process_behind(up):
    up.end(signal.SIGKILL)

    wait_until(lambda: up.pids() == [])


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("gunicorn", "web server"),
        ("rcm_site worker --pool=threads --concurrency=4", "worker"),
        ("payments,relay", "payments worker"),
        ("queues=facts", "facts worker"),
        ("rcm_site beat", "beat"),
        ("guard.py", "guard process"),
    ],
)
def test_a_part_that_dies_takes_the_rest_down(up, word, name):
    os.kill(up.pids(word)[0], signal.SIGKILL)

    assert up.process.wait(timeout=PATIENCE_SECONDS) == 1
    assert f"The {name} was killed by SIGKILL. Everything else was stopped." in up.said()
    assert up.pids() == []


def test_a_taken_port_is_one_sentence_and_nothing_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        site = Up(tmp_path, port)
        code = site.process.wait(timeout=PATIENCE_SECONDS)

    assert code == 1
    assert site.said().strip() == (
        f"CommandError: Cannot listen on 127.0.0.1 port {port} (Address already in use): "
        "stop what uses it, or choose another as in `make up PORT=8001`."
    )
    assert not (tmp_path / "rcm.sqlite3").exists()


@pytest.mark.parametrize(
    "env", [{"HOST": "no.such.host.invalid"}, {"PORT": "70000"}, {"HOST": "203.0.113.1"}]
)
def test_an_impossible_address_is_one_sentence(tmp_path, port, env):
    site = Up(tmp_path, port, **env)

    assert site.process.wait(timeout=PATIENCE_SECONDS) == 1
    assert site.said().startswith("CommandError: Cannot listen on ")
    assert len(site.said().splitlines()) == 1


def test_production_is_given_no_demo(tmp_path, port):
    production = {
        "PRODUCTION": "true",
        "SECRET_KEY": "s" * 60,
        "AUDIT_KEY": "a" * 60,
        "PHI_KEYS": "p" * 32,
        "PHI_INDEX_KEY": "i" * 32,
        "ALLOWED_HOSTS": "rcm.example.org",
        "SQLITE_IN_PRODUCTION": "true",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    }
    copy_migrated(tmp_path / "rcm.sqlite3")
    site = Up(tmp_path, port, **production).wait_until_ready()
    site.end(signal.SIGTERM)

    with closing(sqlite3.connect(tmp_path / "rcm.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM accounts_user").fetchone() == (0,)
    assert not any(password in site.said() for *_, password in SIGN_INS)


def test_it_does_not_start_on_unsafe_settings(tmp_path, port):
    site = Up(tmp_path, port, WEB_CONCURRENCY="2")

    assert site.process.wait(timeout=PATIENCE_SECONDS) == 1
    assert "web processes would each keep a cache" in site.said()
    assert site.pids() == []
