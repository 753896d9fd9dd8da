"""What waits on worklists: how it moved over the period, and how much and how old it is at its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.http import HttpRequest
from django.urls import reverse

from accounts.access import may, person
from rcm_site import charts
from rcm_site.charts import About, Chart, Series, line_chart
from rcm_site.charts.chart import MOST_SERIES
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import day, number

from ..backlogs import Course, courses, days_of
from ..cards import Good
from ..questions import Question
from .columns import change_column, count_column, dollars_column
from .report import part_url


def backlogs_of(request: HttpRequest, question: Question) -> list[Course]:
    user = person(request)
    return courses(user, question.scope, question.period) if may(user, "claims.view_worklist") else []


def backlog_chart(request: HttpRequest, question: Question, found: Sequence[Course]) -> Chart | None:
    """The longest lists, day by day; one day makes no course."""
    days = days_of(found)
    if len(days) < 2:
        return None
    longest = found[:MOST_SERIES]
    others = f"; the table below has all {len(found)}" if len(found) > MOST_SERIES else ""
    about = About(
        "backlog-course",
        "How backlogs moved",
        caption=f"Claims to work at the end of each day, {day(days[0])} – {day(days[-1])}, "
        f"on the {'longest lists' if others else 'worklists'}{others}",
        axis="Claims that wait",
        rows="As of",
        export_url=part_url(request, "backlog-course"),
    )
    lines = [Series(course.name, [_waited(course, each) for each in days]) for course in longest]
    return line_chart(about, charts.COUNT, days, lines, from_zero=True)


def _waited(course: Course, each: date) -> int | None:
    counted = course.days.get(each)
    return counted.claims if counted else None


def backlog_table(request: HttpRequest, question: Question, found: Sequence[Course]) -> Table:
    columns: list[Column] = [
        Column("list", "Worklist", lambda row: row.name, sort="list"),
        count_column("claims", "Claims that wait", lambda row: row.now.claims),
        change_column(
            "change",
            "More or fewer",
            lambda row: row.change,
            lambda change: number(Decimal(change)),
            Good.DOWN,
        ),
        dollars_column("dollars", "Dollars", lambda row: row.now.dollars),
        count_column("over-90", "Over 90 days old", lambda row: row.now.over_90),
        Column(
            "oldest",
            "Oldest, days",
            lambda row: Cell(number(row.oldest_days), title=f"submitted {day(row.now.oldest)}", numeric=True),
            numeric=True,
            sort="oldest",
            value=lambda row: row.oldest_days,
        ),
        Column("as-of", "Counted", lambda row: day(row.last_day), value=lambda row: row.last_day),
    ]
    return Table(
        request,
        found,
        columns,
        key="backlogs",
        default_sort="-claims",
        link=lambda row: reverse("worklist", args=[row.worklist]),
        caption=f"What waits on worklists, {question.period_in_words}",
        export_url=part_url(request, "backlogs"),
        empty_title="No backlog was counted for this",
        empty_text="Worklists are counted each day by department: empty other filters, or choose later days.",
    )
