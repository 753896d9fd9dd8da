"""Documents of claims: keeping them, handing them out, and removing them, each in the audit trail first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User

from .bulk import insert_bytes
from .documents import NotTaken, kind_of
from .fields import decrypt_bytes, encrypt_bytes
from .models import Attachment, AttachmentBlock, Claim

LARGEST = 10 * 1024 * 1024
MOST = 50  # of one claim
BLOCK = 1 << 18
LONGEST_NAME = 100
ENDINGS = {"pdf": "pdf", "png": "png", "jpeg": "jpg", "tiff": "tif", "text": "txt"}
CONTENT_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
    "text": "text/plain; charset=utf-8",
}


@transaction.atomic
def attach(
    claim: Claim, file: BinaryIO, name: str, *, actor: User, request: HttpRequest | None = None
) -> Attachment:
    """Keep a document with a claim, or raise `NotTaken` and keep nothing of it."""
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise NotTaken(f"A document may have {LARGEST // 1024**2} MB at most.")
    kind = kind_of(content)
    Claim.objects.select_for_update().get(pk=claim.pk)  # two who send at once are counted one after the other
    if Attachment.objects.kept().filter(claim=claim).count() >= MOST:
        raise NotTaken(f"A claim has {MOST} documents at most: remove one first.")
    attachment = Attachment.objects.create(
        claim=claim, name=plain_name(name, kind), kind=kind, size=len(content), added_by=actor
    )
    rows = (
        (attachment.pk, number, encrypt_bytes(content[place : place + BLOCK]))
        for number, place in enumerate(range(0, len(content), BLOCK))
    )
    insert_bytes(AttachmentBlock, ("attachment_id", "number", "content"), rows)
    audit.record(
        actor,
        "attachment.added",
        attachment,
        request=request,
        claim=str(claim.pk),
        kind=kind,
        bytes=len(content),
    )
    return attachment


def hand_out(attachment: Attachment, *, actor: User, request: HttpRequest | None = None) -> Iterator[bytes]:
    """The document a piece at a time; that it was taken out is written down before the first."""
    claim = str(attachment.claim_id)
    audit.record(actor, "attachment.read", attachment, request=request, claim=claim, bytes=attachment.size)
    return _pieces(attachment)


def _pieces(attachment: Attachment) -> Iterator[bytes]:
    blocks = attachment.blocks.order_by("number").values_list("content", flat=True)
    for content in blocks.iterator(chunk_size=1):
        yield decrypt_bytes(bytes(content))


@transaction.atomic
def remove(attachment: Attachment, *, actor: User, request: HttpRequest | None = None) -> bool:
    """Forget a document's content for good; whether it was still there."""
    kept = Attachment.objects.kept().filter(pk=attachment.pk)
    if not kept.update(removed_at=timezone.now(), removed_by=actor):
        return False
    attachment.blocks.all().delete()
    audit.record(actor, "attachment.removed", attachment, request=request, claim=str(attachment.claim_id))
    return True


def plain_name(name: str, kind: str) -> str:
    """Without folders and what cannot be seen or turns the reading direction; ending as what it is."""
    last = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(each for each in last if each.isprintable() and each not in '<>:"|?*;%')
    stem = PurePosixPath(seen.strip(". ")).stem.strip(". ")[:LONGEST_NAME]
    return f"{stem or 'document'}.{ENDINGS[kind]}"
