"""Reports that somebody pinned, as they stand on their dashboard: one chart or a few rows each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from django.http import HttpRequest
from django.utils import timezone

from accounts.access import person
from accounts.models import User
from rcm_site.charts import Chart, Size
from rcm_site.tables import Table

from ..models import Report
from ..questions import WrongQuestion
from ..reports import answering, asking, drawing
from ..reports.keeping import MOST_PINS
from ..reports.waiting import takes_a_while
from .report_table import report_table

ROWS = 6


@dataclass(frozen=True)
class Pin:
    """Neither chart nor table: what it asks is not there any more, or takes a while."""

    report: Report
    words: str = ""
    chart: Chart | None = None
    table: Table | None = None
    takes_a_while: bool = False


def pins(request: HttpRequest) -> list[Pin]:
    user, today = person(request), timezone.localdate()
    pinned = list(Report.objects.visible_to(user).filter(pinned_by=user).order_by("name", "pk")[:MOST_PINS])
    size = Size.HALF if len(pinned) > 1 else Size.WIDE
    return [pin_of(request, each, user, today, size) for each in pinned]


def pin_of(request: HttpRequest, report: Report, user: User, today: date, size: Size) -> Pin:
    try:
        asked = asking.read(report.asked, user, today)
    except WrongQuestion:
        return Pin(report)
    if takes_a_while(asked):
        return Pin(report, asked.words, takes_a_while=True)
    answer = answering.rows(asked)
    drawn = drawing.charts(answer, size)
    if drawn:
        about = replace(drawn[0].about, key=f"pin-{report.pk}", level=3)
        return Pin(report, asked.words, chart=replace(drawn[0], about=about))
    table = report_table(request, answer, key=f"pin-{report.pk}", most=ROWS, is_sorted=False, is_small=True)
    return Pin(report, asked.words, table=table)
