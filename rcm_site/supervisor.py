"""Runs several programs as one: all start, all end together, and nothing outlives the supervisor.

Every program joins one process group that a guard process leads (see `guard.py`). The group exists before
the first program starts, so there is no moment at which a killed supervisor could leave one behind.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

GRACE_SECONDS = 10


class ProgramEnded(Exception):
    """A program that should run for as long as the site ended by itself."""

    def __init__(self, name: str, code: int) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        super().__init__(f"The {name} {how}.")


class Supervisor:
    """A context in which programs run; leaving it ends them all."""

    def __init__(self, *, remove: Iterable[Path] = ()) -> None:
        self._remove = [str(path) for path in remove]
        self._programs: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Supervisor":
        self._guard = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("guard.py")), *self._remove],
            stdin=subprocess.PIPE,
            process_group=0,
        )
        return self

    def start(self, name: str, command: list[str], *, output: int | None = None) -> subprocess.Popen[bytes]:
        self._programs[name] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=self._guard.pid,
        )
        return self._programs[name]

    def check(self) -> None:
        """Raise if a program has ended: the others are of no use without it."""
        for name, program in {**self._programs, "guard process": self._guard}.items():
            if (code := program.poll()) is not None:
                raise ProgramEnded(name, code)

    def watch(self, *, until: Callable[[], bool] = lambda: False, pause: float = 0.2) -> None:
        """Stay here until something is true, which may be never, or a program ends."""
        while not until():
            self.check()
            time.sleep(pause)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signal_group(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for program in self._programs.values():
            with suppress(subprocess.TimeoutExpired):
                program.wait(timeout=max(0, deadline - time.monotonic()))
        # What still runs, and what a killed program left behind, goes with the guard.
        self._signal_group(signal.SIGKILL)
        for program in (*self._programs.values(), self._guard):
            program.wait()
        subprocess.run(["rm", "-rf", "--", *self._remove], check=True)

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._guard.pid, number)
