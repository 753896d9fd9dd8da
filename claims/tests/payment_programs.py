"""Relays and consumers as processes of their own, which a test may kill at any moment.

`python -m claims.tests.payment_programs` starts one for each line that it reads, and answers with its pid.
They are forked from a process that has loaded the site already, so a killed one is replaced in no time.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


# In the test -----------------------------------------------------------------------------------------


class Programs:
    def __init__(self, nursery: subprocess.Popen[str]) -> None:
        self._nursery = nursery
        self._chance = random.Random(18)

    def start(self, kind: str) -> int:
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(f"{kind} {self._chance.randint(2, 4)}\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@contextmanager
def nursery(settings_dict: dict[str, Any], **env: str) -> Iterator[Programs]:
    """Programs that work on this test database; all of them end with the block."""
    environment = {**os.environ, "DATABASE_URL": _url_of(settings_dict), **env}
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        yield Programs(process)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _url_of(settings_dict: dict[str, Any]) -> str:
    name = str(settings_dict["NAME"])
    if settings_dict["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{name}"
    return re.sub(r"[^/]+$", name, os.environ["DATABASE_URL"])


# In the processes ------------------------------------------------------------------------------------


def relay(_: int) -> None:
    from claims.downstream import relay

    while True:
        relay.send_due()
        time.sleep(0.1)


def consumer(_: int) -> None:
    from rcm_site.celery import app

    app.Worker(
        pool="solo",
        queues=["payments"],
        hostname=f"consumer{os.getpid()}",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    ).start()


def dies_before_its_commit(turn: int) -> None:
    """Its last entry is written, and lost with the transaction."""
    from django.db import connection

    turns = itertools.count(1)

    def write_and_die(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        done = execute(sql, *rest)
        if sql.startswith("INSERT") and "claims_ledgerentry" in sql and next(turns) == turn:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    connection.execute_wrappers.append(write_and_die)
    consumer(turn)


def dies_after_its_commit(_: int) -> None:
    """All is booked, and the broker has not heard of it."""
    from celery import signals

    def die(**_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    signals.task_postrun.connect(die, weak=False)
    consumer(0)


PROGRAMS = {each.__name__: each for each in (relay, consumer, dies_before_its_commit, dies_after_its_commit)}


def main() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "rcm_site.settings"
    django.setup()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is killed is gone at once
    for line in sys.stdin:
        kind, turn = line.split()
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(2, 1)
            PROGRAMS[kind](int(turn))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
