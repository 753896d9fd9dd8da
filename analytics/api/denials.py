"""How much payers deny, and how that moves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from ..catalogue import series
from ..kpis import KPIS
from ..periods import Period
from ..questions import Question
from . import parameters
from .examples import MONTH, alone, example
from .figures import AnswerShown, KpisShown, Number, PeriodShown, decimal, frame, money, period, shown
from .freshness import answer
from .parameters import API, GROUPS, QUESTION, STEPS

RATE, DOLLARS = KPIS["denial_rate"], KPIS["denied_dollars_rate"]
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


class TrendShown(AnswerShown):
    step = serializers.ChoiceField(STEPS)
    trend = PointShown(many=True)


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
        question = parameters.read(request, groups=GROUPS)
        group = parameters.group_of(request._request.GET)

        def build() -> dict[str, Any]:
            compare = parameters.compared_with(question, ())
            kpis = shown(RATES, question, compare=compare, group=group)
            rate = kpis[RATE.key]
            counted = {"denied": int(rate["numerator"]), "decided": int(rate["denominator"])}
            return frame(question) | {"denial_rate": rate["value"], **counted, "kpis": kpis}

        return answer(request._request, question, build, named=[group] if group else ())


class DenialTrends(APIView):
    access = API

    @extend_schema(
        operation_id="read_denial_trends",
        summary="How the denial rate moves",
        description="By day, week (from Monday) or month; as the period's length suggests, unless said.",
        parameters=[*QUESTION, parameters.group_by(*STEPS)],
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
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        question = parameters.read(request, groups=STEPS, without=["compare"])
        step = parameters.group_of(request._request.GET) or str(question.step)

        def build() -> dict[str, Any]:
            return frame(question) | {"step": step, "trend": trend(question, step)}

        return answer(request._request, question, build)


def trend(question: Question, step: str) -> list[dict[str, Any]]:
    found = series((RATE, DOLLARS), question.scope, question.period, step)
    spans: list[Period] = [span for span, _ in found[RATE.key]]
    rates = [figure for _, figure in found[RATE.key]]
    dollars = [figure for _, figure in found[DOLLARS.key]]
    return [
        {
            "period": period(span),
            "denial_rate": decimal(rate.value, 4),
            "denied": int(rate.numerator),
            "decided": rate.n,
            "denied_charges": money(charged.numerator),
            "decided_charges": money(charged.denominator or Decimal(0)),
            "is_few": rate.is_few,
        }
        for span, rate, charged in zip(spans, rates, dollars, strict=True)
    ]
