"""Lists of claims and remittances as files hold them: every column, each value as what it is.

Which rows a list has is settled when it begins; each is then read as it stands, by whoever may still see it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import ExpressionWrapper

from accounts.models import User
from rcm_site.cells import Say, as_it_is

from .bulk import listed
from .models import Appeal, Claim, Patient, Remittance
from .models.claims import ClaimQuerySet
from .money import dollars, in_cents
from .pages.appeals import AppealFilter
from .pages.claims import list_columns
from .pages.filters import ClaimFilter, Filter, RemittanceFilter
from .reading_ahead import read_ahead

ROWS_AT_ONCE = 2_000
NAMES_KEPT = 50_000  # of patients, so that one with many claims is decrypted once, and memory stays small

Row = Sequence[Any]  # as the database holds it: what it says is its columns' business


class WrongFilters(Exception):
    """What is wrong with the filters of a list, by the name of the parameter."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Listing:
    """Rows to take out: which, in which order, and how some of them are read."""

    noun: str
    found: QuerySet[Any]
    key: str  # by which rows are found again: a whole number
    columns: Sequence[Told]
    read: Callable[[Sequence[int]], list[Row]]
    words: str  # what was asked for
    has_patients: bool

    @property
    def headings(self) -> list[str]:
        return [each.heading for each in self.columns]

    @property
    def says(self) -> list[Say]:
        return [each.say for each in self.columns]

    def keys(self, most: int) -> array[int]:
        """Those of the rows, at most so many: eight bytes a row."""
        keys = self.found.values_list(self.key, flat=True)[:most]
        return array("q", keys.iterator(chunk_size=10_000))

    def rows(self, keys: Sequence[int]) -> Iterator[Row]:
        return chain.from_iterable(map(self.read, _parts(keys)))

    def rows_ahead(self, keys: Sequence[int]) -> Iterator[Row]:
        """The same, for a worker: the next ones are read while it writes."""
        return chain.from_iterable(read_ahead(self.read, _parts(keys)))


def _parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + ROWS_AT_ONCE] for start in range(0, len(keys), ROWS_AT_ONCE))


# Claims --------------------------------------------------------------------------------------------

KINDS, STATUSES, CATEGORIES = (
    {value: str(label) for value, label in choices.choices}
    for choices in (Claim.Kind, Claim.Status, Claim.Category)
)
CATEGORIES[""] = ""


@dataclass(frozen=True)
class Told:
    """A column of a file: its heading, where its values are found, and what is said for each."""

    heading: str
    path: str | ExpressionWrapper
    say: Say = as_it_is


def amount(heading: str, path: str) -> Told:
    return Told(heading, in_cents(path), dollars)


CLAIM_COLUMNS = [
    Told("Claim", "number", "C-{}".format),
    Told("Control number", "control_number"),
    Told("Payer's number", "payer_claim_number"),
    Told("Kind", "kind", KINDS.__getitem__),
    Told("Payer", "payer__name"),
    Told("Provider NPI", "provider__npi"),
    Told("Provider", "provider__name"),
    Told("Department", "department__name"),
    Told("Assigned to", "assignee__name"),
    Told("Status", "status", STATUSES.__getitem__),
    Told("Denied for", "denial_category", CATEGORIES.__getitem__),
    Told("Service from", "service_from"),
    Told("Service to", "service_to"),
    Told("Submitted", "submitted_on"),
    Told("First decided", "first_decided_on"),
    Told("Decided", "decided_on"),
    Told("Paid on", "paid_on"),
    amount("Charge", "charge"),
    amount("Expected", "expected"),
    amount("Allowed", "allowed"),
    amount("Paid", "paid"),
    amount("Contractual", "adjusted"),
    amount("Written off", "written_off"),
    amount("Balance", "balance"),
]
# Left out for roles that work without patients; the others' are read apart, by whoever knows them already.
PATIENT_COLUMNS = [Told("Patient", "patient__name"), Told("Patient number", "patient__patient_id")]
AFTER = 3  # the columns before them


def claims_list(user: User, asked: Mapping[str, str]) -> Listing:
    """The list of claims as its page's filters narrow it and its columns sort it."""
    form = ClaimFilter(asked, user)
    refuse_wrong(form)
    narrowed = form.narrow(Claim.objects.visible_to(user))
    sorts = {column.name: column.sort for column in list_columns(user) if column.sort}
    order = order_of(asked.get("sort", ""), sorts, default="-number")
    return listing_of_claims(user, narrowed.order_by(*order), form.in_words())


def listing_of_claims(user: User, found: ClaimQuerySet | QuerySet[Claim], words: str) -> Listing:
    """These claims, in their order."""
    columns, patients = [*CLAIM_COLUMNS], None
    if not user.phi_masked:
        columns[AFTER:AFTER] = PATIENT_COLUMNS
        patients = Patients()

    def read(keys: Sequence[int]) -> list[Row]:
        return read_claims(user, keys, patients)

    return Listing("claims", found, "number", columns, read, words, has_patients=patients is not None)


def read_claims(user: User, numbers: Sequence[int], patients: Patients | None) -> list[Row]:
    claims = Claim.objects.visible_to(user).filter(number__in=listed("bigint", numbers)).order_by()
    paths = [each.path for each in CLAIM_COLUMNS]
    if patients is None:
        found = {row[0]: row for row in claims.values_list(*paths)}
        return [found[number] for number in numbers if number in found]
    found = {row[0]: row for row in claims.values_list(*paths, "patient_id")}
    told = patients.told({row[-1] for row in found.values()})
    rows = (found[number] for number in numbers if number in found)
    return [(*row[:AFTER], *told[row[-1]], *row[AFTER:-1]) for row in rows]


class Patients:
    """Names and numbers of the patients met last."""

    def __init__(self) -> None:
        self._known: dict[int | None, tuple[str, str]] = {None: ("", "")}

    def told(self, keys: set[int | None]) -> Mapping[int | None, tuple[str, str]]:
        """The name and number of these, and of others."""
        if len(self._known) > NAMES_KEPT:
            self._known = {None: ("", "")}
        unknown = [key for key in keys if key is not None and key not in self._known]
        rows = Patient.objects.filter(pk__in=listed("bigint", unknown))
        for pk, name, patient_id in rows.values_list("pk", "name", "patient_id"):
            self._known[pk] = (name or "", patient_id or "")
        return self._known


# Remittances ---------------------------------------------------------------------------------------

REMITTANCE_COLUMNS = [
    Told("Trace number", "trace_number"),
    Told("Payer", "payer__name"),
    Told("Payer's own name", "payer_name"),
    Told("Paid on", "paid_on"),
    Told("Method", "method"),
    amount("Amount", "amount"),
    amount("Paid on claims", "claims_paid"),
    amount("Imbalance", "imbalance"),
    Told("File", "source__name"),
]
REMITTANCE_SORTS = {"paid_on": "paid_on", "amount": "amount"}


def remittances_list(user: User, asked: Mapping[str, str]) -> Listing:
    form = RemittanceFilter(asked)
    refuse_wrong(form)
    narrowed = form.narrow(Remittance.objects.visible_to(user))
    order = order_of(asked.get("sort", ""), REMITTANCE_SORTS, default="-pk")

    def read(keys: Sequence[int]) -> list[Row]:
        visible = Remittance.objects.visible_to(user).filter(pk__in=listed("bigint", keys)).order_by()
        return read_by_key(visible, keys, REMITTANCE_COLUMNS)

    found = narrowed.order_by(*order)
    words = form.in_words()
    return Listing("remittances", found, "pk", REMITTANCE_COLUMNS, read, words, has_patients=False)


def read_by_key(visible: QuerySet[Any], keys: Sequence[int], columns: Sequence[Told]) -> list[Row]:
    rows = visible.values_list("pk", *(each.path for each in columns))
    found = {row[0]: row[1:] for row in rows}
    return [found[key] for key in keys if key in found]


# Appeals -------------------------------------------------------------------------------------------

APPEAL_COLUMNS = [
    Told("Claim", "claim__number", "C-{}".format),
    Told("Control number", "claim__control_number"),
    Told("Payer", "claim__payer__name"),
    Told("Department", "claim__department__name"),
    Told("Denied for", "category", CATEGORIES.__getitem__),
    Told("Denied", "denied_on"),
    Told("To be filed by", "file_by"),
    Told("Level", "level"),
    Told("Filed", "filed_on"),
    Told("By", "filed_by__name"),
    Told("Sent by", "method", {"": "", **dict(Appeal.Method.choices)}.__getitem__),
    Told("Answer due", "due_on"),
    Told("Outcome", "outcome", dict(Appeal.Outcome.choices).__getitem__),
    Told("Decided", "decided_on"),
    amount("Won", "overturned"),
    amount("Open", "claim__balance"),
]
APPEAL_SORTS = {"filed": "filed_on", "due": "due_on"}


def appeals_list(user: User, asked: Mapping[str, str]) -> Listing:
    form = AppealFilter(asked, user)
    refuse_wrong(form)
    narrowed = form.narrow(Appeal.objects.visible_to(user))

    def read(keys: Sequence[int]) -> list[Row]:
        visible = Appeal.objects.visible_to(user).filter(pk__in=listed("bigint", keys)).order_by()
        return read_by_key(visible, keys, APPEAL_COLUMNS)

    found = narrowed.order_by(*order_of(asked.get("sort") or "filed", APPEAL_SORTS, default="pk"))
    return Listing("appeals", found, "pk", APPEAL_COLUMNS, read, form.in_words(), has_patients=False)


# What was asked ------------------------------------------------------------------------------------


def refuse_wrong(form: Filter) -> None:
    if not form.is_valid():
        raise WrongFilters({name: [str(each) for each in errors] for name, errors in form.errors.items()})


def order_of(asked: str, sorts: Mapping[str, str], default: str) -> tuple[str, ...]:
    """As the list's page sorts it: what cannot be sorted by stands in the page's own order."""
    name = asked.removeprefix("-")
    if name not in sorts:
        return (default,)
    down = "-" if asked.startswith("-") else ""
    return f"{down}{sorts[name]}", f"{down}pk"
