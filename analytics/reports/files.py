"""Reports as files: one that somebody put together, or a standard one of several parts.

What a file holds is read when it is made, with the rights that its owner has then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.models import User

from ..models import Report
from ..questions import WrongQuestion
from . import documents, plain_rows, sheets
from .asking import read
from .dimensions import DIMENSIONS
from .parts import Part
from .standard import STANDARD, parts_of

EVER_NEEDED = frozenset(each.access for each in DIMENSIONS.values() if each.access)

Write = Callable[["ReportFile", User, datetime], Iterator[bytes]]


class TooLong(Exception):
    """A report has more rows than a file may have."""


@dataclass
class ReportFile:
    title: str
    parts: Sequence[Part]
    asked: Mapping[str, str]
    formats: Collection[str]
    report: Report | None = None
    has_patients: bool = False
    lease: timedelta = timedelta(minutes=5)  # live dimensions are read whole before the first piece is there
    rows: int = 0

    @property
    def words(self) -> str:
        return f"{self.title}: {self.parts[0].asked.words}"

    @property
    def department(self) -> int | None:
        """The one that each of its parts is narrowed to."""
        asked = {each.asked.question.scope.department for each in self.parts}
        alone = asked.pop() if len(asked) == 1 else None
        return alone if isinstance(alone, int) else None

    def expected(self) -> None:
        """Known once they are read."""

    def chunks(self, file_format: str, owner: User, at: datetime) -> Iterator[bytes]:
        return WRITERS[file_format](self, owner, at)

    def counted(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            self.rows += 1
            if self.rows > settings.EXPORT_MAX_ROWS:
                raise TooLong(f"More than {settings.EXPORT_MAX_ROWS:,} rows: narrow the report.")
            yield row


WRITERS: dict[str, Write] = {
    "csv": lambda file, owner, at: sheets.csv(file.parts[0], file.counted),
    "xlsx": lambda file, owner, at: sheets.xlsx(file.title, file.parts, owner, at, file.counted),
    "pdf": lambda file, owner, at: documents.pdf(file.title, file.parts, owner, at, file.counted),
    "json": lambda file, owner, at: plain_rows.json_chunks(file.title, file.parts[0], at, file.counted),
}


def report_file(user: User, asked: Mapping[str, str], today: date) -> ReportFile:
    """A kept report by its number, a definition as JSON, or a standard report by its name."""
    if "standard" in asked:
        return _standard(user, asked, today)
    report = _kept(user, asked["report"]) if "report" in asked else None
    if "definition" in asked or "asked" in asked:
        definition = json.loads(asked.get("definition") or asked["asked"])
    elif report is not None:
        definition = report.asked
    else:
        raise WrongQuestion({"report": ["Say which: a kept report, a standard one, or what it asks."]})
    question = read(definition, user, today)
    title = report.name if report else question.title
    told = {name: value for name, value in question.definition.items() if name != "format"}
    kept = {"definition": json.dumps(told, sort_keys=True)}
    if report is not None:
        kept["report"] = str(report.pk)
    return ReportFile(title, [Part(title, question)], kept, tuple(WRITERS), report)


def _kept(user: User, number: str) -> Report:
    known = Report.objects.visible_to(user)
    report = known.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 18 else None
    if report is None:
        raise WrongQuestion({"report": ["There is no such report."]})
    return report


def _standard(user: User, asked: Mapping[str, str], today: date) -> ReportFile:
    name = asked["standard"]
    if name not in STANDARD:
        raise WrongQuestion({"standard": [f"One of {', '.join(STANDARD)}."]})
    days = {"period": asked["period"]} if "period" in asked else {}
    parts = parts_of(name, user, today, days)
    return ReportFile(STANDARD[name].title, parts, dict(asked), ("xlsx", "pdf"))


def needs(asked: Mapping[str, str]) -> Collection[str]:
    """What one must be allowed to see what a file tells apart."""
    if "definition" not in asked:
        return ()
    groups = json.loads(asked["definition"]).get("group_by", ())
    return {DIMENSIONS[each].access for each in groups if each in DIMENSIONS} - {""}
