"""Which tables keep facts: by day, the same by month, and perhaps by month once more in far fewer rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ..models import (
    CategoryFact,
    CategoryMonth,
    DayFact,
    DepartmentFact,
    DepartmentMonth,
    DirtyDay,
    MonthFact,
    PayerFact,
    PayerMonth,
    ProviderFact,
    ProviderMonth,
    ProviderTotalMonth,
    StaffFact,
    WorkedFact,
)
from ..periods import Period
from ..scopes import Scope
from . import keeping
from .measures import MEASURES, STAFF_MEASURES, Measure

KEYS = ("payer", "department", "provider", "kind", "category", "assignee", "staff", "last_before")
_OWN_NAMES = ("kind", "category", "last_before")
COLUMNS = {key: key if key in _OWN_NAMES else f"{key}_id" for key in KEYS}  # of facts, by key


@dataclass(frozen=True)
class Table:
    model: type[Any]
    months: type[Any] | None  # the same sums by month, for whole months
    keys: tuple[str, ...]
    few_months: type[Any] | None = None  # the months once more in far fewer rows, by fewer keys
    few_keys: tuple[str, ...] = ()
    told_always: ClassVar[tuple[str, ...]] = ()  # by what rows are told apart besides, in all of them

    @property
    def sums(self) -> Sequence[str]:
        """The columns that add up."""
        raise NotImplementedError

    def columns(self, keys: Sequence[str]) -> Mapping[str, str]:
        """How facts call each key."""
        return {COLUMNS.get(key, key): key for key in (*keys, *self.told_always)}

    @property
    def by_month(self) -> list[tuple[type[Any], tuple[str, ...]]]:
        """The tables of months, each added up from the one before it, and their keys."""
        both = (self.months, self.keys), (self.few_months, self.few_keys)
        return [(months, keys) for months, keys in both if months is not None]

    @property
    def models(self) -> list[type[Any]]:
        return [self.model, *(months for months, _ in self.by_month)]

    def months_for(self, scope: Scope, keys: Iterable[str]) -> type[Any] | None:
        """The fewest rows that tell apart what is asked for."""
        asked = {*keys, *scope.asked} - {*self.told_always}
        is_told = scope.has_all_departments and asked <= {*self.few_keys}
        return self.few_months if self.few_months and is_told else self.months

    def replace(self, periods: Sequence[Period], rows: str, values: Sequence[Any] = ()) -> None:
        """Keep these rows in place of what is kept of these days, and add up their months anew."""
        model = self.model
        keeping.replace(model, periods, self.columns(self.keys), self.sums, rows, values)
        for months, keys in self.by_month:
            keeping.replace_months(model, months, periods, list(self.columns(keys)), self.sums)
            model = months

    def add(self, rows: str, values: Sequence[Any] = ()) -> None:
        """Add these rows to what is kept of their days and of their months."""
        keeping.add(self.model, self.columns(self.keys), self.sums, rows, values)
        for months, keys in self.by_month:
            keeping.add_months(months, self.columns(keys), self.sums, rows, values)


@dataclass(frozen=True, kw_only=True)
class FactTable(Table):
    """Keeps measures."""

    fact: str  # of its marks
    known: dict[str, Measure]

    @property
    def marks(self) -> tuple[str, ...]:
        """All that outdate something of it."""
        return (self.fact, DirtyDay.Fact.LINE) if self.fact == DirtyDay.Fact.DAY else (self.fact,)

    @cached_property
    def measures(self) -> list[Measure]:
        columns = {each.name for each in self.model._meta.get_fields()}
        return [each for each in self.known.values() if each.key in columns]

    @property
    def sums(self) -> list[str]:
        return [each.key for each in self.measures]

    def has(self, measures: Iterable[Measure]) -> bool:
        return {each.key for each in self.measures}.issuperset(each.kept_in for each in measures)


_DAY, _STAFF = DirtyDay.Fact.DAY, DirtyDay.Fact.STAFF
_KEYS = ("payer", "department", "kind")
_STAFF_KEYS = ("department", "staff")
PAYERS = FactTable(PayerFact, PayerMonth, ("payer",), fact=_DAY, known=MEASURES)
DEPARTMENTS = FactTable(DepartmentFact, DepartmentMonth, ("department",), fact=_DAY, known=MEASURES)
DAYS = FactTable(DayFact, MonthFact, _KEYS, fact=_DAY, known=MEASURES)
CATEGORIES = FactTable(CategoryFact, CategoryMonth, (*_KEYS, "category"), fact=_DAY, known=MEASURES)
PROVIDERS = FactTable(
    ProviderFact,
    ProviderMonth,
    (*_KEYS, "provider"),
    few_months=ProviderTotalMonth,
    few_keys=("provider",),
    fact=_DAY,
    known=MEASURES,
)
STAFF = FactTable(StaffFact, None, _STAFF_KEYS, fact=_STAFF, known=STAFF_MEASURES)
WORKED = FactTable(WorkedFact, None, (*_STAFF_KEYS, "last_before"), fact=_STAFF, known=STAFF_MEASURES)
TABLES = (PAYERS, DEPARTMENTS, DAYS, CATEGORIES, PROVIDERS, STAFF, WORKED)  # those with fewest rows first
