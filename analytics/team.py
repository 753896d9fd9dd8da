"""Who comes to work, counted from the audit trail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate

from accounts.models import AuditEntry, User
from rcm_site.days import midnight

from .cards import Card, Good, change_in_count

WEEK = timedelta(days=7)
PERIOD = "the 7 days before"
SIGN_IN = "sign_in"
FAILED = ("sign_in.failed", "sign_in.locked")


@dataclass(frozen=True)
class SignIns:
    """How often somebody signed in, or failed to, on one day."""

    day: date
    who: int | None
    action: str
    times: int


def sign_in_cards(viewer: User, *, today: date) -> list[Card]:
    """The last seven days of the people whom this person may see."""
    team = User.objects.visible_to(viewer)
    start = today - 2 * WEEK + timedelta(days=1)
    rows = (
        AuditEntry.objects.filter(action__in=(SIGN_IN, *FAILED), actor__in=team)
        .filter(at__gte=midnight(start), at__lt=midnight(today + timedelta(days=1)))
        .annotate(day=TruncDate("at"))
        .order_by("day")
        .values_list("day", "actor", "action")
        .annotate(times=Count("pk"))
    )
    told = [SignIns(*row) for row in rows]
    active = team.active().count()
    return [
        people_card([each for each in told if each.action == SIGN_IN], today, active),
        refused_card([each for each in told if each.action != SIGN_IN], today),
    ]


def people_card(sign_ins: list[SignIns], today: date, active: int) -> Card:
    now, before = (people(during(sign_ins, end)) for end in (today, today - WEEK))
    by_day: dict[date, int] = defaultdict(int)
    for each in sign_ins:
        by_day[each.day] += 1
    return Card(
        "People signed in, last 7 days",
        f"{now:,}",
        definition="Different people of yours who signed in at least once, today and the six days before.",
        change=change_in_count(now, before, period=PERIOD, good=Good.EITHER),
        n=f"of {active:,} active people",
        trend=daily(by_day, today),
    )


def refused_card(failed: list[SignIns], today: date) -> Card:
    now, before = (sum(each.times for each in during(failed, end)) for end in (today, today - WEEK))
    concerned = people(during(failed, today))
    by_day: dict[date, int] = defaultdict(int)
    for each in failed:
        by_day[each.day] += each.times
    return Card(
        "Failed sign-ins, last 7 days",
        f"{now:,}",
        definition="Wrong passwords and refusals after too many of them, for accounts of your people.",
        change=change_in_count(now, before, period=PERIOD, good=Good.DOWN),
        n=f"{concerned:,} {'person' if concerned == 1 else 'people'} concerned",
        trend=daily(by_day, today),
    )


def during(told: Iterable[SignIns], last_day: date) -> list[SignIns]:
    """Those of the seven days that end with this one."""
    return [each for each in told if last_day - WEEK < each.day <= last_day]


def people(told: Iterable[SignIns]) -> int:
    return len({each.who for each in told})


def daily(by_day: dict[date, int], today: date) -> list[int]:
    """One number a day for two weeks, days without any included."""
    return [by_day.get(today - timedelta(days=before), 0) for before in range(2 * WEEK.days - 1, -1, -1)]
