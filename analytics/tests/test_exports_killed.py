"""Real workers killed in the middle of a file: in the end it is there, whole, with each claim once."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as site
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from analytics.exports import asking, handing_over
from analytics.models import Export, ExportPiece
from claims.models import Claim
from rcm_site.testing.makers import make_user

pytestmark = pytest.mark.django_db(transaction=True)

CLAIMS = 1_200
WORKER = """
import time
from datetime import timedelta
import django
django.setup()
from analytics.exports import making
making.LEASE, making.BLOCK, making.MOST_TRIES = timedelta(seconds=1), 1_000, 9
while True:
    making.make_waiting(seconds=60)
    time.sleep(0.05)
"""


def start_worker(var: Path) -> subprocess.Popen[bytes]:
    """On the test's own database."""
    name = connection.settings_dict["NAME"]
    on_server = connection.vendor != "sqlite"
    url = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}" if on_server else f"sqlite:///{name}"
    own = {"DATABASE_URL": url, "SECRET_KEY": site.SECRET_KEY, "VAR_DIR": str(var)}
    env = os.environ | own | {"DJANGO_SETTINGS_MODULE": "rcm_site.settings", "ENV_FILE": os.devnull}
    return subprocess.Popen([sys.executable, "-c", WORKER], env=env, stderr=subprocess.DEVNULL)


def wait_for(export: Export, is_so: Callable[[Export], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_so(export):
        assert time.monotonic() < deadline, f"still {export.state}, {export.pieces_written} pieces"
        time.sleep(0.005)
        export.refresh_from_db()


def kill(worker: subprocess.Popen[bytes]) -> None:
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


def test_a_killed_workers_file_is_made_anew_by_the_next_one(tmp_path: Path) -> None:
    Claim.objects.bulk_create(
        Claim(number=number, kind="dental", control_number=f"PCN-{number}", charge=number)
        for number in range(1, CLAIMS + 1)
    )
    director = make_user("director")
    export = asking.ask_for(director, "claims", "csv", {})
    first = start_worker(tmp_path)
    wait_for(export, lambda seen: seen.pieces_written > 5 or seen.is_over)
    kill(first)
    export.refresh_from_db()
    assert (export.state, 0 < export.rows_written < CLAIMS) == ("running", True)
    second = start_worker(tmp_path)
    wait_for(export, lambda seen: seen.is_over)
    kill(second)
    assert (export.state, export.tries, export.rows_written) == ("done", 2, CLAIMS)
    assert ExportPiece.objects.filter(export=export).count() == export.pieces_written
    file = b"".join(handing_over.hand_over(export, now=timezone.now())).decode("utf-8-sig")
    assert len(file.encode()) + 3 == export.size
    numbers = [row["Claim"] for row in csv.DictReader(io.StringIO(file))]
    assert numbers == [f"C-{number}" for number in range(CLAIMS, 0, -1)]
    assert AuditEntry.objects.filter(action="export.made").count() == 1
