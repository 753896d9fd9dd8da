"""Documents of claims: told by their bytes, kept encrypted, handed out as files that cannot run."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, User
from claims import attachments
from claims.documents import NotTaken, kind_of
from claims.models import Attachment, AttachmentBlock, Claim
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x01" * 20 + b"\xff\xd9"
TIFF = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + b"\0" * 12 + b"\0" * 4


def png() -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


ZIP = b"PK\x03\x04" + b"\0" * 30 + b"PK\x05\x06" + b"\0" * 18


# What a document is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "pdf"),
        (png(), "png"),
        (JPEG, "jpeg"),
        (TIFF, "tiff"),
        ("Seen on Monday.\r\n\tCafé <3 > 2".encode(), "text"),
    ],
)
def test_a_document_is_what_its_bytes_say(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><p>Hello",
        b"\xef\xbb\xbf <html>",
        b"<?xml version='1.0'?><svg onload='alert(1)'/>",
        b"a note\n" * 400 + b"<script>alert(1)</script>",
        b"%PDF-1.7 <script>alert(1)</script> %%EOF",
        b"MZ\x90\0\x03",
        ZIP,
        PDF[:-7],
        PDF + ZIP,
        PDF + b"<html>",
        png()[:-3],
        png() + b"x",
        png() + ZIP,
        JPEG[:-2],
        JPEG + ZIP,
        b"GIF89a" + b"\0" * 30,
        TIFF[:13],
        b"II*\0" + struct.pack("<I", 4_000) + b"\0" * 20,
        b"text with a \0 in it",
        b"\xff\xfe" + "a note".encode("utf-16-le"),
    ],
)
def test_markup_programs_halves_and_what_is_two_things_at_once_are_refused(content: bytes) -> None:
    with pytest.raises(NotTaken):
        kind_of(content)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("referral.PDF", "referral.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\scans\\Mrs A.exe", "Mrs A.pdf"),
        ("in\u202efdp.exe", "infdp.pdf"),
        ('a"; filename="b.html\r\nX: y', "a filename=b.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("", "document.pdf"),
        ("n" * 300 + ".pdf", "n" * 100 + ".pdf"),
    ],
)
def test_hostile_names_come_to_nothing(name: str, kept: str) -> None:
    plain = attachments.plain_name(name, "pdf")
    assert plain.endswith(".pdf")
    assert not set(plain) & set('/\\"\r\n;\u202e')
    assert plain == kept


# Keeping, handing out, removing ----------------------------------------------------------------------


@pytest.fixture
def ana(sign_in: Any) -> User:
    return sign_in("biller", departments=[make_department("Heart")])


@pytest.fixture
def claim(ana: User) -> Claim:
    return make_claim(department=ana.departments.get())


def send(client: Client, claim: Claim, *files: tuple[str, bytes]) -> Any:
    sent = [SimpleUploadedFile(name, content, "text/html") for name, content in files]
    return client.post(f"/claims/{claim.pk}/attach/", {"file": sent}, follow=True)


def test_a_document_is_kept_encrypted_fetched_whole_and_removed_for_good(
    client: Client, ana: User, claim: Claim
) -> None:
    content = PDF[:-6] + b"Canary" * 100_000 + b"\n%%EOF\n"
    page = send(client, claim, ("Canary Cora.html", content), ("page.pdf", b"<html>")).text
    assert ("Document 1 is kept" in page, "Document 2 was not taken" in page) == (True, True)
    found = Attachment.objects.get()
    assert (found.name, found.kind, found.size) == ("Canary Cora.pdf", "pdf", len(content))
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM claims_attachment")
        assert "Canary" not in str(cursor.fetchall())
    blocks = [bytes(each.content) for each in AttachmentBlock.objects.all()]
    assert (len(blocks), any(b"CanaryCanary" in each for each in blocks)) == (3, False)

    answer = client.get(f"/attachments/{found.pk}/")
    assert answer.getvalue() == content
    assert answer["Content-Disposition"] == 'attachment; filename="Canary Cora.pdf"'
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer["Cache-Control"]

    assert "deleted for good" in client.get(f"/attachments/{found.pk}/remove/").text
    assert Attachment.objects.kept().exists()
    client.post(f"/attachments/{found.pk}/remove/")
    assert client.get(f"/attachments/{found.pk}/").status_code == 404
    assert not AttachmentBlock.objects.exists()
    told = AuditEntry.objects.filter(action__startswith="attachment").order_by("id")
    assert [(each.action, each.outcome) for each in told] == [
        ("attachment.added", "done"),
        ("attachment.read", "done"),
        ("attachment.removed", "done"),
        ("attachment.read", "failed"),
    ]
    assert "Canary" not in str(list(told.values("details", "subject_name")))


def test_what_cannot_be_audited_is_not_handed_out(
    client: Client, ana: User, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, claim, ("a.pdf", PDF))

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.audit.record", fail)
    with pytest.raises(RuntimeError):
        client.get(f"/attachments/{Attachment.objects.get().pk}/")


def test_documents_of_another_departments_claims_do_not_exist(client: Client, ana: User) -> None:
    other = make_claim(department=make_department("Bones"))
    document = attachments.attach(other, BytesIO(PDF), "a.pdf", actor=make_user("admin"))
    assert client.get(f"/attachments/{document.pk}/").status_code == 404
    assert client.post(f"/attachments/{document.pk}/remove/").status_code == 404
    assert client.post(f"/claims/{other.pk}/attach/", {"file": BytesIO(PDF)}).status_code == 404
    assert Attachment.objects.kept().get().blocks.count() == 1


def test_too_large_and_too_many_are_refused(ana: User, claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotTaken, match="10 MB"):
        attachments.attach(claim, BytesIO(b"a" * (attachments.LARGEST + 1)), "a.txt", actor=ana)
    monkeypatch.setattr(attachments, "MOST", 1)
    attachments.attach(claim, BytesIO(PDF), "a.pdf", actor=ana)
    with pytest.raises(NotTaken, match="remove one first"):
        attachments.attach(claim, BytesIO(PDF), "b.pdf", actor=ana)
    assert Attachment.objects.count() == 1


def test_who_works_without_patients_sees_no_documents(client: Client, sign_in: Any) -> None:
    claim = make_claim(department=make_department("Heart"))
    document = attachments.attach(claim, BytesIO(PDF), "Canary.pdf", actor=make_user("admin"))
    sign_in("analyst")
    assert "Canary" not in client.get(f"/claims/{claim.pk}/").text
    assert client.get(f"/attachments/{document.pk}/").status_code == 403
    assert not Attachment.objects.visible_to(make_user("analyst")).exists()
