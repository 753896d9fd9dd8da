"""Claims by what one claim may have several of: the reasons and remarks of its denial, its procedures.

A claim counts once under each of its codes, so the rows add up to more than the claims there are. Days to
pay are a code as well: how many claims took so many days; and what was rendered: lines by their procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat

from claims.answers.reasons import POSTED, code_of, is_reason
from claims.money import MoneyField

from .facts.asking import NEVER, read_days
from .facts.caching import is_told, remembered
from .facts.marks import is_counted, noted_on
from .facts.measures import MEASURES, Condition, any_claim, is_denied, is_paid
from .facts.parts import Sql, as_of_these, part_of, together
from .facts.reading import Amount, Row, amounts_of, counted_rows, paths_to
from .facts.sources import DECIDED, LINES, PAID, DaysBetween, Source
from .facts.spans import during, mostly_by_months
from .facts.tables import COLUMNS, Table
from .hanging import reasons_given_on
from .models import CodeFact, CodeMonth, DirtyDay, PayerCodeMonth, ProviderCodeFact, ProviderCodeMonth
from .periods import Period
from .scopes import Scope

Claims = QuerySet[Any]


class CodeTable(Table):
    """Keeps codes."""

    told_always = ("name", "code")

    @cached_property
    def codes(self) -> list[Code]:
        return [each for each in CODES.values() if self in each.kept_in]

    @property
    def sums(self) -> list[str]:
        return sorted({key for each in self.codes for key in each.measures})


BY_PAYER = CodeTable(
    CodeFact, CodeMonth, ("payer", "department", "kind", "category"), PayerCodeMonth, ("payer",)
)
BY_PROVIDER = CodeTable(ProviderCodeFact, ProviderCodeMonth, ("provider", "department", "kind"))
CODE_TABLES = (BY_PAYER, BY_PROVIDER)


@dataclass(frozen=True)
class Code:
    """What claims, or their lines, are told apart by, and what is counted of them under each code."""

    name: str
    sources: tuple[Source, ...]
    measures: tuple[str, ...]
    condition: Condition
    told_by: Callable[[Claims], Sequence[Claims]]  # the rows once for each `code` they have
    kept_in: tuple[CodeTable, ...] = (BY_PAYER,)

    @property
    def marks(self) -> tuple[str, ...]:
        """All that outdate something of it."""
        is_of_lines = any(MEASURES[key].is_of_lines for key in self.measures)
        return (DirtyDay.Fact.DAY, DirtyDay.Fact.LINE) if is_of_lines else (DirtyDay.Fact.DAY,)

    def table(self, asked: set[str]) -> CodeTable | None:
        """The facts that tell apart what is asked for, if there are any."""
        return next((each for each in self.kept_in if asked <= {*each.keys}), None)


def _of_denials(claims: Claims, code: Combinable) -> Claims:
    given = Q(payments__state=POSTED, payments__paid_on=F("given_on")) & is_reason("payments__adjustments__")
    return claims.alias(given_on=reasons_given_on()).filter(given).annotate(code=code).distinct()


def _of_reasons(claims: Claims) -> Sequence[Claims]:
    none = claims.alias(given_on=reasons_given_on()).filter(given_on=None)
    none = none.annotate(code=Value("", CharField()))
    return _of_denials(claims, _REASON), none


def _of_remarks(claims: Claims) -> Sequence[Claims]:
    return (_of_denials(claims, _REMARK),)


def _of_lines(claims: Claims) -> Sequence[Claims]:
    return (claims.filter(lines__isnull=False).annotate(code=F("lines__procedure")).distinct(),)


def _of_lines_themselves(lines: Claims) -> Sequence[Claims]:
    return (lines.annotate(code=F("procedure")),)


def _of_days(claims: Claims) -> Sequence[Claims]:
    return (claims.annotate(code=Cast(DaysBetween(F("paid_on"), F("submitted_on")), CharField())),)


_REASON = code_of("payments__adjustments__")
_REMARK = Concat(_REASON, Value(" "), "payments__adjustments__remarks", output_field=CharField())
_DENIED = ("denied", "denied_charges")
CODES: dict[str, Code] = {
    each.name: each
    for each in (
        Code("reason", DECIDED, _DENIED, is_denied, _of_reasons),
        Code("remark", DECIDED, _DENIED, is_denied, _of_remarks),  # "CO-16 N382 M15"
        Code("procedure", DECIDED, ("decided", *_DENIED), any_claim, _of_lines, CODE_TABLES),
        Code("days_to_pay", PAID, ("paid_claims",), is_paid, _of_days),
        Code("rendered", LINES, ("fee_lines", "net_fees"), any_claim, _of_lines_themselves, (BY_PROVIDER,)),
    )
}
# What each claim, or line, adds to a measure.
_ADDS: dict[str, Any] = {
    "decided": Value(1, IntegerField()),
    "paid_claims": Value(1, IntegerField()),
    "denied": Case(When(is_denied(""), then=Value(1)), default=Value(0), output_field=IntegerField()),
    "denied_charges": Case(When(is_denied(""), then=F("charge")), default=0, output_field=MoneyField()),
    "fee_lines": Value(1, IntegerField()),
    "net_fees": F("net_fee"),
}


@dataclass(frozen=True)
class Asked:
    """About the claims of a scope by their codes, and perhaps by more."""

    code: Code
    scope: Scope
    keys: tuple[str, ...]
    is_unfit = NEVER

    @property
    def table(self) -> CodeTable | None:
        return self.code.table({*self.keys, *self.scope.asked} - {"code"})

    @property
    def marks(self) -> tuple[str, ...]:
        return self.code.marks

    def kept(self, periods: Sequence[Period]) -> list[Sql]:
        table, parts = self.table, list[Sql]()
        assert table is not None  # noqa: S101 - else the claims are asked about all days
        days, months, taken_back = mostly_by_months(periods)
        for model, within, added_as in (
            (table.model, days, "{}"),
            (table.months_for(self.scope, self.keys), months, "{}"),
            (table.model, taken_back, "-{}"),
        ):
            if model is not None and within:
                about = self.scope.on_facts()
                rows = model._default_manager.filter(about, during("day", within), name=self.code.name)
                chosen = {f"key_{key}": F(_FACT_COLUMNS[key]) for key in self.keys}
                added = {f"adds_{key}": Sum(key) for key in self.code.measures}
                parts += self._named(rows.order_by().values(**chosen).annotate(**added), added_as)
        return parts

    def live(self, periods: Sequence[Period], which: Callable[[Source], Q] | None = None) -> list[Sql]:
        """What the claims say now: all of them, or those that are told of each source."""
        parts: list[Sql] = []
        for source in self.code.sources if periods else ():
            rows = counted_rows(source, self.scope, periods).filter(self.code.condition(source.claim))
            if which is not None:
                rows = rows.filter(which(source))
            paths = {"day": "on_day", "code": "code", **paths_to(source.claim, source.provider_path)}
            for told in self.code.told_by(rows):
                chosen = {f"key_{key}": F(paths[key]) for key in self.keys}
                added = {f"adds_{key}": _ADDS[key] for key in self.code.measures}
                grouped = f" GROUP BY {', '.join(f'key_{key}' for key in self.keys)}"
                parts += self._named(told.values(**chosen, row_id=F("pk"), **added), "sum({})", grouped)
        return parts

    def new(self, periods: Sequence[Period]) -> list[Sql]:
        """What claims that came in since bring to these days, which are not marked."""
        return as_of_these(noted_on([(source, periods) for source in self.code.sources]), self.live(periods))

    def _named(self, rows: QuerySet[Any], added_as: str, grouped: str = "") -> list[Sql]:
        keys = (f"key_{key} AS {key}" for key in self.keys)
        sums = (f"CAST({added_as.format(f'adds_{key}')} AS bigint) AS {key}" for key in self.code.measures)
        return part_of(", ".join([*keys, *sums]), rows, grouped)

    def summed(self, union: str) -> str:
        keys = ", ".join(self.keys)
        sums = ", ".join(f"sum({key}) AS {key}" for key in self.code.measures)
        rows = f"SELECT {keys}, {sums} FROM ({union}) AS parts GROUP BY {keys}"  # noqa: S608
        # A code of nothing but days that were taken back of their month has no claims.
        return f"{rows} HAVING sum({self.code.measures[0]}) > 0"


_FACT_COLUMNS = {"code": "code", **COLUMNS}


def code_totals(
    scope: Scope, period: Period, name: str, by: Sequence[str] = (), *, from_facts: bool = True
) -> list[Row]:
    """The sums of the code's measures: a row for each code, whose key goes on with the keys of `by`."""
    asked = Asked(CODES[name], scope, ("code", *by))
    amounts = amounts_of(MEASURES[key] for key in asked.code.measures)

    def read() -> list[Row]:
        rows = read_days(asked, period, from_facts=from_facts and asked.table is not None)
        return [_row(each, len(asked.keys), amounts) for each in rows]

    if not from_facts or not is_told(scope, by):
        return read()
    return remembered(("codes", scope, period, name, asked.keys), read)


def _row(answer: tuple[Any, ...], keys: int, amounts: Sequence[tuple[str, Callable[[Any], Amount]]]) -> Row:
    told = zip(amounts, answer[keys:], strict=True)
    return Row(answer[:keys], {key: amount(value) for (key, amount), value in told})


# Keeping -------------------------------------------------------------------------------------------


def add_up_codes(scope: Scope, periods: list[Period]) -> None:
    """Replace what facts keep of these days by what the claims say now, but for those that wait."""
    for table in CODE_TABLES:
        rows, values = together(_parts(table, scope, periods, is_counted))
        table.replace(periods, rows, values)


def add_codes_of(claims: Sql, scope: Scope, period: Period) -> None:
    """Add what the claims of these ids say to what facts keep of their days."""
    for table in CODE_TABLES:
        ((rows, values),) = as_of_these(claims, _parts(table, scope, [period]))
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE fresh_codes AS {rows}", values)
            table.add("SELECT * FROM fresh_codes")
            cursor.execute("DROP TABLE fresh_codes")


def _parts(
    table: CodeTable, scope: Scope, periods: list[Period], which: Callable[[Source], Q] | None = None
) -> list[Sql]:
    """Of each code what the claims of these days say."""
    parts: list[Sql] = []
    keys = ", ".join(table.keys)
    for code in table.codes:
        sums = ", ".join(key if key in code.measures else f"CAST(0 AS bigint) AS {key}" for key in table.sums)
        for sql, values in Asked(code, scope, ("day", "code", *table.keys)).live(periods, which):
            named = f"SELECT '{code.name}' AS name, day, code, {keys}, {sums}"
            parts.append((f"{named} FROM ({sql}) AS part", values))
    return parts
