"""Rules of alerts for other systems: what is watched, what a rule would have done, and looking now."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
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
from accounts.models import Department, User
from accounts.roles import ROLES
from claims.api.narrowing import PAGING, refuse_unknown
from claims.api.shapes import Named, ProviderNamed
from claims.models import Claim, Payer, Provider
from rcm_site.api import Cursor, StrictSerializer
from rcm_site.errors import api_error

from ..alerts.preview import replay
from ..alerts.rules import HasAlerts, WrongRule, delete_rule, have_looked_at, problems_of, save_rule
from ..alerts.watched import EACH, WATCHED
from ..alerts.wording import rule_in_words
from ..models import AlertRule, Webhook
from ..scopes import scope_of

EDIT = "analytics.change_alertrule"
PREVIEW_DAYS = 90
MOST_PEOPLE = 200
OTHER_NUMBERS = ", ".join(f"`{key}`" for key, each in WATCHED.items() if each.kpi is None)


# Shapes --------------------------------------------------------------------------------------------


class Amount(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=20, decimal_places=4, **kwargs)


class AlertRuleAsked(StrictSerializer):
    name = serializers.CharField(max_length=100)
    watches = serializers.CharField(max_length=40, help_text=f"A KPI's key, or one of {OTHER_NUMBERS}.")
    payer = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    department = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    provider = serializers.CharField(required=False, allow_null=True, max_length=10, help_text="An NPI.")
    kind = serializers.ChoiceField(Claim.Kind.choices, required=False, allow_blank=True)
    category = serializers.ChoiceField(
        [each for each in Claim.Category.choices if each[0]], required=False, allow_blank=True
    )
    each = serializers.ChoiceField(
        AlertRule.Each.choices[1:], required=False, allow_blank=True, help_text="Tell these apart."
    )
    condition = serializers.ChoiceField(AlertRule.Condition.choices)
    limit = serializers.DecimalField(
        max_digits=16, decimal_places=2, help_text="As the number is written: 10 for 10%. Or deviations."
    )
    change_in = serializers.ChoiceField(AlertRule.ChangeIn.choices, required=False)
    clears_at = serializers.DecimalField(
        max_digits=16, decimal_places=2, required=False, allow_null=True, help_text="Where it is over again."
    )
    window_days = serializers.IntegerField(required=False, min_value=1, max_value=366)
    minimum_n = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000_000)
    every = serializers.ChoiceField(AlertRule.Every.choices, required=False, help_text="Minutes.")
    cool_down_minutes = serializers.IntegerField(required=False, min_value=0, max_value=525_600)
    severity = serializers.ChoiceField(AlertRule.Severity.choices, required=False)
    runbook = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=MOST_PEOPLE
    )
    roles = serializers.ListField(child=serializers.ChoiceField([*ROLES]), required=False)
    tells_managers = serializers.BooleanField(required=False, help_text="Those of the alert's department.")
    addresses = serializers.ListField(child=serializers.CharField(max_length=254), required=False)
    by_mail = serializers.BooleanField(required=False)
    webhooks = serializers.ListField(child=serializers.IntegerField(min_value=1), required=False)
    numbers = serializers.ListField(child=serializers.CharField(max_length=16), required=False)
    quiet_from = serializers.TimeField(required=False, allow_null=True)
    quiet_until = serializers.TimeField(required=False, allow_null=True)
    escalates_after = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=525_600, help_text="Minutes."
    )
    escalates_to = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=MOST_PEOPLE
    )
    is_active = serializers.BooleanField(required=False)


class AlertRuleShown(serializers.ModelSerializer[AlertRule]):
    words = serializers.CharField(help_text="When it tells, in words.")
    payer = Named(allow_null=True)
    department = Named(allow_null=True)
    provider = ProviderNamed(allow_null=True)
    people = Named(many=True)
    webhooks = Named(many=True)
    escalates_to = Named(many=True)
    problem = serializers.CharField(allow_blank=True, help_text="Why it could not be looked at.")
    roles = serializers.ListField(child=serializers.CharField())
    addresses = serializers.ListField(child=serializers.CharField())
    numbers = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = AlertRule
        fields = (
            *("id", "name", "words", "watches", *EACH, "kind", "category", "each"),
            *("condition", "limit", "change_in", "clears_at", "window_days", "minimum_n", "every"),
            *("cool_down_minutes", "severity", "runbook", "people", "roles", "tells_managers", "addresses"),
            *("by_mail", "webhooks", "numbers", "quiet_from", "quiet_until"),
            *("escalates_after", "escalates_to", "is_active", "checked_at", "due_at", "problem"),
        )


class AlertRulePage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = AlertRuleShown(many=True)


class Evaluated(StrictSerializer):
    rule = serializers.IntegerField(required=False, min_value=1, help_text="This one; all unless said.")


class RuleAsked(serializers.Serializer[Any]):
    rule = Named()
    url = serializers.SerializerMethodField(help_text="Where its `checked_at` and its `problem` stand.")
    alerts_url = serializers.SerializerMethodField(help_text="Where its open alerts stand.")

    def get_url(self, asked: dict[str, AlertRule]) -> str:
        return where(asked["rule"])

    def get_alerts_url(self, asked: dict[str, AlertRule]) -> str:
        return f"{reverse('api_alerts')}?rule={asked['rule'].pk}"


class EvaluationShown(serializers.Serializer[Any]):
    asked_at = serializers.DateTimeField(help_text="A rule was looked at once its `checked_at` is later.")
    rules = RuleAsked(many=True)


class FiringShown(serializers.Serializer[Any]):
    of = serializers.CharField(source="label", help_text="Of what it would have told.")
    opened = serializers.DateField()
    resolved = serializers.DateField(allow_null=True)
    value = Amount()
    worst = Amount()


class PreviewShown(serializers.Serializer[Any]):
    words = serializers.CharField()
    days = serializers.IntegerField()
    problem = serializers.CharField(allow_blank=True, help_text="Why it cannot be tried on the past.")
    firings = FiringShown(many=True)


RULE: dict[str, Any] = {
    "name": "Denials of a payer",
    "watches": "denial_rate",
    "each": "payer",
    "condition": "above",
    "limit": "15.00",
    "clears_at": "13.00",
    "window_days": 30,
    "minimum_n": 50,
    "every": 60,
    "severity": "warning",
    "roles": ["director"],
}
RULE_SHOWN: dict[str, Any] = RULE | {
    "id": 12,
    "words": "Denial rate (of decided) of each payer is above 15.0%, over 30 days",
    "payer": None,
    "department": None,
    "provider": None,
    "kind": "",
    "category": "",
    "change_in": "amount",
    "cool_down_minutes": 60,
    "runbook": "",
    "people": [],
    "tells_managers": False,
    "addresses": [],
    "by_mail": True,
    "webhooks": [],
    "numbers": [],
    "quiet_from": None,
    "quiet_until": None,
    "escalates_after": None,
    "escalates_to": [],
    "is_active": True,
    "checked_at": "2026-11-21T09:00:00Z",
    "due_at": "2026-11-21T10:00:00Z",
    "problem": "",
}
ASKED_TO_LOOK = {
    "asked_at": "2026-11-21T09:20:00Z",
    "rules": [
        {
            "rule": {"id": 12, "name": "Denials of a payer"},
            "url": "/api/alerts/rules/12",
            "alerts_url": "/api/alerts/?rule=12",
        }
    ],
}
ASKED = OpenApiExample("A rule", value=RULE, request_only=True)
SHOWN = OpenApiExample("A rule", value=RULE_SHOWN, response_only=True)
PAGES = [
    OpenApiParameter("cursor", str, description="From `next` of the page before."),
    OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
]


# Rules ---------------------------------------------------------------------------------------------


class Rules(APIView):
    access = EDIT
    ordering = ("name",)

    @extend_schema(
        operation_id="list_alert_rules",
        summary="List the rules of alerts",
        parameters=PAGES,
        responses=AlertRulePage,
        examples=[OpenApiExample("One", value={"next": None, "results": [RULE_SHOWN]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request._request.GET, PAGING)
        pages = Cursor()
        mine = AlertRule.objects.visible_to(person(request._request)).select_related(*EACH)
        rows = pages.paginate_queryset(
            mine.prefetch_related("people", "webhooks", "escalates_to"), request, view=self
        )
        return pages.get_paginated_response(rules_shown(rows))

    @extend_schema(
        operation_id="add_alert_rule",
        summary="Watch a number",
        description=(
            "A rule that makes no sense is refused, field by field. Whoever sees some departments watches "
            "one of them, or each department, and tells nobody outside."
        ),
        request=AlertRuleAsked,
        responses={201: AlertRuleShown},
        examples=[ASKED, SHOWN],
    )
    def post(self, request: Request) -> HttpResponseBase:
        form = AlertRuleAsked(data=request.data)
        form.is_valid(raise_exception=True)
        rule = kept(AlertRule(), form.validated_data, request)
        return Response(rule_shown(rule), status=201, headers={"Location": where(rule)})


class OneRule(APIView):
    access = EDIT

    @extend_schema(
        operation_id="read_alert_rule", summary="Read a rule", responses=AlertRuleShown, examples=[SHOWN]
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(rule_shown(found_rule(request, pk)))

    @extend_schema(
        operation_id="change_alert_rule",
        summary="Change a rule, or switch it off",
        description="What it has open is over when it is switched off, or asks something else from now on.",
        request=AlertRuleAsked,
        responses=AlertRuleShown,
        examples=[OpenApiExample("Off", value={"is_active": False}, request_only=True), SHOWN],
    )
    def patch(self, request: Request, pk: int) -> HttpResponseBase:
        rule = found_rule(request, pk)
        form = AlertRuleAsked(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        return Response(rule_shown(kept(rule, form.validated_data, request)))

    @extend_schema(
        operation_id="delete_alert_rule",
        summary="Delete a rule that has never opened an alert",
        description="409 once it has: they are kept, and so is the rule. Switch it off instead.",
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, pk: int) -> HttpResponseBase:
        rule = found_rule(request, pk)
        try:
            delete_rule(rule, actor=person(request._request), request=request._request)
        except HasAlerts:
            return api_error(409, "not_now", "It has opened alerts: switch it off instead.")
        return Response(status=204)


class Preview(APIView):
    access = EDIT

    @extend_schema(
        operation_id="preview_alert_rule",
        summary="Ask what a rule would have done",
        description=f"Over the last {PREVIEW_DAYS} days, looked at each evening. Nothing is kept.",
        request=AlertRuleAsked,
        responses=PreviewShown,
        examples=[ASKED],
    )
    def post(self, request: Request) -> Response:
        user = person(request._request)
        form = AlertRuleAsked(data=request.data)
        form.is_valid(raise_exception=True)
        rule, told = written(AlertRule(), form.validated_data, user)
        if problems := problems_of(rule, user, **told):
            raise exceptions.ValidationError(problems)
        departments = scope_of(user).departments
        found = replay(rule, until=timezone.localdate(), days=PREVIEW_DAYS, departments=departments)
        return Response(PreviewShown(found).data)


def found_rule(request: Request, pk: int) -> AlertRule:
    """Somebody else's is as unknown as one that does not exist."""
    user = person(request._request)
    rule = AlertRule.objects.visible_to(user).select_related(*EACH).filter(pk=pk).first()
    if rule is None:
        audit.record(user, "alert_rule.read", request=request._request, outcome="failed", asked_for=pk)
        raise exceptions.NotFound("There is no such rule.")
    return rule


def kept(rule: AlertRule, asked: dict[str, Any], request: Request) -> AlertRule:
    user = person(request._request)
    rule, told = written(rule, asked, user)
    try:
        return save_rule(rule, actor=user, request=request._request, **told)
    except WrongRule as wrong:
        raise exceptions.ValidationError(wrong.problems) from wrong


TOLD: dict[str, type[Model]] = {"people": User, "webhooks": Webhook, "escalates_to": User}


def written(rule: AlertRule, asked: dict[str, Any], user: User) -> tuple[AlertRule, dict[str, Any]]:
    """The rule as it was asked for, and whom it is to tell; unknown ids are named."""
    problems: dict[str, list[str]] = {}
    told: dict[str, list[Any]] = {}
    for name, value in asked.items():
        if name in TOLD:
            told[name] = list(TOLD[name]._default_manager.filter(pk__in=value))
            if len(told[name]) != len({*value}):
                problems[name] = ["There is somebody or something here that you cannot choose."]
        elif name in EACH:
            chosen = None if value is None else _named(name, value, user)
            if chosen is None and value is not None:
                problems[name] = [f"There is no such {name}."]
            setattr(rule, name, chosen)
        else:
            setattr(rule, name, value)
    if problems:
        raise exceptions.ValidationError(problems)
    return rule, told


def _named(name: str, value: Any, user: User) -> Payer | Department | Provider | None:
    if name == "payer":
        return Payer.objects.filter(pk=value).first()
    if name == "department":
        return Department.objects.visible_to(user).filter(pk=value).first()
    return Provider.objects.filter(npi=value).first()


def where(rule: AlertRule) -> str:
    return reverse("api_alert_rule", args=[rule.pk])


def rule_shown(rule: AlertRule) -> Any:
    return rules_shown([rule])[0]


def rules_shown(rules: list[AlertRule]) -> Any:
    """All by one serializer: to set one up takes longer than to show a rule."""
    for rule in rules:
        rule.words = rule_in_words(rule)  # type: ignore[attr-defined]
    return AlertRuleShown(rules, many=True).data


# Looking now ---------------------------------------------------------------------------------------


class Evaluate(APIView):
    access = EDIT

    @extend_schema(
        operation_id="evaluate_alert_rules",
        summary="Look at rules now",
        description=(
            "At one of them, or all that are in use and that one sees, due or not: a worker does it within a "
            "minute, as if their time had come, and their turns go on from there."
        ),
        request=Evaluated,
        responses={202: EvaluationShown},
        examples=[
            OpenApiExample("One rule", value={"rule": 12}, request_only=True),
            OpenApiExample("Asked", value=ASKED_TO_LOOK, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request) -> HttpResponseBase:
        user, now = person(request._request), timezone.now()
        form = Evaluated(data=request.data or {})
        form.is_valid(raise_exception=True)
        rules = AlertRule.objects.visible_to(user)
        if (asked := form.validated_data.get("rule")) is not None:
            rules = rules.filter(pk=found_rule(request, asked).pk)
        found = have_looked_at(rules, actor=user, now=now, request=request._request)
        shown = EvaluationShown({"asked_at": now, "rules": [{"rule": each} for each in found]}).data
        there = where(found[0]) if len(found) == 1 else reverse("api_alert_rules")
        return Response(shown, status=202, headers={"Location": there})
