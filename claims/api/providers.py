"""Which providers generate the most net fees, for other systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import person
from claims.asking import Wrong, day
from claims.provider_fees import top_providers
from rcm_site.rate_limit import limited

from .narrowing import refuse_unknown
from .shapes import Money

MOST = 100


class ProviderFeeShown(serializers.Serializer[Any]):
    rank = serializers.IntegerField()
    npi = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    net_fee = Money()
    lines = serializers.IntegerField(help_text="The lines that it adds up.")


class TopShown(serializers.Serializer[Any]):
    results = ProviderFeeShown(many=True)


PERIOD = [
    OpenApiParameter("start", date, description="First day of service; with no period, all there ever were."),
    OpenApiParameter("end", date, description="Last day of service."),
]
LIMIT = OpenApiParameter("limit", int, description=f"From 1 to {MOST}; 10 unless said otherwise.")
ABOUT = (
    "Exact to the cent at every moment, void claims left out; equal fees in the order of NPIs. Whoever sees "
    "some departments gets the fees of those. Ten requests a minute for each person; more are answered with "
    "429 and `Retry-After`."
)
EXAMPLE = OpenApiExample(
    "The first",
    value={"results": [{"rank": 1, "npi": "1497775530", "name": "", "net_fee": "116.85", "lines": 4}]},
    response_only=True,
)


class TopTen(APIView):
    access = "claims.view_providertotal"

    @extend_schema(
        operation_id="top_ten_providers",
        summary="The ten providers with the most net fees",
        description=ABOUT,
        parameters=PERIOD,
        responses=TopShown,
        examples=[EXAMPLE],
    )
    @limited(10)
    def get(self, request: Request) -> Response:
        return top(request, ("start", "end"))


class Top(APIView):
    access = "claims.view_providertotal"

    @extend_schema(
        operation_id="top_providers",
        summary="The providers with the most net fees",
        description=ABOUT,
        parameters=[LIMIT, *PERIOD],
        responses=TopShown,
        examples=[EXAMPLE],
    )
    @limited(10)
    def get(self, request: Request) -> Response:
        return top(request, ("limit", "start", "end"))


def top(request: Request, known: tuple[str, ...]) -> Response:
    asked = request._request.GET
    refuse_unknown(asked, known)
    readers: dict[str, Callable[[str], Any]] = {"limit": _limit, "start": day, "end": day}
    values: dict[str, Any] = {"limit": 10, "start": None, "end": None}
    problems = {}
    for name in asked:
        try:
            values[name] = readers[name](str(asked[name]))
        except Wrong as wrong:
            problems[name] = [str(wrong)]
    if values["start"] and values["end"] and values["start"] > values["end"]:
        problems["end"] = ["Ends before it starts."]
    if problems:
        raise exceptions.ValidationError(problems)
    fees = top_providers(person(request._request), **values)
    return Response(TopShown({"results": [asdict(each) for each in fees]}).data)


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST:
        return int(text)
    raise Wrong(f"A whole number from 1 to {MOST}.")
