"""Real workers killed in the middle, and two on the same claims at once: each line is stored once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection, transaction

from accounts.models import User
from claims.imports.records import ClaimRecord
from claims.intake import Taken
from claims.models import Claim, ClaimEvent, ClaimLine, Coverage, Import, ImportChunk, OutboxMessage, Provider
from claims.storing import store_claims
from rcm_site.testing.makers import make_user
from rcm_site.testing.threads import at_once

from .test_loading import claim_file, counts, send
from .test_storing import intake_of, line, record

pytestmark = pytest.mark.django_db(transaction=True)

CLAIMS = 300
KILLS = 3
WORKER = """
import time
from datetime import timedelta
import django
django.setup()
from claims.imports import loading, reading
loading.LEASE, reading.HEAVIEST = timedelta(seconds=1), 30
while True:
    loading.load_waiting(seconds=60)
    time.sleep(0.05)
"""


def database_url() -> str:
    """The test's own database, for another process."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{connection.settings_dict['NAME']}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{connection.settings_dict['NAME']}"


def start_worker(var: Path) -> subprocess.Popen[bytes]:
    own = {"DATABASE_URL": database_url(), "SECRET_KEY": site.SECRET_KEY, "VAR_DIR": str(var)}
    env = os.environ | own | {"DJANGO_SETTINGS_MODULE": "rcm_site.settings", "ENV_FILE": os.devnull}
    return subprocess.Popen([sys.executable, "-c", WORKER], env=env, stderr=subprocess.DEVNULL)


def wait_for(source: Import, is_so: Callable[[Import], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so(source):
        assert time.monotonic() < deadline, f"still {source.state}, {source.chunks_done} chunks"
        time.sleep(0.01)
        source.refresh_from_db()


def _is_past(chunks: int, source: Import) -> bool:
    return source.chunks_done > chunks or source.is_over


def test_workers_killed_in_mid_import_store_each_line_exactly_once(tmp_path: Path) -> None:
    source = send(claim_file(CLAIMS), make_user("director"))
    chance = random.Random(4)
    for _ in range(KILLS):
        before = source.chunks_done
        worker = start_worker(tmp_path)
        wait_for(source, partial(_is_past, before))
        time.sleep(chance.random() * 0.1)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        source.refresh_from_db()
    assert not source.is_over
    assert 0 < source.claims_stored < CLAIMS
    worker = start_worker(tmp_path)
    wait_for(source, lambda seen: seen.is_over)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    source.refresh_from_db()
    assert (source.state, source.claims_stored, source.lines_stored) == ("done", CLAIMS, 2 * CLAIMS)
    assert counts() == (CLAIMS, 2 * CLAIMS, CLAIMS)
    assert source.duplicates == source.refused == 0
    assert OutboxMessage.objects.count() == CLAIMS
    places = Counter(ClaimLine.objects.values_list("place", flat=True))
    assert set(places.values()) == {1}
    chunks = ImportChunk.objects.filter(source=source).order_by("number")
    assert sum(each.records for each in chunks) == CLAIMS
    assert [each.number for each in chunks] == list(range(source.chunks_done))


def test_two_who_send_the_same_claims_at_once_store_each_of_them_once() -> None:
    director = make_user("director")

    def claims() -> list[ClaimRecord]:
        numbers = range(60)
        lines = {n: [line(f"{1_000_000_000 + n}", subscriber=f"S{n % 7}", plan_group="G")] for n in numbers}
        return [record(f"A-{n}", payer=f"Payer {n % 5}", lines=lines[n]) for n in numbers]

    def send_all(order: Callable[[list[ClaimRecord]], Any]) -> list[Taken]:
        with transaction.atomic():
            return store_claims(list(order(claims())), intake_of(director))

    answers = at_once(send_all, (list, reversed))
    stored = [each for answer in answers for each in answer if each.claim_id]
    twice = [each for answer in answers for each in answer if each.first_claim_id]
    assert (len(stored), len(twice)) == (60, 60)
    assert {each.claim_id for each in stored} == {each.first_claim_id for each in twice}
    assert (Claim.objects.count(), ClaimEvent.objects.count(), Provider.objects.count()) == (60, 60, 60)
    assert Coverage.objects.count() == 7


def test_sqlite_and_postgresql_keep_the_same_rows() -> None:
    """What is expected here is expected on both: the tests run on each."""
    odd = 'Back\\slash "quoted" | ünï'
    director: User = make_user("director")
    records = [record(f"{odd} {n}", payer=odd, lines=[line(quadrant=odd, subscriber=odd)]) for n in range(20)]
    with transaction.atomic():
        store_claims(records, intake_of(director, sender=odd))
    claim = Claim.objects.get(control_number=f"{odd} 7")
    assert claim.payer is not None
    assert (claim.sender, claim.payer.name) == (odd, odd)
    kept = claim.lines.get()
    assert kept.coverage is not None
    assert (kept.quadrant, kept.coverage.subscriber) == (odd, odd)
    assert OutboxMessage.objects.get(claim=claim).shares == [["1234567893", 100_00]]
    assert abs((claim.received_at - claim.events.get().at).total_seconds()) == 0
