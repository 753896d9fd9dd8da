"""Asks a server as a client would and takes the time: one request at a time, or several clients at once."""

from __future__ import annotations

import http.client
import socket
import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from claims.management.commands._bench_api import HOST

Headers = dict[str, str]
PATIENCE_MS, FEWEST = 5_000, 3
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Waits:
    """Milliseconds until the last byte was here."""

    median: float
    p95: float

    @classmethod
    def of(cls, waits: Sequence[float]) -> Waits:
        ordered = sorted(waits)
        return cls(round(statistics.median(ordered), 1), round(ordered[int(len(ordered) * 0.95)], 1))


class Client:
    """One browser or program: it keeps its connection."""

    def __init__(self, port: int, headers: Headers) -> None:
        self._web = http.client.HTTPConnection(HOST, port, timeout=60)
        self._headers = headers

    def get(self, path: str) -> tuple[int, float, int]:
        """Status, milliseconds, bytes."""
        began = time.perf_counter()
        self._web.request("GET", path, headers=self._headers)
        answer = self._web.getresponse()
        size = 0
        while block := answer.read(_BLOCK):
            size += len(block)
        return answer.status, (time.perf_counter() - began) * 1000, size

    def waits(self, path: str, times: int) -> Waits:
        """Of so many answers, or fewer where they take very long."""
        waits: list[float] = []
        while len(waits) < times and (sum(waits) < PATIENCE_MS or len(waits) < FEWEST):
            waits.append(self.get(path)[1])
        return Waits.of(waits)

    def close(self) -> None:
        self._web.close()


# Several at once -----------------------------------------------------------------------------------


@dataclass
class _Counted:
    answered: int = 0
    others: list[int] = field(default_factory=list)  # statuses that are not 200


def requests_a_second(port: int, path: str, headers: Headers, *, clients: int, seconds: float) -> float:
    """How many whole answers so many clients together get, each asking again as soon as it has one."""
    counted = [_Counted() for _ in range(clients)]
    until = time.perf_counter() + seconds
    asked = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{asked}\r\n".encode()
    threads = [threading.Thread(target=_ask, args=(port, request, until, each)) for each in counted]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [status for each in counted for status in each.others]
    if refused:
        raise RuntimeError(f"{path} answered {refused[0]}")
    return sum(each.answered for each in counted) / (time.perf_counter() - began)


def _ask(port: int, request: bytes, until: float, counted: _Counted) -> None:
    """No more of HTTP than it takes: the client's own work counts against the server's on one machine."""
    with socket.create_connection((HOST, port), timeout=30) as web:
        web.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.perf_counter() < until:
            web.sendall(request)
            head, _, body = _received(web, b"", b"\r\n\r\n").partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += web.recv(_BLOCK)
            status = int(head[9:12])
            if status == http.HTTPStatus.OK:
                counted.answered += 1
            else:
                counted.others.append(status)
                return


def _received(web: socket.socket, so_far: bytes, mark: bytes) -> bytes:
    while mark not in so_far:
        block = web.recv(_BLOCK)
        if not block:
            raise ConnectionError("the server closed the connection")
        so_far += block
    return so_far


# Memory --------------------------------------------------------------------------------------------


class MemoryWatch:
    """By how much the largest of some processes grows while a block runs, where Linux tells it."""

    def __init__(self, processes: Sequence[int]) -> None:
        self._before = {process: _resident(process) for process in processes}
        self._most = dict(self._before)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def grown_mb(self) -> float:
        return max((self._most[each] - before for each, before in self._before.items()), default=0) / 1024

    def _look(self) -> None:
        while not self._is_over.wait(0.02):
            for process in self._most:
                self._most[process] = max(self._most[process], _resident(process))


def _resident(process: int) -> int:
    """Kilobytes in memory."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
