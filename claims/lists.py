"""Lists of claims and remittances as files hold them: every column, each value as what it is.

Which rows a list has is settled when it begins; each is then read as it stands, by whoever may still see it.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import User

from .models import Appeal, Claim, Patient, Remittance
from .models.claims import ClaimQuerySet
from .pages.appeals import AppealFilter
from .pages.claims import list_columns
from .pages.filters import ClaimFilter, Filter, RemittanceFilter

ROWS_AT_ONCE = 2_000
NAMES_KEPT = 20_000  # of patients, so that one with many claims is decrypted once, and memory stays small

Row = list[Any]


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
    headings: Sequence[str]
    read: Callable[[Sequence[int]], Iterable[Row]]
    words: str  # what was asked for
    has_patients: bool

    def keys(self, most: int) -> array[int]:
        """Those of the rows, at most so many: eight bytes a row."""
        keys = self.found.values_list(self.key, flat=True)[:most]
        return array("q", keys.iterator(chunk_size=10_000))

    def rows(self, keys: Sequence[int]) -> Iterator[Row]:
        for start in range(0, len(keys), ROWS_AT_ONCE):
            yield from self.read(keys[start : start + ROWS_AT_ONCE])


def given(keys: Sequence[int]) -> RawSQL:
    """Keys as one parameter of a statement: thousands of parameters take longer than to find their rows."""
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [list(keys)])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(keys))])


# Claims --------------------------------------------------------------------------------------------

KINDS, STATUSES, CATEGORIES = (
    {value: str(label) for value, label in choices.choices}
    for choices in (Claim.Kind, Claim.Status, Claim.Category)
)
CATEGORIES[""] = ""

# A heading, where its value is found, and how it is said where the database says it otherwise.
Told = tuple[str, str, Callable[[Any], object] | None]
CLAIM_COLUMNS: list[Told] = [
    ("Claim", "number", "C-{}".format),
    ("Control number", "control_number", None),
    ("Payer's number", "payer_claim_number", None),
    ("Kind", "kind", KINDS.__getitem__),
    ("Payer", "payer__name", None),
    ("Provider NPI", "provider__npi", None),
    ("Provider", "provider__name", None),
    ("Department", "department__name", None),
    ("Assigned to", "assignee__name", None),
    ("Status", "status", STATUSES.__getitem__),
    ("Denied for", "denial_category", CATEGORIES.__getitem__),
    ("Service from", "service_from", None),
    ("Service to", "service_to", None),
    ("Submitted", "submitted_on", None),
    ("First decided", "first_decided_on", None),
    ("Decided", "decided_on", None),
    ("Paid on", "paid_on", None),
    ("Charge", "charge", None),
    ("Expected", "expected", None),
    ("Allowed", "allowed", None),
    ("Paid", "paid", None),
    ("Contractual", "adjusted", None),
    ("Written off", "written_off", None),
    ("Balance", "balance", None),
]
PATIENT_HEADINGS = ["Patient", "Patient number"]  # left out for roles that work without patients
AFTER = 3  # the columns before them


def saying(columns: Sequence[Told]) -> Callable[[Row], Row]:
    """How a row's values become what files say."""
    said = [(place, say) for place, (_, _, say) in enumerate(columns) if say]

    def in_words(row: Row) -> Row:
        for place, say in said:
            row[place] = say(row[place])
        return row

    return in_words


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
    headings = [heading for heading, _, _ in CLAIM_COLUMNS]
    if not user.phi_masked:
        headings[AFTER:AFTER] = PATIENT_HEADINGS
    patients = None if user.phi_masked else Patients()

    def read(keys: Sequence[int]) -> Iterator[Row]:
        return read_claims(user, keys, patients)

    return Listing("claims", found, "number", headings, read, words, has_patients=patients is not None)


def read_claims(user: User, numbers: Sequence[int], patients: Patients | None) -> Iterator[Row]:
    paths, in_words = [path for _, path, _ in CLAIM_COLUMNS], saying(CLAIM_COLUMNS)
    claims = Claim.objects.visible_to(user).filter(number__in=given(numbers)).order_by()
    found = {row[0]: row for row in claims.values_list(*paths, "patient_id")}
    if patients:
        patients.learn({row[-1] for row in found.values()})
    for number in numbers:
        if number in found:
            *values, patient = found[number]
            row = in_words(values)
            if patients:
                row[AFTER:AFTER] = patients.told(patient)
            yield row


class Patients:
    """Names and numbers of the patients met last."""

    def __init__(self) -> None:
        self._known: dict[int | None, tuple[str, str]] = {None: ("", "")}

    def learn(self, keys: set[int | None]) -> None:
        if len(self._known) > NAMES_KEPT:
            self._known = {None: ("", "")}
        unknown = [key for key in keys if key is not None and key not in self._known]
        rows = Patient.objects.filter(pk__in=given(unknown))
        for pk, name, patient_id in rows.values_list("pk", "name", "patient_id"):
            self._known[pk] = (name or "", patient_id or "")

    def told(self, key: int | None) -> tuple[str, str]:
        return self._known[key]


# Remittances ---------------------------------------------------------------------------------------

REMITTANCE_COLUMNS = {
    "Trace number": "trace_number",
    "Payer": "payer__name",
    "Payer's own name": "payer_name",
    "Paid on": "paid_on",
    "Method": "method",
    "Amount": "amount",
    "Paid on claims": "claims_paid",
    "Imbalance": "imbalance",
    "File": "source__name",
}
REMITTANCE_SORTS = {"paid_on": "paid_on", "amount": "amount"}


def remittances_list(user: User, asked: Mapping[str, str]) -> Listing:
    form = RemittanceFilter(asked)
    refuse_wrong(form)
    narrowed = form.narrow(Remittance.objects.visible_to(user))
    order = order_of(asked.get("sort", ""), REMITTANCE_SORTS, default="-pk")

    def read(keys: Sequence[int]) -> Iterator[Row]:
        visible = Remittance.objects.visible_to(user).filter(pk__in=given(keys)).order_by()
        found = {row[0]: row[1:] for row in visible.values_list("pk", *REMITTANCE_COLUMNS.values())}
        return (list(found[key]) for key in keys if key in found)

    headings = [*REMITTANCE_COLUMNS]
    found = narrowed.order_by(*order)
    return Listing("remittances", found, "pk", headings, read, form.in_words(), has_patients=False)


# Appeals -------------------------------------------------------------------------------------------

APPEAL_COLUMNS: list[Told] = [
    ("Claim", "claim__number", "C-{}".format),
    ("Control number", "claim__control_number", None),
    ("Payer", "claim__payer__name", None),
    ("Department", "claim__department__name", None),
    ("Denied for", "category", CATEGORIES.__getitem__),
    ("Denied", "denied_on", None),
    ("To be filed by", "file_by", None),
    ("Level", "level", None),
    ("Filed", "filed_on", None),
    ("By", "filed_by__name", None),
    ("Sent by", "method", {"": "", **dict(Appeal.Method.choices)}.__getitem__),
    ("Answer due", "due_on", None),
    ("Outcome", "outcome", dict(Appeal.Outcome.choices).__getitem__),
    ("Decided", "decided_on", None),
    ("Won", "overturned", None),
    ("Open", "claim__balance", None),
]
APPEAL_SORTS = {"filed": "filed_on", "due": "due_on"}


def appeals_list(user: User, asked: Mapping[str, str]) -> Listing:
    form = AppealFilter(asked, user)
    refuse_wrong(form)
    narrowed = form.narrow(Appeal.objects.visible_to(user))
    paths, in_words = [path for _, path, _ in APPEAL_COLUMNS], saying(APPEAL_COLUMNS)

    def read(keys: Sequence[int]) -> Iterator[Row]:
        visible = Appeal.objects.visible_to(user).filter(pk__in=given(keys)).order_by()
        found = {key: row for key, *row in visible.values_list("pk", *paths)}
        return (in_words(found[key]) for key in keys if key in found)

    headings = [heading for heading, _, _ in APPEAL_COLUMNS]
    found = narrowed.order_by(*order_of(asked.get("sort") or "filed", APPEAL_SORTS, default="pk"))
    return Listing("appeals", found, "pk", headings, read, form.in_words(), has_patients=False)


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
