"""The catalogue of KPIs, and each of them: its value, what it is beside, what it is made of."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from claims.api.narrowing import refuse_unknown

from ..kpis import KPIS
from . import parameters
from .examples import TIMESTAMP, denial_rate, example
from .figures import BEFORE, AnswerShown, DefinitionShown, KpiShown, answer_kpis, definition
from .freshness import answer_by_content
from .parameters import API, GROUPS, QUESTION


class CatalogueShown(serializers.Serializer[Any]):
    timestamp = serializers.DateTimeField()
    results = DefinitionShown(many=True)


class OneKpiShown(AnswerShown, KpiShown, DefinitionShown):
    pass


class Catalogue(APIView):
    access = API

    @extend_schema(
        operation_id="list_kpis",
        summary="What can be asked for, and what it means",
        responses=CatalogueShown,
        examples=[
            OpenApiExample(
                "The first",
                value={"timestamp": TIMESTAMP, "results": [definition(KPIS["denial_rate"])]},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        refuse_unknown(request._request.GET, ())
        return answer_by_content(
            request._request, lambda: {"results": [definition(each) for each in KPIS.values()]}
        )


class OneKpi(APIView):
    access = API

    @extend_schema(
        operation_id="read_kpi",
        summary="One KPI over a period",
        description="Beside the period before and the same days a year before, unless `compare` says which.",
        parameters=[
            OpenApiParameter("kpi", str, "path", description="As the catalogue lists it."),
            *QUESTION,
            parameters.compare("both"),
            parameters.group_by(*GROUPS),
        ],
        responses=OneKpiShown,
        examples=[example("By payer", **denial_rate())],
    )
    def get(self, request: Request, kpi: str) -> HttpResponseBase:
        if kpi not in KPIS:
            raise exceptions.NotFound("There is no such KPI.")
        chosen = KPIS[kpi]
        return answer_kpis(request, [chosen], lambda found: definition(chosen) | found[kpi], compare=BEFORE)
