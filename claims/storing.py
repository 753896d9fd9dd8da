"""Stores claims that a reader handed on: the one way in, for a file's thousands and for a request's one.

A claim is known by its sender, its control number and, where it is a rebill, what it bills. One that is here
already is a duplicate and no mistake; the database itself decides, also between two who send at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from . import bulk, parties, rebills
from .answers.matching import match_waiting
from .claim_rows import (
    CLAIM_COLUMNS,
    EVENT_COLUMNS,
    LINE_COLUMNS,
    OUTBOX_COLUMNS,
    PAYMENT_COLUMNS,
    Identity,
    Rows,
    billed_npi,
)
from .contracts.expecting import expect
from .identity import new_id
from .imports.records import ClaimRecord, LineRecord, Problem
from .imports.validation import Memo
from .intake import Intake, Taken
from .models import Claim, ClaimEvent, ClaimLine, ClaimPayment, OutboxMessage, PayerAlias
from .numbers import drawing
from .parties import Departments, PayerName

X12_ONLY = ("group_number", "transaction_number", "billing_npi")


def store_claims(records: Sequence[ClaimRecord], intake: Intake) -> list[Taken]:
    """Store claims that have no error of their own, in the caller's transaction."""
    screening = _Screening.of(records, intake)
    taken = screening.screened(records)
    good = [each for each in taken if not each.is_refused]
    if good:
        _store(good, screening, intake, timezone.now())
    return taken


def screen(records: Sequence[ClaimRecord], intake: Intake) -> list[Taken]:
    """What storing would refuse, with nothing stored."""
    return _Screening.of(records, intake).screened(records)


# What is refused -----------------------------------------------------------------------------------

LONGEST: tuple[tuple[str, int], ...] = (("place_of_service", 10), ("frequency", 1), ("responsibility", 1))
LONGEST_DIAGNOSES = 200
LONGEST_REVENUE_CODE = 10
LONGEST_MODIFIERS = 40


class _Screening:
    """What this sender's claims are held against."""

    def __init__(self, departments: Departments, payers: dict[PayerName, int], used: str) -> None:
        self.departments = departments
        self.payers = payers
        self.used = used

    @classmethod
    def of(cls, records: Sequence[ClaimRecord], intake: Intake) -> _Screening:
        is_x12 = any(getattr(record, field) for record in records[:1] for field in X12_ONLY)
        used = PayerAlias.Used.CLAIMS if is_x12 else PayerAlias.Used.TABLES
        names = {parties.payer_name(record) for record in records}
        departments = Departments.of(intake, {record.department for record in records})
        return cls(departments, parties.find_payers(names, used), used)

    def screened(self, records: Sequence[ClaimRecord]) -> list[Taken]:
        refusals = Memo(self.departments.refusal)
        creates_payers = parties.creates_payers()
        taken = []
        for record in records:
            problems = _too_long(record)
            if reason := refusals[record.department]:
                problems.append(Problem(record.place, "department", reason))
            if not creates_payers and any(name := parties.payer_name(record)) and name not in self.payers:
                reason = "is not a payer that this site knows: have it added, or an alias for it"
                problems.append(Problem(record.place, "payer", reason))
            taken.append(Taken(record, problems=problems))
        return taken

    def complete(self, records: Sequence[ClaimRecord]) -> None:
        """Create whom these records name and nobody knows."""
        unknown = {
            name for record in records if any(name := parties.payer_name(record)) and name not in self.payers
        }
        if unknown:
            parties.create_payers(sorted(unknown, key=lambda name: (name.name, name.number)))
            self.payers |= parties.find_payers(unknown, self.used)
        self.departments = self.departments.with_new({record.department for record in records})


def _too_long(record: ClaimRecord) -> list[Problem]:
    """Codes that a reader lets pass and no payer uses."""
    problems = []
    if record.place_of_service or record.responsibility or len(record.frequency) != 1:
        for field, longest in LONGEST:
            if len(getattr(record, field)) > longest:
                reason = f"must be at most {longest} characters long"
                problems.append(Problem(record.place, field.replace("_", " "), reason))
    if record.diagnoses and len(" ".join(record.diagnoses)) > LONGEST_DIAGNOSES:
        problems.append(Problem(record.place, "diagnoses", "are more than a claim can have"))
    for line in record.lines:
        if line.revenue_code or line.modifiers:
            problems += _too_long_in(line)
    return problems


def _too_long_in(line: LineRecord) -> list[Problem]:
    problems = []
    if len(line.revenue_code) > LONGEST_REVENUE_CODE:
        reason = f"must be at most {LONGEST_REVENUE_CODE} characters long"
        problems.append(Problem(line.place, "revenue code", reason))
    if len(" ".join(line.modifiers)) > LONGEST_MODIFIERS:
        problems.append(Problem(line.place, "modifiers", "are longer than modifiers are"))
    return problems


# What is stored ------------------------------------------------------------------------------------


def _store(good: list[Taken], screening: _Screening, intake: Intake, now: datetime) -> None:
    records = [_record(each) for each in good]
    screening.complete(records)
    npis = {line.rendering_npi for record in records for line in record.lines}
    npis = (npis | {billed_npi(record) for record in records}) - {""}
    people = _People(records, screening, intake, now)
    known_providers, known_coverages, numbers = bulk.together(
        [parties.asking_providers(npis), people.coverages.asking(), drawing(len(good))]
    )
    providers = parties.providers(npis, known_providers)
    rows = Rows(intake, now, providers, people.coverages.ids(known_coverages))
    identities = _identities(good, [number for (number,) in numbers], screening, people, intake)
    claims = [rows.claim(record, known) for record, known in zip(records, identities, strict=True)]
    # In one order for all, so that two who store the same claims wait for each other in turn.
    claims.sort(key=_unique_key)
    _tell_duplicates(good, identities, bulk.insert_new(Claim, CLAIM_COLUMNS, claims, key="number"))
    stored = [each for each in good if each.number]
    payments_wait = _write_what_belongs_to_them(stored, rows)
    people.join(stored)
    rebills.settle(stored, intake)
    expect([each.claim_id for each in stored if each.claim_id])
    if payments_wait:
        match_waiting([each.claim_id for each in stored if each.claim_id])


def _unique_key(row: bulk.Row) -> tuple[str, str, str]:
    return row[3], row[2], row[12]


class _People:
    """The patients and coverages of claims."""

    def __init__(
        self, records: Sequence[ClaimRecord], screening: _Screening, intake: Intake, now: datetime
    ) -> None:
        self._departments = screening.departments
        self._keys = [
            parties.patient_key(record.patient, f"{intake.sender}|{record.control_number}|{record.place}")
            for record in records
        ]
        wanted = {key: record.patient for key, record in zip(self._keys, records, strict=True) if key}
        self._patients = parties.patients(wanted, now) if wanted else {}
        covered: dict[parties.CoverageKey, int | None] = {}
        for record, key in zip(records, self._keys, strict=True):
            owner = self._patients[key] if key and record.patient.member_id else None
            for line in record.lines:
                if line.plan_group or line.subscriber:
                    is_own = owner is not None and record.patient.member_id == line.subscriber
                    covered.setdefault((line.plan_group, line.subscriber), owner if is_own else None)
        self.coverages = parties.Coverages(covered)
        self._pairs = {
            id(record): (self._patients[key], department)
            for record, key in zip(records, self._keys, strict=True)
            if key and (department := self._departments.pk(record.department))
        }

    def patient(self, position: int) -> int | None:
        key = self._keys[position]
        return self._patients[key] if key else None

    def join(self, stored: Sequence[Taken]) -> None:
        pairs = [self._pairs[id(each.record)] for each in stored if id(each.record) in self._pairs]
        if pairs:
            parties.join_departments(pairs)


def _identities(
    good: Sequence[Taken],
    numbers: Sequence[int],
    screening: _Screening,
    people: _People,
    intake: Intake,
) -> list[Identity]:
    identities = []
    for position, (each, number) in enumerate(zip(good, numbers, strict=True)):
        record = _record(each)
        name = parties.payer_name(record)
        identities.append(
            Identity(
                id=new_id(),
                number=number,
                sender=record.sender or intake.sender,
                rebill_mark=rebills.mark_of(record),
                payer=screening.payers[name] if any(name) else None,
                department=screening.departments.pk(record.department),
                patient=people.patient(position),
            )
        )
    return identities


def _tell_duplicates(good: Sequence[Taken], identities: Sequence[Identity], stored: set[int]) -> None:
    """Give each record its claim, or the one that was here before it."""
    twice = []
    for each, known in zip(good, identities, strict=True):
        if known.number in stored:
            each.claim_id, each.number = known.id, known.number
        else:
            twice.append((each, known))
    if not twice:
        return
    numbers = {_record(each).control_number for each, _ in twice}
    found = Claim.objects.filter(control_number__in=numbers).order_by()
    first = {
        tuple(key): pk for *key, pk in found.values_list("control_number", "sender", "rebill_mark", "pk")
    }
    for each, known in twice:
        each.first_claim_id = first[_record(each).control_number, known.sender, known.rebill_mark]


_WAITING = (
    "SELECT 1 FROM claims_claimpayment WHERE state = %s LIMIT 1",
    [ClaimPayment.State.UNMATCHED.value],
)


def _write_what_belongs_to_them(stored: Sequence[Taken], rows: Rows) -> bool:
    """And say whether there are payments that wait for their claims."""
    written = bulk.id_writer()
    pairs = [(_record(each), written(each.claim_id)) for each in stored if each.claim_id]
    each_has: tuple[tuple[type[Model], tuple[str, ...], Callable[[ClaimRecord, Any], Any]], ...] = (
        (ClaimEvent, EVENT_COLUMNS, rows.event),
        (OutboxMessage, OUTBOX_COLUMNS, rows.message),
        (ClaimPayment, PAYMENT_COLUMNS, rows.payment),
    )
    lines = [row for record, claim in pairs for row in rows.lines(record, claim)]
    few = bulk.insert_many(ClaimLine, LINE_COLUMNS, lines)
    for model, columns, make in each_has:
        few += bulk.insert_many(model, columns, [row for pair in pairs if (row := make(*pair)) is not None])
    return bool(bulk.together([*few, _WAITING])[-1])


def _record(taken: Taken) -> ClaimRecord:
    assert isinstance(taken.record, ClaimRecord)  # noqa: S101 - only claims come this way
    return taken.record
