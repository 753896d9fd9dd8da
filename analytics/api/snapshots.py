"""What a KPI was known to be when days were over, as it was written down then."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from ..catalogue import Kpi
from ..known_then import Known, is_kept, known_then
from ..kpis import KPIS
from ..questions import PARAMETERS, Question
from ..snapshots import DAYS, MEMBERS
from . import parameters
from .examples import TIMESTAMP, example, made
from .figures import AnswerShown, DefinitionShown, FigureShown, definition, figure, frame
from .freshness import answer_by_content
from .parameters import API, QUESTION

MOST_DAYS = 400  # at once: somewhat over a year
ASKED = ("period", "start", "end", *MEMBERS)
NOT_KEPT = "Ask for one of them; payers and providers are only kept across all departments."


class SnapshotShown(FigureShown):
    day = serializers.DateField(help_text="The last of the days that it is about.")
    days = serializers.IntegerField(help_text="How many days those are; balances are as of the last of them.")
    taken_at = serializers.DateTimeField(help_text="When it was written down.")
    is_late = serializers.BooleanField(help_text="Written down on a later day than the one after.")


class SnapshotsShown(AnswerShown, DefinitionShown):
    snapshots = SnapshotShown(
        many=True, help_text="The oldest first; days that nobody wrote down are left out."
    )


class Snapshots(APIView):
    access = API

    @extend_schema(
        operation_id="list_kpi_snapshots",
        summary="One KPI as it was known when days were over",
        description=f"Each night every KPI over the last {DAYS} days is written down: of all claims, of each "
        "payer, of each department and of each provider. It stays as it is, whatever is corrected later.",
        parameters=[
            OpenApiParameter("kpi", str, "path", description="As the catalogue lists it."),
            *(each for each in QUESTION if each.name in ASKED),
        ],
        responses=SnapshotsShown,
        examples=[
            example(
                "A night",
                **definition(KPIS["denial_rate"]),
                snapshots=[
                    {
                        **made("denial_rate", denied=74, decided=620),
                        "day": "2026-11-29",
                        "days": DAYS,
                        "taken_at": TIMESTAMP,
                        "is_late": False,
                    }
                ],
            )
        ],
    )
    def get(self, request: Request, kpi: str) -> HttpResponseBase:
        if kpi not in KPIS:
            raise exceptions.NotFound("There is no such KPI.")
        question = parameters.read(request, without=[name for name in PARAMETERS if name not in ASKED])
        refuse_what_is_not_kept(question)
        chosen = KPIS[kpi]
        found = known_then(chosen, question.scope, question.period)
        return answer_by_content(
            request._request,
            lambda: (
                frame(question) | definition(chosen) | {"snapshots": [shown(chosen, each) for each in found]}
            ),
        )


def refuse_what_is_not_kept(question: Question) -> None:
    if question.period.days > MOST_DAYS:
        raise exceptions.ValidationError({"start": [f"At most {MOST_DAYS} days at once."]})
    if not is_kept(question.scope):
        asked = [name for name in MEMBERS if name in question.filtered]
        raise exceptions.ValidationError({name: [NOT_KEPT] for name in asked})


def shown(kpi: Kpi, known: Known) -> dict[str, Any]:
    return {
        **figure(kpi, known.figure),
        "day": str(known.day),
        "days": known.days,
        "taken_at": known.taken_at,
        "is_late": known.is_late,
    }
