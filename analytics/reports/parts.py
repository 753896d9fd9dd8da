"""What a report's file is made of: a heading and a question, once or several times over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from accounts.models import Department, User

from .answering import FEW_NOTE, ReportRow, ReportTable
from .asking import ReportQuestion

Counted = Callable[[Iterable[ReportRow]], Iterator[ReportRow]]


@dataclass(frozen=True)
class Part:
    heading: str
    asked: ReportQuestion
    sheet: str = "Report"  # how its sheet is called in Excel


def whose(user: User) -> str:
    """Whose claims are in it: a file may be shown to somebody who sees others'."""
    if user.sees_everything:
        return "All departments"
    names = Department.objects.visible_to(user).order_by("name").values_list("name", flat=True)
    return ", ".join(names) or "No department"


def notes_of(table: ReportTable, rows: Sequence[ReportRow]) -> list[str]:
    """What has to be said below its rows."""
    figures = (each for row in rows for each in (*row.now, *(row.then or ())))
    return [*table.notes, *([FEW_NOTE] if any(each.is_few for each in figures) else [])]
