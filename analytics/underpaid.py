"""Underpayments over a period: the claims are those that the number counts, so their causes add up to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from claims.answers import denials
from claims.contracts.causes import CauseKey, worth_pursuing
from claims.contracts.schedules import code
from claims.models import Adjustment, ClaimPayment, FeeSchedule, Payer, Shortfall

from .catalogue import Figure
from .causes import ZERO, Told, by_cause
from .facts.measures import is_underpaid
from .facts.totals import totals
from .kpis import KPIS
from .questions import Question

UNDERPAID = KPIS["underpaid_amount"]


@dataclass(frozen=True)
class CauseFound:
    """What claims fell short for one likely cause."""

    key: CauseKey
    payer: str
    claims: int
    dollars: Decimal
    expected: Decimal
    first: date
    last: date

    @property
    def cause(self) -> str:
        return Shortfall.Cause(self.key.cause).label

    @property
    def share(self) -> Decimal | None:
        """Of what was expected; unknown where nobody said what for."""
        return self.dollars / self.expected if self.expected else None


@dataclass(frozen=True)
class Sums:
    """How the parts of underpaid claims add up to what they are short of together."""

    worth_pursuing: Decimal
    within_tolerance: Decimal
    set_off: Decimal
    by_law: Decimal

    @property
    def total(self) -> Decimal:
        return self.worth_pursuing + self.within_tolerance + self.set_off + self.by_law


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
    payers = dict(Payer.objects.values_list("pk", "name"))
    causes, sums = add_up(by_cause(scope, period), payers, Decimal(row.sums["kept_by_law"]))
    return Underpaid(UNDERPAID.figure(row.sums, period.days), causes, sums)


def add_up(rows: Iterable[Told], payers: Mapping[int, str], by_law: Decimal) -> tuple[list[CauseFound], Sums]:
    """The causes worth pursuing, the largest first, and all parts as a whole."""
    found, pursued, tolerated, set_off = [], ZERO, ZERO, ZERO
    for (is_worth, *cause), claims, short, expected, above, first, last in rows:
        if is_worth:
            pursued += short
            key = CauseKey(*cause)
            name = payers[key.payer] if key.payer else "No payer"
            found.append(CauseFound(key, name, claims, short, expected, first, last))
        else:
            tolerated, set_off = tolerated + short - above, set_off + above
    found.sort(key=lambda each: (-each.dollars, each.payer, each.key.service))
    return found, Sums(pursued, tolerated, set_off, by_law)


def short_parts(question: Question) -> QuerySet[Shortfall]:
    """Of the claims that the number counts."""
    days = Q(claim__paid_on__gte=question.period.start, claim__paid_on__lte=question.period.end)
    return Shortfall.objects.filter(days, question.scope.condition("claim__"), is_underpaid("claim__"))


def of_cause(question: Question, key: CauseKey) -> QuerySet[Shortfall]:
    return worth_pursuing(short_parts(question).filter(key.condition()))


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
