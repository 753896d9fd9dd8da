"""Claims for other systems: sending one, listing and reading them, changing a status."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn
from uuid import UUID

from django.db.models import Sum
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from accounts.models import User
from claims import changes, idempotency
from claims.changes import Change, ClaimError
from claims.idempotency import Answer
from claims.imports.claim_json import read_body
from claims.imports.claim_lines import LineForm
from claims.imports.records import ClaimRecord, Problem, Severity, Unreadable
from claims.imports.rules import Rules
from claims.intake import Intake
from claims.models import Claim, ClaimLine
from claims.models.claims import ClaimQuerySet
from claims.money import dollars
from claims.storing import store_claims
from rcm_site.api import Cursor, StrictSerializer
from rcm_site.days import not_to_come
from rcm_site.errors import api_error

from .narrowing import NEWEST_FIRST, PARAMETERS, SORTS, narrowed
from .shapes import (
    CLAIM_EXAMPLE,
    CLAIM_ROW_EXAMPLE,
    DENIAL_CATEGORIES,
    LISTED,
    ClaimRow,
    ClaimShown,
    Money,
    listed,
)

IN_A_LINE = re.compile(r"line (\d+)(?:: (.*))?", re.DOTALL)
RETRY_AFTER = {"Retry-After": "1"}
KEY_PARAMETER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The request's own name: 1 to 200 visible ASCII characters.",
)


class AsSent(JSONParser):
    """JSON as the bytes that were sent: the claim's own reader is stricter than any other."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read()


# Sending ---------------------------------------------------------------------------------------------


class LineSent(serializers.Serializer[Any]):
    service_date = serializers.DateField()
    submitted_procedure = serializers.CharField()
    plan_group = serializers.CharField(help_text="Also `Plan/Group #`.")
    subscriber = serializers.CharField(help_text="Also `Subscriber #`.")
    provider_npi = serializers.RegexField("^[0-9]{10}$", help_text="Also as a number.")
    provider_fees = Money()
    allowed_fees = Money()
    member_coinsurance = Money()
    member_copay = Money()
    quadrant = serializers.CharField(required=False)


class ClaimSent(serializers.Serializer[Any]):
    """Fields go by any spelling that a header of a claim file may have."""

    control_number = serializers.CharField(required=False)
    payer = serializers.CharField(required=False)
    department = serializers.CharField(required=False)
    patient_id = serializers.CharField(required=False)
    kind = serializers.ChoiceField(Claim.Kind.choices, required=False, default=Claim.Kind.DENTAL)
    lines = LineSent(many=True)


class LineTaken(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    net_fee = Money(allow_null=True)


class Warned(serializers.Serializer[Any]):
    field = serializers.CharField()
    reason = serializers.CharField()


class ClaimTaken(serializers.Serializer[Any]):
    """What a sender learns of a claim that was taken; told again word for word to the same request."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    net_fee = Money(allow_null=True)
    lines = LineTaken(many=True)
    warnings = Warned(many=True)


class Refused(Exception):
    """Here already: nothing of the claim is stored."""

    def __init__(self, first: UUID | None) -> None:
        self.first = first


def take(body: bytes, user: User, request: Request) -> Answer:
    """Store the claim of a request, in the caller's transaction."""
    today = timezone.localdate()
    try:
        rules, form = reading_of(today)
        record = read_body(body, rules, form)
    except Unreadable as unreadable:
        raise exceptions.ParseError(f"The body {unreadable.reason}.") from unreadable
    refuse_wrong(record.problems)
    (taken,) = store_claims([record], Intake(actor=user, today=today))
    refuse_wrong(taken.problems)
    if taken.claim_id is None or taken.number is None:
        raise Refused(taken.first_claim_id)
    claim = Claim(pk=taken.claim_id, number=taken.number)
    audit.record(
        user, "claim.added", claim, request=request._request, number=taken.number, lines=len(record.lines)
    )
    return Answer(201, told(claim, record, [*record.problems, *taken.problems]))


@lru_cache(maxsize=1)
def reading_of(today: date) -> tuple[Rules, LineForm]:
    """What a day's claims are read by, which remembers what it read before."""
    rules = Rules(today, zone=timezone.get_default_timezone())
    return rules, LineForm(rules)


def refuse_wrong(problems: list[Problem]) -> None:
    fields: dict[str, list[str]] = {}
    for problem in problems:
        if problem.severity == Severity.ERROR:
            fields.setdefault(path_of(problem), []).append(sentence(problem))
    if fields:
        raise exceptions.ValidationError(fields)


def path_of(problem: Problem) -> str:
    """`lines.0.npi` for what a reader calls `line 1: npi`."""
    in_a_line = IN_A_LINE.fullmatch(problem.field)
    if not in_a_line:
        return problem.field or "non_field_errors"
    line = f"lines.{int(in_a_line[1]) - 1}"
    return f"{line}.{in_a_line[2]}" if in_a_line[2] else line


def sentence(problem: Problem) -> str:
    return f"{problem.reason[:1].upper()}{problem.reason[1:]}."


def told(claim: Claim, record: ClaimRecord, problems: list[Problem]) -> dict[str, Any]:
    fees = [line.net_fee for line in record.lines]
    known = [fee for fee in fees if fee is not None]
    return {
        "id": str(claim.pk),
        "number": str(claim),
        "status": str(record.status),
        "net_fee": amount(sum(known) if known else None),
        "lines": [
            {"number": line.number, "net_fee": amount(fee)}
            for line, fee in zip(record.lines, fees, strict=True)
        ],
        "warnings": [
            {"field": path_of(problem), "reason": sentence(problem)}
            for problem in problems
            if problem.severity == Severity.WARNING
        ],
    }


def amount(cents: int | None) -> str | None:
    return None if cents is None else str(dollars(cents))


def asked_in(request: Request, body: bytes) -> bytes:
    return f"{request.method} {request.path}\n".encode() + body


def already_here(refused: Refused, user: User, request: Request) -> HttpResponseBase:
    """Say which claim was first, to those who may see it."""
    first = Claim.objects.visible_to(user).filter(pk__in=[refused.first]).first()
    audit.record(
        user, "claim.added", first, request=request._request, outcome="refused", reason="here already"
    )
    if first is None:
        return api_error(409, "duplicate_claim", "A claim with this control number is here already.")
    where = {"id": str(first.pk), "number": str(first), "url": reverse("api_claim", args=[first.pk])}
    message = f"Claim {first} has this control number already."
    return api_error(409, "duplicate_claim", message, first=where)


SENT_EXAMPLE = OpenApiExample(
    "A dental claim",
    value={
        "control_number": "PCN-2041",
        "lines": [
            {
                "service_date": "2026-11-02",
                "submitted_procedure": "D0180",
                "plan_group": "GRP-1000",
                "subscriber": "1002003004",
                "provider_npi": "1497775530",
                "provider_fees": "100.00",
                "allowed_fees": "90.50",
                "member_coinsurance": "5.00",
                "member_copay": "0.00",
            }
        ],
    },
    request_only=True,
)
TAKEN_EXAMPLE = OpenApiExample(
    "Taken",
    value={
        "id": CLAIM_EXAMPLE["id"],
        "number": "C-1204",
        "status": "submitted",
        "net_fee": "14.50",
        "lines": [{"number": 1, "net_fee": "14.50"}],
        "warnings": [{"field": "lines.0.provider_npi", "reason": "Has a wrong check digit."}],
    },
    response_only=True,
    status_codes=["201"],
)


# Listing ---------------------------------------------------------------------------------------------


class ClaimPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = ClaimRow(many=True)


RELATED = ("payer", "provider", "department", "assignee")


def net_fees(claims: list[UUID]) -> dict[UUID, Decimal | None]:
    lines = ClaimLine.objects.filter(claim__in=claims)
    return dict(lines.order_by().values_list("claim").annotate(fee=Sum("net_fee")))


class Claims(APIView):
    parser_classes = (AsSent,)

    @property
    def access(self) -> str:
        return "claims.add_claim" if self.request.method == "POST" else "claims.view_claim"

    @extend_schema(
        operation_id="list_claims",
        summary="List claims, narrowed and sorted",
        parameters=[
            *PARAMETERS,
            OpenApiParameter("cursor", str, description="From `next` of the page before."),
            OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
        ],
        responses=ClaimPage,
        examples=[
            OpenApiExample(
                "One claim", value={"next": None, "results": [CLAIM_ROW_EXAMPLE]}, response_only=True
            )
        ],
    )
    def get(self, request: Request) -> Response:
        user = person(request._request)
        asked = request._request.GET
        claims = narrowed(Claim.objects.visible_to(user), asked, user).values_list(*LISTED, named=True)
        self.ordering = SORTS[asked.get("sort", NEWEST_FIRST)]
        pages = Cursor()
        rows = pages.paginate_queryset(claims, request, view=self)
        audit.record(user, "claims.read", request=request._request, rows=len(rows), narrowed_by=sorted(asked))
        fees = net_fees([row.id for row in rows])
        return pages.get_paginated_response([listed(row, fees.get(row.id)) for row in rows])

    @extend_schema(
        operation_id="send_claim",
        summary="Send one claim",
        description=(
            "Stores the claim whole or not at all. With an `Idempotency-Key` the same request sent again "
            "gets the same answer (`Idempotency-Replayed: true`) for seven days, and there is one claim; the "
            "same key with other bytes is refused with 422, and with 409 while the first is still at work. "
            "A control number that is here already is refused with 409, naming the claim that has it."
        ),
        parameters=[KEY_PARAMETER],
        request=ClaimSent,
        responses={201: ClaimTaken},
        examples=[SENT_EXAMPLE, TAKEN_EXAMPLE],
    )
    def post(self, request: Request) -> HttpResponseBase:
        user = person(request._request)
        body = request.data if isinstance(request.data, bytes) else b""
        key = request.headers.get("Idempotency-Key")
        try:
            answer = idempotency.once(user, key, asked_in(request, body), lambda: take(body, user, request))
        except Refused as refused:
            return already_here(refused, user, request)
        except idempotency.KeyRefused as refused:
            return refuse_key(refused)
        headers = {"Location": reverse("api_claim", args=[answer.body["id"]])}
        if not answer.is_replayed:
            return Response(answer.body, status=answer.status, headers=headers)
        headers["Idempotency-Replayed"] = "true"
        # The database keeps the fields in an order of its own.
        return Response(ClaimTaken(answer.body).data, status=answer.status, headers=headers)


def refuse_key(refused: idempotency.KeyRefused) -> HttpResponseBase:
    match refused:
        case idempotency.KeyInUse():
            message = "The first request with this Idempotency-Key is still at work. Ask again in a moment."
            return api_error(409, "request_in_progress", message, headers=RETRY_AFTER)
        case idempotency.KeyOfAnother():
            message = "This Idempotency-Key was given to another request. Choose a new one for each."
            return api_error(422, "idempotency_key_reused", message)
    problem = {"Idempotency-Key": ["1 to 200 visible ASCII characters, without spaces."]}
    raise exceptions.ValidationError(problem) from refused


# One claim -------------------------------------------------------------------------------------------


class NewStatus(StrictSerializer):
    status = serializers.ChoiceField(Claim.Status.choices)
    on = serializers.DateField(
        required=False, validators=[not_to_come], help_text="The day of the decision; today unless said."
    )
    denial_category = serializers.ChoiceField(DENIAL_CATEGORIES, required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2_000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "denial_category" in attrs and attrs["status"] != Claim.Status.DENIED:
            raise serializers.ValidationError({"denial_category": ["Only a denied claim has one."]})
        return attrs


class OneClaim(APIView):
    @property
    def access(self) -> str:
        return "claims.change_claim" if self.request.method == "PATCH" else "claims.view_claim"

    @extend_schema(
        operation_id="read_claim",
        summary="Read a claim with its lines and history",
        description="For roles that work without patients, `patient`, `subscriber` and `note` are null.",
        responses=ClaimShown,
        examples=[OpenApiExample("A claim", value=CLAIM_EXAMPLE, response_only=True)],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        user = person(request._request)
        claim = whole(user).filter(pk=pk).first()
        if claim is None:
            refuse_unseen(user, request, "claim.read", pk)
        audit.record(user, "claim.read", claim, request=request._request)
        return Response(shown(claim, user))

    @extend_schema(
        operation_id="change_claim",
        summary="Give a claim another status",
        description="409 says which statuses the claim can have next.",
        request=NewStatus,
        responses=ClaimShown,
        examples=[
            OpenApiExample(
                "Denied",
                value={"status": "denied", "on": "2026-11-12", "denial_category": "coding"},
                request_only=True,
            ),
            OpenApiExample("A claim", value=CLAIM_EXAMPLE, response_only=True),
        ],
    )
    def patch(self, request: Request, pk: UUID) -> HttpResponseBase:
        user = person(request._request)
        form = NewStatus(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        claim = Claim.objects.visible_to(user).filter(pk=pk).first()
        if claim is None:
            refuse_unseen(user, request, "claim.changed", pk)
        try:
            changes.change_status(
                claim=claim,
                to=asked["status"],
                change=Change(user, request._request, asked.get("note", "")),
                on=asked.get("on"),
                category=asked.get("denial_category", ""),
            )
        except ClaimError as error:
            return api_error(409, "not_now", str(error))
        return Response(shown(whole(user).get(pk=pk), user))


def whole(user: User) -> ClaimQuerySet:
    parts = ("lines__provider", "lines__coverage", "events__actor")
    return Claim.objects.visible_to(user).select_related(*RELATED, "patient").prefetch_related(*parts)


def shown(claim: Claim, user: User) -> Any:
    fees = [line.net_fee for line in claim.lines.all() if line.net_fee is not None]
    context = {"user": user, "net_fees": {claim.pk: sum(fees) if fees else None}}
    return ClaimShown(claim, context=context).data


def refuse_unseen(user: User, request: Request, action: str, pk: UUID) -> NoReturn:
    """One of another department is as unknown as one that does not exist."""
    audit.record(user, action, request=request._request, outcome="failed", asked_for=str(pk))
    raise exceptions.NotFound("There is no such claim.")
