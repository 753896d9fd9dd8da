"""Who comes to work, counted from the audit trail."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from accounts.models import AuditEntry, User
from rcm_site.days import midnight

from .cards import Card, Good, change_in_count

WEEK = timedelta(days=7)
PERIOD = "the 7 days before"


def sign_in_cards(viewer: User, *, today: date) -> list[Card]:
    """The last seven days of the people whom this person may see."""
    team = User.objects.visible_to(viewer)
    return [people_card(team, today), refused_card(team, today)]


def people_card(team: QuerySet[User], today: date) -> Card:
    sign_ins = AuditEntry.objects.filter(action="sign_in", actor__in=team)
    now, before = (people(during(sign_ins, end)) for end in (today, today - WEEK))
    return Card(
        "People signed in, last 7 days",
        f"{now:,}",
        definition="Different people of yours who signed in at least once, today and the six days before.",
        change=change_in_count(now, before, period=PERIOD, good=Good.EITHER),
        n=f"of {team.active().count():,} active people",  # type: ignore[attr-defined]
        trend=daily(sign_ins, today, Count("actor", distinct=True)),
    )


def refused_card(team: QuerySet[User], today: date) -> Card:
    failed = AuditEntry.objects.filter(
        Q(action="sign_in.failed") | Q(action="sign_in.locked"), actor__in=team
    )
    now, before = (during(failed, end).count() for end in (today, today - WEEK))
    concerned = people(during(failed, today))
    return Card(
        "Failed sign-ins, last 7 days",
        f"{now:,}",
        definition="Wrong passwords and refusals after too many of them, for accounts of your people.",
        change=change_in_count(now, before, period=PERIOD, good=Good.DOWN),
        n=f"{concerned:,} {'person' if concerned == 1 else 'people'} concerned",
        trend=daily(failed, today, Count("pk")),
    )


def during(entries: QuerySet[AuditEntry], last_day: date) -> QuerySet[AuditEntry]:
    """Those of the seven days that end with this one."""
    start, end = last_day - WEEK + timedelta(days=1), last_day + timedelta(days=1)
    return entries.filter(at__gte=midnight(start), at__lt=midnight(end))


def people(entries: QuerySet[AuditEntry]) -> int:
    return entries.aggregate(people=Count("actor", distinct=True))["people"]


def daily(entries: QuerySet[AuditEntry], today: date, measure: Count) -> list[int]:
    """One number a day for two weeks, days without any included."""
    start = today - 2 * WEEK + timedelta(days=1)
    counted = dict(
        entries.filter(at__gte=midnight(start), at__lt=midnight(today + timedelta(days=1)))
        .annotate(day=TruncDate("at"))
        .order_by("day")
        .values_list("day")
        .annotate(measured=measure)
    )
    return [counted.get(start + timedelta(days=day), 0) for day in range(2 * WEEK.days)]
