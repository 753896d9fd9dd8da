"""Making what was asked for: a worker holds an export by a lease and writes the file in encrypted pieces.

One that takes over begins anew.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import User
from claims.bulk import insert_bytes
from claims.fields import encrypt_bytes
from claims.identity import new_id
from rcm_site import health
from rcm_site.outages import is_outage

from ..models import Export, ExportPiece
from ..models.exports import ExportQuerySet
from ..reports.files import TooLong
from .asking import parameters, told
from .kinds import LEASE, Refused, WrongExport, content_of
from .rights import Rights, rights_of

log = structlog.get_logger(__name__)

AT_ONCE = 1  # made at a time on the whole site: other work has to go on beside it
KEPT = timedelta(hours=24)
BLOCK = 1 << 20  # bytes in a piece; after each it is looked whether the owner still may have them
MOST_TRIES = 3
State = Export.State


class LostHold(Exception):
    """Another worker has taken the export over, or it was cancelled."""


def make_waiting(*, seconds: float) -> int:
    """Make whatever waits, as long as there is time; how many files that was."""
    deadline = time.monotonic() + seconds
    count = 0
    while time.monotonic() < deadline and (export := take(timezone.now())):
        count += 1
        if not _make_logged(export):
            break  # what is broken is better tried at the next tick than at once
    return count


def take(now: datetime) -> Export | None:
    """Hold the export that waits longest, unless as many as may be are held already."""
    unfinished = Export.objects.unfinished()
    if not unfinished.exists():  # asked every two seconds: do not open a writer's transaction for nothing
        return None
    with transaction.atomic():
        if unfinished.filter(held_until__gt=now).count() >= AT_ONCE:
            return None
        export = _free(now).order_by("asked_at").select_for_update(skip_locked=True).first()
        if export is not None:
            _hold(export, now)
    return export


def make_now(export: Export) -> None:
    """Make a short file at once, for whoever waits for it, unless a worker has begun already."""
    now = timezone.now()
    with transaction.atomic():
        held = _free(now).filter(pk=export.pk).select_for_update(skip_locked=True).first()
        if held is not None:
            _hold(held, now)
    if held is not None:
        _make_logged(held)
        export.refresh_from_db()


def has_worker(now: datetime) -> bool:
    """Whether one is there to make files: who makes a long one may not answer meanwhile, but holds it."""
    is_making = Export.objects.unfinished().filter(held_until__gt=now).exists()
    return is_making or health.worker().status == health.Status.HEALTHY


def _free(now: datetime) -> ExportQuerySet:
    return Export.objects.unfinished().filter(Q(held_until=None) | Q(held_until__lte=now))


def _hold(export: Export, now: datetime) -> None:
    ExportPiece.objects.filter(export=export).delete()
    export.held_by, export.held_until = new_id(), now + LEASE
    export.state, export.tries = State.RUNNING, export.tries + 1
    export.rows_written = export.pieces_written = export.size = 0
    export.save()


def _make_logged(export: Export) -> bool:
    """A task's boundary: whatever is wrong with one export is logged, and the next one has its turn."""
    maker = Maker(export)
    try:
        maker.make()
    except LostHold:
        log.info("export_lost", id=str(export.pk))
    except Exception as error:
        log.exception("export_broken", id=str(export.pk), attempts=export.tries)
        maker.release(counts=not is_outage(error))
        return False
    return True


class Maker:
    """One worker's turn at one export."""

    def __init__(self, export: Export) -> None:
        self.export = export
        self._hold: uuid.UUID | None = export.held_by
        self._lease = LEASE

    def make(self) -> None:
        try:
            if self.export.tries > MOST_TRIES:
                raise Refused("It broke off three times in a row; the reason is in the site's log.")
            self._write()
        except (Refused, TooLong) as reason:
            self._end(State.FAILED, str(reason))

    def release(self, *, counts: bool) -> None:
        """Let others go on; an outage is nobody's fault."""
        tries = self.export.tries if counts else self.export.tries - 1
        Export.objects.filter(pk=self.export.pk, held_by=self._hold).update(
            held_by=None, held_until=timezone.now(), tries=tries
        )

    def _write(self) -> None:
        export, began = self.export, timezone.now()
        rights = self._rights()
        owner = User.objects.get(pk=export.owner_id)
        try:
            content = content_of(owner, export.kind, parameters(export), export.asked_on)
        except WrongExport:
            raise Refused("What it was narrowed to is not there any more: ask again.") from None
        self._lease = content.lease
        departments = None if rights.departments is None else sorted(rights.departments)
        if content.department is not None:
            departments = [content.department]
        expected, has_patients = content.expected(), content.has_patients
        self._save(rows_expected=expected, departments=departments, has_patients=has_patients)
        for piece in pieces(content.chunks(export.format, owner, began)):
            if self._rights() != rights:
                raise Refused("What you may see has changed meanwhile: ask again.")
            self._keep(piece, content.rows)
        self._end(State.DONE, "", rows_written=content.rows, kept_until=timezone.now() + KEPT)

    def _rights(self) -> Rights:
        rights = rights_of(self.export.owner_id, self.export.kind)
        if rights is None:
            raise Refused("You may no longer see this list.")
        return rights

    def _keep(self, piece: bytes, rows: int) -> None:
        number = self.export.pieces_written
        content = encrypt_bytes(piece)
        with transaction.atomic():
            self._save(rows_written=rows, pieces_written=number + 1, size=self.export.size + len(piece))
            insert_bytes(ExportPiece, ("export_id", "number", "content"), [(self.export.pk, number, content)])

    def _save(self, **changes: Any) -> None:
        """Write how far it is, if this worker still holds it and nobody cancelled it."""
        changes.setdefault("held_until", timezone.now() + self._lease)
        mine = Export.objects.filter(
            pk=self.export.pk,
            held_by=self._hold,
            state=State.RUNNING,
            pieces_written=self.export.pieces_written,
        )
        if not mine.update(**changes):
            raise LostHold
        for name, value in changes.items():
            setattr(self.export, name, value)

    def _end(self, state: State, reason: str, **changes: Any) -> None:
        export, now = self.export, timezone.now()
        with transaction.atomic():
            self._save(state=state, reason=reason, held_by=None, finished_at=now, **changes)
            if state == State.FAILED:
                ExportPiece.objects.filter(export=export).delete()
            audit.record(
                export.owner,
                "export.made",
                export,
                outcome="done" if state == State.DONE else "failed",
                rows=export.rows_written,
                patients=export.has_patients,
                **told(export),
            )
        log.info("export_finished", id=str(export.pk), state=str(state), count=export.rows_written)


def pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A file's bytes in pieces of one size, but for the last."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= BLOCK:
            yield bytes(waiting[:BLOCK])
            del waiting[:BLOCK]
    if waiting:
        yield bytes(waiting)
