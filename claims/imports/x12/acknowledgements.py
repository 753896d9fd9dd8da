"""What was said of claims that were sent: 277CA claim by claim, 999 and 997 transaction by transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import AcknowledgementRecord, Problem, Record, Severity
from .elements import Elements
from .segments import DAMAGED
from .transactions import Body, Header, refuse_endless

ACCEPTING_CATEGORIES = ("A0", "A1", "A2", "A5")  # forwarded, received, accepted, split
ACCEPTING_CODES = ("A", "E")  # accepted; accepted with errors noted

_PATIENT_LEVEL = "PT"
_STATUSES = (1, 10, 11)  # of STC
_SEGMENT_ERRORS = {"IK3": (4,), "AK3": range(4, 9), "IK4": (3,), "AK4": (3,)}
_TRANSACTION_ERRORS = range(2, 7)  # of IK5
_GROUP_ERRORS = range(5, 10)  # of AK9


def read_claim_acknowledgements(header: Header, body: Body) -> Iterator[Record]:
    return _ClaimAcknowledgementsReader(header).read(body)


def read_transaction_acknowledgements(header: Header, body: Body) -> Iterator[Record]:
    return _TransactionAcknowledgementsReader(header).read(body)


class _ClaimAcknowledgementsReader:
    """One record for each TRN with a status: a claim, or the batch or provider that it came in."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._level = ""
        self._said: AcknowledgementRecord | None = None
        self._codes: dict[str, None] = {}  # in order, each once

    def read(self, body: Body) -> Iterator[Record]:
        for place, texts in body:
            name, said = texts[0], self._said
            elements = Elements(place, texts, self._header.component, said.problems if said else [])
            if name == "HL":
                yield from self._finish()
                self._level = elements.text(3)
            elif name == "TRN":
                yield from self._finish()
                self._begin(elements)
            elif name == DAMAGED and said is None:
                yield Problem(place, "", texts[1], Severity.WARNING)
            elif said is not None:
                refuse_endless(place, said.place)
                self._add(said, elements)
        yield from self._finish()

    def _begin(self, elements: Elements) -> None:
        elements.problems = []
        self._said = AcknowledgementRecord(
            place=elements.place,
            control_number=elements.identifier(2),
            is_about_claim=self._level == _PATIENT_LEVEL,
            accepted=True,
            problems=elements.problems,
        )

    def _add(self, said: AcknowledgementRecord, elements: Elements) -> None:
        name = elements.texts[0]
        if name == "STC":
            self._add_status(said, elements)
        elif name == "REF" and elements.text(1) == "1K":
            said.payer_claim_number = elements.identifier(2)
        elif name == DAMAGED:
            said.problems.append(Problem(elements.place, "", elements.texts[1]))

    def _add_status(self, said: AcknowledgementRecord, elements: Elements) -> None:
        for index in _STATUSES:
            parts = elements.codes(index, most=3)
            if parts[0]:
                self._codes[":".join(parts)] = None
                said.accepted = said.accepted and parts[0] in ACCEPTING_CATEGORIES
        elements.severity = Severity.WARNING
        said.said_on = elements.day(2)
        said.charge = elements.amount(4, is_required=False)

    def _finish(self) -> Iterator[Record]:
        if self._said is not None and self._codes:
            self._said.codes = tuple(self._codes)
            yield self._said
        self._said, self._codes = None, {}


class _TransactionAcknowledgementsReader:
    """One record for each transaction that is named (AK2), or one for the whole group when none is."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._group = ""
        self._names_transactions = False
        self._said: AcknowledgementRecord | None = None
        self._codes: dict[str, None] = {}

    def read(self, body: Body) -> Iterator[Record]:
        for place, texts in body:
            name = texts[0]
            problems: list[Problem] = self._said.problems if self._said else []
            elements = Elements(place, texts, self._header.component, problems)
            if name == "AK1":
                self._group = elements.identifier(2)
            elif name == "AK2":
                yield from self._finish()
                elements.problems = []
                self._names_transactions = True
                self._begin(elements, number=elements.identifier(2))
            elif name == "AK9" and not self._names_transactions:
                self._begin(elements, number="")
                self._conclude(elements, _GROUP_ERRORS)
            elif name in ("IK5", "AK5"):
                self._conclude(elements, _TRANSACTION_ERRORS)
            elif name in _SEGMENT_ERRORS:
                self._collect(elements, _SEGMENT_ERRORS[name])
            elif name == DAMAGED:
                problems.append(Problem(place, "", texts[1], Severity.WARNING))
            if self._said is None:
                yield from problems
            else:
                refuse_endless(place, self._said.place)
        yield from self._finish()

    def _begin(self, elements: Elements, number: str) -> None:
        self._said = AcknowledgementRecord(
            place=elements.place,
            control_number=number,
            group_number=self._group,
            is_about_claim=False,
            accepted=False,  # until its IK5 says so
            problems=elements.problems,
        )

    def _conclude(self, elements: Elements, errors: Iterable[int]) -> None:
        if self._said is not None:
            self._said.accepted = elements.text(1) in ACCEPTING_CODES
            self._collect(elements, errors)

    def _collect(self, elements: Elements, indexes: Iterable[int]) -> None:
        for index in indexes:
            code = elements.code(index)
            if code:
                self._codes[f"{elements.texts[0]}:{code}"] = None

    def _finish(self) -> Iterator[Record]:
        if self._said is not None:
            self._said.codes = tuple(self._codes)
            yield self._said
        self._said, self._codes = None, {}
