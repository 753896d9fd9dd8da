"""How one payer pays, beside the time before and beside all payers."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from claims.api.shapes import Named
from claims.models import Payer

from ..catalogue import figures
from ..scorecards import PAYER_KPIS
from . import parameters
from .examples import alone, example, made
from .figures import AnswerShown, FigureShown, KpiShown, figure, frame, shown
from .freshness import answer
from .parameters import API, GROUPS, QUESTION


class ScoreShown(KpiShown):
    all_payers = FigureShown(help_text="The same of all payers together, this one included.")


class ScorecardShown(AnswerShown):
    payer = Named()
    kpis = serializers.DictField(child=ScoreShown())


class PayerScorecard(APIView):
    access = API

    @extend_schema(
        operation_id="read_payer_scorecard",
        summary="How one payer pays",
        parameters=[
            *(each for each in QUESTION if each.name != "payer"),
            parameters.compare("the days before"),
            parameters.group_by(*(each for each in GROUPS if each != "payer")),
        ],
        responses=ScorecardShown,
        examples=[
            example(
                "A month",
                payer={"id": 3, "name": "Northern Dental"},
                kpis={
                    "denial_rate": alone("denial_rate", denied=40, decided=210)
                    | {"all_payers": made("denial_rate", denied=74, decided=620)}
                },
            )
        ],
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        payer = Payer.objects.filter(pk=pk).first()
        if payer is None:
            raise exceptions.NotFound("There is no such payer.")
        groups = [each for each in GROUPS if each != "payer"]
        question = parameters.read(request, groups=groups, without=["payer"])
        group = parameters.group_of(request._request.GET)

        def build() -> dict[str, Any]:
            compare = parameters.compared_with(question, ("previous",))
            kpis = shown(PAYER_KPIS, question.narrowed(payer=payer.pk), compare=compare, group=group)
            everybody = figures(PAYER_KPIS, question.scope, question.period)
            for each in PAYER_KPIS:
                kpis[each.key]["all_payers"] = figure(each, everybody[each.key])
            return frame(question) | {"payer": {"id": payer.pk, "name": payer.name}, "kpis": kpis}

        return answer(request._request, question, build, named=["payer", *([group] if group else [])])
