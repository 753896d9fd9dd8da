"""Worklists for other systems: how each stands, and the next claim to work."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from claims.models import Claim, OpenWork, Worklist
from claims.worklists import pulling
from claims.worklists.standings import standings
from rcm_site.api import StrictSerializer

from .claims import net_fees
from .narrowing import refuse_unknown
from .shapes import CLAIM_ROW_EXAMPLE, LISTED, ClaimRow, Money, Named, listed


class WorklistShown(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="worklist.pk")
    name = serializers.CharField(source="worklist.name")
    rule = serializers.CharField(source="words", help_text="In words.")
    department = Named(source="worklist.department", allow_null=True)
    hand_out = serializers.ChoiceField(Worklist.HandOut.choices, source="worklist.hand_out")
    claims = serializers.IntegerField(help_text="That one sees; what is put aside apart.")
    free = serializers.IntegerField(help_text="Those of them that one can take.")
    at_rest = serializers.IntegerField(help_text="Put aside until a day, or closed until something changes.")
    dollars = Money()
    deadline = serializers.DateField(allow_null=True, help_text="The first that is still to come.")
    as_of = serializers.DateTimeField(
        allow_null=True, help_text="When it was counted, at most some minutes ago; null: just now."
    )


class WorkShown(serializers.ModelSerializer[OpenWork]):
    """What working the claim is worth: dollars × chance × urgency."""

    dollars = Money()
    chance = serializers.DecimalField(
        max_digits=5, decimal_places=4, allow_null=True, help_text="Null where nobody knows it."
    )
    of = serializers.IntegerField(source="decided", help_text="Claims like it that were decided in a year.")
    urgency = serializers.DecimalField(max_digits=3, decimal_places=1, source="times_urgent")
    value = Money()

    class Meta:
        model = OpenWork
        fields = ("at_stake", "dollars", "chance", "of", "urgency", "value", "deadline", "held_until")


class NextClaim(serializers.Serializer[Any]):
    claim = ClaimRow()
    work = WorkShown()


LIST_EXAMPLE = {
    "id": 4,
    "name": "New denials",
    "rule": "Status: Denied, Decided within 14 days",
    "department": None,
    "hand_out": "pull",
    "claims": 18,
    "free": 11,
    "at_rest": 2,
    "dollars": "12480.50",
    "deadline": "2026-12-04",
    "as_of": "2026-11-24T09:41:00Z",
}
WORK_EXAMPLE = {
    "at_stake": "owed",
    "dollars": "200.00",
    "chance": "0.7500",
    "of": 20,
    "urgency": "3.0",
    "value": "450.00",
    "deadline": "2026-12-04",
    "held_until": "2026-11-24T09:50:00Z",
}


class Worklists(APIView):
    access = "claims.view_worklist"

    @extend_schema(
        operation_id="list_worklists",
        summary="List worklists and how each stands",
        responses=WorklistShown(many=True),
        examples=[OpenApiExample("One list", value=[LIST_EXAMPLE], response_only=True)],
    )
    def get(self, request: Request) -> Response:
        user = person(request._request)
        refuse_unknown(request._request.GET, ())
        lists = Worklist.objects.visible_to(user).filter(is_active=True).select_related("department")
        found = standings(list(lists), user, timezone.now())
        audit.record(user, "worklists.read", request=request._request, rows=len(found))
        return Response(WorklistShown(found, many=True).data)


class Nothing(StrictSerializer):
    """No body, or an empty one."""


class TakeNext(APIView):
    access = "claims.change_claim"

    @extend_schema(
        operation_id="take_next_claim",
        summary="Take the next claim of a worklist",
        description=(
            "Gives the claim that is worth most of those that nobody else has. It is yours for 20 minutes, "
            "longer when you do something about it; the one that you took before becomes free. No two people "
            "get the same claim."
        ),
        request=None,
        responses={
            200: NextClaim,
            204: OpenApiResponse(description="Nothing on this list is free for you."),
        },
        examples=[
            OpenApiExample(
                "Taken", value={"claim": CLAIM_ROW_EXAMPLE, "work": WORK_EXAMPLE}, response_only=True
            )
        ],
    )
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        user = person(request._request)
        Nothing(data=request.data or {}).is_valid(raise_exception=True)
        worklist = Worklist.objects.visible_to(user).filter(pk=pk).first()
        if worklist is None:
            audit.record(user, "claim.pulled", request=request._request, outcome="failed", asked_for=pk)
            raise exceptions.NotFound("There is no such worklist.")
        taken = pulling.next_claim(user=user, worklist=worklist, request=request._request)
        return Response(status=204) if taken is None else Response(shown(taken))


def shown(taken: Claim) -> dict[str, Any]:
    claim = Claim.objects.filter(pk=taken.pk).values_list(*LISTED, named=True).get()
    return {"claim": listed(claim, net_fees([taken.pk]).get(taken.pk)), "work": WorkShown(taken.work).data}
