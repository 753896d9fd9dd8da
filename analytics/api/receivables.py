"""What payers still owe us: for how long, how old, in which department."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from ..aging import AGING, BUCKET_LABELS, aging
from ..catalogue import split
from ..facts.measures import BUCKETS
from ..facts.reading import Amount
from ..kpis import KPIS
from ..names import LABELS
from ..questions import Question
from . import parameters
from .examples import MONTH, NOT_COMPARED, alone, example, made
from .figures import (
    AnswerShown,
    FigureShown,
    KpisShown,
    Number,
    answer_kpis,
    beside,
    beside_shown,
    figure,
    frame,
    key_of,
    keys_of,
    money,
    percent,
)
from .freshness import answer
from .parameters import API, GROUPS, QUESTION

DAYS = tuple(KPIS[key] for key in ("gross_days_in_ar", "net_days_in_ar", "average_days_to_pay", "open_ar"))
OF_DEPARTMENTS = (*DAYS, KPIS["aged_ar_over_90"])
SPLITS = ("payer", "department", "provider", "kind", "category")
AS_OF = "How things stand at the end of the period's last day."


class DaysShown(KpisShown):
    gross_days_in_ar = Number(allow_null=True)
    net_days_in_ar = Number(allow_null=True)
    average_days_to_pay = Number(allow_null=True)


class BucketShown(serializers.Serializer[Any]):
    key = serializers.ChoiceField(BUCKETS)
    label = serializers.CharField()  # type: ignore[assignment]  # every field has a label of its own
    claims = serializers.IntegerField(help_text="Open claims with a balance.")
    dollars = Number(help_text="What they still are to bring.")
    share = Number(allow_null=True, help_text="Of the dollars of all ages, in per cent.")
    credit_claims = serializers.IntegerField(help_text="Claims on which too much was paid.")
    credits = Number(help_text="What was paid too much: kept apart, never set off.")


class AgingShown(serializers.Serializer[Any]):
    buckets = BucketShown(many=True)
    claims = serializers.IntegerField()
    dollars = Number()
    credit_claims = serializers.IntegerField()
    credits = Number()


class AgingGroupShown(AgingShown):
    key = serializers.CharField(allow_null=True, help_text="What the parameter of this name takes.")
    label = serializers.CharField()  # type: ignore[assignment]


class AgingAnswerShown(AgingShown, AnswerShown):
    as_of = serializers.DateField()
    groups = AgingGroupShown(many=True, allow_null=True)
    compared = beside_shown("Aging", as_of=serializers.DateField(), **AgingShown().get_fields())


class DepartmentShown(AgingGroupShown):
    kpis = serializers.DictField(child=FigureShown())


class DepartmentsShown(AnswerShown):
    as_of = serializers.DateField()
    departments = DepartmentShown(many=True)
    compared = beside_shown(
        "Departments", as_of=serializers.DateField(), departments=DepartmentShown(many=True)
    )


EXAMPLE_OF_DAYS = alone("average_days_to_pay", days_to_pay=17020, paid_claims=620)


class ReceivableDays(APIView):
    access = API

    @extend_schema(
        operation_id="read_ar_days",
        summary="Days in A/R, gross and net, and days to pay",
        description="A/R as of the period's last day, against the period's average charges.",
        parameters=[*QUESTION, parameters.compare("nothing"), parameters.group_by(*GROUPS)],
        responses=DaysShown,
        examples=[
            example(
                "A month",
                gross_days_in_ar="38.2143",
                net_days_in_ar="33.1020",
                average_days_to_pay="27.4516",
                kpis={"average_days_to_pay": EXAMPLE_OF_DAYS},
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        def tell(kpis: dict[str, Any]) -> dict[str, Any]:
            return {each.key: kpis[each.key]["value"] for each in DAYS[:3]} | {"kpis": kpis}

        return answer_kpis(request, DAYS, tell)


EXAMPLE_OF_AGING: dict[str, Any] = {
    "buckets": [
        {
            "key": "0_30",
            "label": "0–30 days",
            "claims": 410,
            "dollars": "120400.00",
            "share": "51.2340",
            "credit_claims": 2,
            "credits": "-85.00",
        }
    ],
    "claims": 804,
    "dollars": "235000.00",
    "credit_claims": 5,
    "credits": "-310.00",
}


class ReceivableAging(APIView):
    access = API

    @extend_schema(
        operation_id="read_ar_aging",
        summary="How old what payers owe us is",
        description=AS_OF,
        parameters=[*QUESTION, parameters.compare("nothing"), parameters.group_by(*SPLITS)],
        responses=AgingAnswerShown,
        examples=[
            example("All of it", as_of=MONTH["end"], **EXAMPLE_OF_AGING, groups=None, compared=NOT_COMPARED)
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        question = parameters.read(request, groups=SPLITS)
        group = parameters.group_of(request._request.GET)

        def build() -> dict[str, Any]:
            groups = grouped_aging(question, group) if group else None
            told = aging_of_all(question) | {"groups": groups}
            return frame(question) | told | {"compared": beside(question, aging_of_all)}

        return answer(request._request, question, build, named=[group] if group else ())


class ReceivablesByDepartment(APIView):
    access = API

    @extend_schema(
        operation_id="read_ar_by_department",
        summary="What payers owe each department",
        description=AS_OF,
        parameters=[*QUESTION, parameters.compare("nothing")],
        responses=DepartmentsShown,
        examples=[
            example(
                "One of them",
                as_of=MONTH["end"],
                departments=[
                    {
                        "key": "1",
                        "label": "Dental",
                        **EXAMPLE_OF_AGING,
                        "kpis": {"open_ar": made("open_ar", owed="235000.00", owed_claims=804)},
                    }
                ],
                compared=NOT_COMPARED,
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        question = parameters.read(request)

        def build() -> dict[str, Any]:
            told = of_departments(question)
            return frame(question) | told | {"compared": beside(question, of_departments)}

        return answer(request._request, question, build, named=["department"])


def aging_of_all(question: Question) -> dict[str, Any]:
    whole = aging(question.scope, question.period.end).get(None, NOTHING)
    return {"as_of": str(question.period.end), **aged(whole)}


def of_departments(question: Question) -> dict[str, Any]:
    return {"as_of": str(question.period.end), "departments": by_department(question)}


def by_department(question: Question) -> list[dict[str, Any]]:
    found = split(OF_DEPARTMENTS, question.scope, question.period, "department")
    figures: dict[str | None, dict[str, Any]] = {}
    for kpi in OF_DEPARTMENTS:
        for row in found[kpi.key]:
            figures.setdefault(key_of(row.key), {})[kpi.key] = figure(kpi, row.figure)
    return [row | {"kpis": figures.get(row["key"], {})} for row in grouped_aging(question, "department")]


def grouped_aging(question: Question, group: str) -> list[dict[str, Any]]:
    """Those who owe most first."""
    found = aging(question.scope, question.period.end, by=group)
    labels, keys = LABELS[group](set(found)), keys_of(set(found), group)
    rows = [{"key": keys[key], "label": labels[key], **aged(found[key])} for key in found]
    return sorted(rows, key=lambda row: (-Decimal(row["dollars"]), row["label"]))


def aged(buckets: Sequence[Mapping[str, Amount]]) -> dict[str, Any]:
    sums = {key: sum((each[key] for each in buckets), start=0) for key in SUMMED}
    total = Decimal(sums["owed"])
    return {
        "buckets": [
            {
                "key": key,
                "label": label,
                **_counted(bucket),
                "share": percent(Decimal(bucket["owed"]) / total) if total else None,
            }
            for key, label, bucket in zip(BUCKETS, BUCKET_LABELS, buckets, strict=False)
        ],
        **_counted(sums),
    }


NOTHING: list[dict[str, Amount]] = [dict.fromkeys(AGING, 0) for _ in BUCKETS]
SUMMED = ("owed_claims", "owed", "credit_claims", "credits")


def _counted(sums: Mapping[str, Amount]) -> dict[str, Any]:
    return {
        "claims": int(sums["owed_claims"]),
        "dollars": money(sums["owed"]),
        "credit_claims": int(sums["credit_claims"]),
        "credits": money(sums["credits"]),
    }
