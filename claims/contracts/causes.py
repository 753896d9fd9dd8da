"""Underpayments by their likely cause: the payer, the procedure and its modifiers, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Max, Min, Q, QuerySet, Sum, Value

from ..models import Claim, Shortfall

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
    hundredths = Value(int(Decimal(settings.UNDERPAID_PERCENT) * 100), BigIntegerField())
    whole = Value(10_000, BigIntegerField())
    over = ExpressionWrapper(F("amount") * whole - F("expected") * hundredths, BigIntegerField())
    return parts.alias(over=over).filter(
        over__gt=0, amount__gt=settings.UNDERPAID_DOLLARS, cause__in=Shortfall.PURSUED
    )


def parts_of(claims: QuerySet[Claim]) -> QuerySet[Shortfall]:
    return Shortfall.objects.filter(claim__in=claims.order_by().values("pk"))


def causes(claims: QuerySet[Claim]) -> list[CauseFound]:
    """Of these underpaid claims; the largest first."""
    rows = worth_pursuing(parts_of(claims)).order_by().values_list(*KEY, "claim__payer__name")
    found = rows.annotate(
        Count("claim", distinct=True),
        Sum("amount"),
        Sum("expected"),
        Min("claim__paid_on"),
        Max("claim__paid_on"),
    )
    known = [CauseFound(CauseKey(*row[:4]), row[4] or "No payer", *row[5:]) for row in found]
    return sorted(known, key=lambda each: (-each.dollars, each.payer, each.key.service))


def sums(claims: QuerySet[Claim]) -> Sums:
    parts = parts_of(claims)
    by_law = Q(cause=Shortfall.Cause.LAW)
    amounts = parts.aggregate(
        short=Sum("amount", filter=~by_law & Q(amount__gt=0), default=ZERO),
        set_off=Sum("amount", filter=~by_law & Q(amount__lt=0), default=ZERO),
        by_law=Sum("amount", filter=by_law, default=ZERO),
    )
    pursued = worth_pursuing(parts).aggregate(sum=Sum("amount", default=ZERO))["sum"]
    return Sums(pursued, amounts["short"] - pursued, amounts["set_off"], amounts["by_law"])
