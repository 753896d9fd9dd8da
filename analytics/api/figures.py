"""KPIs as other systems get them: numbers as decimal strings, what they are made of, what they are beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from claims.models import Provider

from ..cards import Good
from ..catalogue import Figure, Kpi, Unit, figures, series, split
from ..facts.measures import MEASURES
from ..periods import Period
from ..questions import Question, span_in_words
from .freshness import answer
from .parameters import GROUPS, STEPS, compared_with, group_of, read, refuse_many_steps

# Percents and days are quotients; money and counts are exact.
PLACES: dict[Unit, int] = {Unit.PERCENT: 4, Unit.DAYS: 4, Unit.MONEY: 2, Unit.COUNT: 0}
MOST_PLACES = 4
BEFORE = ("previous", "year")  # what is compared with
_UNITS = tuple(Decimal(1).scaleb(-places) for places in range(MOST_PLACES + 1))  # 1, 0.1, 0.01 …


def decimal(value: Decimal | None, places: int) -> str | None:
    """With so many places, or with four where these do not tell it exactly."""
    if value is None:
        return None
    short = _rounded(value, places)
    return f"{short if short == value else _rounded(value, MOST_PLACES):f}"


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(_UNITS[places], ROUND_HALF_UP) + 0  # never "-0.00"


def money(value: Decimal | int) -> str:
    return f"{_rounded(Decimal(value), 2):f}"


def percent(share: Decimal | None) -> str | None:
    """A share of one, as per cents."""
    return decimal(share * 100, MOST_PLACES) if share is not None else None


# How they are described -----------------------------------------------------------------------------


class Number(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, **kwargs)


class PeriodShown(serializers.Serializer[Any]):
    start = serializers.DateField()
    end = serializers.DateField(help_text="The last day, itself in the period.")
    days = serializers.IntegerField()


class FigureShown(serializers.Serializer[Any]):
    value = Number(allow_null=True, help_text="Null where there was nothing to divide.")
    n = serializers.IntegerField(help_text="How many it is about.")
    numerator = Number()
    denominator = Number(allow_null=True, help_text="Null for plain sums.")
    is_few = serializers.BooleanField(help_text="Too few to say so.")


class BeforeShown(FigureShown):
    period = PeriodShown()
    change = Number(allow_null=True, help_text="By how much the value is more than it was then.")


class ComparedShown(serializers.Serializer[Any]):
    previous = BeforeShown(allow_null=True, help_text="As many days before.")
    year = BeforeShown(allow_null=True, help_text="The same days a year before.")


class GroupShown(FigureShown):
    key = serializers.CharField(
        allow_null=True, help_text="What the parameter of this name takes; the first day of a time."
    )
    label = serializers.CharField()  # type: ignore[assignment]  # every field has a label of its own
    period = PeriodShown(allow_null=True, help_text="Of a day, week or month.")


class KpiShown(FigureShown):
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.ChoiceField([str(each) for each in Unit])
    compared = ComparedShown()
    groups = GroupShown(many=True, allow_null=True, help_text="By `group_by`; null without it.")


class BenchmarkShown(serializers.Serializer[Any]):
    value = Number()
    words = serializers.CharField(help_text="Who says so.")


class DefinitionShown(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    definition = serializers.CharField()
    unit = serializers.ChoiceField([str(each) for each in Unit])
    good = serializers.ChoiceField([str(each) for each in Good], help_text="Which way it should move.")
    benchmark = BenchmarkShown(allow_null=True)
    formula = serializers.CharField()
    counts_by = serializers.CharField(help_text="The day on which it counts.")
    n_of = serializers.CharField(help_text="What `n` counts.")
    is_as_of = serializers.BooleanField(help_text="How things stand on the period's last day.")


class AnswerShown(serializers.Serializer[Any]):
    """What every answer begins with."""

    timestamp = serializers.DateTimeField(help_text="By when the numbers were these.")
    period = PeriodShown()
    filters = serializers.DictField(
        child=serializers.CharField(), help_text="What was asked for, in words, by parameter."
    )


def beside_shown(name: str, **fields: serializers.Field[Any, Any, Any, Any]) -> serializers.Serializer[Any]:
    """What `beside` tells, of these fields."""
    then = type(f"{name}Before", (serializers.Serializer,), {"period": PeriodShown(), **fields})
    return inline_serializer(f"{name}Compared", {each: then(allow_null=True) for each in BEFORE})


class KpisShown(AnswerShown):
    kpis = serializers.DictField(child=KpiShown(), help_text="By key.")


# What they hold --------------------------------------------------------------------------------------


def frame(question: Question) -> dict[str, Any]:
    return {"period": period(question.period), "filters": dict(question.filtered)}


def period(span: Period) -> dict[str, Any]:
    return {"start": str(span.start), "end": str(span.end), "days": span.days}


def definition(kpi: Kpi) -> dict[str, Any]:
    benchmark = kpi.benchmark
    return {
        "key": kpi.key,
        "label": kpi.label,
        "definition": kpi.definition,
        "unit": str(kpi.unit),
        "good": str(kpi.good),
        "benchmark": benchmark
        and {"value": decimal(benchmark.value, PLACES[kpi.unit]), "words": benchmark.words},
        "formula": kpi.formula,
        "counts_by": kpi.counts_by,
        "n_of": kpi.n_noun,
        "is_as_of": kpi.is_as_of,
    }


def answer_kpis(
    request: Request,
    kpis: Iterable[Kpi],
    tell: Callable[[dict[str, dict[str, Any]]], dict[str, Any]],
    *,
    compare: tuple[str, ...] = (),
) -> HttpResponseBase:
    """What these KPIs come to, over the days, beside the days and by the group that the address says."""
    question = read(request, groups=GROUPS)
    group = group_of(request._request.GET)

    def build() -> dict[str, Any]:
        found = shown(kpis, question, compare=compared_with(question, compare), group=group)
        return frame(question) | tell(found)

    return answer(request._request, question, build, named=[group] if group else ())


def shown(
    kpis: Iterable[Kpi], question: Question, *, compare: Sequence[str] = (), group: str = ""
) -> dict[str, dict[str, Any]]:
    """Each KPI's figure, beside those it is compared with and those it is made of."""
    chosen = list(kpis)
    if any(each.is_as_of for each in chosen):
        refuse_many_steps(question, group)
    now = figures(chosen, question.scope, question.period)
    against = {name: _before(chosen, question, name, now) for name in compare}
    groups = _groups(chosen, question, group) if group else {}
    return {
        each.key: {
            "label": each.label,
            "unit": str(each.unit),
            **figure(each, now[each.key]),
            "compared": {name: against[name][each.key] if name in against else None for name in BEFORE},
            "groups": groups.get(each.key),
        }
        for each in chosen
    }


def figure(kpi: Kpi, made: Figure) -> dict[str, Any]:
    places = 2 if any(MEASURES[key].is_money for key in kpi.measures) else 0
    return {
        "value": decimal(made.value, PLACES[kpi.unit]),
        "n": made.n,
        "numerator": decimal(made.numerator, places),
        "denominator": decimal(made.denominator, places),
        "is_few": made.is_few,
    }


def _before(
    kpis: Sequence[Kpi], question: Question, name: str, now: dict[str, Figure]
) -> dict[str, dict[str, Any]]:
    against = replace(question, compare=name).against
    if against is None:
        return {}
    then = figures(kpis, question.scope, against)
    return {
        each.key: {
            **figure(each, then[each.key]),
            "period": period(against),
            "change": _change(each, now[each.key].value, then[each.key].value),
        }
        for each in kpis
    }


def beside(question: Question, tell: Callable[[Question], dict[str, Any]]) -> dict[str, Any]:
    """The same over the days that it is compared with, by their name; none unless somebody asks for it."""
    asked = compared_with(question, ())
    found: dict[str, Any] = dict.fromkeys(BEFORE)
    for name in asked:
        against = replace(question, compare=name).against
        if against is not None:
            found[name] = {"period": period(against), **tell(question.over(against))}
    return found


def _change(kpi: Kpi, now: Decimal | None, then: Decimal | None) -> str | None:
    return decimal(now - then, PLACES[kpi.unit]) if now is not None and then is not None else None


def _groups(kpis: Sequence[Kpi], question: Question, group: str) -> dict[str, list[dict[str, Any]]]:
    scope, span = question.scope, question.period
    if group in STEPS:
        steps = series(kpis, scope, span, group)
        return {
            each.key: [
                {"key": str(at.start), "label": span_in_words(at), "period": period(at), **figure(each, made)}
                for at, made in steps[each.key]
            ]
            for each in kpis
        }
    found = split(kpis, scope, span, group)
    keys = keys_of({row.key for rows in found.values() for row in rows}, group)
    return {
        each.key: [
            {"key": keys[row.key], "label": row.label, "period": None, **figure(each, row.figure)}
            for row in found[each.key]
        ]
        for each in kpis
    }


def keys_of(keys: set[Any], group: str) -> dict[Any, str | None]:
    """What the parameter of that name takes: the id, and of a provider the NPI."""
    if group == "provider":
        npis = Provider.objects.filter(pk__in=keys - {None}).values_list("pk", "npi")
        return {None: None, **dict(npis)}
    return {key: key_of(key) for key in keys}


def key_of(key: Any) -> str | None:
    return str(key) if key not in (None, "") else None
