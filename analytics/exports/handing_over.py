"""Handing files over, to whom they may be, and forgetting them in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from claims.fields import decrypt_bytes

from ..models import Export, ExportPiece, Report
from .asking import told
from .rights import rights_of

REMEMBERED = timedelta(days=30)  # that there was one, after its file is gone
State = Export.State


class NotKept(Exception):
    """There is no file, or not for this person any more: the reason in words."""


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
        audit.record(taker, "export.taken", export, request=request, outcome="refused", **told(export))
        raise
    audit.record(
        taker,
        "export.taken",
        export,
        request=request,
        rows=export.rows_written,
        patients=export.has_patients,
        **told(export),
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
