"""The web process is killed in the middle of taking claims in: what it acknowledged is there, and once."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import RequestFactory

from accounts import tokens
from claims import provider_fees
from claims.models import Claim, IdempotencyKey, OutboxMessage
from rcm_site.testing.makers import make_department, make_user

from .test_claims_api import LINE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="kills a server of PostgreSQL's clients"),
]
CLIENTS = 4
REQUESTS = 30
PATIENCE_SECONDS = 60


class Web:
    """A gunicorn of its own on the tests' database, which can be killed and started again."""

    def __init__(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        where = connection.settings_dict
        self.env = os.environ | {
            "DATABASE_URL": f"postgres://{where['USER']}@/{where['HOST']}/{where['NAME']}",
            "VAR_DIR": str(tmp_path),
            "SECRET_KEY": settings.SECRET_KEY,
            "PORT": str(self.port),
            "LOG_LEVEL": "WARNING",
        }
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:rcm_site.gunicorn", "rcm_site.wsgi"],
            env=self.env,
            process_group=0,
        )

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    server = Web(tmp_path)
    yield server
    with suppress(ProcessLookupError):
        server.kill()


def send_until_answered(port: int, headers: dict[str, str], key: str) -> dict[str, Any]:
    """As a careful client does it: the same request under the same name until it is answered."""
    body = json.dumps({"control_number": key, "lines": [LINE, LINE]})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            link.request("POST", "/api/claims/", body, headers | {"Idempotency-Key": key})
            answer = link.getresponse()
            told = json.loads(answer.read())
            if answer.status == 201:
                return told
            assert answer.status in (409, 503), told
        time.sleep(0.05)
    raise AssertionError("never answered")


def test_no_acknowledged_claim_is_lost_and_a_retry_makes_no_second(web: Web) -> None:
    user = make_user("biller", departments=[make_department()])
    pair = tokens.issue(user=user, request=RequestFactory().post("/"))
    headers = {"Authorization": f"Bearer {pair.access}", "Content-Type": "application/json"}
    answers: dict[str, dict[str, Any]] = {}

    def client(number: int) -> None:
        for request in range(REQUESTS):
            key = f"K-{number}-{request}"
            answers[key] = send_until_answered(web.port, headers, key)

    threads = [threading.Thread(target=client, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for answered in (10, 40, 80):
        while len(answers) < answered and any(thread.is_alive() for thread in threads):
            time.sleep(0.01)
        web.kill()
        web.start()
    for thread in threads:
        thread.join()

    stored = dict(Claim.objects.values_list("control_number", "id"))
    assert {key: told["id"] for key, told in answers.items()} == {key: str(pk) for key, pk in stored.items()}
    assert len(answers) == CLIENTS * REQUESTS == Claim.objects.count() == IdempotencyKey.objects.count()
    assert OutboxMessage.objects.count() == CLIENTS * REQUESTS
    assert provider_fees.miscounted() == {}
