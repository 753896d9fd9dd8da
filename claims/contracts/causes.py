"""Underpayments by their likely cause: the payer, the procedure and its modifiers, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Value,
    When,
)

from ..models import Shortfall


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

    def condition(self, claim: str = "claim__") -> Q:
        """On parts, by the path that leads to their claim's payer."""
        return Q(
            **{f"{claim}payer": self.payer},
            procedure=self.procedure,
            modifiers=self.modifiers,
            cause=self.cause,
        )


def tolerated() -> tuple[Decimal, Decimal]:
    """What is worth pursuing depends on it."""
    return settings.UNDERPAID_DOLLARS, settings.UNDERPAID_PERCENT


def worth_pursuing(parts: QuerySet[Shortfall]) -> QuerySet[Shortfall]:
    """Short by more dollars and by a larger share of what was expected than the site tolerates."""
    return parts.alias(over=_over()).filter(_is_worth())


def _over() -> ExpressionWrapper:
    hundredths = Value(int(Decimal(settings.UNDERPAID_PERCENT) * 100), BigIntegerField())
    whole = Value(10_000, BigIntegerField())
    return ExpressionWrapper(F("amount") * whole - F("expected") * hundredths, BigIntegerField())


def _is_worth() -> Q:
    return Q(over__gt=0, amount__gt=settings.UNDERPAID_DOLLARS, cause__in=Shortfall.PURSUED)


def told_apart(parts: QuerySet[Shortfall]) -> QuerySet[Shortfall]:
    """Each part with whether it `is_worth` pursuing."""
    is_worth = Case(When(_is_worth(), then=True), default=False, output_field=BooleanField())
    return parts.alias(over=_over()).annotate(is_worth=is_worth)
