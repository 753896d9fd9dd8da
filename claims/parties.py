"""Who is meant: finds payers, departments, providers, patients and coverages by what files call them.

All at once for many records, in a few queries; who is new is created. Keys are sorted before they are
written, so that two imports which create the same parties wait for each other and do not deadlock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from django.conf import settings

from accounts.models import Department

from . import bulk
from .fields import EncryptedField, blind_index, encrypt
from .imports.records import ClaimRecord, PatientRecord
from .intake import Intake
from .models import Assessment, Coverage, Patient, Payer, PayerAlias, Provider

Used = PayerAlias.Used
NAME = cast(EncryptedField, Patient._meta.get_field("name"))
CREATE = "create"
LONGEST_DEPARTMENT = 80


def spelling(name: str) -> str:
    """Capitals and spaces make no difference between names."""
    return " ".join(name.split()).upper()


# Payers --------------------------------------------------------------------------------------------


class PayerName(NamedTuple):
    """What a file calls a payer: its number, its name, or both."""

    number: str
    name: str

    @property
    def spellings(self) -> tuple[str, ...]:
        return tuple(spelling(each) for each in (self.number, self.name) if each)


def find_payers(names: Iterable[PayerName], used: str) -> dict[PayerName, int]:
    """Payers by their aliases for this kind of file, by other aliases, by their own names."""
    wanted = {each for each in names if each.spellings}
    spellings = {each for name in wanted for each in name.spellings}
    if not spellings:
        return {}
    aliases, payers = bulk.together(
        [
            bulk.finding(PayerAlias, ("alias", "used", "payer_id"), "alias", spellings),
            bulk.finding(Payer, ("name", "id"), "name", {each.name for each in wanted}),
        ]
    )
    known = {(alias, kind): payer for alias, kind, payer in aliases}
    exactly: dict[str, int] = dict(payers)
    found: dict[PayerName, int] = {}
    for name in wanted:
        payer = _by_alias(name, used, known) or exactly.get(name.name)
        if payer is not None:
            found[name] = payer
    if len(found) < len(wanted):
        own = {spelling(name): pk for pk, name in Payer.objects.values_list("pk", "name")}
        for name in wanted - found.keys():
            if spelled := [each for each in name.spellings if each in own]:
                found[name] = own[spelled[-1]]
    return found


def _by_alias(name: PayerName, used: str, known: Mapping[tuple[str, str], int]) -> int | None:
    order = (used, Used.EVERYWHERE, *(kind for kind in Used.values if kind not in (used, "")))
    pairs = ((each, kind) for kind in order for each in name.spellings)
    return next((known[pair] for pair in pairs if pair in known), None)


def create_payers(names: Iterable[PayerName]) -> None:
    """By the name first met; its number becomes an alias, by which remittances often call it."""
    new: dict[str, PayerName] = {}
    for each in names:
        new.setdefault(spelling(each.name or each.number), each)
    ordered = [new[key] for key in sorted(new)]
    payers = [Payer(name=" ".join((each.name or each.number).split())) for each in ordered]
    Payer.objects.bulk_create(payers, ignore_conflicts=True)
    by_name = dict(Payer.objects.filter(name__in=[each.name for each in payers]).values_list("name", "pk"))
    aliases = [
        PayerAlias(payer_id=by_name[payer.name], alias=spelling(each.number))
        for payer, each in zip(payers, ordered, strict=True)
        if each.number and each.name
    ]
    PayerAlias.objects.bulk_create(aliases, ignore_conflicts=True)


def payer_name(record: ClaimRecord) -> PayerName:
    return PayerName(record.payer_id, record.payer)


def creates_payers() -> bool:
    return settings.UNKNOWN_PAYERS == CREATE


# Departments ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Departments:
    """Those for which somebody may send claims, by spelling."""

    by_name: Mapping[str, int]
    of_unnamed: int | None  # the department of claims that name none
    sees_everything: bool

    @classmethod
    def of(cls, intake: Intake, named: Collection[str]) -> Departments:
        actor = intake.actor
        everything = actor is None or actor.sees_everything
        if everything and intake.department is None and not any(named):
            return cls({}, None, True)
        rows = Department.objects.all() if actor is None else Department.objects.visible_to(actor)
        by_name = {spelling(name): pk for pk, name in rows.values_list("pk", "name")}
        mine = set(by_name.values())
        unnamed = intake.department.pk if intake.department and intake.department.pk in mine else None
        if intake.department is None and not everything and len(mine) == 1:
            unnamed = next(iter(mine))
        return cls(by_name, unnamed, everything)

    @property
    def creates(self) -> bool:
        return self.sees_everything and settings.UNKNOWN_DEPARTMENTS == CREATE

    def refusal(self, name: str) -> str:
        """Why claims of this department are not taken from this person; nothing when they are."""
        if not name:
            if self.of_unnamed or self.sees_everything:
                return ""
            return "is missing: name one of your departments in the file, or choose it when you send the file"
        if spelling(name) in self.by_name:
            return ""
        if self.creates:
            return (
                "" if len(name) <= LONGEST_DEPARTMENT else f"must be at most {LONGEST_DEPARTMENT} characters"
            )
        if self.sees_everything:
            return "is not a department that this site knows"
        return "is not one of your departments"

    def pk(self, name: str) -> int | None:
        return self.by_name[spelling(name)] if name else self.of_unnamed

    def with_new(self, names: Iterable[str]) -> Departments:
        new = {spelling(each): " ".join(each.split()) for each in names}
        if not self.creates or not (missing := sorted(new.keys() - self.by_name.keys() - {""})):
            return self
        rows = [Department(name=new[key]) for key in missing]
        Department.objects.bulk_create(rows, ignore_conflicts=True)
        added = {spelling(name): pk for pk, name in Department.objects.values_list("pk", "name")}
        return Departments({**self.by_name, **added}, self.of_unnamed, self.sees_everything)


# Providers, patients, coverages --------------------------------------------------------------------


def asking_providers(npis: Iterable[str]) -> bulk.Statement:
    return bulk.finding(Provider, ("npi", "id"), "npi", npis)


def providers(npis: Collection[str], known: Iterable[bulk.Row]) -> dict[str, int]:
    """Those that are known, as `asking_providers` finds them, and the others, who are new."""
    found: dict[str, int] = dict(known)
    if missing := sorted({*npis} - found.keys()):
        bulk.insert_new(
            Provider, ("npi", "name", "specialty", "is_active"), [(npi, "", "", True) for npi in missing]
        )
        found |= dict(bulk.find(Provider, ("npi", "id"), "npi", missing))
    return found


PatientKey = tuple[str, str]  # the column that tells who it is, and its value


def patient_key(record: PatientRecord, apart: str) -> PatientKey | None:
    """By the sender's own patient id, else by name, birth date and member number together.

    A name alone is no person: such a patient is kept apart, as that of this one claim.
    """
    if record.patient_id:
        return "patient_id_index", blind_index(record.patient_id, "patient_id")
    if not (record.last_name or record.member_id):
        return None
    name, day = patient_name(record).casefold(), record.birth_date or ""
    if not (record.birth_date or record.member_id):
        day = apart
    return "identity", blind_index(f"{name}|{day}|{record.member_id}", "identity")


def patient_name(record: PatientRecord) -> str:
    return ", ".join(filter(None, (record.last_name, record.first_name)))


def patients(wanted: Mapping[PatientKey, PatientRecord], now: datetime) -> dict[PatientKey, int]:
    found = _patients(wanted)
    if missing := sorted(wanted.keys() - found.keys()):
        columns = ("patient_id", "name", "birth_date", "identity", "added_at")
        bulk.insert_new(Patient, columns, [_patient_row(key, wanted[key], now) for key in missing])
        found |= _patients(missing)
    for key, (pk, is_named) in found.items():
        if not is_named and (name := patient_name(wanted[key])):
            day = wanted[key].birth_date
            Patient.objects.filter(pk=pk).update(name=name, birth_date=day.isoformat() if day else "")
    return {key: pk for key, (pk, _) in found.items()}


def _patients(keys: Iterable[PatientKey]) -> dict[PatientKey, tuple[int, bool]]:
    found: dict[PatientKey, tuple[int, bool]] = {}
    for column in ("patient_id_index", "identity"):
        values = [value for name, value in keys if name == column]
        for pk, value, name_index in bulk.find(Patient, ("id", column, "name_index"), column, values):
            found[column, value] = pk, bool(name_index)
    return found


def _patient_row(key: PatientKey, record: PatientRecord, now: datetime) -> bulk.Row:
    column, value = key
    name = patient_name(record)
    return (
        f"{value}${encrypt(record.patient_id)}" if column == "patient_id_index" else "",
        NAME.seal(name) if name else "",
        encrypt(record.birth_date.isoformat()) if record.birth_date else "",
        value if column == "identity" else "",
        now,
    )


def join_departments(pairs: Iterable[tuple[int, int]]) -> None:
    """Patients belong to the departments of their claims: that is who may see them.

    Not so one whose symptoms were assessed: nobody is to read those by sending a claim in that patient's
    name. The claim itself is seen all the same.
    """
    wanted = set(pairs)
    assessed = Assessment.objects.filter(patient__in={patient for patient, _ in wanted})
    closed = set(assessed.values_list("patient_id", flat=True))
    rows = sorted(pair for pair in wanted if pair[0] not in closed)
    bulk.insert_new(Patient.departments.through, ("patient_id", "department_id"), rows)


CoverageKey = tuple[str, str]  # plan or group, and the member's number


class Coverages:
    """Plans' members that claims name, each with the patient whose it is, where the format tells."""

    def __init__(self, wanted: Mapping[CoverageKey, int | None]) -> None:
        self._wanted = wanted
        indexes = {key: blind_index(key[1], "subscriber") if key[1] else "" for key in wanted}
        self._keys = {(group, indexes[group, number]): (group, number) for group, number in wanted}

    def asking(self, keys: Iterable[tuple[str, str]] | None = None) -> bulk.Statement:
        """By blind index alone; others of the same member are left out later."""
        numbers = {index for _, index in keys or self._keys}
        return bulk.finding(Coverage, ("plan_group", "subscriber_index", "id"), "subscriber_index", numbers)

    def ids(self, known: Iterable[bulk.Row]) -> dict[CoverageKey, int]:
        """Those that are known, as `asking` finds them, and the others, which are new."""
        found = self._meant(known)
        if missing := sorted(self._keys.keys() - found.keys()):
            rows = [_coverage_row(index, self._keys[group, index], self._wanted) for group, index in missing]
            bulk.insert_new(Coverage, ("plan_group", "subscriber", "patient_id"), rows)
            found |= self._meant(bulk.together([self.asking(missing)])[0])
        return {self._keys[key]: pk for key, pk in found.items()}

    def _meant(self, rows: Iterable[bulk.Row]) -> dict[tuple[str, str], int]:
        return {(group, index): pk for group, index, pk in rows if (group, index) in self._keys}


def _coverage_row(index: str, key: CoverageKey, wanted: Mapping[CoverageKey, int | None]) -> bulk.Row:
    group, number = key
    return group, f"{index}${encrypt(number)}" if number else "", wanted[key]
