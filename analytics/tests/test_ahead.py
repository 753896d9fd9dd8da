"""Making things up in another process: the same things, and nothing left behind however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from analytics.demo.ahead import Ended, made_ahead


def test_things_come_in_their_order_from_another_process() -> None:
    things = list(made_ahead((os.getpid(), "x" * number) for number in (1, 100_000, 3)))
    assert [len(text) for _, text in things] == [1, 100_000, 3]
    assert {maker for maker, _ in things}.isdisjoint({os.getpid()})
    assert not multiprocessing.active_children()


def _failing() -> Iterator[int]:
    yield 1
    raise ZeroDivisionError


def _killed() -> Iterator[int]:
    yield 1
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("things", [_failing, _killed])
def test_what_ends_too_early_is_no_end(things: Callable[[], Iterator[int]]) -> None:
    coming = made_ahead(things())
    assert next(coming) == 1
    with pytest.raises(Ended):
        next(coming)


def test_whoever_wants_no_more_leaves_no_process_behind() -> None:
    coming = made_ahead("x" * 1_000_000 for _ in range(100))
    next(coming)
    coming.close()
    assert not multiprocessing.active_children()
