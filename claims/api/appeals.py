"""Appeals for other systems: listing them, filing one, and saying what came of it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from claims import appeals as appealing
from claims.appeal_words import argument_for, facts_of
from claims.changes import Change, ClaimError
from claims.models import Appeal, Claim
from claims.models.appeals import LEVELS
from claims.pages.appeals import OUTCOMES, SOON, VIEW, AppealFilter, end
from claims.pages.appeals_of import AnswerAppeal
from claims.pages.tasks import WORK
from rcm_site.api import Cursor, StrictSerializer
from rcm_site.errors import api_error

from .claims import refuse_unseen
from .narrowing import PAGING, refuse_unknown
from .shapes import Money, Named

RELATED = ("claim__payer", "filed_by")


class NewAppeal(StrictSerializer):
    method = serializers.ChoiceField(Appeal.Method.choices)
    reason = serializers.CharField(
        required=False,
        max_length=appealing.LONGEST_REASON,
        help_text="What it says; left out, the argument for this kind of denial with the claim's facts.",
    )
    due_on = serializers.DateField(
        required=False,
        help_text=f"When the payer's answer is expected; in {settings.APPEAL_ANSWER_DAYS} days unless said.",
    )

    def validate_due_on(self, day: date) -> date:
        if day <= timezone.localdate():
            raise serializers.ValidationError("Payers take some days: choose a later one.")
        return day


class EndedAppeal(StrictSerializer):
    outcome = serializers.ChoiceField([*AnswerAppeal.ANSWERS])
    decided_on = serializers.DateField(required=False, help_text="Today unless said.")


class AppealedClaim(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField(source="__str__")
    status = serializers.CharField()
    balance = Money()


class AppealShown(serializers.ModelSerializer[Appeal]):
    claim = AppealedClaim()
    payer = Named(source="claim.payer", allow_null=True)
    filed_by = Named(allow_null=True)
    overturned = Money(allow_null=True)
    reason = serializers.SerializerMethodField()

    class Meta:
        model = Appeal
        fields = (
            *("id", "claim", "payer", "level", "category", "denied_on", "file_by", "filed_on", "filed_by"),
            *("method", "reason", "due_on", "outcome", "decided_on", "overturned"),
        )

    def get_reason(self, appeal: Appeal) -> str | None:
        return None if self.context["user"].phi_masked else appeal.reason


class AppealPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = AppealShown(many=True)


APPEAL: dict[str, Any] = {
    "id": 31,
    "claim": {
        "id": "019ab3c4-7c1e-7a55-9f60-0a3c5d1f2b41",
        "number": "C-1204",
        "status": "appealed",
        "balance": "420.00",
    },
    "payer": {"id": 3, "name": "Lakeshore HMO"},
    "level": 1,
    "category": "authorisation",
    "denied_on": "2026-11-02",
    "file_by": "2027-05-01",
    "filed_on": "2026-11-21",
    "filed_by": {"id": 7, "name": "Ana Ruiz"},
    "method": "portal",
    "reason": "The service was authorised under number A-77.",
    "due_on": "2027-01-20",
    "outcome": "waiting",
    "decided_on": None,
    "overturned": None,
}
EXAMPLE = OpenApiExample("An appeal", value=APPEAL, response_only=True)


class Appeals(APIView):
    access = VIEW
    ordering = ("filed_on",)

    @extend_schema(
        operation_id="list_appeals",
        summary="List appeals, the longest waiting first",
        description="Narrowed by the same words as on the page of appeals.",
        parameters=[
            OpenApiParameter(
                "outcome",
                str,
                default="waiting",
                enum=[*Appeal.Outcome.values, *OUTCOMES],
                description="`won` is overturned wholly or in part.",
            ),
            OpenApiParameter("level", int, enum=[*range(1, LEVELS + 1)]),
            OpenApiParameter(
                "due", str, enum=["late", *map(str, SOON)], description="Overdue, or due within days."
            ),
            OpenApiParameter("payer", int, description="Its id."),
            OpenApiParameter("department", int, description="Its id."),
            OpenApiParameter("category", str, enum=[each for each in Claim.Category.values if each]),
            OpenApiParameter("cursor", str, description="From `next` of the page before."),
            OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
        ],
        responses=AppealPage,
        examples=[
            OpenApiExample("One appeal", value={"next": None, "results": [APPEAL]}, response_only=True)
        ],
    )
    def get(self, request: Request) -> Response:
        user = person(request._request)
        asked = request._request.GET.copy()
        refuse_unknown(asked, (*AppealFilter.base_fields, *PAGING))
        if asked.get("outcome") == Appeal.Outcome.WAITING:
            asked["outcome"] = ""  # as the page's own form has it
        form = AppealFilter(asked, user)
        if not form.is_valid():
            raise exceptions.ValidationError({name: [*map(str, why)] for name, why in form.errors.items()})
        pages = Cursor()
        found = form.narrow(Appeal.objects.visible_to(user)).select_related(*RELATED)
        rows = pages.paginate_queryset(found, request, view=self)
        audit.record(
            user, "appeals.read", request=request._request, rows=len(rows), narrowed_by=sorted(asked)
        )
        return pages.get_paginated_response(AppealShown(rows, many=True, context={"user": user}).data)


class FileAppeal(APIView):
    access = WORK

    @extend_schema(
        operation_id="file_appeal",
        summary="Appeal a claim's denial",
        description="409 says why not: the claim is not denied, or all levels have been tried.",
        request=NewAppeal,
        responses={201: AppealShown},
        examples=[
            OpenApiExample("Through the portal", value={"method": "portal"}, request_only=True),
            EXAMPLE,
        ],
    )
    def post(self, request: Request, pk: UUID) -> HttpResponseBase:
        user = person(request._request)
        form = NewAppeal(data=request.data)
        form.is_valid(raise_exception=True)
        claim = (
            Claim.objects.visible_to(user)
            .select_related("payer", "patient", "provider")
            .filter(pk=pk)
            .first()
        )
        if claim is None:
            refuse_unseen(user, request, "appeal.filed", pk)
        asked = {"reason": argument_for(claim, facts_of(claim))} | form.validated_data
        try:
            filed = appealing.file(
                claim=claim, filing=appealing.Filing(**asked), change=Change(user, request._request)
            )
        except ClaimError as error:
            return api_error(409, "not_now", str(error))
        return Response(AppealShown(filed, context={"user": user}).data, status=201)


class OneAppeal(APIView):
    access = WORK

    @extend_schema(
        operation_id="answer_appeal",
        summary="Say what came of an appeal, or take it back",
        description=(
            "The claim becomes paid, or denied again. Taken back, it stands denied as it was. What a payer's "
            "file says needs no call. 409 says why not."
        ),
        request=EndedAppeal,
        responses=AppealShown,
        examples=[
            OpenApiExample(
                "Lost", value={"outcome": "upheld", "decided_on": "2026-11-20"}, request_only=True
            ),
            EXAMPLE,
        ],
    )
    def patch(self, request: Request, pk: int) -> HttpResponseBase:
        user = person(request._request)
        appeal = Appeal.objects.visible_to(user).select_related(*RELATED).filter(pk=pk).first()
        if appeal is None:
            audit.record(user, "appeal.decided", request=request._request, outcome="failed", asked_for=pk)
            raise exceptions.NotFound("There is no such appeal.")
        body = EndedAppeal(data=request.data)
        body.is_valid(raise_exception=True)
        asked = {"decided_on": timezone.localdate()} | body.validated_data
        if not appeal.filed_on <= asked["decided_on"] <= timezone.localdate():
            raise exceptions.ValidationError({"decided_on": ["Between the day it was filed and today."]})
        try:
            end(appeal, asked["outcome"], asked["decided_on"], Change(user, request._request))
        except ClaimError as error:
            return api_error(409, "not_now", str(error))
        now = Appeal.objects.select_related(*RELATED).get(pk=pk)
        return Response(AppealShown(now, context={"user": user}).data)
