"""What people do and what comes of it: one's own, and for whoever leads that of their departments.

Who belongs to whose department changes without any claim changing, so these answers are compared by content.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import person
from accounts.models import User
from claims.api.shapes import Money, Named

from ..questions import Question
from ..staff import FEWEST, ErrorRate, Productivity, Workload, error_rates, productivity, workload
from . import parameters
from .examples import NOT_COMPARED, example
from .figures import AnswerShown, Number, beside, beside_shown, decimal, frame, money, percent
from .freshness import answer_by_content
from .parameters import API, QUESTION

WHO = "Oneself; whoever leads sees the people of their departments."
NOW = ("period", "start", "end")  # left out where it is about how things are, over no period
SOMEBODY = {"id": 7, "name": "Ana Ruiz"}


class ProductivityShown(serializers.Serializer[Any]):
    person = Named()
    days = serializers.IntegerField(help_text="On which they did anything.")
    claims = serializers.IntegerField(help_text="Claims worked, each once a day.")
    claims_a_day = Number(allow_null=True, help_text="Over the days actually worked.")
    actions = serializers.IntegerField()
    resolved = serializers.IntegerField(help_text="Claims paid, to the credit of whoever worked them last.")
    resolved_amount = Money(help_text="What they brought.")


class ProductivityAnswer(AnswerShown):
    people = ProductivityShown(many=True)
    compared = beside_shown("Productivity", people=ProductivityShown(many=True))


class ErrorRateShown(serializers.Serializer[Any]):
    person = Named()
    actions = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]
    error_rate = Number(allow_null=True, help_text="In per cent.")
    low = Number(allow_null=True, help_text="The true share lies above this, in 95 of 100 cases …")
    high = Number(allow_null=True, help_text="… and below this.")
    rank = serializers.IntegerField(
        allow_null=True, help_text=f"The fewest errors first; null below {FEWEST} actions."
    )


class ErrorRateAnswer(AnswerShown):
    people = ErrorRateShown(many=True)
    compared = beside_shown("ErrorRate", people=ErrorRateShown(many=True))


class WorkloadShown(serializers.Serializer[Any]):
    person = Named(allow_null=True, help_text="Null: claims that are nobody's.")
    claims = serializers.IntegerField(help_text="Open claims with a balance, each once.")
    dollars = Money()
    oldest = serializers.DateField(help_text="Day of submission.")
    main_payer = serializers.CharField(help_text="With most of the claims.")
    main_payer_claims = serializers.IntegerField()


class WorkloadAnswer(serializers.Serializer[Any]):
    timestamp = serializers.DateTimeField()
    filters = serializers.DictField(child=serializers.CharField())
    people = WorkloadShown(many=True)


class StaffProductivity(APIView):
    access = API

    @extend_schema(
        operation_id="read_staff_productivity",
        summary="Effort and outcome of people",
        description=WHO,
        parameters=[*QUESTION, parameters.compare("nothing")],
        responses=ProductivityAnswer,
        examples=[
            example(
                "One of them",
                people=[
                    {
                        "person": SOMEBODY,
                        "days": 20,
                        "claims": 410,
                        "claims_a_day": "20.5000",
                        "actions": 655,
                        "resolved": 120,
                        "resolved_amount": "28450.00",
                    }
                ],
                compared=NOT_COMPARED,
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        return of_people(request, lambda asked: [work(each) for each in productivity(user, asked)])


class StaffErrorRate(APIView):
    access = API

    @extend_schema(
        operation_id="read_staff_error_rate",
        summary="How many of people's actions were errors",
        description=f"{WHO} Ranked fairly: nobody below {FEWEST} actions, and with how sure the share is.",
        parameters=[*QUESTION, parameters.compare("nothing")],
        responses=ErrorRateAnswer,
        examples=[
            example(
                "One of them",
                people=[
                    {
                        "person": SOMEBODY,
                        "actions": 655,
                        "errors": 12,
                        "error_rate": "1.8321",
                        "low": "1.0512",
                        "high": "3.1742",
                        "rank": 1,
                    }
                ],
                compared=NOT_COMPARED,
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        return of_people(request, lambda asked: [errors(each) for each in error_rates(user, asked)])


class StaffWorkload(APIView):
    access = API

    @extend_schema(
        operation_id="read_staff_workload",
        summary="Who has how much to do",
        description=f"Open claims with a balance as they are now, by whom they are assigned to. {WHO}",
        parameters=[each for each in QUESTION if each.name not in NOW],
        responses=WorkloadAnswer,
        examples=[
            example(
                "One of them",
                people=[
                    {
                        "person": SOMEBODY,
                        "claims": 84,
                        "dollars": "21840.00",
                        "oldest": "2026-06-02",
                        "main_payer": "Northern Dental",
                        "main_payer_claims": 31,
                    }
                ],
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        question = parameters.read(request, without=["compare", *NOW])
        user = person(request._request)

        def build() -> dict[str, Any]:
            found = workload(user, question.scope)
            return {"filters": dict(question.filtered), "people": [load(each) for each in found]}

        return answer_by_content(request._request, build)


def of_people(request: Request, tell: Callable[[Question], list[dict[str, Any]]]) -> HttpResponseBase:
    question = parameters.read(request)

    def told(asked: Question) -> dict[str, Any]:
        return {"people": tell(asked)}

    return answer_by_content(
        request._request,
        lambda: frame(question) | told(question) | {"compared": beside(question, told)},
    )


def work(row: Productivity) -> dict[str, Any]:
    done = row.work
    return {
        "person": named(row.person),
        "days": done.days,
        "claims": done.claims,
        "claims_a_day": decimal(done.claims_a_day, 4),
        "actions": done.actions,
        "resolved": done.resolved,
        "resolved_amount": money(done.resolved_amount),
    }


def errors(row: ErrorRate) -> dict[str, Any]:
    low, high = row.interval or (None, None)
    return {
        "person": named(row.person),
        "actions": row.actions,
        "errors": row.errors,
        "error_rate": percent(row.rate),
        "low": percent(low),
        "high": percent(high),
        "rank": row.rank,
    }


def load(row: Workload) -> dict[str, Any]:
    return {
        "person": named(row.person) if row.person else None,
        "claims": row.claims,
        "dollars": money(row.dollars),
        "oldest": str(row.oldest),
        "main_payer": row.main_payer,
        "main_payer_claims": row.main_payer_claims,
    }


def named(user: User) -> dict[str, Any]:
    return {"id": user.pk, "name": str(user)}
