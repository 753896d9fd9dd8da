"""Custom reports for other systems: having one made, watching it, fetching it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from accounts.models import User
from claims.api.files import TakesAnyAnswer
from claims.api.narrowing import refuse_unknown
from rcm_site.errors import api_error

from ..exports import asking, handing_over, kinds, making
from ..exports.asking import MOST_OF_ONE, TooMany
from ..exports.handing_over import NotKept
from ..exports.kinds import CONTENT_TYPES, WrongExport
from ..models import Export
from ..pages.exports import file_response
from ..periods import NAMED
from ..questions import COMPARED, WrongQuestion
from ..reports.asking import CHARTS, MOST_GROUPS, MOST_NUMBERS, ReportQuestion, read
from ..reports.dimensions import DIMENSIONS
from ..reports.waiting import is_quick
from .kept_reports import DEFINITION, found
from .parameters import API

KIND = "report"
LARGEST_INLINE = 200_000  # bytes of an answer that comes with the job
GROUPS = [*DIMENSIONS]


# How they are described ----------------------------------------------------------------------------


class FiltersAsked(serializers.Serializer[Any]):
    payer = serializers.CharField(required=False, help_text="By id or name; `none` for claims without one.")
    department = serializers.CharField(required=False, help_text="By id or name; one of one's own.")
    provider = serializers.CharField(required=False, help_text="An NPI, or `none`.")
    kind = serializers.CharField(required=False, help_text="Professional, institutional or dental.")
    category = serializers.CharField(required=False, help_text="What people work a denial by.")
    procedure = serializers.CharField(required=False, help_text="On one of the claim's lines.")
    reason = serializers.CharField(required=False, help_text="Of the denial, as in `CO-16`.")
    remark = serializers.CharField(required=False, help_text="Given with the denial, as in `N382`.")


class DefinitionAsked(serializers.Serializer[Any]):
    """Read by `reports.asking`, which names every mistake by its path; this only describes it."""

    kpis = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text=f"Keys of `/api/kpis/`; with `measures` at least one and at most {MOST_NUMBERS}.",
    )
    measures = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="What KPIs are made of, as in `denied`."
    )
    group_by = serializers.ListField(
        child=serializers.ChoiceField(GROUPS),
        required=False,
        help_text=f"At most {MOST_GROUPS}: one time, one code. Provider and assignee as one's role allows.",
    )
    filters = FiltersAsked(required=False)
    period = serializers.ChoiceField(
        [*NAMED], required=False, help_text="One's own from the profile, unless said."
    )
    start = serializers.DateField(required=False, help_text="The first day, in place of `period`.")
    end = serializers.DateField(required=False, help_text="The last day, itself in the period.")
    compare = serializers.ChoiceField([*COMPARED], required=False, help_text="Nothing, unless said.")
    chart = serializers.ChoiceField(CHARTS, required=False, help_text="Drawn on pages and in PDF.")


class GenerateAsked(DefinitionAsked):
    report = serializers.IntegerField(
        required=False, help_text="A kept report, in place of all the others but `format`."
    )
    format = serializers.ChoiceField(Export.Format.choices, required=False, help_text="JSON, unless said.")


class JobShown(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    report = serializers.IntegerField(allow_null=True, help_text="The kept report that it is of.")
    format = serializers.ChoiceField(Export.Format.choices)
    words = serializers.CharField(help_text="What it asks, in words.")
    state = serializers.ChoiceField(Export.State.choices)
    reason = serializers.CharField(allow_blank=True, help_text="Why it failed.")
    rows_written = serializers.IntegerField(help_text="How far it is.")
    size = serializers.IntegerField(help_text="Bytes written so far.")
    asked_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    kept_until = serializers.DateTimeField(allow_null=True)
    result = serializers.CharField(allow_null=True, help_text="Where it is; null while there is none.")


class GeneratedShown(JobShown):
    answer = serializers.DictField(
        allow_null=True, help_text="A short one of JSON itself, as `result` gives it; null otherwise."
    )


JOB: dict[str, Any] = {
    "id": "01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f",
    "report": None,
    "format": "xlsx",
    "words": "Denial rate (of decided) and Denied charges by payer and month: 1 Sep – 30 Nov 2026, Imaging",
    "state": "done",
    "reason": "",
    "rows_written": 42,
    "size": 9_114,
    "asked_at": "2026-11-30T14:03:11Z",
    "finished_at": "2026-11-30T14:03:12Z",
    "kept_until": "2026-12-01T14:03:12Z",
    "result": "/api/reports/jobs/01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f/result",
}
WAITING = JOB | {"state": "waiting", "rows_written": 0, "size": 0, "answer": None}
WAITING |= {"finished_at": None, "kept_until": None, "result": None}


# Making --------------------------------------------------------------------------------------------


class GenerateReport(APIView):
    access = API

    @extend_schema(
        operation_id="generate_report",
        summary="Have a report made",
        description=(
            "Answered with a job, whose address (`Location`) tells how far it is and where its result is: "
            "kept for a day, for whoever asked and for those with whom its kept report is shared, as far as "
            "they may see all of it. A short one of JSON is made at once and comes along as `answer`. "
            "A mistake is named by its path, as in `kpis[1]`. "
            f"409 when {MOST_OF_ONE} files are under way already."
        ),
        request=GenerateAsked,
        responses={202: GeneratedShown},
        examples=[
            OpenApiExample("By payer and month", value=DEFINITION | {"format": "xlsx"}, request_only=True),
            OpenApiExample("A kept one", value={"report": 4, "format": "pdf"}, request_only=True),
            OpenApiExample("Waiting", value=WAITING, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        if KIND not in kinds.kinds_for(user):
            audit.record(user, "export.asked", request=request._request, outcome="refused", kind=KIND)
            raise exceptions.PermissionDenied("You may not see reports.")
        question, asked = asked_for(user, request.data)
        try:
            export = asking.ask_for(user, KIND, question.format, asked, request._request)
        except WrongExport as wrong:
            raise exceptions.ValidationError(wrong.problems) from wrong
        except TooMany:
            message = f"{MOST_OF_ONE} files are under way for you already: wait for one, or cancel it."
            return api_error(409, "too_many_exports", message)
        answer = answer_at_once(export, question, request)
        headers = {"Location": reverse("api_report_job", args=[export.pk])}
        return Response(job(export) | {"answer": answer}, status=202, headers=headers)


def asked_for(user: User, body: Any) -> tuple[ReportQuestion, dict[str, str]]:
    """What is asked, and the words in which a job keeps it."""
    today, kept = timezone.localdate(), {}
    if isinstance(body, Mapping) and "report" in body:
        if more := body.keys() - {"report", "format"}:
            raise exceptions.ValidationError({name: ["Not beside a kept report."] for name in sorted(more)})
        report = found(user, body["report"])
        kept["report"] = str(report.pk)
        body = {**report.asked, "format": body.get("format", "json")}
    try:
        question = read(body, user, today)
    except WrongQuestion as wrong:
        raise exceptions.ValidationError(wrong.problems) from wrong
    return question, kept or {"asked": json.dumps(question.definition)}


def answer_at_once(export: Export, question: ReportQuestion, request: Request) -> Any:
    """The rows themselves, where they are few and facts tell them."""
    if export.format != Export.Format.JSON or not is_quick(question):
        return None
    making.make_now(export)
    if export.state != Export.State.DONE or export.size > LARGEST_INLINE:
        return None
    content = handing_over.hand_over(export, now=timezone.now(), request=request._request)
    return json.loads(b"".join(content))


def job(export: Export) -> dict[str, Any]:
    is_kept = handing_over.is_kept(export, timezone.now())
    same = ("id", "format", "words", "state", "reason", "rows_written", "size")
    shown = JobShown(
        {
            **{name: getattr(export, name) for name in (*same, "asked_at", "finished_at", "kept_until")},
            "report": export.report_id,
            "result": reverse("api_report_result", args=[export.pk]) if is_kept else None,
        }
    )
    return dict(shown.data)


def job_of(request: Request, pk: UUID) -> Export:
    """Somebody else's is as unknown as one that does not exist."""
    user = person(request._request)
    export = handing_over.files_for(user).filter(pk=pk, kind=KIND).first()
    if export is None:
        audit.record(user, "export.taken", request=request._request, outcome="failed", asked_for=str(pk))
        raise exceptions.NotFound("There is no such job.")
    return export


class ReportJob(APIView):
    access = API

    @extend_schema(
        operation_id="read_report_job",
        summary="Watch a report being made",
        responses=JobShown,
        examples=[OpenApiExample("Done", value=JOB, response_only=True)],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        refuse_unknown(request._request.GET, ())
        return Response(job(job_of(request, pk)))


class ReportResult(APIView):
    access = API
    content_negotiation_class = TakesAnyAnswer

    @extend_schema(
        operation_id="read_report_result",
        summary="Fetch a report",
        description=(
            "409 while it is being made. 410 when it is not kept any more, or holds what the caller may not "
            "see."
        ),
        responses={
            (200, "application/json"): OpenApiResponse(
                OpenApiTypes.OBJECT,
                description="Period, totals and rows; each number with what it is made of, as KPIs have it.",
            ),
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="The rows, in UTF-8"),
            (200, CONTENT_TYPES["xlsx"]): OpenApiResponse(OpenApiTypes.BINARY, description="With totals"),
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, description="With charts"),
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        refuse_unknown(request._request.GET, ())
        export, user = job_of(request, pk), person(request._request)
        try:
            content = handing_over.hand_over(export, now=timezone.now(), by=user, request=request._request)
        except NotKept as reason:
            if not export.is_over:
                return api_error(409, "not_now", str(reason))
            return api_error(410, "not_kept", str(reason))
        return file_response(export, content)
