"""Programs that get so much time and no more, and of which nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

LAST_WORDS_SECONDS = 3
MARK = "RCM_TEST_RUN"


def finished_within(seconds: float, command: Sequence[str], env: Mapping[str, str]) -> bool:
    """Run a command, and end it with whatever it started as soon as its time is over.

    A mark in the environment finds them all, orphans and those in a process group of their own, too.
    """
    mark = uuid4().hex
    with subprocess.Popen(command, env={**env, MARK: mark}) as program:
        try:
            program.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            _signal_marked(mark, signal.SIGABRT)  # to which pytest answers with the stacks of its threads
            time.sleep(LAST_WORDS_SECONDS)
            program.kill()  # also where processes cannot be found by their mark
            return False
        finally:
            _signal_marked(mark, signal.SIGKILL)
    return True


def _signal_marked(mark: str, number: signal.Signals) -> None:
    for pid in _marked(f"{MARK}={mark}".encode()):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _marked(mark: bytes) -> Iterator[int]:
    for environment in Path("/proc").glob("[0-9]*/environ"):
        # Other people's are not to be read, and some end while we look.
        with suppress(OSError):
            if mark in environment.read_bytes():
                yield int(environment.parent.name)
