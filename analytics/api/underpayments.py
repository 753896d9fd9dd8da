"""What payers paid below what was agreed, by likely cause."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import person
from claims.api.shapes import Money
from claims.contracts import projects
from claims.contracts.causes import tolerated
from claims.models import Shortfall, UnderpaymentProject

from ..underpaid import CauseFound, underpaid
from .examples import example
from .figures import AnswerShown, Number, frame, money, percent
from .freshness import answer
from .parameters import API, QUESTION, read


class PayerShown(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()


class CauseShown(serializers.Serializer[Any]):
    payer = PayerShown()
    procedure = serializers.CharField(allow_blank=True, help_text="Empty: several on one claim.")
    modifiers = serializers.CharField(allow_blank=True)
    cause = serializers.ChoiceField(choices=[(each.value, each.label) for each in Shortfall.PURSUED])
    claims = serializers.IntegerField()
    short = Money(help_text="What these claims brought less than was expected.")
    expected = Money()
    short_percent = Number(allow_null=True, help_text="Of what was expected; null where that is not known.")
    first_paid_on = serializers.DateField()
    last_paid_on = serializers.DateField()
    project = serializers.ChoiceField(
        choices=UnderpaymentProject.State.choices,
        allow_null=True,
        help_text="How far whoever pursues it has come; null where nobody does.",
    )


class UnderpaymentsShown(AnswerShown):
    underpaid = Money(help_text="The number `underpaid_amount`: the sum of the four below.")
    worth_pursuing = Money(help_text="By the causes; short by more than the site tolerates.")
    within_tolerance = Money()
    set_off = Money(help_text="Paid above on other lines of the same claims: not above zero.")
    by_law = Money(help_text="Kept back by law (sequestration).")
    results = CauseShown(many=True)


class Underpayments(APIView):
    access = API

    @extend_schema(
        operation_id="list_underpayments",
        summary="Underpayments by likely cause",
        description=(
            "Claims paid in the period that brought less than was expected of them, by payer, procedure and "
            "modifiers; the largest first. What is expected is what the payer's fee schedule says of the "
            "lines, or else what the claim itself says."
        ),
        parameters=QUESTION,
        responses=UnderpaymentsShown,
        examples=[
            example(
                "A payer that pays a procedure below its schedule",
                underpaid="2701.80",
                worth_pursuing="2675.30",
                within_tolerance="0.50",
                set_off="0.00",
                by_law="26.00",
                results=[
                    {
                        "payer": {"id": 3, "name": "Northern Dental"},
                        "procedure": "99284",
                        "modifiers": "25",
                        "cause": "below",
                        "claims": 31,
                        "short": "2675.30",
                        "expected": "22295.20",
                        "short_percent": "11.9995",
                        "first_paid_on": "2026-06-23",
                        "last_paid_on": "2026-11-10",
                        "project": "pursued",
                    }
                ],
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        question = read(request, without=["compare"])
        states = projects.states(person(request._request))

        def build() -> dict[str, Any]:
            found = underpaid(question)
            whole = found.sums
            return frame(question) | {
                "underpaid": money(found.figure.numerator),
                "worth_pursuing": money(whole.worth_pursuing),
                "within_tolerance": money(whole.within_tolerance),
                "set_off": money(whole.set_off),
                "by_law": money(whole.by_law),
                "results": [_shown(each, states.get(each.key)) for each in found.causes],
            }

        beside = (sorted(states.items(), key=str), tolerated())
        return answer(request._request, question, build, named=["payer"], beside=beside)


def _shown(found: CauseFound, state: str | None) -> dict[str, Any]:
    return {
        "payer": {"id": found.key.payer, "name": found.payer},
        "procedure": found.key.procedure,
        "modifiers": found.key.modifiers,
        "cause": found.key.cause,
        "claims": found.claims,
        "short": money(found.dollars),
        "expected": money(found.expected),
        "short_percent": percent(found.share),
        "first_paid_on": found.first.isoformat(),
        "last_paid_on": found.last.isoformat(),
        "project": state,
    }
