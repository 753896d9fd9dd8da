"""Underpayments by their likely cause: the payer, the procedure and its modifiers, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from ..models import Shortfall

ZERO = Decimal(0)
KEY = ("claim__payer", "procedure", "modifiers", "cause")


@dataclass(frozen=True)
class CauseKey:
    """What one project would be about."""

    payer: int | None
    procedure: str
    modifiers: str
    cause: str

    @property
    def service(self) -> str:
        return " ".join(each for each in (self.procedure, self.modifiers) if each)

    def condition(self) -> Q:
        return Q(
            claim__payer=self.payer,
            procedure=self.procedure,
            modifiers=self.modifiers,
            cause=self.cause,
        )


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


def worth_pursuing(parts: QuerySet[Shortfall]) -> QuerySet[Shortfall]:
    """Short by more dollars and by a larger share of what was expected than the site tolerates."""
    return parts.alias(over=_over()).filter(_is_worth())


def _over() -> ExpressionWrapper:
    hundredths = Value(int(Decimal(settings.UNDERPAID_PERCENT) * 100), BigIntegerField())
    whole = Value(10_000, BigIntegerField())
    return ExpressionWrapper(F("amount") * whole - F("expected") * hundredths, BigIntegerField())


def _is_worth() -> Q:
    return Q(over__gt=0, amount__gt=settings.UNDERPAID_DOLLARS, cause__in=Shortfall.PURSUED)


# Whether it is worth pursuing, the cause, claims, dollars, expected, first and last day, and of the dollars
# what was paid above.
Row = tuple[bool, int | None, str, str, str, int, Decimal, Decimal, date, date, Decimal]


def by_cause(parts: QuerySet[Shortfall]) -> list[Row]:
    """What parts come to, but for what the law keeps back: that is most of them, and nobody's fault."""
    rows = parts.exclude(cause=Shortfall.Cause.LAW).order_by().alias(over=_over())
    is_worth = Case(When(_is_worth(), then=Value(True)), default=Value(False))
    return list(
        rows.annotate(is_worth=is_worth)
        .values_list("is_worth", *KEY)
        .annotate(
            Count("claim", distinct=True),
            Sum("amount"),
            Sum("expected"),
            Min("claim__paid_on"),
            Max("claim__paid_on"),
            above=Sum("amount", filter=Q(amount__lt=0), default=ZERO),
        )
    )


def add_up(rows: Iterable[Row], payers: Mapping[int, str], by_law: Decimal) -> tuple[list[CauseFound], Sums]:
    """The causes worth pursuing, the largest first, and all parts as a whole."""
    found, pursued, tolerated, set_off = [], ZERO, ZERO, ZERO
    for is_pursued, payer, procedure, modifiers, cause, claims, dollars, expected, first, last, above in rows:
        if is_pursued:
            pursued += dollars
            key = CauseKey(payer, procedure, modifiers, cause)
            name = payers[payer] if payer else "No payer"
            found.append(CauseFound(key, name, claims, dollars, expected, first, last))
        else:
            tolerated, set_off = tolerated + dollars - above, set_off + above
    found.sort(key=lambda each: (-each.dollars, each.payer, each.key.service))
    return found, Sums(pursued, tolerated, set_off, by_law)
