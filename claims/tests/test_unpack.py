"""Archives: what is in them, and what may not be."""

import gzip
import io
import random
import struct
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.imports.records import Unreadable
from claims.imports.rules import Limits
from claims.imports.unpack import unpack

LIMITS = Limits()
ROWS = b"".join(b"%d,%d\n" % (number, number * 7919 % 104_729) for number in range(20_000))


def zipped(members, method=zipfile.ZIP_DEFLATED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


def unpacked(content, limits=LIMITS, name="sent.csv"):
    return {inner: file.read() for inner, file in unpack(io.BytesIO(content), name, limits)}


def test_plain_files_are_themselves():
    assert unpacked(ROWS) == {"sent.csv": ROWS}
    assert unpacked(b"") == {"sent.csv": b""}


def test_zip_files_hold_files_and_clutter_is_left_out():
    content = zipped(
        {"a/b.csv": ROWS, "__MACOSX/a/._b.csv": b"x", ".DS_Store": b"x", "c/": b"", "d.json": b"[]"}
    )
    assert unpacked(content) == {"a/b.csv": ROWS, "d.json": b"[]"}


def test_gzip_files_hold_one_file_of_their_name():
    assert unpacked(gzip.compress(ROWS), name="sent.csv.gz") == {"sent.csv": ROWS}


@pytest.mark.parametrize("content", [zipped({"a.csv": ROWS}), gzip.compress(ROWS)], ids=["zip", "gzip"])
def test_unpacked_files_can_be_read_twice(content):
    for _, file in unpack(io.BytesIO(content), "sent", LIMITS):
        assert file.read(50_000) == ROWS[:50_000]
        file.seek(0)
        assert file.read() == ROWS


@pytest.mark.parametrize(
    "content",
    [
        zipped({"a.zip": zipped({"b": b"x"})}),
        zipped({"a.gz": gzip.compress(b"x")}),
        gzip.compress(gzip.compress(b"x")),
        gzip.compress(zipped({"a": b"x"})),
    ],
    ids=["zip in zip", "gzip in zip", "gzip in gzip", "zip in gzip"],
)
def test_archives_within_archives_are_refused(content):
    with pytest.raises(Unreadable, match="within an archive"):
        unpacked(content)


@pytest.mark.parametrize(
    "content", [zipped({"a": bytes(50_000_000)}), gzip.compress(bytes(50_000_000))], ids=["zip", "gzip"]
)
def test_what_unpacks_to_too_much_is_refused(content):
    with pytest.raises(Unreadable, match="100 times"):
        unpacked(content)
    with pytest.raises(Unreadable, match=r"40,000,000 bytes"):
        unpacked(content, replace(LIMITS, unpacked_ratio=10_000, unpacked_bytes=40_000_000))


def test_files_that_are_small_alone_are_held_to_the_limits_together():
    content = zipped({f"{number}.csv": bytes(90_000) for number in range(100)})
    with pytest.raises(Unreadable, match="5 times"):
        unpacked(content, replace(LIMITS, unpacked_ratio=5))


def test_only_so_many_files_are_opened():
    with pytest.raises(Unreadable, match="more than 3 files"):
        unpacked(zipped({str(number): b"x" for number in range(4)}), replace(LIMITS, archive_files=3))


def test_a_directory_that_understates_its_files_is_refused():
    content = bytearray(zipped({str(number): b"x" for number in range(50)}))
    end = content.rfind(b"PK\x05\x06")
    content[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    with pytest.raises(Unreadable):
        unpacked(bytes(content), replace(LIMITS, archive_files=3))


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        b"PK\x03\x04" + b"x" * 500,
        zipped({}),
        zipped({"a": b"x"}, zipfile.ZIP_LZMA),
        zipped({"a": ROWS})[:-30],
        gzip.compress(ROWS)[:-10],
        gzip.compress(ROWS)[:100],
        b"\x1f\x8b",
        zipped({"a": ROWS}).replace(
            b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
        ),
    ],
    # Named, because a compressed file holds the time: test processes would not agree on its bytes.
    ids=["start", "rest", "empty", "lzma", "cut zip", "cut gzip", "half gzip", "gzip start", "encrypted"],
)
def test_damaged_and_unusual_archives_are_unreadable(content):
    with pytest.raises(Unreadable):
        unpacked(content)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([zipped({"a": ROWS[:2000], "b": b"[]"}), gzip.compress(ROWS[:2000])]), st.integers())
def test_mutated_archives_raise_nothing_but_unreadable(content, seed):
    chance = random.Random(seed)
    mutated = bytearray(content)
    for _ in range(chance.randint(1, 5)):
        mutated[chance.randrange(4, len(mutated))] = chance.randrange(256)
    try:
        files = unpacked(bytes(mutated))
    except Unreadable:
        return
    assert sum(map(len, files.values())) < 5_000_000
