"""The bytes of a file that was sent, in the database in encrypted pieces: any worker can read them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

from claims.bulk import insert_bytes
from claims.fields import decrypt_bytes, encrypt_bytes
from claims.models import Import, ImportBlock

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 1 << 18


def keep(file: BinaryIO, source: Import) -> None:
    """Write a file's bytes down, never holding more than a few blocks of it."""
    rows = ((source.pk, number, encrypt_bytes(piece)) for number, piece in enumerate(pieces(file)))
    insert_bytes(ImportBlock, ("source_id", "number", "content"), rows)


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """A file in blocks of one size, but for the last."""
    file.seek(0)
    while piece := _filled(file):
        yield piece


def _filled(file: BinaryIO) -> bytes:
    piece = file.read(BLOCK)
    while 0 < len(piece) < BLOCK and (more := file.read(BLOCK - len(piece))):
        piece += more
    return piece


class Blocks(io.RawIOBase):
    """A kept file, read from any position; one block of it is in memory."""

    def __init__(self, source: Import) -> None:
        self._source = source
        self._position = 0
        self._number = -1
        self._piece = b""

    @classmethod
    def open(cls, source: Import) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(cls(source), BLOCK))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if start + offset < 0:
            raise ValueError("A file has no place before its beginning.")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self._position >= self._source.size:
            return 0
        number, offset = divmod(self._position, BLOCK)
        if number != self._number:
            self._piece, self._number = self._read(number), number
        part = self._piece[offset : offset + len(view)]
        view[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _read(self, number: int) -> bytes:
        content = (
            ImportBlock.objects.filter(source=self._source, number=number)
            .values_list("content", flat=True)
            .first()
        )
        if content is None:
            raise FileForgotten
        return decrypt_bytes(bytes(content))


class FileForgotten(Exception):
    """The bytes of this import are not kept any more."""
