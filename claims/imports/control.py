"""What people do with an import: watch it, pause it, go on, cancel it, and fetch what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from claims.models import Import

from .refusals import has_rows, refused_rows

__all__ = ["CannotControl", "Progress", "cancel", "has_rows", "pause", "progress", "refused_rows", "resume"]

PAUSE, CANCEL = "pause", "cancel"
State = Import.State


class CannotControl(Exception):
    """Why an import cannot be paused, resumed or cancelled now, in words for whoever asked."""


def pause(source: Import, *, actor: User, request: HttpRequest | None = None) -> Import:
    """At once when no worker is on it, else after the chunk that is being stored."""
    with _changing(source, actor, "import.pause_asked", request) as held:
        if held.state not in (State.WAITING, State.RUNNING):
            raise CannotControl(f"Only an import that waits or runs can be paused; this one is {_is(held)}.")
        _wish(held, PAUSE, State.PAUSED)
    return held


def resume(source: Import, *, actor: User, request: HttpRequest | None = None) -> Import:
    with _changing(source, actor, "import.resumed", request) as held:
        if held.state == State.PAUSED:
            held.state = State.WAITING
        elif held.wish != PAUSE:
            raise CannotControl(f"Only a paused import can be resumed; this one is {_is(held)}.")
        held.wish = ""
    return held


def cancel(source: Import, *, actor: User, request: HttpRequest | None = None) -> Import:
    """What is stored already stays; a file taken whole cannot be stopped half-way."""
    with _changing(source, actor, "import.cancel_asked", request) as held:
        if held.is_over:
            raise CannotControl(f"The import is over already: it is {_is(held)}.")
        if held.taking == Import.Taking.WHOLE and held.phase == Import.Phase.STORING and held.chunks_done:
            raise CannotControl("This file is taken whole, and storing it has begun.")
        _wish(held, CANCEL, State.CANCELLED)
    return held


@contextmanager
def _changing(source: Import, actor: User, action: str, request: HttpRequest | None) -> Iterator[Import]:
    """The import as it is now, which nobody else changes meanwhile."""
    with transaction.atomic():
        held = Import.objects.select_for_update().get(pk=source.pk)
        yield held
        held.save(update_fields=["state", "wish", "held_by", "finished_at"])
        audit.record(actor, action, held, request=request)


def _wish(held: Import, wish: str, outcome: State) -> None:
    """A worker that is on it finds the wish; where none is, it is fulfilled now, and a stale one shut out."""
    now = timezone.now()
    if held.held_by and held.held_until and held.held_until > now:
        held.wish = wish
        return
    held.state, held.wish, held.held_by = outcome, "", None
    held.finished_at = now if held.is_over else None


def _is(held: Import) -> str:
    return State(held.state).label.lower()


# Progress ------------------------------------------------------------------------------------------

_RELIABLE_SHARE = 0.02  # before that, an estimate of the time left would only frighten people


@dataclass(frozen=True)
class Progress:
    share: float  # of the whole work, 0 to 1
    rate: float | None  # records a second
    seconds_left: int | None
    words: str


def progress(source: Import) -> Progress:
    """How far an import is, as its last chunk left it."""
    share = _share(source)
    records = _records(source)
    rate = records / source.seconds if records and source.seconds else None
    left = None
    if source.state == State.RUNNING and source.seconds and _RELIABLE_SHARE <= share < 1:
        left = round(source.seconds * (1 - share) / share)
    return Progress(share, rate, left, _words(source))


def _share(source: Import) -> float:
    if source.is_over:
        return 1.0
    read = min(1.0, source.bytes_done / source.size) if source.size else 0.0
    if source.taking == Import.Taking.WHOLE:  # read twice: to check, then to store
        return read / 2 if source.phase == Import.Phase.CHECKING else 0.5 + read / 2
    return read


def _records(source: Import) -> int:
    stored = source.claims_stored + source.payments_stored + source.others_stored
    return stored + source.duplicates + source.refused


def _words(source: Import) -> str:
    if source.state == State.RUNNING:
        if source.wish:
            return "Pausing" if source.wish == PAUSE else "Cancelling"
        return Import.Phase(source.phase).label
    return State(source.state).label
