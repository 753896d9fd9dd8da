"""The reports that there are: one's own, those that others share, and the standing ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow, may, person
from accounts.roles import ROLES
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import day, unbroken

from ..kpis import KPIS
from ..models import Report, Schedule
from ..periods import LABELS
from ..reports.asking import NUMBERS
from ..reports.dimensions import DIMENSIONS

LOOK, SCHEDULE = "analytics.view_dashboard", "analytics.add_schedule"


class Standard(NamedTuple):
    label: str
    url: str
    question: str


def standard() -> list[Standard]:
    return [
        Standard("Dashboard", reverse("dashboard"), "How do we stand?"),
        Standard("Denials", reverse("denials"), "Who denies us, and why?"),
        Standard("A/R", reverse("receivables"), "Who owes us, and since when?"),
        Standard("Payers", reverse("payers"), "How well does each of them pay?"),
        Standard("The numbers", reverse("numbers"), "What does each KPI mean, and how is it worked out?"),
    ]


@allow(LOOK)
@never_cache
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    seen = Report.objects.visible_to(user).select_related("owner").prefetch_related("people")
    pinned = set(user.pinned_reports.values_list("pk", flat=True))
    shared = [each for each in seen if each.owner_id != user.pk]
    own = [each for each in seen if each.owner_id == user.pk]
    frame = {
        "title": "Which reports do we keep?",
        "lead": "A report is a question that is kept. Everybody sees it answered with their own rights.",
        "mine": own_table(request, own, pinned),
        "shared": shared_table(request, shared, pinned) if shared else None,
        "standard": standard(),
        "may_schedule": may(user, SCHEDULE),
        "schedules": Schedule.objects.filter(owner=user).count() if may(user, SCHEDULE) else 0,
    }
    return render(request, "analytics/reports.html", frame)


def own_table(request: HttpRequest, reports: list[Report], pinned: set[int]) -> Table:
    return Table(
        request,
        reports,
        [
            name_column(),
            asks_column(),
            Column("shared", "Shared with", lambda each: shared_with(each) or "Nobody"),
            pinned_column(pinned),
            Column(
                "changed",
                "Changed",
                lambda each: unbroken(day(timezone.localdate(each.changed_at))),
                sort="day",
                value=lambda each: each.changed_at,
            ),
        ],
        key="mine",
        caption="Mine",
        link=lambda each: reverse("report", args=[each.pk]),
        empty_title="You keep no report yet",
        empty_text="Choose numbers, by what they are grouped and over which days; "
        "the answer stands beside it as you choose.",
        empty_url=reverse("new_report"),
        empty_action="Put a report together",
    )


def shared_table(request: HttpRequest, reports: list[Report], pinned: set[int]) -> Table:
    owner = Column("owner", "From", lambda each: str(each.owner), sort="owner")
    return Table(
        request,
        reports,
        [name_column(), asks_column(), owner, pinned_column(pinned)],
        key="shared",
        caption="Shared with me",
        link=lambda each: reverse("report", args=[each.pk]),
    )


def name_column() -> Column:
    return Column("name", "Report", lambda each: each.name, sort="name")


def asks_column() -> Column:
    return Column("asks", "Asks", lambda each: asks_in_words(each.asked))


def pinned_column(pinned: set[int]) -> Column:
    return Column("pinned", "Dashboard", lambda each: Cell("Pinned" if each.pk in pinned else "–"))


def asks_in_words(definition: Mapping[str, Any]) -> str:
    """What it asks, without asking the database: the list has many."""
    labels = [KPIS[key].label for key in definition.get("kpis", []) if key in KPIS]
    labels += [NUMBERS[key].label for key in definition.get("measures", []) if key in NUMBERS]
    groups = [DIMENSIONS[key].label.lower() for key in definition.get("group_by", []) if key in DIMENSIONS]
    numbers = ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")
    return f"{numbers}{' by ' if groups else ''}{' and '.join(groups)}; {days_in_words(definition)}"


def days_in_words(definition: Mapping[str, Any]) -> str:
    period = definition.get("period")
    if isinstance(period, str) and period in LABELS:
        return LABELS[period].lower()
    return f"{definition['start']} to {definition['end']}" if definition.get("start") else "one's own period"


def shared_with(report: Report) -> str:
    roles = [f"{ROLES[key].label}s" for key in roles_of(report) if key in ROLES]
    return ", ".join([*roles, *(str(each) for each in report.people.all())])


def roles_of(report: Report) -> list[str]:
    return [key for key in report.shared_roles.split(",") if key]
