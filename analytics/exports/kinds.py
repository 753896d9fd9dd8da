"""What can be taken out: lists of claims, appeals and remittances, and reports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from django.conf import settings

from accounts.access import may
from accounts.models import User
from claims.lists import (
    Listing,
    WrongFilters,
    appeals_list,
    claims_list,
    listing_of_claims,
    remittances_list,
)
from claims.pages.appeals import AppealFilter
from claims.pages.filters import ClaimFilter, RemittanceFilter
from rcm_site.spreadsheets import CONTENT_TYPES as SPREADSHEETS
from rcm_site.spreadsheets import Sheet, chunks

from ..drilldown import Part
from ..kpis import KPIS
from ..models import Report
from ..questions import PARAMETERS, WrongQuestion, ask
from ..reports.files import needs, report_file

LEASE = timedelta(seconds=60)
CONTENT_TYPES = {**SPREADSHEETS, "pdf": "application/pdf", "json": "application/json"}


class WrongExport(Exception):
    """Why nothing can be taken out as it was asked for, by the name of the parameter."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


class Refused(Exception):
    """Why an export cannot be made, in words for its owner."""


class Counted:
    """Rows that are counted as they are written."""

    def __init__(self, rows: Iterator[Sequence[Any]]) -> None:
        self.rows = 0
        self._rows = rows

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            self.rows += 1
            yield row


class Content(Protocol):
    """What a file holds, as its owner may see it at the moment."""

    has_patients: bool
    formats: Collection[str]
    asked: Mapping[str, str]  # as it is kept: a worker that reads it finds the same
    report: Report | None
    lease: timedelta  # the longest that a piece may take: whoever takes longer has died

    @property
    def words(self) -> str: ...

    @property
    def department(self) -> int | None:
        """Whose claims alone are in it, where it is narrowed to one."""

    @property
    def rows(self) -> int:
        """Those written so far."""

    def expected(self) -> int | None:
        """How many rows it will have, where that is known before."""

    def chunks(self, file_format: str, owner: User, at: datetime) -> Iterator[bytes]: ...


class ListFile:
    """A list, row by row."""

    formats: Collection[str] = tuple(SPREADSHEETS)
    report: Report | None = None
    department: int | None = None
    lease = LEASE

    def __init__(self, listing: Listing, asked: Mapping[str, str]) -> None:
        self.listing, self.asked = listing, asked
        self.words, self.has_patients = listing.words, listing.has_patients
        self._keys: Any = ()
        self._counted = Counted(iter(()))

    @property
    def rows(self) -> int:
        return self._counted.rows

    def expected(self) -> int:
        self._keys = self.listing.keys(settings.EXPORT_MAX_ROWS + 1)
        if len(self._keys) > settings.EXPORT_MAX_ROWS:
            raise Refused(f"More than {settings.EXPORT_MAX_ROWS:,} rows: narrow the list.")
        return len(self._keys)

    def chunks(self, file_format: str, owner: User, at: datetime) -> Iterator[bytes]:
        self._counted = Counted(self.listing.rows_ahead(self._keys))
        sheet = sheet_of(owner, self.listing, len(self._keys), at)
        return chunks(file_format, self.listing.headings, self._counted, sheet, self.listing.says)


def _nothing_more(_: Mapping[str, str]) -> Collection[str]:
    return ()


@dataclass(frozen=True)
class Kind:
    label: str
    access: str
    parameters: tuple[str, ...]
    content: Callable[[User, Mapping[str, str], date], Content]
    needs: Callable[[Mapping[str, str]], Collection[str]] = _nothing_more  # what else one must be allowed
    is_list: bool = True


def _list(listing: Callable[[User, Mapping[str, str], date], Listing]) -> Callable[..., ListFile]:
    return lambda user, asked, today: ListFile(listing(user, asked, today), asked)


def _claims(user: User, asked: Mapping[str, str], _: date) -> Listing:
    return claims_list(user, asked)


def _appeals(user: User, asked: Mapping[str, str], _: date) -> Listing:
    return appeals_list(user, asked)


def _remittances(user: User, asked: Mapping[str, str], _: date) -> Listing:
    return remittances_list(user, asked)


def _claims_of_kpi(user: User, asked: Mapping[str, str], today: date) -> Listing:
    """The claims that a KPI counts."""
    kpi, part = KPIS.get(asked.get("kpi", "")), asked.get("part", Part.ALL)
    problems = {}
    if kpi is None:
        problems["kpi"] = ["There is no such KPI."]
    if part not in {*Part}:
        problems["part"] = [f"One of {', '.join(Part)}."]
    if kpi is None or problems:
        raise WrongFilters(problems)
    question = ask(user, asked, today=today)
    found = kpi.claims(question.scope, question.period, Part(part))
    words = f"{kpi.label}: {'those it is about, ' if part == Part.INTEREST else ''}{question.words}"
    return listing_of_claims(user, found.visible_to(user).order_by("-number"), words)  # type: ignore[attr-defined]


KINDS: dict[str, Kind] = {
    "claims": Kind("Claims", "claims.view_claim", (*ClaimFilter.base_fields, "sort"), _list(_claims)),
    "appeals": Kind("Appeals", "claims.view_claim", (*AppealFilter.base_fields, "sort"), _list(_appeals)),
    "kpi": Kind(
        "Claims behind a number", "claims.view_claim", ("kpi", "part", *PARAMETERS), _list(_claims_of_kpi)
    ),
    "remittances": Kind(
        "Remittances", "claims.view_remittance", (*RemittanceFilter.base_fields, "sort"), _list(_remittances)
    ),
    "report": Kind(
        "Report", "analytics.add_report", ("report", "standard"), report_file, needs, is_list=False
    ),
}
KIND_CHOICES = [(key, kind.label) for key, kind in KINDS.items()]


def kinds_for(user: User) -> dict[str, Kind]:
    return {key: kind for key, kind in KINDS.items() if may(user, kind.access)}


def listed(user: User, kind: str, asked: Mapping[str, str], today: date) -> Listing:
    """The list asked for, as this person may see it now."""
    content = content_of(user, kind, asked, today)
    assert isinstance(content, ListFile)  # noqa: S101 - asked only for lists
    return content.listing


def content_of(user: User, kind: str, asked: Mapping[str, str], today: date) -> Content:
    try:
        return KINDS[kind].content(user, asked, today)
    except (WrongFilters, WrongQuestion) as wrong:
        raise WrongExport(wrong.problems) from wrong


def sheet_of(owner: User, listing: Listing, rows: int, at: datetime) -> Sheet:
    """What an Excel file of it says of itself."""
    about = [
        ("What", listing.noun.capitalize()),
        ("Filters", listing.words),
        ("Rows", rows),
        ("Patients", "Named" if listing.has_patients else "Left out"),
        ("Made", at),
        ("For", owner.name or owner.email),
    ]
    return Sheet(listing.noun.capitalize(), about)
