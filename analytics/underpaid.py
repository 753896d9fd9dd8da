"""Underpayments over a period: the claims are those that the number counts, so their causes add up to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from claims.answers import denials
from claims.contracts.causes import CauseFound, CauseKey, Row, Sums, add_up, by_cause, worth_pursuing
from claims.contracts.schedules import code
from claims.models import Adjustment, ClaimPayment, FeeSchedule, Payer, Shortfall

from .catalogue import Figure
from .facts.caching import is_told, remembered
from .facts.measures import is_underpaid
from .facts.totals import totals
from .kpis import KPIS
from .questions import Question

UNDERPAID = KPIS["underpaid_amount"]


@dataclass(frozen=True)
class Month:
    """What claims paid in a month fell short for one cause."""

    start: date
    claims: int
    expected: Decimal
    short: Decimal

    @property
    def share(self) -> Decimal | None:
        return self.short / self.expected if self.expected else None


@dataclass(frozen=True)
class Given:
    """A reason that the payer gave on the lines in question."""

    code: str
    words: str
    times: int
    dollars: Decimal


@dataclass(frozen=True)
class Underpaid:
    """The number, its causes, and how its parts add up to it."""

    figure: Figure
    causes: list[CauseFound]
    sums: Sums


def underpaid(question: Question) -> Underpaid:
    """What the law keeps back is most of the parts: facts know it, and the others are looked at."""
    scope, period = question.scope, question.period
    (row,) = totals(scope, period, [*UNDERPAID.needed, "kept_by_law"])
    rows = _by_cause(question)
    payers = dict(Payer.objects.values_list("pk", "name"))
    causes, sums = add_up(rows, payers, Decimal(row.sums["kept_by_law"]))
    return Underpaid(UNDERPAID.figure(row.sums, period.days), causes, sums)


def _by_cause(question: Question) -> list[Row]:
    def read() -> list[Row]:
        return by_cause(short_parts(question))

    scope, period = question.scope, question.period
    return remembered(("underpaid", scope, period, tolerated()), read) if is_told(scope) else read()


def tolerated() -> tuple[Decimal, Decimal]:
    """What is worth pursuing depends on it."""
    return settings.UNDERPAID_DOLLARS, settings.UNDERPAID_PERCENT


def short_parts(question: Question) -> QuerySet[Shortfall]:
    """Of the claims that the number counts."""
    days = Q(claim__paid_on__gte=question.period.start, claim__paid_on__lte=question.period.end)
    return Shortfall.objects.filter(days, question.scope.condition("claim__"), is_underpaid("claim__"))


def of_cause(question: Question, key: CauseKey) -> QuerySet[Shortfall]:
    return worth_pursuing(short_parts(question).filter(key.condition()))


def by_month(parts: QuerySet[Shortfall]) -> list[Month]:
    rows = parts.annotate(month=TruncMonth("claim__paid_on")).order_by("month").values_list("month")
    return [
        Month(*row) for row in rows.annotate(Count("claim", distinct=True), Sum("expected"), Sum("amount"))
    ]


def reasons(parts: QuerySet[Shortfall], key: CauseKey) -> list[Given]:
    """Of the lines with this service; of the whole claims where no line is in question."""
    told = Adjustment.objects.filter(
        claim__in=parts.order_by().values("claim"), payment__state=ClaimPayment.State.POSTED
    )
    if key.cause != Shortfall.Cause.CLAIM:
        of_service = Q(service__line__procedure=key.procedure, service__line__modifiers=key.modifiers)
        told = told.filter(of_service)
    rows = told.order_by().values_list("group", "reason").annotate(Count("pk"), Sum("amount"))
    found = [
        Given(f"{group}-{reason}", denials.words(group, reason), times, dollars)
        for group, reason, times, dollars in rows
    ]
    return sorted(found, key=lambda each: -each.dollars)


def agreed(key: CauseKey) -> QuerySet[FeeSchedule]:
    """The rows of the schedule that price this service, whenever they hold."""
    modifiers = ["", *key.modifiers.upper().split()]
    rows = FeeSchedule.objects.filter(
        payer=key.payer or 0, procedure=code(key.procedure), modifier__in=modifiers
    )
    return rows.order_by("-valid_from", "modifier")
