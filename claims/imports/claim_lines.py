"""Reads claim-line CSV files: one service a row, as dental offices send them.

A column of claim numbers makes claims of lines, wherever in the file they stand: a first reading finds the
numbers whose lines stand apart, and only those claims wait in memory until the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO

from . import validation
from .records import (
    ClaimRecord,
    Kind,
    LineRecord,
    PatientRecord,
    Problem,
    Record,
    Severity,
    SourceRow,
    Unreadable,
)
from .rules import Grouping, Limits, Rules
from .tabular import Column, Row, Table, shown
from .validation import Form, Invalid, Memo

LINE_COLUMNS = (
    Column("service_date", "service date", ("date of service", "dos")),
    Column("procedure", "submitted procedure", ("procedure", "procedure code", "submitted procedure code")),
    Column("plan_group", "Plan/Group #", ("plan group number", "group number", "group #")),
    Column("subscriber", "Subscriber #", ("subscriber id", "subscriber number", "member id")),
    Column("rendering_npi", "Provider NPI", ("npi", "rendering provider npi")),
    Column("provider_fees", "provider fees", ("provider fee",)),
    Column("allowed_fees", "allowed fees", ("allowed fee",)),
    Column("coinsurance", "member coinsurance"),
    Column("copay", "member copay"),
    Column("quadrant", "quadrant", ("quad",), required=False),
)
CLAIM_COLUMNS = (
    Column(
        "control_number",
        "claim number",
        ("claim #", "claim no", "claim id", "patient control number", "claim"),
        required=False,
    ),
    Column("payer", "payer", ("payer name", "insurance", "carrier"), required=False),
    Column("department", "department", ("department name", "dept"), required=False),
    Column("patient_id", "patient id", ("patient #", "patient number"), required=False),
    Column("kind", "kind", ("claim kind", "claim type"), required=False),
)
COLUMNS = (*LINE_COLUMNS, *CLAIM_COLUMNS)
LABELS = {column.field: column.label for column in COLUMNS}

SHARED_FIELDS = ("payer", "department", "patient_id", "kind")  # what all lines of a claim say alike


def read_claim_lines(file: BinaryIO, rules: Rules) -> Iterator[Record]:
    """A file that can be read twice, when its lines name their claims."""
    table = Table(file, COLUMNS, rules.limits)
    if "control_number" in table.at:
        scattered = _scattered_numbers(table, rules.limits)
        file.seek(0)
        table = Table(file, COLUMNS, rules.limits)
        claims = _numbered(table, _Claims(table, rules), scattered)
    elif rules.grouping == Grouping.ROW:
        claims = _each_row(table, _Claims(table, rules))
    else:
        claims = _one_claim(table, _Claims(table, rules))
    yield from table.notes()
    yield from claims
    yield from table.closing_notes()


def _each_row(table: Table, claims: _Claims) -> Iterator[ClaimRecord]:
    for place, row in table.rows():
        yield claims.finish(claims.begin(place, row))


def _one_claim(table: Table, claims: _Claims) -> Iterator[ClaimRecord]:
    claim = None
    for place, row in table.rows():
        if claim:
            claims.add(claim, place, row)
        else:
            claim = claims.begin(place, row)
    if claim:
        yield claims.finish(claim)


# Lines that name their claim -------------------------------------------------------------------------


def _numbered(table: Table, claims: _Claims, scattered: set[int]) -> Iterator[ClaimRecord]:
    """Hand on each claim after its last line; those that are scattered at the end of the file."""
    position = table.at["control_number"]
    waiting: dict[str, ClaimRecord] = {}
    claim: ClaimRecord | None = None
    current = ""
    untold: list[SourceRow] = []  # rows since the current claim that may belong to the next one
    for place, row in table.rows():
        number = _number(row, position)
        if claim and number == current:
            claims.add(claim, place, row)
        elif not number or table.wrong_width(row):
            untold.append((place, row))
            if claim:
                _refuse_with(claim, place, row)
        else:
            if claim and current not in waiting:
                yield claims.finish(claim)
            current, claim = number, waiting.get(number)
            if claim:
                claims.add(claim, place, row)
            else:
                claim = claims.begin(place, row)
            if hash(number) in scattered:
                waiting[number] = claim
            for each in untold:
                _refuse_with(claim, *each)
            untold.clear()
    if claim is None:
        yield from (claims.finish(_refuse_with(ClaimRecord(place), place, row)) for place, row in untold)
    elif current not in waiting:
        yield claims.finish(claim)
    yield from map(claims.finish, waiting.values())


def _number(row: Row, position: int) -> str:
    return row[position].strip() if len(row) > position else ""


def _refuse_with(claim: ClaimRecord, place: int, row: Row) -> ClaimRecord:
    """A claim is never half stored: it may lack this row."""
    reason = "does not say to which claim it belongs, so the claims beside it are refused with it"
    claim.problems.append(Problem(place, LABELS["control_number"], reason))
    claim.source.append((place, row))
    return claim


def _scattered_numbers(table: Table, limits: Limits) -> set[int]:
    """Hashes of the claim numbers whose lines stand apart. Two numbers of one hash only wait for nothing."""
    position = table.at["control_number"]
    lines_of: dict[int, int] = {}
    scattered: set[int] = set()
    waiting = 0
    for number, run in groupby(_numbers(table, position)):
        key, lines = hash(number), sum(1 for _ in run)
        before = lines_of.get(key, 0)
        lines_of[key] = before + lines
        if before:
            waiting += lines if key in scattered else before + lines
            scattered.add(key)
        if waiting > limits.scattered_lines:
            reason = f"more than {limits.scattered_lines:,} lines stand apart from their claim's other lines"
            raise Unreadable(table.header_place, f"{reason}: sort the file by claim number")
        if len(lines_of) > limits.numbered_claims:
            reason = f"has more than {limits.numbered_claims:,} claims"
            raise Unreadable(table.header_place, f"{reason}: split the file")
    return scattered


def _numbers(table: Table, position: int) -> Iterator[str]:
    try:
        for _, row in table.rows():
            if number := _number(row, position):
                yield number
    except Unreadable:
        return  # the second reading says so, after what stands before it


# Claims and lines ------------------------------------------------------------------------------------


class _Claims:
    """Makes claims of rows."""

    def __init__(self, table: Table, rules: Rules) -> None:
        self._table = table
        self._width = len(table.header)
        self._kind = rules.kind
        self._most_lines = rules.limits.lines_of_a_claim
        self._keep_rows = rules.keep_rows
        self._claim_form = claim_form()
        self._form = LineForm(rules)
        self._names = {**LABELS, **table.names}
        self._shared_at = [table.at[field] for field in SHARED_FIELDS if field in table.at]
        self._shared = itemgetter(*self._shared_at) if self._shared_at else None
        self._claim_at = _present(CLAIM_COLUMNS, table)
        self._line_at = _present(LINE_COLUMNS, table)
        self._pick = itemgetter(*(table.at[column.field] for column in LINE_COLUMNS if column.required))
        self._quadrant = table.at.get("quadrant")

    def begin(self, place: int, row: Row) -> ClaimRecord:
        problems: list[Problem] = []
        texts = {field: row[at] for field, at in self._claim_at if at < len(row)}
        values = self._claim_form.read(place, texts, self._names, problems)
        claim = new_claim(place, values, problems, self._kind)
        self.add(claim, place, row)
        return claim

    def add(self, claim: ClaimRecord, place: int, row: Row) -> None:
        claim.source.append((place, row))
        if len(claim.source) > self._most_lines:
            reason = f"is the {len(claim.source):,}th line of one claim: give each line its claim's number"
            raise Unreadable(place, reason)
        if len(row) != self._width and (reason := self._table.wrong_width(row)):
            claim.problems.append(Problem(place, "", reason))
            return
        first = claim.source[0][1]
        if self._shared and len(first) >= self._width and self._shared(row) != self._shared(first):
            self._compare(claim, place, row, first)
        try:
            line = self._read(place, len(claim.lines) + 1, row, claim.kind)
        except Invalid:
            texts = {field: row[at] for field, at in self._line_at}
            line = self._form.read(
                place, len(claim.lines) + 1, texts, self._names, claim.kind, claim.problems
            )
        self._form.warn(claim, line, self._names)
        claim.lines.append(line)

    def finish(self, claim: ClaimRecord) -> ClaimRecord:
        return finished(claim, keep_rows=self._keep_rows)

    def _read(self, place: int, number: int, row: Row, kind: Kind) -> LineRecord:
        """The fast way for a line without a fault; a faulty one is read again, field by field."""
        form = self._form
        amounts = form.amounts
        day, procedure, group, subscriber, npi, fees, allowed, coinsurance, copay = self._pick(row)
        charge = amounts[fees]
        return LineRecord(  # by position, in the order of its fields: by name it takes half as long again
            place,
            number,
            form.procedures[kind][procedure],
            (),
            form.dates[day],
            "",
            "" if self._quadrant is None else form.quadrants[row[self._quadrant]],
            "",
            "",
            charge,
            form.groups[group],
            form.subscribers[subscriber],
            form.npis[npi],
            charge,
            amounts[allowed],
            amounts[coinsurance],
            amounts[copay],
        )

    def _compare(self, claim: ClaimRecord, place: int, row: Row, first: Row) -> None:
        """What is the claim's own may stand on its first line alone, but must not differ on others."""
        for position in self._shared_at:
            text = row[position].strip()
            if text and text != first[position].strip():
                name = self._table.header[position]
                claim.problems.append(Problem(place, shown(name), "differs from the claim's first line"))


def _present(columns: Sequence[Column], table: Table) -> list[tuple[str, int]]:
    return [(column.field, table.at[column.field]) for column in columns if column.field in table.at]


class LineForm:
    """Reads the fields of claim lines, in whatever format they came."""

    def __init__(self, rules: Rules) -> None:
        self.dates = Memo(partial(validation.service_date, today=rules.today))
        self.procedures = {kind: Memo(partial(validation.procedure, kind=kind)) for kind in Kind}
        self.quadrants = Memo(lambda text: validation.identifier(text) if text.strip() else "")
        self.groups = Memo(validation.identifier)
        self.subscribers = Memo(validation.identifier)
        self.npis = Memo(validation.npi)
        self.amounts = Memo(validation.amount)
        self._is_doubtful = Memo(validation.has_wrong_check_digit)
        self._forms = {kind: self._form_for(kind) for kind in Kind}

    def read(
        self,
        place: int,
        number: int,
        texts: Mapping[str, str],
        names: Mapping[str, str],
        kind: Kind,
        problems: list[Problem],
    ) -> LineRecord:
        values = self._forms[kind].read(place, texts, names, problems)
        return LineRecord(place, number, charge=values.get("provider_fees"), **values)

    def warn(self, claim: ClaimRecord, line: LineRecord, names: Mapping[str, str]) -> None:
        """Once for lines of one provider that follow one another."""
        npi = line.rendering_npi
        if npi and self._is_doubtful[npi] and not (claim.lines and claim.lines[-1].rendering_npi == npi):
            reason = "has a wrong check digit"
            claim.problems.append(Problem(line.place, names["rendering_npi"], reason, Severity.WARNING))

    def _form_for(self, kind: Kind) -> Form:
        amounts = ("provider_fees", "allowed_fees", "coinsurance", "copay")
        fields = {
            "service_date": self.dates.__getitem__,
            "procedure": self.procedures[kind].__getitem__,
            "quadrant": self.quadrants.__getitem__,
            "plan_group": self.groups.__getitem__,
            "subscriber": self.subscribers.__getitem__,
            "rendering_npi": self.npis.__getitem__,
            **dict.fromkeys(amounts, self.amounts.__getitem__),
        }
        return Form(fields, required=[column.field for column in LINE_COLUMNS if column.required])


def claim_form() -> Form:
    """Reads the fields that are the claim's own."""
    return Form(
        {
            "control_number": validation.identifier,
            "payer": Memo(validation.name).__getitem__,
            "department": Memo(validation.name).__getitem__,
            "patient_id": validation.identifier,
            "kind": Memo(validation.kind).__getitem__,
        },
        required=(),
    )


def new_claim(
    place: int, values: dict[str, Any], problems: list[Problem], kind: Kind = Kind.DENTAL
) -> ClaimRecord:
    patient = PatientRecord(patient_id=values.pop("patient_id", ""))
    return ClaimRecord(place, patient=patient, problems=problems, **{"kind": kind, **values})


def finished(claim: ClaimRecord, *, keep_rows: bool = False) -> ClaimRecord:
    """Add up the lines, and keep the rows only where somebody has to mend them."""
    claim.charge = sum([line.charge or 0 for line in claim.lines])
    days = [line.service_date for line in claim.lines if line.service_date]
    claim.service_date, claim.service_end = min(days, default=None), max(days, default=None)
    if not (keep_rows or (claim.problems and claim.is_refused)):
        claim.source = []
    return claim
