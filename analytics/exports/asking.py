"""Asking for a file, and no longer wanting it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User

from ..models import Export, ExportPiece
from .kinds import WrongExport, content_of

MOST_OF_ONE = 3  # waiting or being made for one person: the line is everybody's
State = Export.State


class TooMany(Exception):
    """This person waits for as many files as one may."""


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
        audit.record(owner, "export.asked", export, request=request, **told(export))
    return export


def parameters(export: Export) -> dict[str, str]:
    return json.loads(export.asked)


def told(export: Export) -> dict[str, Any]:
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
