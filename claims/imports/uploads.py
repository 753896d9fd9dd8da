"""Takes a file from somebody: looks what it is, keeps its bytes, and leaves the reading to a worker."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import connection, transaction
from django.http import HttpRequest

from accounts import audit
from accounts.models import Department, User
from claims.models import Import

from .blocks import keep, pieces
from .recognise import FileKind, recognise
from .records import Kind, Unreadable
from .rules import Grouping, Limits
from .unpack import unpack

NAME_LENGTH = 255
OF_NO_EFFECT = (Import.State.FAILED, Import.State.CANCELLED, Import.State.REFUSED)


@dataclass(frozen=True)
class UploadOptions:
    """What the sender says of a file; whatever is left empty, its content decides."""

    kind: FileKind | str = ""
    grouping: Grouping | str = ""
    claim_kind: Kind | str = ""
    taking: str = Import.Taking.GOOD_CLAIMS
    sender: str = ""
    department: Department | None = None
    again: bool = False  # although the same file was sent before


class SentBefore(Exception):
    """The very same bytes are here already."""

    def __init__(self, first: Import) -> None:
        super().__init__("This file was sent before.")
        self.first = first


class TooLarge(RequestDataTooBig):
    """Answered with 413, wherever it is raised."""


def receive(
    file: BinaryIO, name: str, *, asked: UploadOptions, actor: User, request: HttpRequest | None = None
) -> Import:
    """Keep a file for the workers, or raise `Unreadable`, `TooLarge` or `SentBefore` and keep nothing."""
    if asked.department and not Department.objects.visible_to(actor).filter(pk=asked.department.pk).exists():
        raise PermissionDenied
    size, digest = _measure(file)
    found = _look(file, name, asked)
    with transaction.atomic():
        _let_the_same_file_wait(digest)
        first = _sent_before(digest, actor)
        if first and not asked.again:
            raise SentBefore(first)
        source = Import.objects.create(
            name=_printable(name),
            size=size,
            digest=digest,
            kind=asked.kind,
            grouping=asked.grouping,
            claim_kind=asked.claim_kind,
            taking=asked.taking,
            phase=Import.Phase.CHECKING if asked.taking == Import.Taking.WHOLE else Import.Phase.STORING,
            sender=asked.sender,
            department=asked.department,
            sent_by=actor,
            repeats=first,
            found_kinds=found,
        )
        keep(file, source)
        audit.record(actor, "import.received", source, request=request, bytes=size, kind=found)
    return source


def _measure(file: BinaryIO) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for piece in pieces(file):
        size += len(piece)
        if size > settings.IMPORT_MAX_BYTES:
            raise TooLarge(f"A file may have {settings.IMPORT_MAX_BYTES:,} bytes at most.")
        digest.update(piece)
    return size, digest.hexdigest()


def _look(file: BinaryIO, name: str, asked: UploadOptions) -> str:
    """The kind of the file, or of the first in an archive that is of any; nonsense is refused at once."""
    file.seek(0)
    refusal: Unreadable | None = None
    for _, content in unpack(file, name, Limits()):
        if asked.kind:
            return str(asked.kind)
        try:
            return str(recognise(content, Limits()))
        except Unreadable as unreadable:
            refusal = refusal or unreadable
    raise refusal or Unreadable(0, "is an archive without a file")


def _sent_before(digest: str, actor: User) -> Import | None:
    same = Import.objects.visible_to(actor).filter(digest=digest).exclude(state__in=OF_NO_EFFECT)
    return same.order_by("sent_at").first()


def _let_the_same_file_wait(digest: str) -> None:
    """Two who send one file at once are asked one after the other. SQLite's writers take turns anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(digest[:15], 16)])


def _printable(name: str) -> str:
    """Just a file's name: no folders, nothing that cannot be seen or would turn the reading direction."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable())[-NAME_LENGTH:] or "file"
