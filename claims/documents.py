"""What a document is, told by its bytes alone; what may be two things at once is refused."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from .models import Attachment

Kind = Attachment.Kind
HEAD, TAIL = 1_024, 65_557  # bytes in which a browser looks for markup, and a reader of zip files for its end
MARKUP = re.compile(rb"<\s*(!doctype|html|head|body|script|svg|iframe|object|embed|\?xml)", re.IGNORECASE)
END_OF_ZIP = b"PK\x05\x06"
TEXT = re.compile(r"[^\x00-\x08\x0b\x0e-\x1f\x7f]*")
PNG = b"\x89PNG\r\n\x1a\n"
TIFF_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
WHAT_IS_TAKEN = "PDF, PNG, JPEG, TIFF and plain text are taken"


class NotTaken(Exception):
    """Why a document is not taken, in words for whoever sent it."""


def kind_of(content: bytes) -> str:
    """PDF, PNG, JPEG, TIFF or text; a name and what a browser says of it count for nothing."""
    if not content:
        raise NotTaken("The file is empty.")
    if MARKUP.search(content if _is_text(content) else content[:HEAD]):
        raise NotTaken(f"This is a web page or a drawing that can hold scripts. {WHAT_IS_TAKEN}.")
    found = next((kind for kind, is_one in LOOKS.items() if is_one(content)), None)
    if found is None:
        raise NotTaken(f"This is no document of a kind that is known here. {WHAT_IS_TAKEN}.")
    if not WHOLE[found](content) or END_OF_ZIP in content[-TAIL:]:
        raise NotTaken(f"This {found.label} is cut off, or holds something else besides: save it anew.")
    return found


LOOKS: dict[Kind, Callable[[bytes], bool]] = {
    Kind.PDF: lambda content: content.startswith(b"%PDF-"),
    Kind.PNG: lambda content: content.startswith(PNG),
    Kind.JPEG: lambda content: content.startswith(b"\xff\xd8\xff"),
    Kind.TIFF: lambda content: content[:4] in TIFF_ORDERS,
    Kind.TEXT: lambda content: _is_text(content),
}


def _is_text(content: bytes) -> bool:
    try:
        return TEXT.fullmatch(content.decode("utf-8-sig")) is not None
    except UnicodeDecodeError:
        return False


# From its beginning to its end, with nothing after it ------------------------------------------------


def _whole_pdf(content: bytes) -> bool:
    end = content.rfind(b"%%EOF")
    return end > 0 and not content[end + 5 :].strip(b"\r\n\t \0")


def _whole_png(content: bytes) -> bool:
    place = len(PNG)
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        name = content[place + 4 : place + 8]
        place += 12 + length
        if name == b"IEND":
            return place == len(content)
    return False


def _whole_jpeg(content: bytes) -> bool:
    return content.rstrip(b"\0").endswith(b"\xff\xd9")


def _whole_tiff(content: bytes) -> bool:
    """Its first directory lies within it, and so do the directory's entries."""
    order = TIFF_ORDERS[content[:4]]
    if len(content) < 14:
        return False
    (place,) = struct.unpack_from(f"{order}I", content, 4)
    if not 8 <= place <= len(content) - 6:
        return False
    (entries,) = struct.unpack_from(f"{order}H", content, place)
    return bool(entries) and place + 2 + 12 * entries <= len(content)


WHOLE: dict[Kind, Callable[[bytes], bool]] = {
    Kind.PDF: _whole_pdf,
    Kind.PNG: _whole_png,
    Kind.JPEG: _whole_jpeg,
    Kind.TIFF: _whole_tiff,
    Kind.TEXT: lambda content: True,
}
