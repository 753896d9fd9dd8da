"""Files of claims for other systems: sending one, watching it being taken in, fetching what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from accounts.models import Department, User
from claims.asking import Wrong, named
from claims.imports import control
from claims.imports.control import CannotControl
from claims.imports.recognise import FileKind
from claims.imports.records import Unreadable
from claims.imports.rules import Grouping
from claims.imports.uploads import SentBefore, UploadOptions, receive
from claims.models import Claim, Import, ImportProblem
from rcm_site.api import StrictSerializer
from rcm_site.errors import api_error
from rcm_site.spreadsheets import stream_csv

from .narrowing import refuse_unknown

COUNTS = {
    "claims": "claims_stored",
    "lines": "lines_stored",
    "payments": "payments_stored",
    "others": "others_stored",
    "duplicates": "duplicates",
    "refused": "refused",
    "warnings": "warnings",
}


class FileSent(StrictSerializer):
    file = serializers.FileField(allow_empty_file=True, max_length=1_000)
    kind = serializers.ChoiceField([each.value for each in FileKind], required=False)
    grouping = serializers.ChoiceField(
        [each.value for each in Grouping], required=False, help_text="What lines without claim numbers make."
    )
    claim_kind = serializers.ChoiceField(Claim.Kind.choices, required=False)
    taking = serializers.ChoiceField(Import.Taking.choices, required=False)
    sender = serializers.CharField(
        required=False, max_length=80, allow_blank=True, help_text="Whose control numbers these are."
    )
    department = serializers.CharField(
        required=False, max_length=80, help_text="Of rows that name none, by id or name."
    )
    again = serializers.BooleanField(required=False, help_text="Although this file was sent before.")


class CountsShown(serializers.Serializer[Any]):
    claims = serializers.IntegerField()
    lines = serializers.IntegerField()
    payments = serializers.IntegerField()
    others = serializers.IntegerField(help_text="Acknowledgements and actions of staff.")
    duplicates = serializers.IntegerField()
    refused = serializers.IntegerField()
    warnings = serializers.IntegerField()


class ProgressShown(serializers.Serializer[Any]):
    share = serializers.FloatField(help_text="Of the whole work, 0 to 1.")
    records_a_second = serializers.FloatField(allow_null=True)
    seconds_left = serializers.IntegerField(allow_null=True)
    words = serializers.CharField()


class LinksShown(serializers.Serializer[Any]):
    errors = serializers.CharField()  # type: ignore[assignment]  # every serializer has errors of its own
    refused_rows = serializers.CharField()


class ImportShown(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    kind = serializers.CharField(help_text="As its sender said, or as its content shows.")
    state = serializers.ChoiceField(Import.State.choices)
    reason = serializers.CharField(allow_blank=True, help_text="Why it was refused or failed.")
    sent_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    counts = CountsShown()
    progress = ProgressShown()
    links = LinksShown()


def shown(source: Import) -> dict[str, Any]:
    progress = control.progress(source)
    errors = reverse("api_import_errors", args=[source.pk])
    return ImportShown(
        {
            "id": source.pk,
            "name": source.name,
            "size": source.size,
            "kind": source.kind or source.found_kinds,
            "state": source.state,
            "reason": source.reason,
            "sent_at": source.sent_at,
            "started_at": source.started_at,
            "finished_at": source.finished_at,
            "counts": {name: getattr(source, field) for name, field in COUNTS.items()},
            "progress": {
                "share": progress.share,
                "records_a_second": progress.rate,
                "seconds_left": progress.seconds_left,
                "words": progress.words,
            },
            "links": {"errors": errors, "refused_rows": f"{errors}?as=rows"},
        }
    ).data


EXAMPLE = OpenApiExample(
    "Being stored",
    value={
        "id": "01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f",
        "name": "november.csv",
        "size": 48_120_334,
        "kind": "claim_lines",
        "state": "running",
        "reason": "",
        "sent_at": "2026-11-20T14:03:11Z",
        "started_at": "2026-11-20T14:03:13Z",
        "finished_at": None,
        "counts": {
            "claims": 120_000,
            "lines": 480_000,
            "payments": 0,
            "others": 0,
            "duplicates": 2,
            "refused": 31,
            "warnings": 12,
        },
        "progress": {"share": 0.48, "records_a_second": 4_870.0, "seconds_left": 27, "words": "Storing"},
        "links": {
            "errors": "/api/imports/01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f/errors",
            "refused_rows": "/api/imports/01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f/errors?as=rows",
        },
    },
    response_only=True,
)


class SendFile(APIView):
    access = "claims.add_import"
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="send_file",
        summary="Send a file of claims, remittances, acknowledgements or actions",
        description=(
            "CSV, JSON or X12, also in a zip or gzip. Answered at once with the address at which to watch it "
            "being taken in. The same bytes again are refused with 409, unless `again` is true."
        ),
        request={"multipart/form-data": FileSent},
        responses={202: ImportShown},
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        form = FileSent(data=request.data)
        form.is_valid(raise_exception=True)
        if len(request._request.FILES.getlist("file")) > 1:
            raise exceptions.ValidationError({"file": ["One file at a time."]})
        file = form.validated_data.pop("file")
        try:
            source = receive(
                file,
                file.name,
                asked=options(form.validated_data, user),
                actor=user,
                request=request._request,
            )
        except SentBefore as before:
            return sent_before(before.first)
        except Unreadable as unreadable:
            raise exceptions.ValidationError({"file": [f"This file {unreadable.reason}."]}) from unreadable
        headers = {"Location": reverse("api_import", args=[source.pk])}
        return Response(shown(source), status=202, headers=headers)


def options(asked: dict[str, Any], user: User) -> UploadOptions:
    if name := asked.pop("department", ""):
        try:
            asked["department"] = named(Department.objects.visible_to(user), name)
        except Wrong as wrong:
            raise exceptions.ValidationError({"department": [str(wrong)]}) from wrong
    return UploadOptions(**asked)


def sent_before(first: Import) -> HttpResponseBase:
    where = {"id": str(first.pk), "url": reverse("api_import", args=[first.pk])}
    message = "This file was sent before. Send it with again=true if it shall be taken once more."
    return api_error(409, "sent_before", message, first=where)


class OneImport(APIView):
    access = "claims.view_import"

    @extend_schema(
        operation_id="read_import",
        summary="Watch a file being taken in",
        responses=ImportShown,
        examples=[EXAMPLE],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shown(found(request, pk)))


def found(request: Request, pk: UUID) -> Import:
    source = Import.objects.visible_to(person(request._request)).filter(pk=pk).first()
    if source is None:
        raise exceptions.NotFound("There is no such import.")
    return source


# What was refused ------------------------------------------------------------------------------------


class TakesAnyAnswer(DefaultContentNegotiation):
    """Whoever asks for text/csv gets it, and errors as JSON all the same."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


HEADINGS = ["file", "place", "field", "what", "reason", "duplicate of"]


class ImportErrors(APIView):
    access = "claims.view_import"
    content_negotiation_class = TakesAnyAnswer

    @extend_schema(
        operation_id="read_import_errors",
        summary="What was wrong with a file, as CSV",
        description=(
            "A row for each problem: where it stands, the field, the reason; never the value. With `as=rows` "
            "the refused rows as they were sent, to be mended and sent again."
        ),
        parameters=[OpenApiParameter("as", str, enum=["problems", "rows"], default="problems")],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="CSV in UTF-8")},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        asked = request._request.GET
        refuse_unknown(asked, ("as",))
        shape = asked.get("as", "problems")
        if shape not in SHAPES:
            raise exceptions.ValidationError({"as": [f"One of {', '.join(SHAPES)}."]})
        source = found(request, pk)
        rows = SHAPES[shape](source)
        # Before the first byte: rows as they were sent hold patients' data.
        audit.record(
            person(request._request), "import.errors_read", source, request=request._request, shape=shape
        )
        return stream_csv(f"{shape}-{source.pk}", next(rows, []), rows)


def problems(source: Import) -> Iterator[list[Any]]:
    yield HEADINGS
    for each in ImportProblem.objects.filter(source=source).select_related("first_claim").iterator():
        what = ImportProblem.Severity(each.severity).label
        yield [each.file, each.place, each.field, what, each.reason, each.first_claim or ""]


SHAPES: dict[str, Callable[[Import], Iterator[list[Any]]]] = {
    "problems": problems,
    "rows": control.refused_rows,
}


# Steering --------------------------------------------------------------------------------------------


class SteerImport(APIView):
    """Asks a worker to do something; what it can do now depends on where it is."""

    access = "claims.add_import"

    def steer(self, request: Request, pk: UUID, how: Callable[..., Import]) -> HttpResponseBase:
        try:
            source = how(found(request, pk), actor=person(request._request), request=request._request)
        except CannotControl as reason:
            return api_error(409, "not_now", str(reason))
        return Response(shown(source))


class Pause(SteerImport):
    @extend_schema(
        operation_id="pause_import", summary="Pause an import", request=None, responses=ImportShown
    )
    def post(self, request: Request, pk: UUID) -> HttpResponseBase:
        return self.steer(request, pk, control.pause)


class Resume(SteerImport):
    @extend_schema(
        operation_id="resume_import", summary="Go on with an import", request=None, responses=ImportShown
    )
    def post(self, request: Request, pk: UUID) -> HttpResponseBase:
        return self.steer(request, pk, control.resume)


class Cancel(SteerImport):
    @extend_schema(
        operation_id="cancel_import", summary="Cancel an import", request=None, responses=ImportShown
    )
    def post(self, request: Request, pk: UUID) -> HttpResponseBase:
        return self.steer(request, pk, control.cancel)
