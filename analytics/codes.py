"""Claims by what one claim may have several of: the reasons and remarks of its denial, its procedures.

A claim counts once under each of its codes, so the rows add up to more than the claims there are. Days to
pay are a code as well: how many claims took so many days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat

from claims.money import MoneyField

from .hanging import POSTED, code_of, is_reason, reasons_given_on
from .measures import MEASURES, Condition, any_claim, is_denied, is_paid
from .periods import Period
from .reading import Amount, Row, Sql, amount_of, counted_rows, paths_to
from .scopes import Scope
from .sources import DECIDED, PAID, DaysBetween, Source

Claims = QuerySet[Any]


@dataclass(frozen=True)
class Code:
    """What claims are told apart by, and what is counted of them under each code."""

    name: str
    source: Source
    measures: tuple[str, ...]
    condition: Condition
    told_by: Callable[[Claims], Sequence[Claims]]  # the claims once for each `code` they have


def _of_denials(claims: Claims, code: Combinable) -> Claims:
    given = Q(payments__state=POSTED, payments__paid_on=F("given_on")) & is_reason("payments__adjustments__")
    return claims.alias(given_on=reasons_given_on()).filter(given).annotate(code=code)


def _of_reasons(claims: Claims) -> Sequence[Claims]:
    none = claims.alias(given_on=reasons_given_on()).filter(given_on=None)
    none = none.annotate(code=Value("", CharField()))
    return _of_denials(claims, _REASON), none


def _of_remarks(claims: Claims) -> Sequence[Claims]:
    return (_of_denials(claims, _REMARK),)


def _of_lines(claims: Claims) -> Sequence[Claims]:
    return (claims.filter(lines__isnull=False).annotate(code=F("lines__procedure")),)


def _of_days(claims: Claims) -> Sequence[Claims]:
    return (claims.annotate(code=Cast(DaysBetween(F("paid_on"), F("submitted_on")), CharField())),)


_REASON = code_of("payments__adjustments__")
_REMARK = Concat(_REASON, Value(" "), "payments__adjustments__remarks", output_field=CharField())
_DENIED = ("denied", "denied_charges")
CODES: dict[str, Code] = {
    each.name: each
    for each in (
        Code("reason", DECIDED[0], _DENIED, is_denied, _of_reasons),
        Code("remark", DECIDED[0], _DENIED, is_denied, _of_remarks),  # "CO-16 N382 M15"
        Code("procedure", DECIDED[0], ("decided", *_DENIED), any_claim, _of_lines),
        Code("days_to_pay", PAID[0], ("paid_claims",), is_paid, _of_days),
    )
}
# What each claim adds to a measure.
_ADDS: dict[str, Any] = {
    "decided": Value(1, IntegerField()),
    "paid_claims": Value(1, IntegerField()),
    "denied": Case(When(is_denied(""), then=Value(1)), default=Value(0), output_field=IntegerField()),
    "denied_charges": Case(When(is_denied(""), then=F("charge")), default=0, output_field=MoneyField()),
}


def code_totals(scope: Scope, period: Period, name: str, by: Sequence[str] = ()) -> list[Row]:
    """The sums of the code's measures: a row for each code, whose key goes on with the keys of `by`."""
    code = CODES[name]
    parts = live(code, scope, [period], ("code", *by))
    names = ("code", *by)
    return _rows(code, names, parts)


def live(code: Code, scope: Scope, periods: Sequence[Period], keys: Sequence[str]) -> list[Sql]:
    """What the claims say now."""
    claims = counted_rows(code.source, scope, periods).filter(code.condition(""))
    paths = {"on_day": "on_day", "code": "code", **paths_to("")}
    parts: list[Sql] = []
    for told in code.told_by(claims):
        chosen = {f"key_{key}": F(paths[key]) for key in keys}
        added = {f"adds_{key}": _ADDS[key] for key in code.measures}
        sql, values = told.values(**chosen, claim_id=F("pk"), **added).distinct().query.sql_with_params()
        named = ", ".join(f"key_{key} AS {key}" for key in keys)
        sums = ", ".join(f"CAST(sum(adds_{key}) AS bigint) AS {key}" for key in code.measures)
        grouped = ", ".join(f"key_{key}" for key in keys)
        parts.append(
            (f"SELECT {named}, {sums} FROM ({sql}) AS told GROUP BY {grouped}", tuple(values))  # noqa: S608
        )
    return parts


def _rows(code: Code, keys: Sequence[str], parts: list[Sql]) -> list[Row]:
    sums = ", ".join(f"sum({key})" for key in code.measures)
    union = " UNION ALL ".join(sql for sql, _ in parts)
    sql = f"SELECT {', '.join(keys)}, {sums} FROM ({union}) AS parts GROUP BY {', '.join(keys)}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for _, values in parts for value in values])
        return [_row(code, each, len(keys)) for each in cursor.fetchall()]


def _row(code: Code, answer: tuple[Any, ...], keys: int) -> Row:
    sums: dict[str, Amount] = {
        key: amount_of(MEASURES[key], value) for key, value in zip(code.measures, answer[keys:], strict=True)
    }
    return Row(answer[:keys], sums)
