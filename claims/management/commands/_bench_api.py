"""The API's part of the measurements of intake: claims of several clients at once, the top providers."""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection
from django.http import HttpRequest

from accounts import tokens
from accounts.models import User
from claims.provider_fees import fold_changes, top_providers

HOST = "127.0.0.1"
LINES_OF_A_CLAIM = 4
NPIS = 5_000


def send_claims(user: User, *, claims: int, clients: int = 8, workers: int = 2) -> dict[str, float]:
    """Have so many clients send claims over connections that they keep, to gunicorn on this database."""
    with web_server(workers) as (port, server):
        headers = {"Authorization": f"Bearer {token_of(user)}", "Content-Type": "application/json"}
        _sent(port, headers, clients, clients * 25)  # caches, plans and connections warm up
        web, database = seconds_of(family(server)), seconds_of(backends())
        began = time.perf_counter()
        results = _sent(port, headers, clients, claims)
        seconds = time.perf_counter() - began
        web, database = seconds_of(family(server)) - web, seconds_of(backends()) - database
    waits = sorted(wait for result in results for wait in result.milliseconds)
    return {
        "claims": len(waits),
        "refused": sum(result.refused for result in results),
        "claims_per_second": round(len(waits) / seconds, 1),
        "median_ms": round(statistics.median(waits), 1),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 1),
        "web_cpu_ms": round(web * 1000 / len(waits), 2),
        "database_cpu_ms": round(database * 1000 / len(waits), 2),
    }


def time_top_ten(user: User, *, times: int = 200) -> dict[str, float]:
    """What the ten providers with the most net fees cost, changes being folded in and not."""
    return {"unfolded_ms": _median_of_top(user, times)} | {
        "folded": fold_changes(),
        "median_ms": _median_of_top(user, times),
    }


def _median_of_top(user: User, times: int) -> float:
    waits = []
    for _ in range(times):
        began = time.perf_counter()
        top_providers(user, 10)
        waits.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(waits), 2)


# The server ------------------------------------------------------------------------------------------


@contextmanager
def web_server(workers: int, **more: str) -> Iterator[tuple[int, int]]:
    """A server's port and process; `more` goes into its environment."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    # Several processes must share a cache, which sending claims never asks.
    redis = os.environ.get("REDIS_URL") or "redis://127.0.0.1:1/0"
    env = {
        **os.environ,
        "REDIS_URL": redis,
        "HOST": HOST,
        "PORT": str(port),
        "WEB_CONCURRENCY": str(workers),
        "LOG_LEVEL": "WARNING",
        **more,
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:rcm_site.gunicorn", "rcm_site.wsgi"]
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection((HOST, port), timeout=1).close()
            return
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not start")


def family(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children")
    return [parent, *map(int, children.read_text().split())] if children.exists() else []


def backends() -> list[int]:
    """The database's processes that serve this one, as far as they run on this machine."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return [pid for (pid,) in cursor]


def seconds_of(processes: Iterable[int]) -> float:
    """What processes have used of the cores, where Linux tells it."""
    ticks = 0
    for process in processes:
        with suppress(OSError):
            words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def token_of(user: User) -> str:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = HOST
    return tokens.issue(user=user, request=request).access


# The clients -----------------------------------------------------------------------------------------


@dataclass
class _Result:
    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0


def _sent(port: int, headers: dict[str, str], clients: int, claims: int) -> list[_Result]:
    results = [_Result() for _ in range(clients)]
    threads = [
        threading.Thread(target=_send, args=[port, headers, claims // clients, client, result])
        for client, result in enumerate(results)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _send(port: int, headers: dict[str, str], claims: int, client: int, result: _Result) -> None:
    web = http.client.HTTPConnection(HOST, port, timeout=30)
    mark = f"{time.time_ns()}-{client}"
    for number in range(claims):
        body = json.dumps(_claim(f"B{mark}-{number}", client * 7_919 + number * LINES_OF_A_CLAIM))
        began = time.perf_counter()
        web.request("POST", "/api/claims/", body, headers | {"Idempotency-Key": f"{mark}-{number}"})
        answer = web.getresponse()
        answer.read()
        result.milliseconds.append((time.perf_counter() - began) * 1000)
        result.refused += answer.status != http.HTTPStatus.CREATED
    web.close()


def _claim(control_number: str, start: int) -> dict[str, Any]:
    lines = [
        {
            "service_date": "2026-01-15",
            "submitted_procedure": "D0180",
            "plan_group": f"GRP-{(start + each) % 60}",
            "subscriber": f"{1_000_000_000 + start % 200_000}",
            "provider_npi": f"{1_000_000_000 + (start + each) % NPIS}",
            "provider_fees": "100.00",
            "allowed_fees": "90.50",
            "member_coinsurance": "5.00",
            "member_copay": "0.00",
        }
        for each in range(LINES_OF_A_CLAIM)
    ]
    return {"control_number": control_number, "payer": f"Payer {start % 60}", "lines": lines}
