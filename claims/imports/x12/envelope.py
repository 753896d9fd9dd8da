"""Walk the envelopes of a file (ISA, GS, ST and their trailers) and hand each transaction to its reader.

Wrong counts and control numbers are told as warnings: senders get them wrong, and the claims inside are good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from ..records import Problem, Record, Severity
from .acknowledgements import read_claim_acknowledgements, read_transaction_acknowledgements
from .claims837 import read_claims
from .elements import Elements
from .remittances835 import read_remittance
from .segments import DAMAGED, SegmentStream
from .transactions import Body, Header

TransactionReader = Callable[[Header, Body], Iterator[Record]]

_CLAIM_ACKNOWLEDGEMENT_GUIDES = ("070", "167", "214")


def read_x12(file: BinaryIO) -> Iterator[Record]:
    """Every claim, remittance and acknowledgement of a file, as it is read; problems that belong to none."""
    stream = SegmentStream(file)
    segments = iter(stream)
    envelopes = _Envelopes()
    segment = next(segments, None)
    while segment is not None:
        elements = Elements(*segment, stream.delimiters.component, [], Severity.WARNING)
        if elements.texts[0] != "ST":
            yield from envelopes.take(elements)
            segment = next(segments, None)
            continue
        header = envelopes.open_transaction(elements)
        yield from elements.problems
        body = Body(segments)
        yield from _reader_of(header)(header, body)
        yield from envelopes.close_transaction(header, body)
        segment = body.end
        if segment is not None and segment[1][0] == "SE":
            segment = next(segments, None)
    yield from envelopes.close_interchange()


def _reader_of(header: Header) -> TransactionReader:
    if header.kind == "277":
        is_acknowledgement = header.guide in _CLAIM_ACKNOWLEDGEMENT_GUIDES
        return read_claim_acknowledgements if is_acknowledgement else _refuse_transaction
    return _READERS.get(header.kind, _refuse_transaction)


def _refuse_transaction(header: Header, body: Body) -> Iterator[Record]:
    for _segment in body:
        pass
    reason = "is a kind of transaction that is not read; 837, 835, 277CA and 999 are"
    yield Problem(header.place, "ST01", reason)


_READERS: dict[str, TransactionReader] = {
    "837": read_claims,
    "835": read_remittance,
    "999": read_transaction_acknowledgements,
    "997": read_transaction_acknowledgements,
}


class _Envelopes:
    """What is open, what it holds so far, and what its trailer must therefore say."""

    def __init__(self) -> None:
        self._interchange: tuple[int, str] | None = None  # place and control number
        self._group: tuple[int, str] | None = None
        self._version = ""
        self._sender = ""
        self._groups = 0
        self._transactions = 0
        self._is_astray = False  # amid segments that belong to no transaction; told once

    def take(self, elements: Elements) -> Iterator[Problem]:
        name, place = elements.texts[0], elements.place
        was_astray, self._is_astray = self._is_astray, False
        if name == "ISA":
            yield from self.close_interchange()
            self._interchange, self._groups = (place, elements.text(13)), 0
        elif name == "GS":
            yield from self._close_group()
            self._group, self._transactions = (place, elements.identifier(6)), 0
            self._version = elements.text(8)
            self._sender = elements.identifier(2)
            self._groups += 1
            yield from elements.problems
        elif name == "GE":
            yield from _compare(elements, self._group, self._transactions, "transactions")
            self._group, self._version, self._sender = None, "", ""
        elif name == "IEA":
            yield from self._close_group()
            yield from _compare(elements, self._interchange, self._groups, "groups")
            self._interchange, self._groups = None, 0
        elif name == "TA1":
            yield Problem(
                place, name, "acknowledges a whole interchange, which is not read", Severity.WARNING
            )
        else:
            self._is_astray = True
            if not was_astray:
                reason = (
                    elements.texts[1] if name == DAMAGED else "stands outside any transaction and is skipped"
                )
                yield Problem(place, "", reason, Severity.WARNING)

    def open_transaction(self, elements: Elements) -> Header:
        self._transactions += 1
        self._is_astray = False
        return Header(
            place=elements.place,
            kind=elements.text(1),
            number=elements.identifier(2),
            group_number=self._group[1] if self._group else "",
            sender=self._sender,
            version=elements.text(3) or self._version,
            component=elements.component,
        )

    def close_transaction(self, header: Header, body: Body) -> Iterator[Problem]:
        if body.end is None or body.end[1][0] != "SE":
            yield Problem(header.place, "ST", "has no SE; the transaction may be cut off", Severity.WARNING)
            return
        elements = Elements(*body.end, header.component, [], Severity.WARNING)
        yield from _compare(elements, (header.place, header.number), body.count + 1, "segments")

    def _close_group(self) -> Iterator[Problem]:
        if self._group:
            yield Problem(self._group[0], "GS", "has no GE; the group may be cut off", Severity.WARNING)
        self._group, self._version, self._sender = None, "", ""

    def close_interchange(self) -> Iterator[Problem]:
        yield from self._close_group()
        if self._interchange:
            reason = "has no IEA; the interchange may be cut off"
            yield Problem(self._interchange[0], "ISA", reason, Severity.WARNING)
        self._interchange = None


def _compare(trailer: Elements, opened: tuple[int, str] | None, count: int, what: str) -> Iterator[Problem]:
    """Whether a trailer says what is so, and repeats the control number of what it closes."""
    if opened is None:
        trailer.tell(0, "closes what was never opened")
        yield from trailer.problems
        return
    said = trailer.text(1)
    if not (said.isascii() and said.isdigit()) or (said.lstrip("0") or "0") != str(count):
        trailer.tell(1, f"is wrong: {what} here are {count}")
    if trailer.text(2) != opened[1]:
        trailer.tell(2, f"is not the control number given at segment {opened[0]}")
    yield from trailer.problems
