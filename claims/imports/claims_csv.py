"""Reads claims CSV files: one claim a row, with what it is expected to bring and how it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import BinaryIO

from . import validation
from .records import ClaimRecord, Kind, LineRecord, PatientRecord, Problem, Record, Severity, Status
from .rules import Rules
from .tabular import Column, Table
from .validation import Form, Invalid, Memo

COLUMNS = (
    Column("patient_id", "patient id", ("patient #", "patient number", "patient", "mrn")),
    Column(
        "procedure",
        "procedure code",
        ("procedure", "CPT code", "CPT", "CPT/HCPCS", "HCPCS", "procedure code (CPT)"),
    ),
    Column("payer", "payer", ("payer name", "insurance", "insurance company", "insurer", "carrier")),
    Column("department", "department", ("department name", "dept"), required=False),
    Column("expected", "expected amount", ("expected payment", "expected reimbursement", "amount expected")),
    Column("paid", "paid amount", ("amount paid", "payment amount", "payment"), required=False),
    Column("status", "status", ("claim status",)),
    Column(
        "submitted_at",
        "submitted",
        ("submitted date", "date submitted", "submission date", "submitted on", "claim date"),
    ),
    Column(
        "paid_at",
        "paid date",
        ("date paid", "payment date", "paid on", "payment at", "paid moment"),
        required=False,
    ),
    Column("denial_reason", "denial reason", ("reason for denial", "denial", "denial code"), required=False),
    Column(
        "control_number",
        "external id",
        ("claim id", "claim number", "claim #", "claim no", "claim", "external claim id"),
        required=False,
    ),
    Column("charge", "charge", ("charge amount", "billed amount", "charges", "billed"), required=False),
    Column("service_date", "service date", ("date of service", "dos"), required=False),
    Column("rendering_npi", "provider NPI", ("npi", "rendering provider npi"), required=False),
    Column("kind", "kind", ("claim kind", "claim type"), required=False),
)
LABELS = {column.field: column.label for column in COLUMNS}


def read_claims(file: BinaryIO, rules: Rules) -> Iterator[Record]:
    table = Table(file, COLUMNS, rules.limits)
    forms = {kind: _form(kind, rules) for kind in Kind}
    names = {**LABELS, **table.names}
    yield from table.notes()
    for place, row in table.rows():
        if reason := table.wrong_width(row):
            claim = ClaimRecord(place, problems=[Problem(place, "", reason)])
        else:
            texts = table.texts(row)
            claim = _claim(place, texts, names, forms[_kind(texts)])
        if rules.keep_rows or claim.is_refused:
            claim.source.append((place, row))
        yield claim
    yield from table.closing_notes()


def _claim(place: int, texts: dict[str, str], names: dict[str, str], form: Form) -> ClaimRecord:
    problems: list[Problem] = []
    values = form.read(place, texts, names, problems)
    npi = values.get("rendering_npi", "")
    patient = PatientRecord(patient_id=values.pop("patient_id", ""))
    code = values.pop("procedure", "")
    line = LineRecord(place, 1, procedure=code, service_date=values.get("service_date"), rendering_npi=npi)
    claim = ClaimRecord(place, patient=patient, lines=[line], problems=problems, **values)
    claim.service_end = claim.service_date
    line.charge = claim.charge
    _warn(claim, names)
    return claim


def _kind(texts: dict[str, str]) -> Kind:
    """By which to read the other fields; one that is unknown is told when its own turn comes."""
    try:
        return validation.kind(texts.get("kind", ""))
    except Invalid:
        return Kind.PROFESSIONAL


def _form(kind: Kind, rules: Rules) -> Form:
    moments = Memo(partial(validation.moment, today=rules.today, zone=rules.zone)).__getitem__
    amounts = Memo(validation.amount).__getitem__
    return Form(
        {
            "patient_id": validation.identifier,
            "procedure": partial(validation.procedure, kind=kind),
            "payer": Memo(validation.name).__getitem__,
            "department": Memo(validation.name).__getitem__,
            "expected": amounts,
            "paid": amounts,
            "status": Memo(validation.status).__getitem__,
            "submitted_at": moments,
            "paid_at": moments,
            "denial_reason": validation.note,
            "control_number": validation.identifier,
            "charge": amounts,
            "service_date": Memo(partial(validation.service_date, today=rules.today)).__getitem__,
            "rendering_npi": Memo(validation.npi).__getitem__,
            "kind": validation.kind,
        },
        required=[column.field for column in COLUMNS if column.required],
    )


def _warn(claim: ClaimRecord, names: dict[str, str]) -> None:
    """Tell what does not fit together; payers and people do send it, so the claim is taken."""

    def warn(field: str, reason: str) -> None:
        claim.problems.append(Problem(claim.place, names[field], reason, Severity.WARNING))

    if claim.rendering_npi and validation.has_wrong_check_digit(claim.rendering_npi):
        warn("rendering_npi", "has a wrong check digit")
    if claim.status == Status.PAID and claim.paid_at is None:
        warn("paid_at", "is missing although the claim is paid")
    if claim.status == Status.PAID and claim.paid is None:
        warn("paid", "is missing although the claim is paid")
    if claim.submitted_at and claim.paid_at and _day(claim.paid_at) < _day(claim.submitted_at):
        warn("paid_at", "is before the claim was submitted")


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
