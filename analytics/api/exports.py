"""Long lists as files for other systems: asking for one, watching it being made, fetching it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from claims.api.files import TakesAnyAnswer
from claims.api.narrowing import PAGING, refuse_unknown
from rcm_site.api import Cursor, StrictSerializer
from rcm_site.errors import api_error
from rcm_site.spreadsheets import CONTENT_TYPES

from ..exports import asking, handing_over, kinds
from ..exports.asking import MOST_OF_ONE, TooMany
from ..exports.handing_over import NotKept
from ..exports.kinds import KIND_CHOICES, KINDS, WrongExport
from ..models import Export
from ..pages.exports import file_response

VIEW = "claims.view_claim"


class ExportAsked(StrictSerializer):
    kind = serializers.ChoiceField(KIND_CHOICES, help_text="Which list.")
    format = serializers.ChoiceField(Export.Format.choices)
    parameters = serializers.DictField(
        child=serializers.CharField(max_length=200),
        required=False,
        help_text="What narrows and sorts it, as in the address of its page.",
    )


class ExportShown(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(KIND_CHOICES)
    format = serializers.ChoiceField(Export.Format.choices)
    parameters = serializers.DictField(child=serializers.CharField())
    words = serializers.CharField(help_text="What it was narrowed by, in words.")
    state = serializers.ChoiceField(Export.State.choices)
    reason = serializers.CharField(allow_blank=True, help_text="Why it failed.")
    rows_expected = serializers.IntegerField(allow_null=True)
    rows_written = serializers.IntegerField()
    size = serializers.IntegerField(help_text="Bytes written so far.")
    asked_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    kept_until = serializers.DateTimeField(allow_null=True)
    file = serializers.CharField(allow_null=True, help_text="Where the file is; null while there is none.")


class ExportPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = ExportShown(many=True)


SAME = ("id", "kind", "format", "words", "state", "reason", "rows_expected", "rows_written", "size")


def shown(export: Export) -> Any:
    is_kept = handing_over.is_kept(export, timezone.now())
    return ExportShown(
        {
            **{name: getattr(export, name) for name in SAME},
            "parameters": asking.parameters(export),
            "asked_at": export.asked_at,
            "finished_at": export.finished_at,
            "kept_until": export.kept_until,
            "file": reverse("api_export_file", args=[export.pk]) if is_kept else None,
        }
    ).data


EXAMPLE = {
    "id": "01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f",
    "kind": "claims",
    "format": "csv",
    "parameters": {"status": "denied", "start": "2026-01-01"},
    "words": "Status: Denied, Submitted from: 1 Jan 2026",
    "state": "done",
    "reason": "",
    "rows_expected": 61_204,
    "rows_written": 61_204,
    "size": 14_120_334,
    "asked_at": "2026-11-20T14:03:11Z",
    "finished_at": "2026-11-20T14:03:16Z",
    "kept_until": "2026-11-21T14:03:16Z",
    "file": "/api/exports/01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f/file",
}
DONE = OpenApiExample("Done", value=EXAMPLE, response_only=True)
WAITING = OpenApiExample(
    "Waiting",
    value=EXAMPLE
    | {"state": "waiting", "rows_expected": None, "rows_written": 0, "size": 0}
    | {"finished_at": None, "kept_until": None, "file": None},
    response_only=True,
    status_codes=["202"],
)
ASKED = OpenApiExample(
    "Denied claims of this year",
    value={"kind": "claims", "format": "csv", "parameters": {"status": "denied", "start": "2026-01-01"}},
    request_only=True,
)
BEHIND_A_NUMBER = OpenApiExample(
    "The claims behind a number",
    value={
        "kind": "kpi",
        "format": "xlsx",
        "parameters": {"kpi": "denial_rate", "part": "interest", "period": "last_90_days", "payer": "Aetna"},
    },
    request_only=True,
)


class Exports(APIView):
    access = VIEW
    ordering = ("-asked_at",)

    @extend_schema(
        operation_id="list_exports",
        summary="List the files that one asked for",
        parameters=[
            OpenApiParameter("cursor", str, description="From `next` of the page before."),
            OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
        ],
        responses=ExportPage,
        examples=[
            OpenApiExample("One file", value={"next": None, "results": [EXAMPLE]}, response_only=True),
        ],
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request._request.GET, PAGING)
        pages = Cursor()
        mine = Export.objects.visible_to(person(request._request))
        rows = pages.paginate_queryset(mine, request, view=self)
        return pages.get_paginated_response([shown(each) for each in rows])

    @extend_schema(
        operation_id="ask_for_export",
        summary="Have a list made as a file",
        description=(
            "Answered at once with the address at which to watch it being made; the file is kept for a day, "
            "for whoever asked for it alone. Asked again while under way, the same file is named again. "
            f"409 when {MOST_OF_ONE} files are under way already."
        ),
        request=ExportAsked,
        responses={202: ExportShown},
        examples=[ASKED, BEHIND_A_NUMBER, WAITING],
    )
    def post(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        form = ExportAsked(data=request.data)
        form.is_valid(raise_exception=True)
        kind, asked = form.validated_data["kind"], form.validated_data.get("parameters", {})
        if kind not in kinds.kinds_for(user):
            audit.record(user, "export.asked", request=request._request, outcome="refused", kind=kind)
            raise exceptions.PermissionDenied("You may not see this list.")
        if unknown := asked.keys() - {*KINDS[kind].parameters}:
            raise in_parameters({name: ["There is no such parameter."] for name in sorted(unknown)})
        try:
            export = asking.ask_for(user, kind, form.validated_data["format"], asked, request._request)
        except WrongExport as wrong:
            if "format" in wrong.problems:
                raise exceptions.ValidationError(wrong.problems) from wrong
            raise in_parameters(wrong.problems) from wrong
        except TooMany:
            message = f"{MOST_OF_ONE} files are under way for you already: wait for one, or cancel it."
            return api_error(409, "too_many_exports", message)
        headers = {"Location": reverse("api_export", args=[export.pk])}
        return Response(shown(export), status=202, headers=headers)


def in_parameters(problems: dict[str, list[str]]) -> exceptions.ValidationError:
    return exceptions.ValidationError({"parameters": problems})


class OneExport(APIView):
    access = VIEW

    @extend_schema(
        operation_id="read_export",
        summary="Watch a file being made",
        responses=ExportShown,
        examples=[DONE],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shown(found(request, pk)))


def found(request: Request, pk: UUID) -> Export:
    """Somebody else's is as unknown as one that does not exist."""
    user = person(request._request)
    export = Export.objects.visible_to(user).filter(pk=pk).first()
    if export is None:
        audit.record(user, "export.taken", request=request._request, outcome="failed", asked_for=str(pk))
        raise exceptions.NotFound("There is no such export.")
    return export


class Cancel(APIView):
    access = VIEW

    @extend_schema(
        operation_id="cancel_export", summary="Cancel an export", request=None, responses=ExportShown
    )
    def post(self, request: Request, pk: UUID) -> HttpResponseBase:
        export = found(request, pk)
        if not asking.cancel(export, actor=person(request._request), request=request._request):
            return api_error(409, "not_now", "It is over already.")
        export.refresh_from_db()
        return Response(shown(export))


class ExportFile(APIView):
    access = VIEW
    content_negotiation_class = TakesAnyAnswer

    @extend_schema(
        operation_id="read_export_file",
        summary="Fetch the file",
        description=(
            "409 while it is being made. 410 when it is not kept any more, or holds what the caller may no "
            "longer see."
        ),
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="CSV in UTF-8"),
            (200, CONTENT_TYPES["xlsx"]): OpenApiResponse(OpenApiTypes.BINARY, description="An Excel sheet"),
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        export = found(request, pk)
        try:
            content = handing_over.hand_over(export, now=timezone.now(), request=request._request)
        except NotKept as reason:
            if not export.is_over:
                return api_error(409, "not_now", str(reason))
            return api_error(410, "not_kept", str(reason))
        return file_response(export, content)
