"""Money: `Decimal` in Python, whole cents in the database, so that sums are exact on every database."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator
from django.db import models
from django.db.models.expressions import Combinable, ExpressionWrapper, F, register_combinable_fields

DIGITS = 17
CENT = Decimal("0.01")


if TYPE_CHECKING:
    _Set = TypeVar("_Set")
    _Get = TypeVar("_Get")

    class _Field(models.Field[_Set, _Get]):
        """What the type checker has to know: with null=True it makes both optional."""

        _pyi_private_set_type: Decimal | int | models.Expression
        _pyi_private_get_type: Decimal

    _Amount = _Field[_Set, _Get]
else:
    _Amount = models.Field


class MoneyField(_Amount):
    """An amount in dollars, kept as cents: SQLite would add decimals up as floats.

    No subclass of Django's integers: an expression over amounts would come back as a number of cents.
    """

    description = "Amount of money"
    empty_strings_allowed = False

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> Decimal | None:
        return dollars(value)

    def to_python(self, value: Any) -> Decimal | None:
        if value in (None, ""):
            return None
        try:
            amount = Decimal(str(value))
            DecimalValidator(DIGITS, 2)(amount)
        except (ArithmeticError, ValidationError) as error:
            raise ValidationError("Enter an amount with at most two decimals.", code="invalid") from error
        return amount

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return cents(value)

    def formfield(self, **kwargs: Any) -> Any:
        defaults: dict[str, Any] = {
            "form_class": forms.DecimalField,
            "max_digits": DIGITS,
            "decimal_places": 2,
        }
        return super().formfield(**(defaults | kwargs))


for _sign in (Combinable.ADD, Combinable.SUB):
    register_combinable_fields(MoneyField, _sign, MoneyField, MoneyField)


def cents(amount: Decimal | int) -> int:
    """Whole cents; what has a fraction of one is a mistake of ours, never to be rounded away."""
    if isinstance(amount, float):
        raise TypeError("Money is Decimal, never float.")
    scaled = Decimal(amount).scaleb(2)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError("An amount has no more than two decimals.")
    return whole


def dollars(whole_cents: int | None) -> Decimal | None:
    return None if whole_cents is None else whole_cents * CENT


def in_cents(path: str) -> ExpressionWrapper:
    """An amount as the database holds it: where many are read, `dollars` need not be made of each."""
    return ExpressionWrapper(F(path), output_field=models.Field())
