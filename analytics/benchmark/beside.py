"""The same site on another database, asked in turn with this one: what slows a machine slows both alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from django.core.management.base import CommandError

from accounts.models import User
from claims.management.commands._bench_api import web_server

from .addresses import addresses
from .sites import WEB_PROCESSES, Asked, answers, shared_cache, waits_of
from .timing import Waits


class Beside:
    """A process of its own that measures an address when it is told to, by its place in the list of all."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        if int(self._line()) != len(addresses()):
            raise CommandError(
                "The two databases do not fill the same addresses: one lacks some kind of data."
            )

    def waits(self, place: int) -> Waits | None:
        """None where nothing is found there."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        print(place, file=self._process.stdin, flush=True)
        told = json.loads(self._line())
        return Waits(**told) if told else None

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise CommandError("The measurement is void: what is measured beside has ended.")
        return line


@contextmanager
def site_beside(url: str, cache: str, requests: int) -> Iterator[Beside]:
    env = os.environ | {"DATABASE_URL": url, "LOG_LEVEL": "WARNING"}
    command = [sys.executable, sys.argv[0], "bench_reports", "--in-turn", cache, "--requests", str(requests)]
    with subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Beside(process)  # its input ends with this block, and then so does it


def answer_in_turn(user: User, cache: str, requests: int) -> None:
    """The other side: as many lines as are asked for, each with what an address took."""
    found = addresses()
    with (
        shared_cache() as redis,
        web_server(WEB_PROCESSES, REDIS_URL=redis, FACTS_CACHE=cache) as (port, server),
    ):
        asked = Asked(port, server, user)
        _say(len(found))
        for place in map(int, sys.stdin):
            is_there = answers(asked, found[place])
            waits = waits_of(asked, found[place], requests) if is_there else None
            _say(json.dumps(asdict(waits) if waits else None))


def _say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
