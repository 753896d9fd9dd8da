"""Alerts for other systems: what is open, what it comes from, and who looks after it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from accounts.models import User
from claims.api.narrowing import PAGING, refuse_unknown
from claims.api.shapes import Named, ProviderNamed
from rcm_site.api import Cursor, StrictSerializer
from rcm_site.errors import api_error

from ..alerts import opening
from ..alerts.contributors import contributors
from ..alerts.watched import EACH, WATCHED
from ..alerts.wording import alert_in_words
from ..models import Alert, AlertEvent, AlertRule
from ..models.alerts import AlertQuerySet
from .alert_rules import PAGES, Amount

VIEW, CHANGE = "analytics.view_alert", "analytics.change_alert"
STATES = ("open", "over", "all")


# Shapes --------------------------------------------------------------------------------------------


class AlertShown(serializers.ModelSerializer[Alert]):
    words = serializers.CharField(help_text="What it is about, in a sentence.")
    rule = Named()
    payer = Named(allow_null=True)
    department = Named(allow_null=True)
    provider = ProviderNamed(allow_null=True)
    acknowledged_by = Named(allow_null=True)
    assignee = Named(allow_null=True)

    class Meta:
        model = Alert
        fields = (
            *("id", "words", "rule", "watches", *EACH, "severity", "condition", "limit"),
            *("opened_at", "seen_at", "resolved_at", "start", "end", "value", "value_at_first", "worst"),
            *("compared_with", "lowest_usual", "highest_usual", "n", "acknowledged_at", "acknowledged_by"),
            *("assignee", "snoozed_until", "escalated_at"),
        )


class AlertPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = AlertShown(many=True)


class AlertEventShown(serializers.Serializer[AlertEvent]):
    what = serializers.ChoiceField(AlertEvent.What.choices)
    at = serializers.DateTimeField()
    actor = Named(allow_null=True)
    text = serializers.CharField(
        allow_null=True, help_text="Null for whoever works without patients: a comment may name one."
    )
    value = Amount(allow_null=True)


class WholeAlert(AlertShown):
    runbook = serializers.CharField(source="rule.runbook")
    contributors = serializers.ListField(child=serializers.CharField(), help_text="What it comes from.")
    events = AlertEventShown(many=True)

    class Meta(AlertShown.Meta):
        fields = (*AlertShown.Meta.fields, "runbook", "contributors", "events")  # type: ignore[assignment]


class Assigned(StrictSerializer):
    assignee = serializers.IntegerField(allow_null=True, min_value=1, help_text="A person's id, or null.")


class Snoozed(StrictSerializer):
    until = serializers.DateTimeField(allow_null=True, help_text="Null: from now on told again.")

    def validate_until(self, until: datetime | None) -> datetime | None:
        if until is not None and until <= timezone.now():
            raise serializers.ValidationError("This moment is over.")
        return until


class Commented(StrictSerializer):
    text = serializers.CharField(max_length=2_000)


class Nothing(StrictSerializer):
    """No body, or an empty one."""


ALERT: dict[str, Any] = {
    "id": 301,
    "words": "Denial rate (of decided) of Aetna is 19.2%, limit 15.0%",
    "rule": {"id": 12, "name": "Denials of a payer"},
    "watches": "denial_rate",
    "payer": {"id": 4, "name": "Aetna"},
    "department": None,
    "provider": None,
    "severity": "warning",
    "condition": "above",
    "limit": "15.00",
    "opened_at": "2026-11-20T09:00:00Z",
    "seen_at": "2026-11-21T09:00:00Z",
    "resolved_at": None,
    "start": "2026-10-23",
    "end": "2026-11-21",
    "value": "19.2000",
    "value_at_first": "15.4000",
    "worst": "19.9000",
    "compared_with": None,
    "lowest_usual": None,
    "highest_usual": None,
    "n": 1204,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "assignee": None,
    "snoozed_until": None,
    "escalated_at": None,
}
WHOLE_ALERT: dict[str, Any] = ALERT | {
    "runbook": "Look at the reasons on the denials page.",
    "contributors": ["Cardiology: 41 more claims denied, mostly authorisation"],
    "events": [
        {"what": "opened", "at": "2026-11-20T09:00:00Z", "actor": None, "text": "", "value": "15.4000"}
    ],
}
ONE_ALERT = OpenApiExample("An alert", value=WHOLE_ALERT, response_only=True)
# Alerts --------------------------------------------------------------------------------------------


class Alerts(APIView):
    access = VIEW
    ordering = ("-opened_at",)

    @extend_schema(
        operation_id="list_alerts",
        summary="List alerts, the newest first",
        parameters=[
            OpenApiParameter("state", str, enum=[*STATES], default="open"),
            OpenApiParameter("severity", str, enum=AlertRule.Severity.values),
            OpenApiParameter("watches", str, description="The key of a number."),
            OpenApiParameter("rule", int, description="The id of a rule."),
            *PAGES,
        ],
        responses=AlertPage,
        examples=[OpenApiExample("One", value={"next": None, "results": [ALERT]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        user = person(request._request)
        pages = Cursor()
        alerts = narrowed(Alert.objects.visible_to(user), request)
        rows = pages.paginate_queryset(alerts.select_related(*RELATED), request, view=self)
        audit.record(user, "alerts.read", request=request._request, rows=len(rows))
        return pages.get_paginated_response([AlertShown(worded(each)).data for each in rows])


RELATED = (
    *EACH,
    *(f"rule__{each}" for each in EACH),
    "acknowledged_by",
    "assignee",
)


def narrowed(alerts: AlertQuerySet, request: Request) -> AlertQuerySet:
    asked = request._request.GET
    refuse_unknown(asked, ("state", "severity", "watches", "rule", *PAGING))
    state, problems = asked.get("state", "open"), {}
    if state not in STATES:
        problems["state"] = [f"One of {', '.join(STATES)}."]
    if asked.get("severity", "low") not in AlertRule.Severity.values:
        problems["severity"] = [f"One of {', '.join(AlertRule.Severity.values)}."]
    if asked.get("watches") not in (None, *WATCHED):
        problems["watches"] = ["There is no such number."]
    rule = asked.get("rule", "0")
    if not (rule.isascii() and rule.isdigit() and len(rule) < 10):
        problems["rule"] = ["The id of a rule."]
    if problems:
        raise exceptions.ValidationError(problems)
    if state != "all":
        alerts = alerts.filter(resolved_at__isnull=state == "open")
    return alerts.filter(**{name: asked[name] for name in ("severity", "watches", "rule") if name in asked})


def worded(alert: Alert) -> Alert:
    alert.words = alert_in_words(alert)  # type: ignore[attr-defined]
    return alert


def found_alert(request: Request, pk: int, action: str) -> Alert:
    user = person(request._request)
    alert = Alert.objects.visible_to(user).select_related(*RELATED).filter(pk=pk).first()
    if alert is None:
        audit.record(user, action, request=request._request, outcome="failed", asked_for=pk)
        raise exceptions.NotFound("There is no such alert.")
    return alert


def whole(alert: Alert, request: Request) -> Any:
    """With what happened; comments may tell of patients, so that they are read is written down."""
    user = person(request._request)
    events = list(alert.events.select_related("actor"))
    comments = [each for each in events if each.what == AlertEvent.What.COMMENTED]
    if user.phi_masked:
        for each in comments:
            each.text = None  # type: ignore[assignment]  # is never saved
    audit.record(user, "alert.read", alert, request=request._request, comments=len(comments))
    found = AlertShown(worded(alert)).data
    more = {"runbook": alert.rule.runbook, "contributors": contributors(alert)}
    return {**found, **more, "events": [AlertEventShown(each).data for each in events]}


class OneAlert(APIView):
    access = VIEW

    @extend_schema(
        operation_id="read_alert",
        summary="Read an alert, what it comes from and what happened to it",
        responses=WholeAlert,
        examples=[ONE_ALERT],
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(whole(found_alert(request, pk, "alert.read"), request))


class Acknowledge(APIView):
    access = CHANGE

    @extend_schema(
        operation_id="acknowledge_alert",
        summary="Say that one knows of an alert",
        description="It goes to nobody above then. 409 once the alert is over.",
        request=None,
        responses=WholeAlert,
        examples=[ONE_ALERT],
    )
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        Nothing(data=request.data or {}).is_valid(raise_exception=True)
        return done(request, pk, "alert.acknowledged", opening.acknowledge)


class Assign(APIView):
    access = CHANGE

    @extend_schema(
        operation_id="assign_alert",
        summary="Give an alert to somebody to look after",
        description="Somebody who may see it. 409 once the alert is over.",
        request=Assigned,
        responses=WholeAlert,
        examples=[OpenApiExample("To somebody", value={"assignee": 7}, request_only=True), ONE_ALERT],
    )
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        form = Assigned(data=request.data)
        form.is_valid(raise_exception=True)
        found_alert(request, pk, "alert.assigned")
        asked = form.validated_data["assignee"]
        to = None if asked is None else User.objects.active().filter(pk=asked).first()
        if asked is not None and to is None:
            raise nobody()
        return done(request, pk, "alert.assigned", opening.assign, to=to)


class Snooze(APIView):
    access = CHANGE

    @extend_schema(
        operation_id="snooze_alert",
        summary="Have nobody told of an alert until a moment",
        description="409 once the alert is over.",
        request=Snoozed,
        responses=WholeAlert,
        examples=[
            OpenApiExample("Until Monday", value={"until": "2026-11-23T14:00:00Z"}, request_only=True),
            ONE_ALERT,
        ],
    )
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        form = Snoozed(data=request.data)
        form.is_valid(raise_exception=True)
        return done(request, pk, "alert.snoozed", opening.snooze, **form.validated_data)


class Comment(APIView):
    access = CHANGE

    @extend_schema(
        operation_id="comment_on_alert",
        summary="Write something about an alert",
        request=Commented,
        responses=WholeAlert,
        examples=[
            OpenApiExample("What it was", value={"text": "The new code list."}, request_only=True),
            ONE_ALERT,
        ],
    )
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        form = Commented(data=request.data)
        form.is_valid(raise_exception=True)
        return done(request, pk, "alert.commented", opening.comment, **form.validated_data)


def done(request: Request, pk: int, action: str, do: Any, **asked: Any) -> HttpResponseBase:
    alert, user = found_alert(request, pk, action), person(request._request)
    try:
        do(alert, actor=user, now=timezone.now(), request=request._request, **asked)
    except opening.AlertIsOver:
        return api_error(409, "not_now", "The alert is over.")
    except opening.MayNotSee as wrong:
        raise nobody() from wrong
    return Response(whole(found_alert(request, pk, "alert.read"), request))


def nobody() -> exceptions.ValidationError:
    return exceptions.ValidationError({"assignee": ["Nobody of this id may see the alert."]})
