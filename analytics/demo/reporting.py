"""Reports that the demo's director and manager keep, share and have sent to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.utils import timezone

from accounts.demo import people_by_role
from accounts.models import User

from ..models import Report, Schedule
from ..reports.keeping import pin_report, save_report, share_report
from ..reports.schedules import save_schedule


@dataclass(frozen=True)
class Kept:
    """A report that somebody put together."""

    role: str
    name: str
    asked: dict[str, Any]
    shared_with: tuple[str, ...] = ()  # roles
    is_pinned: bool = False


REPORTS = [
    Kept(
        "director",
        "Denials, month by month",
        {
            "kpis": ["denial_rate", "initial_denial_rate"],
            "group_by": ["month"],
            "period": "last_12_months",
            "chart": "line",
        },
        shared_with=("manager", "analyst"),
        is_pinned=True,
    ),
    Kept(
        "director",
        "Who pays late",
        {
            "kpis": ["average_days_to_pay", "open_ar", "aged_ar_over_90"],
            "group_by": ["payer"],
            "period": "last_90_days",
            "compare": "previous",
            "chart": "bar",
        },
        shared_with=("manager",),
    ),
    Kept(
        "manager",
        "Money in, by department",
        {
            "kpis": ["cash_collected", "net_collection_rate"],
            "group_by": ["department", "month"],
            "period": "this_year",
        },
    ),
    Kept(
        "manager",
        "What is denied, and for what",
        {
            "kpis": ["denied_charges"],
            "group_by": ["reason"],
            "period": "last_90_days",
            "chart": "bar",
        },
        is_pinned=True,
    ),
]


def keep_reports() -> None:
    """Nothing is sent before the next Monday."""
    people = people_by_role()
    for wish in REPORTS:
        if wish.role in people:
            _keep(wish, people[wish.role])
    if "director" in people:
        _send_on_mondays(people["director"], timezone.now())


def _keep(wish: Kept, owner: User) -> None:
    report = save_report(Report(owner=owner), name=wish.name, asked=wish.asked, actor=owner)
    if wish.shared_with:
        share_report(report, people=[], roles=wish.shared_with, actor=owner)
    if wish.is_pinned:
        pin_report(report, actor=owner)


def _send_on_mondays(director: User, now: datetime) -> None:
    schedule = Schedule(
        name="How we stand, for Monday's meeting",
        owner=director,
        standard=Schedule.Standard.DASHBOARD,
        at=time(7),
        time_zone=timezone.get_default_timezone_name(),
    )
    save_schedule(schedule, [director], actor=director, now=now)
