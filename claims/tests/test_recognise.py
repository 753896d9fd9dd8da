"""What kind of file somebody sent, and what the shell says about it."""

import gzip
import io

import pytest
from django.core.management import CommandError, call_command

from claims.imports.recognise import FileKind, read, recognise
from claims.imports.records import Unreadable
from claims.imports.rules import Limits

from .sample_files import RULES, SAMPLES, SHARED, shared

LIMITS = Limits()


def kind_of(content):
    file = io.BytesIO(content)
    kind = recognise(file, LIMITS)
    assert file.tell() == 0
    return kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("claim_lines.csv", FileKind.CLAIM_LINES),
        ("claims.csv", FileKind.CLAIMS),
        ("activity.csv", FileKind.ACTIVITY),
        ("claims.json", FileKind.CLAIM_JSON),
    ],
)
def test_samples_are_recognised_by_their_content(name, kind):
    content = (SAMPLES / name).read_bytes()
    assert kind_of(content) == kind
    assert kind_of(b"\xef\xbb\xbf\r\n " + content) == kind
    assert list(read(io.BytesIO(content), RULES))


@pytest.mark.parametrize("opening", [b"ISA*00*", b"GS*HC*", b"ST|835|", b"\xef\xbb\xbf\r\nISA^00"])
def test_x12_is_recognised_by_its_first_segment(opening):
    assert kind_of(opening) == FileKind.X12


def test_all_shared_x12_files_are_recognised():
    shared("x12")
    paths = [path for folder in (SHARED / "x12").iterdir() if folder.is_dir() for path in folder.glob("*.*")]
    assert paths
    assert {kind_of(path.read_bytes()) for path in paths} == {FileKind.X12}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel"),
        (b"PK\x03\x04", "Excel"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"Dear all,\nplease find", "no file of claims"),
        (b"a" * 2_000_000, "more than 1,000,000 bytes"),
        (b"a," * 300 + b"\n1", "columns"),
        (b"patient id,procedure,payer\n", "lacks expected amount, status and submitted"),
        (b"\x00" * 100, "is no file"),
    ],
)
def test_other_files_are_refused_with_advice(content, reason):
    with pytest.raises(Unreadable, match=reason):
        kind_of(content)


def test_the_sender_may_know_better():
    with pytest.raises(Unreadable, match="lacks"):
        list(read(io.BytesIO((SAMPLES / "claims.csv").read_bytes()), RULES, FileKind.ACTIVITY))


def test_inspecting_tells_totals_and_keeps_values_to_itself(tmp_path, capsys):
    packed = tmp_path / "claim_lines.csv.gz"
    packed.write_bytes(gzip.compress((SAMPLES / "claim_lines.csv").read_bytes()))
    call_command("inspect_file", str(packed), str(SAMPLES / "claims.json"))
    said = capsys.readouterr().out
    assert "kind: claim_lines" in said
    assert "net fee: 1,121.85" in said
    assert "claims: 2" in said
    assert "warning ×1: column 13 is not read (at 1)" in said
    assert "1002003004" not in said


def test_inspecting_fails_when_anything_is_refused(tmp_path, capsys):
    bad = tmp_path / "bad.csv"
    bad.write_bytes((SAMPLES / "claim_lines.csv").read_bytes().replace(b"D4346", b"4346"))
    with pytest.raises(CommandError, match="1 refused"):
        call_command("inspect_file", str(bad))
    assert "error ×1: submittedProcedure must be a D and 4 digits (at 5)" in capsys.readouterr().out
    bad.write_bytes(b"PK\x03\x04")
    with pytest.raises(CommandError, match="1 refused"):
        call_command("inspect_file", str(bad))
    with pytest.raises(CommandError, match="No such file"):
        call_command("inspect_file", str(tmp_path / "absent"))


def test_inspecting_can_be_told_the_kind(capsys):
    with pytest.raises(CommandError):
        call_command("inspect_file", str(SAMPLES / "claims.csv"), kind=FileKind.ACTIVITY)
    assert "the header lacks staff e-mail" in capsys.readouterr().out
