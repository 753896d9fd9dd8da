"""Custom reports that other systems keep, change and share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import person
from accounts.models import User
from accounts.roles import ROLES
from claims.api.narrowing import PAGING, refuse_unknown
from claims.api.shapes import Named
from rcm_site.api import Cursor, StrictSerializer

from ..models import Report
from ..questions import WrongQuestion
from ..reports import keeping
from ..reports.schedules import may_be_told
from .parameters import API

MOST_PEOPLE = 200


class ReportAsked(StrictSerializer):
    name = serializers.CharField(max_length=100)
    asked = serializers.DictField(help_text="As `POST /api/reports/generate` takes it.")


class ReportChanged(StrictSerializer):
    name = serializers.CharField(max_length=100, required=False)
    asked = serializers.DictField(required=False, help_text="As `POST /api/reports/generate` takes it.")


class SharedAsked(StrictSerializer):
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1), max_length=MOST_PEOPLE, help_text="Their ids."
    )
    roles = serializers.ListField(child=serializers.ChoiceField([*ROLES]), max_length=len(ROLES))


class ReportShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    owner = Named()
    asked = serializers.DictField()
    people = Named(many=True, help_text="Whom it is shared with, each with their own rights.")
    roles = serializers.ListField(child=serializers.CharField())
    made_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()


class ReportPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = ReportShown(many=True)


DEFINITION: dict[str, Any] = {
    "kpis": ["denial_rate", "denied_charges"],
    "group_by": ["payer", "month"],
    "filters": {"department": "Imaging"},
    "period": "last_90_days",
    "compare": "year",
}
REPORT: dict[str, Any] = {
    "id": 4,
    "name": "Denials of imaging",
    "owner": {"id": 7, "name": "Ana Ruiz"},
    "asked": DEFINITION,
    "people": [{"id": 9, "name": "Ben Okafor"}],
    "roles": ["manager"],
    "made_at": "2026-11-02T09:12:00Z",
    "changed_at": "2026-11-20T15:40:00Z",
}
KEPT = OpenApiExample("A kept report", value=REPORT, response_only=True)


def found(user: User, pk: Any) -> Report:
    known = Report.objects.visible_to(user).select_related("owner")
    report = known.filter(pk=pk).first() if isinstance(pk, int) and abs(pk) < 10**18 else None
    if report is None:
        raise exceptions.NotFound("There is no such report.")
    return report


def own(user: User, pk: int) -> Report:
    """Whoever it is shared with reads it, and changes a copy."""
    report = found(user, pk)
    if report.owner_id != user.pk:
        raise exceptions.NotFound("You have no such report: it is somebody else's.")
    return report


def shown(report: Report) -> dict[str, Any]:
    same = ("id", "name", "owner", "asked", "made_at", "changed_at")
    roles = [each for each in report.shared_roles.split(",") if each]
    told = {name: getattr(report, name) for name in same}
    return dict(ReportShown(told | {"people": list(report.people.order_by("name")), "roles": roles}).data)


def saved(report: Report, name: str, asked: Mapping[str, Any], user: User, request: Request) -> Report:
    try:
        return keeping.save_report(report, name=name, asked=asked, actor=user, request=request._request)
    except WrongQuestion as wrong:
        problems = {f"asked.{path}": messages for path, messages in wrong.problems.items()}
        raise exceptions.ValidationError(problems) from wrong


class Reports(APIView):
    access = API
    ordering = ("name",)

    @extend_schema(
        operation_id="list_reports",
        summary="List kept reports",
        description="One's own and those shared with oneself.",
        parameters=[
            OpenApiParameter("cursor", str, description="From `next` of the page before."),
            OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
        ],
        responses=ReportPage,
        examples=[OpenApiExample("One", value={"next": None, "results": [REPORT]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request._request.GET, PAGING)
        pages = Cursor()
        visible = Report.objects.visible_to(person(request._request)).select_related("owner")
        rows = pages.paginate_queryset(visible.prefetch_related("people"), request, view=self)
        return pages.get_paginated_response([shown(each) for each in rows])

    @extend_schema(
        operation_id="add_report",
        summary="Keep a report",
        request=ReportAsked,
        responses={201: ReportShown},
        examples=[
            OpenApiExample(
                "By payer and month",
                value={"name": "Denials of imaging", "asked": DEFINITION},
                request_only=True,
            ),
            KEPT,
        ],
    )
    def post(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        form = ReportAsked(data=request.data)
        form.is_valid(raise_exception=True)
        kept = form.validated_data
        report = saved(Report(owner=user), kept["name"], kept["asked"], user, request)
        headers = {"Location": reverse("api_report", args=[report.pk])}
        return Response(shown(report), status=201, headers=headers)


class OneReport(APIView):
    access = API

    @extend_schema(
        operation_id="read_report", summary="Read a kept report", responses=ReportShown, examples=[KEPT]
    )
    def get(self, request: Request, pk: int) -> Response:
        refuse_unknown(request._request.GET, ())
        return Response(shown(found(person(request._request), pk)))

    @extend_schema(
        operation_id="change_report",
        summary="Change one's own report",
        request=ReportChanged,
        responses=ReportShown,
        examples=[OpenApiExample("Its name", value={"name": "Denials"}, request_only=True), KEPT],
    )
    def patch(self, request: Request, pk: int) -> Response:
        user = person(request._request)
        report = own(user, pk)
        form = ReportChanged(data=request.data)
        form.is_valid(raise_exception=True)
        kept = {"name": report.name, "asked": report.asked} | form.validated_data
        return Response(shown(saved(report, kept["name"], kept["asked"], user, request)))

    @extend_schema(
        operation_id="delete_report",
        summary="Delete one's own report",
        description="With the schedules that send it, and the lists of their turns.",
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, pk: int) -> Response:
        user = person(request._request)
        keeping.delete_report(own(user, pk), actor=user, request=request._request)
        return Response(status=204)


class ShareReport(APIView):
    access = API

    @extend_schema(
        operation_id="share_report",
        summary="Say who else sees a report",
        description="These people and roles, each with their own rights, and nobody else any more.",
        request=SharedAsked,
        responses=ReportShown,
        examples=[
            OpenApiExample(
                "A person and a role", value={"people": [9], "roles": ["manager"]}, request_only=True
            ),
            KEPT,
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request._request)
        report = own(user, pk)
        form = SharedAsked(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        people = list(may_be_told(user).filter(pk__in=asked["people"]))
        if unknown := {*asked["people"]} - {each.pk for each in people}:
            words = (
                f"There is nobody of this id for you to share with: {', '.join(map(str, sorted(unknown)))}."
            )
            raise exceptions.ValidationError({"people": [words]})
        keeping.share_report(
            report, people=people, roles=asked["roles"], actor=user, request=request._request
        )
        return Response(shown(report))
