"""Tasks for other systems: listing what is due, planning, handing over and doing it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from accounts.models import User
from claims import todo
from claims.models import Claim, Patient, Task
from claims.models.tasks import TaskQuerySet
from claims.pages.filters import colleagues
from claims.pages.tasks import KINDS, RELATED, WORK
from rcm_site.api import Cursor, StrictSerializer
from rcm_site.errors import api_error

from .narrowing import PAGING, refuse_unknown
from .shapes import Named

OWNERS = ("me", "none", "all")


class NewTask(StrictSerializer):
    kind = serializers.ChoiceField(KINDS)
    due_on = serializers.DateField()
    reminder_on = serializers.DateField(required=False, allow_null=True, help_text="The due day at latest.")
    owner = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="A colleague's id; oneself unless said."
    )
    text = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    claim = serializers.UUIDField(required=False, help_text="What it is about: a claim …")
    patient_id = serializers.CharField(required=False, max_length=64, help_text="… or a patient.")

    def validate_due_on(self, day: date) -> date:
        if day < timezone.localdate():
            raise serializers.ValidationError("This day is over.")
        return day

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "claim" in attrs and "patient_id" in attrs:
            raise serializers.ValidationError({"patient_id": ["A task is about a claim or about a patient."]})
        return attrs


class ChangedTask(NewTask):
    done = serializers.BooleanField(required=False, help_text="False opens it again.")
    outcome = serializers.CharField(
        required=False, allow_blank=True, max_length=2_000, help_text="What came of it, with `done`."
    )
    claim, patient_id = None, None  # type: ignore[assignment]  # what a task is about stays


class AboutClaim(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField(source="__str__")


class TaskShown(serializers.ModelSerializer[Task]):
    owner = Named(allow_null=True)
    claim = AboutClaim(allow_null=True)
    patient_id = serializers.CharField(source="patient.patient_id", allow_null=True, default=None)
    done_by = Named(allow_null=True)

    class Meta:
        model = Task
        fields = (
            "id",
            "kind",
            "text",
            "claim",
            "patient_id",
            "owner",
            "due_on",
            "reminder_on",
            "made_at",
            "done_at",
            "done_by",
            "outcome",
        )


class TaskPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = TaskShown(many=True)


TASK: dict[str, Any] = {
    "id": 12,
    "kind": "call",
    "text": "Ask for the reference of the reprocessing",
    "claim": {"id": "019ab3c4-7c1e-7a55-9f60-0a3c5d1f2b41", "number": "C-1204"},
    "patient_id": None,
    "owner": {"id": 7, "name": "Ana Ruiz"},
    "due_on": "2026-11-30",
    "reminder_on": "2026-11-27",
    "made_at": "2026-11-21T09:30:00Z",
    "done_at": None,
    "done_by": None,
    "outcome": "",
}
EXAMPLE = OpenApiExample("A task", value=TASK, response_only=True)
PLANNED = {name: TASK[name] for name in ("kind", "text", "due_on", "reminder_on")}


class Tasks(APIView):
    access = WORK
    ordering = ("due_on",)

    @extend_schema(
        operation_id="list_tasks",
        summary="List tasks by due day",
        description="Tasks for claims and patients that one sees; follow-ups of urgent patients among them.",
        parameters=[
            OpenApiParameter("owner", str, default="me", description="A person's id, `me`, `none` or `all`."),
            OpenApiParameter("done", bool, default=False),
            OpenApiParameter("claim", str, description="The id of a claim."),
            OpenApiParameter("cursor", str, description="From `next` of the page before."),
            OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
        ],
        responses=TaskPage,
        examples=[OpenApiExample("One task", value={"next": None, "results": [TASK]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        user = person(request._request)
        asked = request._request.GET
        pages = Cursor()
        tasks = narrowed(Task.objects.visible_to(user), asked, user)
        rows = pages.paginate_queryset(tasks.select_related(*RELATED, "done_by"), request, view=self)
        audit.record(user, "tasks.read", request=request._request, rows=len(rows), narrowed_by=sorted(asked))
        return pages.get_paginated_response(TaskShown(rows, many=True).data)

    @extend_schema(
        operation_id="add_task",
        summary="Plan a task",
        request=NewTask,
        responses={201: TaskShown},
        examples=[
            OpenApiExample("For a claim", value=PLANNED | {"claim": TASK["claim"]["id"]}, request_only=True),
            EXAMPLE,
        ],
    )
    def post(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        form = NewTask(data=request.data)
        form.is_valid(raise_exception=True)
        asked = {"owner": user.pk} | form.validated_data
        claim, patient = asked_about(user, asked)
        plan = todo.Plan(**asked | {"owner": owner_of(user, asked)})
        try:
            task = todo.add_task(plan, claim=claim, patient=patient, actor=user, request=request._request)
        except todo.TaskError as error:
            return api_error(409, "not_now", str(error))
        where = {"Location": reverse("api_task", args=[task.pk])}
        return Response(TaskShown(task).data, status=201, headers=where)


class OneTask(APIView):
    access = WORK

    @extend_schema(operation_id="read_task", summary="Read a task", responses=TaskShown, examples=[EXAMPLE])
    def get(self, request: Request, pk: int) -> Response:
        task = opened(request, pk, "task.read")
        audit.record(person(request._request), "task.read", task, request=request._request)
        return Response(TaskShown(task).data)

    @extend_schema(
        operation_id="change_task",
        summary="Plan a task anew, hand it over, or say that it is done",
        description="409 says why not. A follow-up is done only with an `outcome`, and stays done.",
        request=ChangedTask,
        responses=TaskShown,
        examples=[
            OpenApiExample("Done", value={"done": True, "outcome": "They pay."}, request_only=True),
            EXAMPLE,
        ],
    )
    def patch(self, request: Request, pk: int) -> HttpResponseBase:
        user = person(request._request)
        form = ChangedTask(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        task = opened(request, pk, "task.changed")
        try:
            change(task, form.validated_data, user, request)
        except todo.TaskError as error:
            return api_error(409, "not_now", str(error))
        return Response(TaskShown(opened(request, pk, "task.read")).data)


@transaction.atomic
def change(task: Task, asked: dict[str, Any], user: User, request: Request) -> None:
    """All of it or none: opened again before it is planned anew, and done after it."""
    done, outcome = asked.pop("done", None), asked.pop("outcome", "")
    if done is False:
        todo.reopen(task, actor=user, request=request._request)
    if asked:
        kept = {name: getattr(task, name) for name in ("kind", "due_on", "reminder_on", "text", "owner")}
        owner = {"owner": owner_of(user, asked)} if "owner" in asked else {}
        todo.change_task(task, todo.Plan(**kept | asked | owner), actor=user, request=request._request)
    if done:
        todo.finish(task, actor=user, outcome=outcome, request=request._request)


def opened(request: Request, pk: int, action: str) -> Task:
    """One about another department's claim is as unknown as one that does not exist."""
    user = person(request._request)
    task = Task.objects.visible_to(user).select_related(*RELATED, "done_by").filter(pk=pk).first()
    if task is None:
        audit.record(user, action, request=request._request, outcome="failed", asked_for=pk)
        raise exceptions.NotFound("There is no such task.")
    return task


def asked_about(user: User, asked: dict[str, Any]) -> tuple[Claim | None, Patient | None]:
    claim = patient = None
    if number := asked.pop("claim", None):
        claim = Claim.objects.visible_to(user).filter(pk=number).first()
        if claim is None:
            raise exceptions.ValidationError({"claim": ["There is no such claim."]})
    if patient_id := asked.pop("patient_id", None):
        patient = Patient.objects.visible_to(user).known_as(patient_id).first()
        if patient is None:
            raise exceptions.ValidationError({"patient_id": ["There is no such patient."]})
    return claim, patient


def owner_of(user: User, asked: dict[str, Any]) -> User | None:
    if asked["owner"] is None:
        return None
    owner = colleagues(user).active().filter(pk=asked["owner"]).first()
    if owner is None:
        raise exceptions.ValidationError({"owner": ["Nobody of this id works with you."]})
    return owner


# Narrowing -------------------------------------------------------------------------------------------


def narrowed(tasks: TaskQuerySet, asked: QueryDict, user: User) -> TaskQuerySet:
    refuse_unknown(asked, ("owner", "done", "claim", *PAGING))
    owner, done, claim = asked.get("owner", "me"), asked.get("done", "false"), asked.get("claim")
    is_number = owner.isascii() and owner.isdigit() and len(owner) < 10
    problems = {}
    if owner not in OWNERS and not is_number:
        problems["owner"] = ["A person's id, me, none or all."]
    if done not in ("true", "false"):
        problems["done"] = ["One of true, false."]
    if claim is not None:
        try:
            tasks = tasks.filter(claim=serializers.UUIDField().to_internal_value(claim))
        except exceptions.ValidationError:
            problems["claim"] = ["The id of a claim."]
    if problems:
        raise exceptions.ValidationError(problems)
    whose = {"me": Q(owner=user), "none": Q(owner=None), "all": Q()}
    return tasks.filter(
        whose[owner] if owner in whose else Q(owner=int(owner)), done_at__isnull=done == "false"
    )
