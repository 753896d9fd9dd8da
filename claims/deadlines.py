"""Until when something can still be done for a claim, by its payer's limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, F, Q, Sum

from .business_days import last_business_day
from .models import Claim, Payer
from .models.claims import OWED, UNANSWERED, ClaimQuerySet

Status = Claim.Status
SOON = (7, 14, 30)  # days
MISSED = "missed"


DENIED = Q(status=Status.DENIED)


@dataclass(frozen=True)
class Limit:
    """What has to be done to claims so many of their payer's days after one of their own."""

    key: str
    label: str
    too_late: str
    applies: Q
    days: str  # which of the payer's limits
    since: str  # the claim's day from which it counts


APPEAL = Limit("appeal", "Appeal", "Too late to appeal", DENIED, "appeal_days", "decided_on")
FILING = Limit(
    "filing", "File again", "Too late to file again", UNANSWERED, "timely_filing_days", "service_to"
)
LIMITS = (APPEAL, FILING)


@dataclass(frozen=True)
class Deadline:
    limit: Limit
    day: date
    left: int  # days; below zero once it has passed

    @property
    def work_day(self) -> date:
        """The last on which it can be done in an office."""
        return last_business_day(self.day)


@dataclass(frozen=True)
class AtRisk:
    """What is lost unless it is acted upon within so many days, or has been."""

    claims: int
    dollars: Decimal


def limit_of(claim: Claim) -> Limit | None:
    if claim.balance <= 0:
        return None
    if claim.status == Status.DENIED:
        return APPEAL
    is_waiting = claim.status in (Status.SUBMITTED, Status.PENDING)
    return FILING if is_waiting and claim.at_intake != Claim.AtIntake.ACCEPTED else None


def deadline_of(claim: Claim, today: date) -> Deadline | None:
    """What its payer's limits mean for one claim; nothing where nobody knows the payer or the day."""
    limit = limit_of(claim)
    since = getattr(claim, limit.since) if limit else None
    if limit is None or since is None or claim.payer is None:
        return None
    day = since + timedelta(days=getattr(claim.payer, limit.days))
    return Deadline(limit, day, (day - today).days)


def due(limit: Limit, first: date | None, last: date) -> Q:
    """Claims whose deadline lies between these days: of their own days a range for each length of limit."""
    payers: dict[int, list[int]] = defaultdict(list)
    for pk, days in Payer.objects.order_by().values_list("pk", limit.days):
        payers[days].append(pk)
    found = Q(pk__in=[])
    for days, of_payers in payers.items():
        length = timedelta(days=days)
        since = Q(**{f"{limit.since}__lte": last - length}, payer__in=of_payers)
        if first:
            since &= Q(**{f"{limit.since}__gte": first - length})
        found |= since
    return OWED & limit.applies & found


def due_within(limit: Limit, days: int, today: date) -> Q:
    return due(limit, today, today + timedelta(days=days))


def missed(limit: Limit, today: date) -> Q:
    return due(limit, None, today - timedelta(days=1))


def choices() -> list[tuple[str, str]]:
    """Names for what is due, as `chosen` knows them."""
    return [
        *((f"{limit.key}-{days}", f"{limit.label} within {days} days") for limit in LIMITS for days in SOON),
        *((f"{limit.key}-{MISSED}", limit.too_late) for limit in LIMITS),
    ]


def chosen(name: str, today: date) -> Q:
    key, _, days = name.partition("-")
    limit = next(limit for limit in LIMITS if limit.key == key)
    return missed(limit, today) if days == MISSED else due_within(limit, int(days), today)


def at_risk(claims: ClaimQuerySet, limit: Limit, today: date, within: Sequence[int] = SOON) -> list[AtRisk]:
    """For each number of days what is due until then, the sooner being a part of the later."""
    since, length = F(limit.since), F(f"payer__{limit.days}")
    soon = claims.filter(due_within(limit, max(within), today)).order_by()
    rows = soon.values_list(since, length).annotate(Count("pk"), Sum("balance"))
    found = [(since + timedelta(days=days), count, dollars) for since, days, count, dollars in rows]
    return [
        AtRisk(
            sum(count for day, count, _ in found if day <= today + timedelta(days=days)),
            sum((dollars for day, _, dollars in found if day <= today + timedelta(days=days)), Decimal(0)),
        )
        for days in within
    ]
