"""Where a number on a page came from: the file, and the place in it, in the words of its kind of file."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from accounts.access import may
from accounts.models import User

from ..imports.recognise import FileKind
from ..models import Claim, ClaimEvent, ClaimPayment, Import, Remittance

NOUNS = {FileKind.X12: "segment", FileKind.CLAIM_JSON: "item"}


@dataclass(frozen=True)
class Origin:
    """A place that a person can follow, as far as they may."""

    text: str
    url: str = ""


def place_heading(source: Import | None) -> str:
    """The heading of a column of places."""
    return noun_of(source).capitalize()


def place_in_words(source: Import | None, place: int) -> str:
    """Line 12 of a table, segment 12 of an X12 file, item 3 of a JSON list."""
    if not place:
        return ""
    return f"{noun_of(source)} {place:,}"


def noun_of(source: Import | None) -> str:
    """What is counted in a file; an archive of several kinds counts places."""
    if source is None:
        return "segment"
    kinds = {
        kind for kind in FileKind if kind in (source.kind or source.found_kinds).replace(",", " ").split()
    }
    nouns = {NOUNS.get(kind, "line") for kind in kinds}
    return nouns.pop() if len(nouns) == 1 else "place" if nouns else "line"


def import_url(source: Import, user: User) -> str:
    """Where a person reads what came of a file; nothing for one that is not theirs to see."""
    return _visible({source.pk}, user).get(source.pk, "")


def visible_files(rows: Iterable[Claim | ClaimPayment | ClaimEvent], user: User) -> dict[uuid.UUID, str]:
    """Of the files that rows came from, those that a person may see, each with its address."""
    return _visible({each.source_id for each in rows if each.source_id}, user)


def _visible(sources: set[uuid.UUID], user: User) -> dict[uuid.UUID, str]:
    if not sources or not may(user, "claims.view_import"):
        return {}
    visible = Import.objects.visible_to(user).filter(pk__in=sources).values_list("pk", flat=True)
    return {pk: reverse("import", args=[pk]) for pk in visible}


def in_file(source: Import | None, place: int, url: str) -> Origin:
    """A place in a file. The name of one that is not theirs to see stays unsaid."""
    if source is None:
        return Origin("entered by hand")
    words = place_in_words(source, place)
    name = source.name if url else "a file"
    return Origin(f"{name}, {words}" if words else name, url)


def remittance_name(remittance: Remittance) -> str:
    return remittance.trace_number or f"Remittance {remittance.pk}"
