"""Who plays in the demo: payers, providers, patients with their coverages, and staff as they really work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any, cast

from django.db import models

from accounts.models import Department, User
from claims import bulk
from claims.fields import EncryptedField, encrypt
from claims.models import Claim, Coverage, Patient, Payer, PayerAlias, Provider
from claims.parties import spelling

from .care import WARDS, Ward
from .ids import reserve
from .payers import PAYERS, Habit

FIRST_NAMES = [
    "Ada",
    "Amara",
    "Anders",
    "Anita",
    "Bashir",
    "Bea",
    "Carlos",
    "Celia",
    "Chen",
    "Dana",
    "Dario",
    "Dora",
    "Elif",
    "Emil",
    "Esther",
    "Farid",
    "Fiona",
    "Gita",
    "Greta",
    "Hugo",
    "Ida",
    "Imran",
    "Ines",
    "Jamal",
    "Jana",
    "Joel",
    "Kaito",
    "Karin",
    "Lars",
    "Layla",
    "Lena",
    "Luca",
    "Maja",
    "Malik",
    "Marta",
    "Milo",
    "Nina",
    "Noor",
    "Olga",
    "Omar",
    "Paula",
    "Pavel",
    "Quinn",
    "Rafael",
    "Rania",
    "Rosa",
    "Samir",
    "Selma",
    "Tariq",
    "Thea",
    "Uma",
    "Vera",
    "Viktor",
    "Wanda",
    "Yara",
    "Zoe",
]
LAST_NAMES = [
    "Abbott",
    "Albers",
    "Amsel",
    "Arden",
    "Baptiste",
    "Barlow",
    "Becker",
    "Bello",
    "Brandt",
    "Calder",
    "Castillo",
    "Chaudry",
    "Cordova",
    "Dalton",
    "Dietrich",
    "Duarte",
    "Eklund",
    "Espinoza",
    "Farrell",
    "Fischer",
    "Fonseca",
    "Galvan",
    "Grant",
    "Haas",
    "Hadley",
    "Hassan",
    "Holt",
    "Ibarra",
    "Iversen",
    "Jansen",
    "Jarvis",
    "Kapoor",
    "Keller",
    "Kimura",
    "Lambert",
    "Larsen",
    "Lowell",
    "Marin",
    "Meyer",
    "Moreau",
    "Nakata",
    "Nolan",
    "Novak",
    "Okafor",
    "Olsen",
    "Ortega",
    "Palmer",
    "Petit",
    "Quist",
    "Ramos",
    "Reuter",
    "Rivas",
    "Salazar",
    "Schmidt",
    "Sutter",
    "Tanner",
    "Torres",
    "Ueda",
    "Valdez",
    "Vance",
    "Wagner",
    "Walsh",
    "Weber",
    "Winter",
    "Yamada",
    "Young",
    "Zamora",
    "Zeller",
]
CHILD_SHARE = 0.16
_PATIENT_COLUMNS = ("id", "patient_id", "name", "birth_date", "identity", "added_at")
_COVERAGE_COLUMNS = ("id", "plan_group", "subscriber", "patient_id")

Pick = tuple[list[Any], list[float]]  # who, and the running sums of their weights


@dataclass(frozen=True, slots=True)
class PatientCast:
    id: int
    payer: int  # of PAYERS, for medical care
    dental_payer: int
    coverage: int
    dental_coverage: int


@dataclass(frozen=True, slots=True)
class Doctor:
    id: int
    npi: str
    factor: float  # how much likelier their claims are denied
    sloppiness: float  # how much likelier an intake rejects them


@dataclass(frozen=True, slots=True)
class Worker:
    """A member of staff: how much they do, how soon, how well."""

    id: int
    weight: float
    delay: float  # days until a denial is worked
    errors: float
    skill: float  # appeals won, against others'


@dataclass(slots=True)
class WardCast:
    ward: Ward
    department: int
    doctors: Pick
    billers: Pick
    coders: Pick
    agents: Pick
    is_dental: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_dental = self.ward.kind == Claim.Kind.DENTAL


@dataclass(slots=True)
class Cast:
    payers: list[int]  # ids, in the order of PAYERS
    wards: list[WardCast]
    adults: list[PatientCast]
    children: list[PatientCast]
    doctors: list[Doctor] = field(default_factory=list)

    @property
    def provider_factors(self) -> dict[str, float]:
        return {doctor.npi: doctor.factor for doctor in self.doctors}


def make_cast(rng: Random, patients: int, today: date) -> Cast:
    """Create all that claims name. The staff are here already: `accounts.demo` made them."""
    payers = _payers()
    staff = _staff(rng)
    departments = dict(Department.objects.values_list("name", "pk"))
    cast_of = Cast(payers, [], [], [])
    for number, ward in enumerate(WARDS):
        doctors = _doctors(rng, ward, number)
        cast_of.doctors += doctors
        pk = departments[ward.name]
        weights = [0.4 + rng.random() ** 2 * 2 for _ in doctors]
        roles = (staff[role, pk] for role in ("biller", "coder", "ar_agent"))
        cast_of.wards.append(WardCast(ward, pk, (doctors, list(accumulate(weights))), *map(_pick, roles)))
    _patients(rng, cast_of, patients, today)
    return cast_of


def _payers() -> list[int]:
    made = [
        Payer(name=each.name, timely_filing_days=each.filing_days, appeal_days=each.appeal_days)
        for each in PAYERS
    ]
    Payer.objects.bulk_create(made)
    PayerAlias.objects.bulk_create(
        PayerAlias(payer=payer, alias=spelling(each.number)) for payer, each in zip(made, PAYERS, strict=True)
    )
    return [payer.pk for payer in made]


def _doctors(rng: Random, ward: Ward, number: int) -> list[Doctor]:
    made = [
        Provider(
            npi=_npi(number * 100 + place),
            name=f"Dr {rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
            specialty=ward.specialty,
        )
        for place in range(ward.providers)
    ]
    Provider.objects.bulk_create(made)
    return [
        # Most are alike; now and then one documents so badly that it shows.
        Doctor(
            each.pk, each.npi, round(rng.choice(_FACTORS) * rng.uniform(0.85, 1.15), 3), rng.uniform(0.4, 1.8)
        )
        for each in made
    ]


_FACTORS = (0.7, 0.8, 0.9, 0.9, 1.0, 1.0, 1.0, 1.1, 1.2, 1.9)


def _npi(number: int) -> str:
    """Ten digits with the right check digit, of a range that is not given out."""
    digits = f"80840199{number:06d}"
    doubled = [int(each) * (2 if place % 2 == 0 else 1) for place, each in enumerate(reversed(digits))]
    check = -sum(each // 10 + each % 10 for each in doubled) % 10
    return f"{digits[5:]}{check}"


def _staff(rng: Random) -> dict[tuple[str, int], list[Worker]]:
    found: dict[tuple[str, int], list[Worker]] = {}
    people = User.objects.filter(role__in=("biller", "coder", "ar_agent")).order_by("pk")
    for person in people.prefetch_related("departments"):
        worker = Worker(
            person.pk,
            rng.uniform(0.5, 1.6),
            rng.uniform(2, 14),
            round(0.004 + rng.random() ** 3 * 0.09, 4),
            rng.uniform(0.75, 1.25),
        )
        for department in person.departments.all():
            found.setdefault((person.role, department.pk), []).append(worker)
    return found


def _pick(workers: Sequence[Worker]) -> Pick:
    return list(workers), list(accumulate(each.weight for each in workers))


# Patients ------------------------------------------------------------------------------------------


def _patients(rng: Random, cast_of: Cast, count: int, today: date) -> None:
    """A pool that claims share; what is encrypted is encrypted once."""
    first_patient = reserve(Patient, count)
    next_coverage = reserve(Coverage, 2 * count)
    people, coverages = [], []
    for number in range(count):
        is_child = rng.random() < CHILD_SHARE
        payer, dental = _payer(rng, is_child, dental=False), _payer(rng, is_child, dental=True)
        pk = first_patient + number
        people.append((pk, *_identity(rng, number, PAYERS[payer], today, is_child=is_child)))
        member = f"M{rng.randrange(10**9):09d}{number:06d}"
        for at, habit in enumerate((PAYERS[payer], PAYERS[dental])):
            group = f"{habit.number}-{rng.randrange(1, 9)}"
            coverages.append(
                (next_coverage + at, group, _sealed(Coverage, "subscriber", f"{member}{at}"), pk)
            )
        group_of = cast_of.children if is_child else cast_of.adults
        group_of.append(PatientCast(pk, payer, dental, next_coverage, next_coverage + 1))
        next_coverage += 2
    bulk.insert(Patient, _PATIENT_COLUMNS, people)
    bulk.insert(Coverage, _COVERAGE_COLUMNS, coverages)


def _payer(rng: Random, is_child: bool, *, dental: bool) -> int:
    payers = [
        number
        for number, each in enumerate(PAYERS)
        if each.is_dental is dental and not (is_child and each.from_age)
    ]
    return rng.choices(payers, [PAYERS[number].share for number in payers])[0]


def _identity(rng: Random, number: int, payer: Habit, today: date, *, is_child: bool) -> tuple[Any, ...]:
    years = (
        rng.uniform(0.2, 17)
        if is_child
        else rng.uniform(max(18, payer.from_age), 94 if payer.from_age else 66)
    )
    born = today - timedelta(days=round(years * 365.25))
    name = f"{rng.choice(LAST_NAMES)}, {rng.choice(FIRST_NAMES)}"
    patient_id = _sealed(Patient, "patient_id", f"DP{number:07d}")
    added = f"{today - timedelta(days=rng.randrange(30, 900))} 15:00:00"
    return patient_id, _sealed_name(name), _encrypted(str(born)), "", added


def _sealed(model: type[models.Model], column: str, text: str) -> str:
    return cast(EncryptedField, model._meta.get_field(column)).seal(text)


@cache
def _sealed_name(name: str) -> str:
    return _sealed(Patient, "name", name)


@cache
def _encrypted(text: str) -> str:
    return encrypt(text)
