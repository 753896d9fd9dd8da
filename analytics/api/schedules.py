"""Scheduled reports for other systems: listing, adding, changing and deleting them, and sending one now."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from accounts.models import User
from claims.api.narrowing import PAGING, refuse_unknown
from claims.api.shapes import Named
from rcm_site.api import Cursor, StrictSerializer

from ..models import Report, Schedule, ScheduledRun
from ..reports import schedules, turns
from ..reports.runs import run_now

EDIT = "analytics.add_schedule"
RELATED = ("owner", "report")
MOST_PEOPLE = 500


class ScheduleAsked(StrictSerializer):
    name = serializers.CharField(max_length=100)
    report = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="A report that one sees …"
    )
    standard = serializers.ChoiceField(
        Schedule.Standard.choices,
        required=False,
        allow_blank=True,
        help_text="… or one of these.",
    )
    every = serializers.ChoiceField(Schedule.Every.choices)
    weekday = serializers.IntegerField(
        required=False, min_value=0, max_value=6, help_text="Of a weekly one; 0 is Monday."
    )
    day_of_month = serializers.IntegerField(
        required=False, min_value=1, max_value=31, help_text="Of a monthly one; a shorter month's last day."
    )
    at = serializers.TimeField(format="%H:%M", help_text="On the clock of its time zone, all year.")
    time_zone = serializers.CharField(
        required=False, max_length=50, help_text="Such as America/Chicago; one's own unless said."
    )
    format = serializers.ChoiceField(Schedule.Format.choices, required=False)
    is_attached = serializers.BooleanField(
        required=False, help_text="Otherwise the mail leads to the file, behind the sign-in."
    )
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        max_length=MOST_PEOPLE,
        help_text="The ids of those it goes to. Each gets it only while they may see all that is in it.",
    )
    is_active = serializers.BooleanField(required=False)


class ScheduledRunShown(serializers.Serializer[ScheduledRun]):
    due_at = serializers.DateTimeField()
    told_at = serializers.DateTimeField(allow_null=True, help_text="Null while nobody has been told.")
    problem = serializers.CharField(allow_blank=True, help_text="Why nobody was, or not everybody.")


class ScheduleShown(serializers.ModelSerializer[Schedule]):
    owner = Named(help_text="With whose rights it is made.")
    report = Named(allow_null=True)
    at = serializers.TimeField(format="%H:%M")
    words = serializers.CharField(help_text="When it comes, in words.")
    people = Named(many=True, source="told")
    last_run = ScheduledRunShown(allow_null=True)

    class Meta:
        model = Schedule
        fields = (
            *("id", "name", "owner", "report", "standard", "every", "weekday", "day_of_month", "at"),
            *("time_zone", "words", "format", "is_attached", "people", "is_active", "due_at", "last_run"),
        )


class SchedulePage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = ScheduleShown(many=True)


ASKED: dict[str, Any] = {
    "name": "Denials on Monday morning",
    "standard": "denials",
    "every": "week",
    "weekday": 0,
    "at": "08:00",
    "time_zone": "America/Chicago",
    "format": "pdf",
    "people": [7],
}
SHOWN: dict[str, Any] = ASKED | {
    "id": 3,
    "owner": {"id": 7, "name": "Ana Ruiz"},
    "report": None,
    "day_of_month": 1,
    "words": "Every Monday at 08:00 Chicago time",
    "is_attached": True,
    "people": [{"id": 7, "name": "Ana Ruiz"}],
    "is_active": True,
    "due_at": "2026-11-23T14:00:00Z",
    "last_run": {"due_at": "2026-11-16T14:00:00Z", "told_at": "2026-11-16T14:00:09Z", "problem": ""},
}
EXAMPLE = OpenApiExample("A schedule", value=SHOWN, response_only=True)


class Schedules(APIView):
    access = EDIT
    ordering = ("name",)

    @extend_schema(
        operation_id="list_schedules",
        summary="List scheduled reports",
        description="One's own; who keeps the installation running sees everybody's.",
        parameters=[
            OpenApiParameter("cursor", str, description="From `next` of the page before."),
            OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
        ],
        responses=SchedulePage,
        examples=[OpenApiExample("One", value={"next": None, "results": [SHOWN]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request._request.GET, PAGING)
        pages = Cursor()
        mine = Schedule.objects.visible_to(person(request._request)).select_related(*RELATED)
        rows = pages.paginate_queryset(mine.prefetch_related("people", turns.LAST_RUN), request, view=self)
        return pages.get_paginated_response([shown(each) for each in rows])

    @extend_schema(
        operation_id="add_schedule",
        summary="Have a report sent again and again",
        request=ScheduleAsked,
        responses={201: ScheduleShown},
        examples=[OpenApiExample("Every Monday", value=ASKED, request_only=True), EXAMPLE],
    )
    def post(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        form = ScheduleAsked(data=request.data)
        form.is_valid(raise_exception=True)
        schedule = Schedule(owner=user, time_zone=user.zone.key)
        keep(schedule, form.validated_data, user, request)
        where = {"Location": reverse("api_schedule", args=[schedule.pk])}
        return Response(shown(found(request, schedule.pk)), status=201, headers=where)


class OneSchedule(APIView):
    access = EDIT

    @extend_schema(
        operation_id="read_schedule",
        summary="Read a scheduled report",
        responses=ScheduleShown,
        examples=[EXAMPLE],
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(shown(found(request, pk)))

    @extend_schema(
        operation_id="change_schedule",
        summary="Change a scheduled report, or switch it off",
        description="What is not said stays. Its next turn is told anew.",
        request=ScheduleAsked,
        responses=ScheduleShown,
        examples=[OpenApiExample("Off", value={"is_active": False}, request_only=True), EXAMPLE],
    )
    def patch(self, request: Request, pk: int) -> Response:
        schedule = found(request, pk)
        form = ScheduleAsked(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        keep(schedule, form.validated_data, person(request._request), request)
        return Response(shown(found(request, pk)))

    @extend_schema(
        operation_id="delete_schedule",
        summary="Delete a scheduled report",
        description="Nothing of it is sent any more, and the list of its turns is gone; its report stays.",
        responses={204: OpenApiResponse(description="It is deleted.")},
    )
    def delete(self, request: Request, pk: int) -> Response:
        schedule = found(request, pk)
        schedules.delete_schedule(schedule, actor=person(request._request), request=request._request)
        return Response(status=204)


class SendNow(APIView):
    access = EDIT

    @extend_schema(
        operation_id="send_schedule",
        summary="Send a scheduled report now",
        description="Beside its turns: the next one comes when it would have. `last_run` says how it went.",
        request=None,
        responses={202: ScheduleShown},
        examples=[EXAMPLE],
    )
    def post(self, request: Request, pk: int) -> Response:
        schedule = found(request, pk)
        run_now(schedule, actor=person(request._request), now=timezone.now(), request=request._request)
        return Response(shown(found(request, pk)), status=202)


def found(request: Request, pk: int) -> Schedule:
    """Somebody else's is as unknown as one that does not exist."""
    user = person(request._request)
    mine = Schedule.objects.visible_to(user).select_related(*RELATED)
    schedule = mine.prefetch_related("people", turns.LAST_RUN).filter(pk=pk).first()
    if schedule is None:
        audit.record(user, "schedule.read", request=request._request, outcome="failed", asked_for=pk)
        raise exceptions.NotFound("There is no such schedule.")
    return schedule


def shown(schedule: Schedule) -> Any:
    schedule.words = turns.in_words(schedule)  # type: ignore[attr-defined]
    schedule.told = schedule.people.all()  # type: ignore[attr-defined]
    schedule.last_run = next(iter(schedule.last_runs), None)  # type: ignore[attr-defined]
    return ScheduleShown(schedule).data


@transaction.atomic
def keep(schedule: Schedule, asked: dict[str, Any], user: User, request: Request) -> None:
    people = named_people(asked.pop("people"), user) if "people" in asked else list(schedule.people.all())
    if "report" in asked:
        schedule.report = named_report(asked.pop("report"), schedule.owner)
        schedule.standard = asked.get("standard", "")
    elif asked.get("standard"):
        schedule.report = None
    for name, value in asked.items():
        setattr(schedule, name, value)
    if problems := schedules.problems_of(schedule, people):
        raise exceptions.ValidationError(problems)
    now = timezone.now()
    schedules.save_schedule(schedule, people, actor=user, now=now, request=request._request)


def named_people(ids: list[int], user: User) -> list[User]:
    people = list(schedules.may_be_told(user).filter(pk__in=ids))
    if len(people) < len(set(ids)):
        raise exceptions.ValidationError({"people": ["Each is the id of a colleague who looks at numbers."]})
    return people


def named_report(pk: int | None, owner: User) -> Report | None:
    if pk is None:
        return None
    report = Report.objects.visible_to(owner).filter(pk=pk).first()
    if report is None:
        raise exceptions.ValidationError({"report": ["There is no such report."]})
    return report
