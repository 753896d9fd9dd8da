"""Until when something can still be done for a claim, by the limits of its payer and of its plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from .business_days import last_business_day
from .models import Claim
from .models.claims import OWED, UNANSWERED, ClaimQuerySet
from .outlines import Outline
from .plan_limits import Lengths, PlanLimits

Status = Claim.Status
SOON = (7, 14, 30)  # days
MISSED = "missed"


DENIED = Q(status=Status.DENIED)
# What is denied for its coding is corrected and billed again, for which the filing limit goes on. What other
# denials need is not as clear.
CORRECTED = Claim.Category.CODING


@dataclass(frozen=True)
class Limit:
    """What has to be done to claims so many of their payer's days after one of their own."""

    key: str
    label: str
    too_late: str
    applies: Q
    days: str  # which of the payer's limits
    of_plan: str  # and which of a plan's
    since: str  # the claim's day from which it counts


APPEAL = Limit("appeal", "Appeal", "Too late to appeal", DENIED, "appeal_days", "appeal_days", "decided_on")
FILING = Limit(
    "filing",
    "File again",
    "Too late to file again",
    UNANSWERED,
    "timely_filing_days",
    "filing_days",
    "service_to",
)
CORRECTION = Limit(
    "correction",
    "Bill again, corrected",
    "Too late to bill again",
    DENIED & Q(denial_category=CORRECTED),
    "timely_filing_days",
    "filing_days",
    "service_to",
)
LIMITS = (APPEAL, FILING, CORRECTION)


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


def limits_of(claim: Claim | Outline) -> list[Limit]:
    if claim.balance <= 0:
        return []
    if claim.status == Status.DENIED:
        return [APPEAL, *([CORRECTION] if claim.denial_category == CORRECTED else [])]
    is_waiting = claim.status in (Status.SUBMITTED, Status.PENDING)
    return [FILING] if is_waiting and claim.at_intake != Claim.AtIntake.ACCEPTED else []


def deadline_of(claim: Claim | Outline, today: date, plans: PlanLimits | None = None) -> Deadline | None:
    """The next of its deadlines, or the last that it missed."""
    found = deadlines_of(claim, today, plans)
    to_come = [each for each in found if each.left >= 0]
    return min(to_come or found[-1:], key=lambda each: each.day, default=None)


def deadlines_of(claim: Claim | Outline, today: date, plans: PlanLimits | None = None) -> list[Deadline]:
    """What limits mean for one claim, the soonest first; nothing where nobody knows the payer or the day.

    Whoever asks for many claims reads the limits of their plans once.
    """
    payer, limits = claim.payer, [each for each in limits_of(claim) if getattr(claim, each.since)]
    if payer is None or not limits:
        return []
    plans = plans or PlanLimits([claim])
    found = []
    for limit in limits:
        of_plan = plans.days(claim, limit.of_plan)
        days = getattr(payer, limit.days) if of_plan is None else of_plan
        day = getattr(claim, limit.since) + timedelta(days=days)
        found.append(Deadline(limit, day, (day - today).days))
    return sorted(found, key=lambda each: each.day)


def due(limit: Limit, first: date | None, last: date, lengths: Lengths | None = None) -> Q:
    """Claims whose deadline lies between these days: of their own days a range for each length of limit.

    Whoever asks for several limits reads their lengths once.
    """
    found, known = Q(pk__in=[]), list[timedelta]()
    for days, claims in (lengths or Lengths()).of_claims(limit.days, limit.of_plan):
        counted = timedelta(days=days)
        found |= claims & _between(limit, first, last, counted, counted)
        known.append(counted)
    # An index is read from the first of these days to the last, whatever the ranges between.
    days_of_all = _between(limit, first, last, min(known), max(known)) if known else Q()
    # What a limit applies to is open. PostgreSQL that is told so twice expects too few claims by far; SQLite
    # finds the index of those that are owed by its very words alone.
    owed = OWED if connection.vendor == "sqlite" else Q(balance__gt=0)
    return owed & limit.applies & days_of_all & found


def _between(limit: Limit, first: date | None, last: date, shortest: timedelta, longest: timedelta) -> Q:
    """Claims whose own day lies where a limit of such a length ends between these days."""
    since = Q(**{f"{limit.since}__lte": last - shortest})
    return since & Q(**{f"{limit.since}__gte": first - longest}) if first else since


def due_within(limit: Limit, days: int, today: date, lengths: Lengths | None = None) -> Q:
    return due(limit, today, today + timedelta(days=days), lengths)


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


def at_risk(claims: ClaimQuerySet, limit: Limit, today: date, lengths: Lengths | None = None) -> list[AtRisk]:
    """For each number of days what is due until then, the sooner being a part of the later."""
    return added_up(due_soon(claims, limit, today, lengths or Lengths()), today)


def due_soon(claims: ClaimQuerySet, limit: Limit, today: date, lengths: Lengths) -> QuerySet[Any, Any]:
    """By the day from which a limit counts, and by its length: how many claims, and what they owe."""
    soon = claims.filter(due_within(limit, max(SOON), today, lengths)).order_by()
    lasting = soon.alias(lasting=lengths.of_each(limit.days, limit.of_plan))
    by_day = lasting.values_list(F(limit.since), F("lasting"))
    return by_day.annotate(claims=Count("*"), dollars=Sum("balance"))


def added_up(rows: Iterable[tuple[date, int, int, Decimal]], today: date) -> list[AtRisk]:
    found = [(since + timedelta(days=days), count, dollars) for since, days, count, dollars in rows]
    return [
        AtRisk(
            sum(count for day, count, _ in found if day <= today + timedelta(days=days)),
            sum((dollars for day, _, dollars in found if day <= today + timedelta(days=days)), Decimal(0)),
        )
        for days in SOON
    ]
