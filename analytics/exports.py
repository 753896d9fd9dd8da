"""Lists and reports taken out as files: short lists at once, all else made by a worker and kept for a day.

A worker holds an export by a lease and writes the file in encrypted pieces; one that takes over begins anew.
Everything is read with the rights that its owner has at that moment, and handed to nobody else but those with
whom the owner shares a report, as far as they may see all that is in its file.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.access import may
from accounts.models import Department, User
from claims.bulk import insert_bytes
from claims.fields import decrypt_bytes, encrypt_bytes
from claims.identity import new_id
from claims.lists import (
    Listing,
    WrongFilters,
    appeals_list,
    claims_list,
    listing_of_claims,
    remittances_list,
)
from claims.pages.appeals import AppealFilter
from claims.pages.filters import ClaimFilter, RemittanceFilter
from rcm_site.outages import is_outage
from rcm_site.spreadsheets import CONTENT_TYPES as SPREADSHEETS
from rcm_site.spreadsheets import Sheet, chunks

from .drilldown import Part
from .kpis import KPIS
from .models import Export, ExportPiece, Report
from .models.exports import ExportQuerySet
from .questions import PARAMETERS, WrongQuestion, ask
from .reports.files import EVER_NEEDED, TooLong, needs, report_file

log = structlog.get_logger(__name__)

ROWS_AT_ONCE = 5_000  # as many are handed over at once: it takes a page's time; more are a worker's
AT_ONCE = 1  # made at a time on the whole site: other work has to go on beside it
MOST_OF_ONE = 3  # waiting or being made for one person: the line is everybody's
KEPT = timedelta(hours=24)
REMEMBERED = timedelta(days=30)  # that there was one, after its file is gone
LEASE = timedelta(seconds=60)
BLOCK = 1 << 20  # bytes in a piece; after each it is looked whether the owner still may have them
MOST_TRIES = 3
CONTENT_TYPES = {**SPREADSHEETS, "pdf": "application/pdf", "json": "application/json"}
State = Export.State


class WrongExport(Exception):
    """Why nothing can be taken out as it was asked for, by the name of the parameter."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


class TooMany(Exception):
    """This person waits for as many files as one may."""


class NotKept(Exception):
    """There is no file, or not for this person any more: the reason in words."""


class LostHold(Exception):
    """Another worker has taken the export over, or it was cancelled."""


class Refused(Exception):
    """Why an export cannot be made, in words for its owner."""


# What can be taken out -----------------------------------------------------------------------------


class Content(Protocol):
    """What a file holds, as its owner may see it at the moment."""

    has_patients: bool
    formats: Collection[str]
    asked: Mapping[str, str]  # as it is kept: a worker that reads it finds the same
    report: Report | None
    lease: timedelta  # the longest that a piece may take: whoever takes longer has died

    @property
    def words(self) -> str: ...

    @property
    def department(self) -> int | None:
        """Whose claims alone are in it, where it is narrowed to one."""

    @property
    def rows(self) -> int:
        """Those written so far."""

    def expected(self) -> int | None:
        """How many rows it will have, where that is known before."""

    def chunks(self, file_format: str, owner: User, at: datetime) -> Iterator[bytes]: ...


class ListFile:
    """A list, row by row."""

    formats: Collection[str] = tuple(SPREADSHEETS)
    report: Report | None = None
    department: int | None = None
    lease = LEASE

    def __init__(self, listing: Listing, asked: Mapping[str, str]) -> None:
        self.listing, self.asked = listing, asked
        self.words, self.has_patients = listing.words, listing.has_patients
        self._keys: Any = ()
        self._counted = Counted(iter(()))

    @property
    def rows(self) -> int:
        return self._counted.rows

    def expected(self) -> int:
        self._keys = self.listing.keys(settings.EXPORT_MAX_ROWS + 1)
        if len(self._keys) > settings.EXPORT_MAX_ROWS:
            raise Refused(f"More than {settings.EXPORT_MAX_ROWS:,} rows: narrow the list.")
        return len(self._keys)

    def chunks(self, file_format: str, owner: User, at: datetime) -> Iterator[bytes]:
        self._counted = Counted(self.listing.rows_ahead(self._keys))
        sheet = sheet_of(owner, self.listing, len(self._keys), at)
        return chunks(file_format, self.listing.headings, self._counted, sheet, self.listing.says)


def _nothing_more(_: Mapping[str, str]) -> Collection[str]:
    return ()


@dataclass(frozen=True)
class Kind:
    label: str
    access: str
    parameters: tuple[str, ...]
    content: Callable[[User, Mapping[str, str], date], Content]
    needs: Callable[[Mapping[str, str]], Collection[str]] = _nothing_more  # what else one must be allowed
    is_list: bool = True


def _list(listing: Callable[[User, Mapping[str, str], date], Listing]) -> Callable[..., ListFile]:
    return lambda user, asked, today: ListFile(listing(user, asked, today), asked)


def _claims(user: User, asked: Mapping[str, str], _: date) -> Listing:
    return claims_list(user, asked)


def _appeals(user: User, asked: Mapping[str, str], _: date) -> Listing:
    return appeals_list(user, asked)


def _remittances(user: User, asked: Mapping[str, str], _: date) -> Listing:
    return remittances_list(user, asked)


def _claims_of_kpi(user: User, asked: Mapping[str, str], today: date) -> Listing:
    """The claims that a KPI counts."""
    kpi, part = KPIS.get(asked.get("kpi", "")), asked.get("part", Part.ALL)
    problems = {}
    if kpi is None:
        problems["kpi"] = ["There is no such KPI."]
    if part not in {*Part}:
        problems["part"] = [f"One of {', '.join(Part)}."]
    if kpi is None or problems:
        raise WrongFilters(problems)
    question = ask(user, asked, today=today)
    found = kpi.claims(question.scope, question.period, Part(part))
    words = f"{kpi.label}: {'those it is about, ' if part == Part.INTEREST else ''}{question.words}"
    return listing_of_claims(user, found.visible_to(user).order_by("-number"), words)  # type: ignore[attr-defined]


KINDS: dict[str, Kind] = {
    "claims": Kind("Claims", "claims.view_claim", (*ClaimFilter.base_fields, "sort"), _list(_claims)),
    "appeals": Kind("Appeals", "claims.view_claim", (*AppealFilter.base_fields, "sort"), _list(_appeals)),
    "kpi": Kind(
        "Claims behind a number", "claims.view_claim", ("kpi", "part", *PARAMETERS), _list(_claims_of_kpi)
    ),
    "remittances": Kind(
        "Remittances", "claims.view_remittance", (*RemittanceFilter.base_fields, "sort"), _list(_remittances)
    ),
    "report": Kind(
        "Report", "analytics.add_report", ("report", "standard"), report_file, needs, is_list=False
    ),
}
KIND_CHOICES = [(key, kind.label) for key, kind in KINDS.items()]


def kinds_for(user: User) -> dict[str, Kind]:
    return {key: kind for key, kind in KINDS.items() if may(user, kind.access)}


def listed(user: User, kind: str, asked: Mapping[str, str], today: date) -> Listing:
    """The list asked for, as this person may see it now."""
    content = content_of(user, kind, asked, today)
    assert isinstance(content, ListFile)  # noqa: S101 - asked only for lists
    return content.listing


def content_of(user: User, kind: str, asked: Mapping[str, str], today: date) -> Content:
    try:
        return KINDS[kind].content(user, asked, today)
    except (WrongFilters, WrongQuestion) as wrong:
        raise WrongExport(wrong.problems) from wrong


def sheet_of(owner: User, listing: Listing, rows: int, at: datetime) -> Sheet:
    """What an Excel file of it says of itself."""
    about = [
        ("What", listing.noun.capitalize()),
        ("Filters", listing.words),
        ("Rows", rows),
        ("Patients", "Named" if listing.has_patients else "Left out"),
        ("Made", at),
        ("For", owner.name or owner.email),
    ]
    return Sheet(listing.noun.capitalize(), about)


# Asking --------------------------------------------------------------------------------------------


def ask_for(
    owner: User,
    kind: str,
    file_format: str,
    asked: Mapping[str, str],
    request: HttpRequest | None = None,
    *,
    today: date | None = None,
    is_limited: bool = True,
) -> Export:
    """Have a file made; who asks for one that is under way already gets that one.

    Only what people ask for themselves is limited: what is sent by itself must not wait for their clicks.
    """
    today = today or timezone.localdate()
    content = content_of(owner, kind, asked, today)
    if file_format not in content.formats:
        raise WrongExport({"format": [f"One of {', '.join(content.formats)}."]})
    same = (kind, file_format, today, dict(content.asked))
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # one person's clicks, one after the other
        unfinished = list(Export.objects.visible_to(owner).unfinished())
        for each in unfinished:
            if (each.kind, each.format, each.asked_on, parameters(each)) == same:
                return each
        if is_limited and len(unfinished) >= MOST_OF_ONE:
            raise TooMany
        export = Export.objects.create(
            owner=owner,
            kind=kind,
            report=content.report,
            format=file_format,
            asked=json.dumps(dict(content.asked)),
            words=content.words,
            asked_on=today,
        )
        audit.record(owner, "export.asked", export, request=request, **_told(export))
    return export


def parameters(export: Export) -> dict[str, str]:
    return json.loads(export.asked)


def _told(export: Export) -> dict[str, Any]:
    """What the audit trail says of it: filters by name, for their values may name a patient."""
    return {"kind": export.kind, "format": export.format, "filters": sorted(parameters(export))}


def cancel(export: Export, *, actor: User, request: HttpRequest | None = None) -> bool:
    """At once, whoever works on it: their next piece finds it gone. Whether there was something to cancel."""
    now = timezone.now()
    with transaction.atomic():
        changed = (
            Export.objects.unfinished()
            .filter(pk=export.pk)
            .update(state=State.CANCELLED, held_by=None, finished_at=now)
        )
        if changed:
            ExportPiece.objects.filter(export=export.pk).delete()
            audit.record(actor, "export.cancelled", export, request=request)
    return bool(changed)


# Rights --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rights:
    """What somebody may take out: whose claims (none: everybody's), and with patients or not."""

    departments: frozenset[int] | None
    has_patients: bool
    permissions: frozenset[str] = frozenset()

    def cover(self, export: Export) -> bool:
        """Whether all that is in the file may still be seen."""
        if export.has_patients and not self.has_patients:
            return False
        if not self.permissions.issuperset(KINDS[export.kind].needs(parameters(export))):
            return False
        if self.departments is None:
            return True
        return export.departments is not None and self.departments >= set(export.departments)


def rights_of(user_id: int, kind: str) -> Rights | None:
    """As they are at this moment; none for somebody who is locked out or lost the list."""
    user = User.objects.filter(pk=user_id).first()
    if user is None or kind not in KINDS or not may(user, KINDS[kind].access):
        return None
    departments = None
    if not user.sees_everything:
        departments = frozenset(Department.objects.visible_to(user).values_list("pk", flat=True))
    return Rights(
        departments, not user.phi_masked, frozenset(each for each in EVER_NEEDED if may(user, each))
    )


# Making --------------------------------------------------------------------------------------------


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
                **_told(export),
            )
        log.info("export_finished", id=str(export.pk), state=str(state), count=export.rows_written)


class Counted:
    """Rows that are counted as they are written."""

    def __init__(self, rows: Iterator[Sequence[Any]]) -> None:
        self.rows = 0
        self._rows = rows

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            self.rows += 1
            yield row


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


# Handing over --------------------------------------------------------------------------------------


def files_for(user: User) -> QuerySet[Export]:
    """One's own, and those of reports that are shared with oneself; what is in them is for `hand_over`."""
    shared = Report.objects.visible_to(user).values("pk")
    return Export.objects.filter(Q(owner=user) | Q(report__in=shared))


def hand_over(
    export: Export, *, now: datetime, by: User | None = None, request: HttpRequest | None = None
) -> Iterator[bytes]:
    """The file's bytes, for its owner unless said; written into the audit trail before the first leaves."""
    taker = by or export.owner
    try:
        refuse_unkept(export, now, taker)
    except NotKept:
        audit.record(taker, "export.taken", export, request=request, outcome="refused", **_told(export))
        raise
    audit.record(
        taker,
        "export.taken",
        export,
        request=request,
        rows=export.rows_written,
        patients=export.has_patients,
        **_told(export),
    )
    return _bytes_of(export)


def refuse_unkept(export: Export, now: datetime, by: User | None = None) -> None:
    if export.state != State.DONE:
        raise NotKept("There is no file yet.")
    if not is_kept(export, now):
        raise NotKept("This file is not kept any more: ask for it again.")
    rights = rights_of(by.pk if by else export.owner_id, export.kind)
    if rights is None or not rights.cover(export):
        raise NotKept("It holds what you may no longer see: ask for it again.")


def is_kept(export: Export, now: datetime) -> bool:
    return export.state == State.DONE and export.kept_until is not None and export.kept_until > now


def _bytes_of(export: Export) -> Iterator[bytes]:
    for number in range(export.pieces_written):
        content = ExportPiece.objects.values_list("content", flat=True).get(export=export, number=number)
        yield decrypt_bytes(bytes(content))


def file_name(export: Export) -> str:
    return f"{export.kind}-{timezone.localtime(export.asked_at):%Y-%m-%d-%H%M}.{export.format}"


def forget(now: datetime) -> int:
    """Delete files that are kept no longer, and in the end also that there were any; how many files."""
    over = Export.objects.filter(kept_until__lte=now)
    forgotten = ExportPiece.objects.filter(export__in=over).delete()[0]
    Export.objects.filter(finished_at__lte=now - REMEMBERED).delete()
    return forgotten
