"""Makes things up in a process of its own while this one stores what was made before."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

Thing = TypeVar("Thing")


class Ended(Exception):
    """The process that makes things up ended before it was done."""


def made_ahead(things: Iterator[Thing]) -> Generator[Thing]:
    """The same things, each made while whoever asks still works with the one before.

    The process is a fork of this one, so what things are made of need not be sent to it. It is not to touch
    the database: the connection is ours.
    """
    forked = get_context("fork")
    receiver, sender = forked.Pipe(duplex=False)
    author = forked.Process(target=_make, args=(things, sender, receiver), daemon=True)
    author.start()
    sender.close()
    try:
        while True:
            try:
                thing = receiver.recv()
            except EOFError:
                break
            yield thing
        author.join()
        if author.exitcode:
            raise Ended(f"The process that makes claims up ended with {author.exitcode}.")
    finally:
        receiver.close()
        author.terminate()
        author.join()


def _make(things: Iterator[Any], sender: Connection, receiver: Connection) -> None:
    """Until nobody takes them any more."""
    receiver.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both: the other one ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        for thing in things:
            sender.send(thing)
    except BrokenPipeError:
        return
