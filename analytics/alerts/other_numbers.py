"""Numbers besides the KPIs of which people want to hear: what is about to be lost, and what does not run."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Count, Q, QuerySet, Sum
from django.utils import timezone

from claims.deadlines import FILING, due_within
from claims.models import Import, OutboxMessage, Review
from rcm_site.days import midnight

from ..cards import Good
from ..catalogue import Unit
from ..facts.reading import paths_to
from ..facts.sources import COUNTED
from ..periods import DAY, Period
from ..snapshots import hours_since_last
from .watched import EACH, KPI_FILTERS, Found, Looking, watch

FILING_DAYS = 14


@watch(
    "Dollars at filing risk",
    Unit.MONEY,
    Good.DOWN,
    each=EACH,
    filters=KPI_FILTERS,
    is_about_site=False,
    noun_of_n="claims",
)
def filing_at_risk(looking: Looking) -> list[Found]:
    """Balances of claims that have to be filed again within 14 days, before their payer's limit passes."""
    today = timezone.localdate(looking.now)
    claims = looking.scope.claims().filter(due_within(FILING, FILING_DAYS, today)).order_by()
    rows = _counted(claims, looking.each, "", n=Count("pk"), dollars=Sum("balance"))
    return [Found(row["dollars"] or Decimal(0), row["n"], **member) for member, row in rows]


def _counted(
    rows: QuerySet[Any], each: str, claim: str, **sums: Aggregate
) -> list[tuple[dict[str, int | None], dict[str, Any]]]:
    """Sums of all rows, or of those of each payer, department or provider."""
    if not each:
        return [({}, rows.aggregate(**sums))]
    path = paths_to(claim)[each]
    return [({each: row[path]}, row) for row in rows.order_by().values(path).annotate(**sums)]


@watch(
    "Staff error rate",
    Unit.PERCENT,
    Good.DOWN,
    is_as_of=False,
    each=("department",),
    filters=("payer", "department", "kind"),
    is_about_site=False,
    is_ratio=True,
    knows_past=True,
    noun_of_n="reviewed actions",
)
def staff_error_rate(looking: Looking) -> list[Found]:
    """Of people's actions that somebody reviewed, those that were found to be errors, by the day of the
    action."""
    start, end = _moments(looking.period)
    rows = Review.objects.exclude(verdict="").filter(
        looking.scope.condition("event__claim__"),
        event__at__gte=start,
        event__at__lt=end,
        event__claim__status__in=COUNTED,
    )
    errors = Count("pk", filter=Q(verdict="error"))
    counted = _counted(rows, looking.each, "event__claim__", n=Count("pk"), errors=errors)
    return [
        Found(Decimal(row["errors"]) / row["n"] * 100 if row["n"] else None, row["n"], **member)
        for member, row in counted
    ]


@watch("Failed imports", Unit.COUNT, Good.DOWN, is_as_of=False, knows_past=True, noun_of_n="files")
def failed_imports(looking: Looking) -> list[Found]:
    """Files that could not be read, or at which we failed, by the day on which they ended."""
    start, end = _moments(looking.period)
    over = Import.objects.filter(finished_at__gte=start, finished_at__lt=end)
    failed = over.filter(state=Import.State.FAILED).count()
    return [Found(Decimal(failed), over.count())]


@watch("Dead letters", Unit.COUNT, Good.DOWN, noun_of_n="messages")
def dead_letters(looking: Looking) -> list[Found]:
    """Messages that the payments side has not taken and that were given up, until somebody sends them
    again."""
    dead = OutboxMessage.objects.dead().count()
    return [Found(Decimal(dead), dead)]


@watch("Age of the last snapshot", Unit.COUNT, Good.DOWN, noun="hours")
def stale_snapshots(looking: Looking) -> list[Found]:
    """Hours since the end of the last day whose numbers were kept; while there is none, since they could
    have been."""
    hours = hours_since_last(looking.now)
    return [Found(None if hours is None else Decimal(int(hours)), 1)]


def _moments(period: Period) -> tuple[datetime, datetime]:
    return midnight(period.start), midnight(period.end + DAY)
