"""Takes waiting files in: a worker holds one by a lease, and stores it chunk by chunk.

A chunk's rows, what was wrong with it, and how far the import has come are one transaction, which also proves
that the worker still holds the import. So whatever is killed whenever, each record is stored once: the next
worker reads on where the last chunk left off, and one that wakes up too late stores nothing.
"""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import audit
from claims.answers.posting import match_all_waiting
from claims.identity import new_id
from claims.intake import Intake
from claims.models import Import, ImportBlock, ImportChunk, ImportProblem
from rcm_site.outages import is_outage

from . import taking
from .blocks import FileForgotten
from .control import CANCEL, PAUSE
from .reading import Chunk, UnreadableFile, read_ahead
from .records import Problem

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
MOST_TRIES = 3  # without a chunk stored between them
TURN_SECONDS = 20.0  # before an import gives way to others that wait
State, Phase = Import.State, Import.Phase


class LostHold(Exception):
    """Another worker has taken the import over."""


# Who works on what -----------------------------------------------------------------------------------


def load_waiting(*, seconds: float) -> int:
    """Work on whatever waits, for so long at most; on how many imports that was."""
    deadline = time.monotonic() + seconds
    count = 0
    while time.monotonic() < deadline and (source := take(timezone.now())):
        count += 1
        if not _load_logged(source, deadline):
            break  # what is broken is better tried at the next tick than at once
    return count


def load(source: Import) -> Import:
    """Take one file in, here and now, to its end or until somebody pauses it."""
    held = take(timezone.now(), Import.objects.filter(pk=source.pk))
    if held:
        Loader(held, deadline=float("inf"), gives_way=False).run()
    source.refresh_from_db()
    return source


def take(now: datetime, among: Any = None) -> Import | None:
    """Hold the import that waits longest for a worker, unless as many as may be are held already."""
    imports = Import.objects.all() if among is None else among
    unfinished = imports.unfinished()
    if not unfinished.exists():  # asked every two seconds: do not open a writer's transaction for nothing
        return None
    with transaction.atomic():
        held = Import.objects.unfinished().filter(held_by__isnull=False, held_until__gt=now)
        if among is None and held.count() >= settings.IMPORTS_AT_ONCE:
            return None
        free = unfinished.filter(Q(held_by=None) | Q(held_until__lte=now))
        source = (
            free.order_by(F("held_until").asc(nulls_first=True), "sent_at")
            .select_for_update(skip_locked=True)
            .first()
        )
        if source is None:
            return None
        source.held_by, source.held_until = new_id(), now + LEASE
        source.state, source.started_at = State.RUNNING, source.started_at or now
        source.tries += 1
        source.save(update_fields=["held_by", "held_until", "state", "started_at", "tries"])
    return source


def _load_logged(source: Import, deadline: float) -> bool:
    """A task's boundary: whatever is wrong with one import is logged, and the next one has its turn."""
    loader = Loader(source, deadline=deadline, gives_way=True)
    try:
        loader.run()
    except LostHold:
        log.warning("import_lost", id=str(source.pk))
    except Exception as error:
        log.exception("import_broken", id=str(source.pk), attempts=source.tries)
        loader.release(counts=not is_outage(error))
        return False
    return True


def forget_files(now: datetime) -> int:
    """Delete the bytes of imports that were over long ago; what was made of them stays."""
    over = Import.objects.filter(finished_at__lt=now - timedelta(days=settings.IMPORT_KEEP_DAYS))
    return ImportBlock.objects.filter(source__in=over).delete()[0]


# The work on one import ------------------------------------------------------------------------------


class Loader:
    """One worker's turn at one import."""

    def __init__(self, source: Import, *, deadline: float, gives_way: bool) -> None:
        self.source = source
        self._hold: uuid.UUID | None = source.held_by
        self._deadline = deadline
        self._gives_way = gives_way
        self._begun = self._since = time.monotonic()

    def run(self) -> None:
        if self.source.tries > MOST_TRIES:
            self._fail("", Problem(0, "", "broke off three times in a row; the reason is in the site's log"))
            return
        try:
            while self._run_phase():
                pass
        except UnreadableFile as unreadable:
            self._fail(unreadable.file, Problem(unreadable.place, "", unreadable.reason))
        except FileForgotten:
            self._fail("", Problem(0, "", "is not kept any more: send it again"))

    def release(self, *, counts: bool = False) -> None:
        """Let others go on; a turn that ended well is no try that failed."""
        changes: dict[str, Any] = {"held_by": None, "held_until": timezone.now()}
        if not counts:
            changes["tries"] = 0
        Import.objects.filter(pk=self.source.pk, held_by=self._hold).update(**changes)

    def _run_phase(self) -> bool:
        """Whether another phase follows."""
        with read_ahead(self.source) as chunks:
            for chunk in chunks:
                if chunk is None:
                    self._renew()
                elif chunk.items or chunk.is_last:
                    self._take(chunk)
                if self._wish_fulfilled():
                    return False
                if self._is_turn_over():
                    self.release()
                    return False
        if self.source.phase == Phase.CHECKING and not self.source.refused:
            self._begin_storing()
            return True
        self._finish()
        return False

    def _take(self, chunk: Chunk) -> None:
        source = self.source
        intake = Intake(
            actor=source.sent_by,
            today=source.read_as_of,
            source=source,
            file=chunk.file,
            sender=source.sender,
            department=source.department,
        )
        carry = dict(source.carry)
        with transaction.atomic():
            if source.phase == Phase.CHECKING:
                outcome = taking.check(chunk, source, intake)
            else:
                outcome = taking.store(chunk, source, intake, carry)
            ImportProblem.objects.bulk_create(outcome.problems, batch_size=500)
            now = time.monotonic()
            ImportChunk.objects.create(
                source=source,
                number=source.chunks_done,
                first_record=chunk.first,
                records=len(chunk.items),
                seconds=now - self._since,
            )
            self._save(**self._progress(chunk, outcome, now), carry=carry)
        self._since = now

    def _progress(self, chunk: Chunk, outcome: taking.Outcome, now: float) -> dict[str, Any]:
        source = self.source
        is_storing = source.phase == Phase.STORING
        return {
            "files_done": chunk.position + chunk.is_last,
            "records_done": 0 if chunk.is_last else chunk.first + len(chunk.items),
            "bytes_done": chunk.bytes_done,
            "chunks_done": source.chunks_done + 1,
            "claims_stored": source.claims_stored + outcome.claims * is_storing,
            "lines_stored": source.lines_stored + outcome.lines * is_storing,
            "payments_stored": source.payments_stored + outcome.payments * is_storing,
            "others_stored": source.others_stored + outcome.others * is_storing,
            "duplicates": source.duplicates + outcome.duplicates,
            "refused": source.refused + outcome.refused,
            "warnings": source.warnings + outcome.warnings,
            "found_kinds": _with_kind(source.found_kinds, chunk),
            "seconds": source.seconds + now - self._since,
            "tries": 0,
        }

    def _save(self, **changes: Any) -> None:
        """Write how far the import is, if this worker still holds it and nobody stored this chunk before."""
        changes.setdefault("held_until", timezone.now() + LEASE)
        mine = Import.objects.filter(
            pk=self.source.pk, held_by=self._hold, chunks_done=self.source.chunks_done
        )
        if not mine.update(**changes):
            raise LostHold
        for name, value in changes.items():
            setattr(self.source, name, value)

    def _renew(self) -> None:
        self._save(held_until=timezone.now() + LEASE)

    def _wish_fulfilled(self) -> bool:
        wish = Import.objects.values_list("wish", flat=True).get(pk=self.source.pk)
        if not wish:
            return False
        now = timezone.now()
        if wish == PAUSE:
            self._save(state=State.PAUSED, wish="", held_by=None, held_until=now)
        elif wish == CANCEL:
            self._save(state=State.CANCELLED, wish="", held_by=None, held_until=now, finished_at=now)
            self._tell()
        return True

    def _is_turn_over(self) -> bool:
        now = time.monotonic()
        if now >= self._deadline:
            return True
        if not self._gives_way or now - self._begun < TURN_SECONDS:
            return False
        self._begun = now
        waiting = Import.objects.unfinished().filter(Q(held_by=None) | Q(held_until__lte=timezone.now()))
        return waiting.exists()

    def _begin_storing(self) -> None:
        """Everything was read and nothing is wrong: read it again, and store it."""
        with transaction.atomic():
            ImportProblem.objects.filter(source=self.source).delete()
            self._save(
                phase=Phase.STORING, files_done=0, records_done=0, bytes_done=0, duplicates=0, warnings=0
            )

    def _finish(self) -> None:
        is_refused = self.source.phase == Phase.CHECKING
        if not is_refused:
            match_all_waiting()  # a payment and its claim may have come in at once, neither seeing the other
        self._end(
            State.REFUSED if is_refused else State.DONE,
            "Nothing was stored: the file is taken whole, and something in it is refused."
            if is_refused
            else "",
        )

    def _fail(self, file: str, problem: Problem) -> None:
        """What was stored before the fault stays, and that is said."""
        where = f"{file}, at {problem.place}: " if problem.place else ""
        stays = ""
        if self.source.chunks_done and self.source.phase == Phase.STORING:
            stays = f" What was stored before stays: {self.source.claims_stored:,} claims."
        reason = f"{where}{problem.reason.removesuffix('.')}.{stays}"
        with transaction.atomic():
            ImportProblem.objects.create(
                source=self.source,
                file=file[: taking.LONGEST_FILE],
                place=problem.place,
                reason=problem.reason[: taking.LONGEST_REASON],
            )
            self._end(State.FAILED, reason[-300:])

    def _end(self, state: Import.State, reason: str) -> None:
        now = timezone.now()
        with transaction.atomic():
            self._save(state=state, reason=reason, wish="", held_by=None, held_until=now, finished_at=now)
            self._tell()

    def _tell(self) -> None:
        source = self.source
        audit.record(
            source.sent_by,
            "import.finished",
            source,
            state=source.state,
            claims=source.claims_stored,
            lines=source.lines_stored,
            payments=source.payments_stored,
            others=source.others_stored,
            duplicates=source.duplicates,
            refused=source.refused,
        )
        log.info("import_finished", id=str(source.pk), state=str(source.state), count=source.claims_stored)


def _with_kind(found: str, chunk: Chunk) -> str:
    kinds = [each for each in found.split(",") if each]
    if chunk.kind and chunk.kind.value not in kinds:
        kinds.append(chunk.kind.value)
    return ",".join(kinds)
