"""Opens uploaded files: as they are, or out of a zip or gzip archive that keeps within limits."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from .records import Unreadable
from .rules import Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ZIP = b"PK\x03\x04"
GZIP = b"\x1f\x8b"
_WHOLE_FILE = 0  # the place of what is wrong with a file and not with a line of it
_DIRECTORY_END = b"PK\x05\x06"
_DIRECTORY_END_SIZE = 22
_LONGEST_COMMENT = 65_535
_LARGE_ARCHIVE = b"PK\x06\x07"  # zip64, with which a directory may claim any size
_LARGE_ARCHIVE_SIZE = 20
_PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SLACK = 1_000_000  # small files may shrink as far as they like
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,  # of gzip
    NotImplementedError,  # of zipfile, about methods that it does not know
    RuntimeError,  # of zipfile, about passwords
    ValueError,
    IndexError,
)


def unpack(file: BinaryIO, name: str, limits: Limits) -> Iterator[tuple[str, BinaryIO]]:
    """Each file within, by name, open until the next is asked for; each can be read again from its start."""
    opening = file.read(len(ZIP))
    file.seek(0)
    if opening.startswith(ZIP) or opening == _DIRECTORY_END:
        yield from _unzip(file, limits)
    elif opening.startswith(GZIP):
        unzipped = cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))
        yield name.removesuffix(".gz"), _refusing_archives(_Unpacked.open(unzipped, limits, packed=file))
    else:
        yield name, file


def _unzip(file: BinaryIO, limits: Limits) -> Iterator[tuple[str, BinaryIO]]:
    size = file.seek(0, io.SEEK_END)
    _check_directory(file, size, limits)
    try:
        with zipfile.ZipFile(file) as archive:
            members = [each for each in archive.infolist() if not _is_clutter(each)]
            _check_members(members, size, limits)
            for member in members:
                with archive.open(member) as content:
                    yield member.filename, _refusing_archives(_Unpacked.open(content, limits))
    except _BROKEN:
        raise Unreadable(_WHOLE_FILE, _BROKEN_ARCHIVE) from None


_BROKEN_ARCHIVE = "is a damaged or unusual archive: pack it again, with no password"


def _check_directory(file: BinaryIO, size: int, limits: Limits) -> None:
    """Refuse a directory too large to load, before `zipfile` loads all of it."""
    start = max(0, size - _DIRECTORY_END_SIZE - _LONGEST_COMMENT - _LARGE_ARCHIVE_SIZE)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(_DIRECTORY_END)
    if end < 0 or len(tail) - end < _DIRECTORY_END_SIZE:
        raise Unreadable(_WHOLE_FILE, _BROKEN_ARCHIVE)
    count = int.from_bytes(tail[end + 10 : end + 12], "little")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    before = tail[max(0, end - _LARGE_ARCHIVE_SIZE) : end]
    if (
        count > limits.archive_files
        or directory > limits.archive_directory_bytes
        or before.startswith(_LARGE_ARCHIVE)
    ):
        raise Unreadable(_WHOLE_FILE, f"holds more than {limits.archive_files:,} files, or is too large")


def _check_members(members: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    if len(members) > limits.archive_files:
        raise Unreadable(_WHOLE_FILE, f"holds more than {limits.archive_files:,} files")
    if not members:
        raise Unreadable(_WHOLE_FILE, "is an archive without a file")
    if any(each.compress_type not in _PLAIN_METHODS or each.flag_bits & 1 for each in members):
        raise Unreadable(_WHOLE_FILE, _BROKEN_ARCHIVE)
    # `zipfile` reads no more of a member than the directory says; several may share the same packed bytes.
    unpacked = sum(each.file_size for each in members)
    if unpacked > limits.unpacked_bytes or unpacked > _SLACK + limits.unpacked_ratio * size:
        raise Unreadable(_WHOLE_FILE, _too_much(limits))


def _is_clutter(member: zipfile.ZipInfo) -> bool:
    """Folders, and what Macs put beside every file."""
    path = member.filename
    return member.is_dir() or path.startswith("__MACOSX/") or path.rpartition("/")[2].startswith(".")


def _too_much(limits: Limits) -> str:
    return f"unpacks to more than {limits.unpacked_bytes:,} bytes or {limits.unpacked_ratio} times its size"


def _refusing_archives(file: io.BufferedReader) -> BinaryIO:
    if file.peek(len(ZIP)).startswith((ZIP, GZIP, _DIRECTORY_END)):
        raise Unreadable(_WHOLE_FILE, "is an archive within an archive")
    return file


class _Unpacked(io.RawIOBase):
    """What is unpacked as it is read, and only as far as the limits allow."""

    def __init__(self, content: IO[bytes], limits: Limits, packed: BinaryIO | None) -> None:
        self._content = content
        self._limits = limits
        self._packed = packed
        self._position = 0

    @classmethod
    def open(cls, content: IO[bytes], limits: Limits, packed: BinaryIO | None = None) -> io.BufferedReader:
        return io.BufferedReader(cls(content, limits, packed), 1 << 16)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR and offset == 0:
            return self._position
        if (offset, whence) != (0, io.SEEK_SET):
            raise io.UnsupportedOperation("what is unpacked can only be read again from its start")
        self._position = self._content.seek(0)
        return 0

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            block = self._content.read(len(view))
        except _BROKEN:
            raise Unreadable(_WHOLE_FILE, _BROKEN_ARCHIVE) from None
        view[: len(block)] = block
        self._position += len(block)
        if self._position > self._most():
            raise Unreadable(_WHOLE_FILE, _too_much(self._limits))
        return len(block)

    def _most(self) -> int:
        if self._packed is None:
            return self._limits.unpacked_bytes
        return min(self._limits.unpacked_bytes, _SLACK + self._limits.unpacked_ratio * self._packed.tell())
