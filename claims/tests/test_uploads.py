"""Sending a file: what is kept of it, and what is refused before anything is."""

from __future__ import annotations

import gzip
import io
import random
import time
import zipfile
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.management import call_command
from django.test import Client, RequestFactory

from accounts.models import AuditEntry, User
from claims.imports import blocks
from claims.imports.loading import load
from claims.imports.records import Unreadable
from claims.imports.uploads import SentBefore, TooLarge, UploadOptions, receive
from claims.models import Claim, ClaimPayment, Import, ImportBlock, Remittance
from rcm_site.testing.makers import make_department, make_user

from .sample_files import SAMPLES

pytestmark = pytest.mark.django_db

LINES = (SAMPLES / "claim_lines.csv").read_bytes()


@pytest.fixture
def director() -> User:
    return make_user("director")


def send(content: bytes, actor: User, name: str = "claims.csv", **asked: Any) -> Import:
    return receive(io.BytesIO(content), name, asked=UploadOptions(**asked), actor=actor)


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name.replace("_", "."), content)
    return packed.getvalue()


# What is kept ----------------------------------------------------------------------------------------


def test_a_file_is_kept_encrypted_and_read_back_from_anywhere(
    director: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 100)
    source = send(LINES, director)
    assert source.blocks.count() == -(-len(LINES) // 100)
    assert not any(b"GRP-7" in bytes(block.content) for block in ImportBlock.objects.all())
    chance = random.Random(1)
    with blocks.Blocks.open(source) as file:
        assert file.read() == LINES
        for _ in range(30):
            start, length = chance.randrange(len(LINES) + 20), chance.randrange(250)
            file.seek(start)
            assert file.read(length) == LINES[start : start + length]


def test_kept_files_move_to_a_new_key_with_everything_else(director: User, settings: Any) -> None:
    source, old = send(LINES, director), settings.PHI_KEYS
    settings.PHI_KEYS = ["a-new-key", *old]
    call_command("rotate_keys")
    settings.PHI_KEYS = ["a-new-key"]
    with blocks.Blocks.open(source) as file:
        assert file.read() == LINES


def test_what_was_sent_is_in_the_audit_trail_without_its_name(director: User) -> None:
    source = send(LINES, director, name="../../etc/Jane Doe\u202e.csv")
    assert source.name == "Jane Doe.csv"
    entry = AuditEntry.objects.get(action="import.received")
    assert (entry.subject_id, entry.details) == (str(source.pk), {"bytes": len(LINES), "kind": "claim_lines"})
    assert "Jane" not in str(vars(entry))


def test_archives_are_taken_in_file_by_file_and_strange_ones_told(director: User) -> None:
    packed = archive(a_csv=LINES, readme_txt=b"hello there", b_json=(SAMPLES / "claims.json").read_bytes())
    source = load(send(packed, director, "all.zip"))
    assert (source.state, source.refused) == ("done", 1)
    assert source.found_kinds == "claim_lines,claim_json"
    assert source.problems.get(severity="error").file == "readme.txt"
    assert Claim.objects.count() == source.claims_stored > 2


def test_a_gzipped_remittance_is_posted(director: User) -> None:
    packed = gzip.compress((SAMPLES / "remittance_5010.edi").read_bytes())
    source = load(send(packed, director, "835.edi.gz"))
    assert (source.state, source.found_kinds) == ("done", "x12")
    assert Remittance.objects.filter(source=source).exists()
    assert source.payments_stored == ClaimPayment.objects.count() > 0


# What is refused -------------------------------------------------------------------------------------


def test_the_same_file_is_told_to_whom_sent_it_before(director: User) -> None:
    first = send(LINES, director)
    with pytest.raises(SentBefore) as refusal:
        send(LINES, director)
    assert refusal.value.first == first
    assert send(LINES, director, again=True).repeats == first


def test_a_file_that_came_to_nothing_may_be_sent_again(director: User) -> None:
    Import.objects.filter(pk=send(LINES, director).pk).update(state="cancelled")
    assert send(LINES, director).repeats is None


def test_nobody_learns_that_another_department_sent_the_same_file() -> None:
    one, two = (make_user("biller", departments=[make_department()]) for _ in range(2))
    send(LINES, one)
    assert send(LINES, two).repeats is None


def test_claims_are_not_sent_for_another_department() -> None:
    biller = make_user("biller", departments=[make_department()])
    with pytest.raises(PermissionDenied):
        send(LINES, biller, department=make_department("Theirs"))


def test_a_file_that_is_too_large_leaves_nothing_behind(director: User, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = len(LINES) - 1
    with pytest.raises(TooLarge):
        send(LINES, director)
    assert not Import.objects.exists()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"hello", b"PK\x03\x04nonsense", b"\x1f\x8bnonsense"])
def test_nonsense_is_refused_at_once(director: User, content: bytes) -> None:
    with pytest.raises(Unreadable):
        send(content, director)
    assert not Import.objects.exists()


def test_an_archive_that_unpacks_to_too_much_is_refused_at_once(director: User) -> None:
    bomb = archive(a_csv=b"0" * 30_000_000)
    begun = time.monotonic()
    with pytest.raises(Unreadable, match="unpacks to more"):
        send(bomb, director)
    assert time.monotonic() - begun < 5


class Untouched(io.RawIOBase):
    """A body of two gigabytes, of which nobody may read a byte."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise AssertionError("The body was read.")


def test_an_upload_that_announces_two_gigabytes_is_refused_unread() -> None:
    request = RequestFactory().post("/", b"x", content_type="multipart/form-data; boundary=b")
    request.META["CONTENT_LENGTH"] = str(2 << 30)
    request._stream = Untouched()  # type: ignore[assignment]
    with pytest.raises(RequestDataTooBig):
        _ = request.POST


def test_the_csrf_check_answers_413_to_such_an_upload(settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 0
    client = Client(enforce_csrf_checks=True)
    client.get("/sign-in/")  # the cookie: with it the check reads the body
    body = {"file": io.BytesIO(b"x" * 2_000_000)}
    response = client.post("/sign-in/", body)
    assert response.status_code == 413
    assert "or split it, and send it again" in response.content.decode()
