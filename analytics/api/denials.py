"""How much payers deny, and how that moves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from ..catalogue import Figure, needed, series
from ..facts.reading import Amount
from ..facts.totals import totals
from ..kpis import KPIS
from ..names import LABELS
from ..periods import Period
from ..questions import Question
from . import parameters
from .examples import MONTH, NOT_COMPARED, alone, example
from .figures import (
    AnswerShown,
    KpisShown,
    Number,
    PeriodShown,
    answer_kpis,
    beside,
    beside_shown,
    decimal,
    frame,
    keys_of,
    money,
    period,
)
from .freshness import answer
from .parameters import API, GROUPS, QUESTION, STEPS

RATE, DOLLARS = KPIS["denial_rate"], KPIS["denied_dollars_rate"]
TREND = (RATE, DOLLARS)
APART = ("payer", "department", "kind", "category")  # whose trends are told; providers are too many
RATES = (RATE, KPIS["denial_rate_of_all"], DOLLARS, KPIS["initial_denial_rate"])


class RateShown(KpisShown):
    denial_rate = Number(allow_null=True, help_text="Of the claims decided, in per cent.")
    denied = serializers.IntegerField(help_text="Claims denied.")
    decided = serializers.IntegerField(help_text="Claims that payers decided.")


class PointShown(serializers.Serializer[Any]):
    period = PeriodShown()
    denial_rate = Number(allow_null=True)
    denied = serializers.IntegerField()
    decided = serializers.IntegerField()
    denied_charges = Number(help_text="In dollars.")
    decided_charges = Number(help_text="In dollars.")
    is_few = serializers.BooleanField()


class TrendGroupShown(serializers.Serializer[Any]):
    key = serializers.CharField(allow_null=True, help_text="What the parameter of this name takes.")
    label = serializers.CharField()  # type: ignore[assignment]  # every field has a label of its own
    trend = PointShown(many=True)


class TrendShown(AnswerShown):
    step = serializers.ChoiceField(STEPS)
    trend = PointShown(many=True)
    groups = TrendGroupShown(many=True, allow_null=True, help_text="Of each payer … apart, by `group_by`.")
    compared = beside_shown("Trend", trend=PointShown(many=True))


class DenialRate(APIView):
    access = API

    @extend_schema(
        operation_id="read_denial_rate",
        summary="The denial rate, by each of its definitions",
        parameters=[*QUESTION, parameters.compare("nothing"), parameters.group_by(*GROUPS)],
        responses=RateShown,
        examples=[
            example(
                "A month",
                denial_rate="11.9355",
                denied=74,
                decided=620,
                kpis={"denial_rate": alone("denial_rate", denied=74, decided=620)},
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        def tell(kpis: dict[str, Any]) -> dict[str, Any]:
            rate = kpis[RATE.key]
            counted = {"denied": int(rate["numerator"]), "decided": int(rate["denominator"])}
            return {"denial_rate": rate["value"], **counted, "kpis": kpis}

        return answer_kpis(request, RATES, tell)


class DenialTrends(APIView):
    access = API

    @extend_schema(
        operation_id="read_denial_trends",
        summary="How the denial rate moves",
        description=(
            "By day, week (from Monday) or month; as the period's length suggests, unless said. "
            "Of each payer, department, kind or category, too, where `group_by` says so."
        ),
        parameters=[*QUESTION, parameters.compare("nothing"), parameters.group_by(*STEPS, *APART)],
        responses=TrendShown,
        examples=[
            example(
                "By month",
                step="month",
                trend=[
                    {
                        "period": MONTH,
                        "denial_rate": "11.9355",
                        "denied": 74,
                        "decided": 620,
                        "denied_charges": "20410.00",
                        "decided_charges": "171020.00",
                        "is_few": False,
                    }
                ],
                groups=None,
                compared=NOT_COMPARED,
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        question = parameters.read(request, groups=(*STEPS, *APART))
        group = parameters.group_of(request._request.GET)
        step = group if group in STEPS else str(question.step)

        def build() -> dict[str, Any]:
            return frame(question) | {
                "step": step,
                "trend": trend(question, step),
                "groups": trends(question, step, group) if group in APART else None,
                "compared": beside(question, lambda then: {"trend": trend(then, step)}),
            }

        return answer(request._request, question, build, named=[group] if group in APART else ())


def trend(question: Question, step: str) -> list[dict[str, Any]]:
    found = series(TREND, question.scope, question.period, step)
    pairs = zip(found[RATE.key], found[DOLLARS.key], strict=True)
    return [point(span, rate, charged) for (span, rate), (_, charged) in pairs]


def trends(question: Question, step: str, by: str) -> list[dict[str, Any]]:
    """Of each payer, department … of which something was decided, by name."""
    rows = totals(question.scope, question.period, needed(TREND), by=(by, step))
    spans = list(question.period.steps(step))
    decided: dict[Any, dict[date, dict[str, Amount]]] = {}
    for row in rows:
        key, begins = row.key
        if row.sums["decided"]:
            decided.setdefault(key, {})[max(begins, question.period.start)] = row.sums
    labels, told = LABELS[by]({*decided}), keys_of({*decided}, by)
    nothing: dict[str, Amount] = dict.fromkeys(needed(TREND), 0)

    def points(sums: dict[date, dict[str, Amount]]) -> list[dict[str, Any]]:
        steps = ((span, sums.get(span.start, nothing)) for span in spans)
        return [point(span, *(kpi.figure(each, span.days) for kpi in TREND)) for span, each in steps]

    found = [{"key": told[key], "label": labels[key], "trend": points(decided[key])} for key in decided]
    return sorted(found, key=lambda each: str(each["label"]))


def point(span: Period, rate: Figure, charged: Figure) -> dict[str, Any]:
    return {
        "period": period(span),
        "denial_rate": decimal(rate.value, 4),
        "denied": int(rate.numerator),
        "decided": rate.n,
        "denied_charges": money(charged.numerator),
        "decided_charges": money(charged.denominator or Decimal(0)),
        "is_few": rate.is_few,
    }
