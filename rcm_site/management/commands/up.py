"""Start the whole site: web, workers and beat, under one supervisor."""

import http.client
import signal
import socket
import sys
from contextlib import closing
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from accounts.demo import SIGN_INS
from rcm_site.checks import refuse_unsafe_start
from rcm_site.supervisor import ProgramEnded, Supervisor


class Command(BaseCommand):
    help = "Prepares the database, then runs web, workers and beat until Ctrl-C."
    requires_system_checks = ()  # a taken port is said first; the checks follow

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_taken_port(settings.HOST, settings.PORT)
        self.check()
        refuse_unsafe_start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, leave)
        call_command("migrate", verbosity=0)
        if not settings.PRODUCTION:
            call_command("seed_demo")
        connections.close_all()
        try:
            with Supervisor() as supervisor:
                web, *others = programs().items()
                supervisor.start(*web)
                supervisor.watch(until=web_answers)  # people wait for the pages: they come first
                for program in others:
                    supervisor.start(*program)
                self.greet()
                supervisor.watch()
        except ProgramEnded as ended:
            raise CommandError(f"{ended} Everything else was stopped.") from None

    def greet(self) -> None:
        self.stdout.write(f"\nThe site is ready at {settings.SITE_URL}")
        if not settings.PRODUCTION:
            self.stdout.write("Sign in as one of the demo people:\n")
            for role, email, password in SIGN_INS:
                self.stdout.write(f"  {role:<14} {email:<28} {password}")
        self.stdout.write("Ctrl-C stops everything.\n")
        self.stdout.flush()


# What the workers of the payments side and of the facts listen to; the other worker listens to none of it.
PAYMENTS = ["--queues=payments,relay", "--hostname=payments@%h"]
FACTS = ["--queues=facts", "--hostname=facts@%h"]
# Files, exports and mail leave the cores to whoever waits for a page. Facts do not: pages wait for them.
GIVING_WAY = ["nice", "-n", "10"]


def programs() -> dict[str, list[str]]:
    """What the site consists of, by the name people know it by."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "rcm_site"]
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    threads = f"--concurrency={settings.WORKER_THREADS}"
    return {
        "web server": [sys.executable, "-m", "gunicorn", "-c", "python:rcm_site.gunicorn", "rcm_site.wsgi"],
        "worker": [*GIVING_WAY, *celery, "worker", "--pool=threads", threads, *alone],
        "payments worker": [*celery, "worker", "--pool=threads", "--concurrency=2", *PAYMENTS, *alone],
        "facts worker": [*celery, "worker", "--pool=threads", "--concurrency=2", *FACTS, *alone],
        "beat": [*celery, "beat", "--pidfile="],
    }


def refuse_taken_port(host: str, port: int) -> None:
    """Say in one sentence why the site could not listen there, before anything is changed."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address[0], port, *address[2:]))  # getaddrinfo lets a port beyond 65535 wrap around
            probe.listen(1)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CommandError(
            f"Cannot listen on {host} port {port} ({why}): "
            "stop what uses it, or choose another as in `make up PORT=8001`."
        ) from None


def web_answers() -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
    with closing(http.client.HTTPConnection(host, settings.PORT, timeout=1)) as connection:
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):  # not listening yet, or not yet ready to speak
            return False


def leave(number: int, _frame: object) -> NoReturn:
    """Unwind to the supervisor's exit, once: a second Ctrl-C must not cut the clean-up short."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    sys.exit(0)
