"""Automation for other systems: rules, what they did, trying one, and switching it on."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from claims.automation import happenings, rules
from claims.automation.deeds import TASKS, Deeds
from claims.models import AutomationRule, AutomationRun, OpenWork, WriteOff
from claims.pages.automation import EDIT, EditRule, in_words
from claims.pages.filters import ClaimFilter
from claims.worklists.editing import WORDS
from rcm_site.api import StrictSerializer
from rcm_site.errors import api_error

from .narrowing import refuse_unknown
from .shapes import Named

LAST_RUNS = 50
WHOLE = "non_field_errors"  # what is wrong with no single field


class Then(StrictSerializer):
    """Whatever is left out is not done."""

    tag = serializers.CharField(required=False, max_length=40)
    assign = serializers.CharField(
        required=False, max_length=20, help_text="A person's id, or `list-` and the id of a shared worklist."
    )
    escalate = serializers.CharField(required=False, max_length=20, help_text="The id of somebody who leads.")
    pend_days = serializers.IntegerField(required=False, help_text="Business days.")
    pend_why = serializers.ChoiceField(OpenWork.Why.choices, required=False)
    task = serializers.ChoiceField(TASKS, required=False)
    task_days = serializers.IntegerField(required=False, help_text="Business days until it is due.")
    task_owner = serializers.CharField(
        required=False,
        max_length=20,
        help_text="A person's id, or `none`; else whoever works it.",
    )
    write_off = serializers.ChoiceField(WriteOff.Reason.choices, required=False)
    tell = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, help_text="Ids of people, told by e-mail."
    )


class RuleSaid(StrictSerializer):
    name = serializers.CharField(max_length=80)
    on = serializers.ListField(child=serializers.ChoiceField([*happenings.CHANGES]), min_length=1)
    filters = serializers.DictField(
        child=serializers.CharField(max_length=80),
        required=False,
        default=dict,
        help_text="The words by which the list of claims is narrowed, as in its page's address.",
    )
    then = Then()

    def validate_filters(self, asked: dict[str, str]) -> dict[str, str]:
        unknown = {name: ["There is no such filter."] for name in asked if name not in WORDS}
        if unknown:
            raise serializers.ValidationError(unknown)
        return asked


class RunShown(serializers.ModelSerializer[AutomationRun]):
    claim = serializers.UUIDField(source="claim_id")

    class Meta:
        model = AutomationRun
        fields = ("claim", "at", "outcome", "did", "problem")


class TriedShown(serializers.Serializer[Any]):
    changes = serializers.IntegerField()
    claims = serializers.IntegerField()
    is_more = serializers.BooleanField(help_text="Whether there are more changes than were counted.")
    sample = serializers.ListField(child=serializers.UUIDField())


class RuleShown(serializers.ModelSerializer[AutomationRule]):
    made_by = Named()
    in_words = serializers.SerializerMethodField()
    tried = serializers.SerializerMethodField(help_text="What the last 30 days would have come to.")

    class Meta:
        model = AutomationRule
        fields = (
            *("id", "name", "on", "filters", "then", "in_words", "made_by", "is_active", "active_since"),
            *("tried_at", "tried", "problem"),
        )

    def get_in_words(self, rule: AutomationRule) -> str:
        words = in_words(rule)
        which = f" ({words['which']})" if words["which"] else ""
        return f"When {words['when']}{which}: {', '.join(words['then'])}"

    @extend_schema_field(TriedShown(allow_null=True))
    def get_tried(self, rule: AutomationRule) -> dict[str, Any] | None:
        return rule.tried or None


class RuleWithRuns(RuleShown):
    runs = RunShown(many=True, help_text="The last 50 that one sees.")

    class Meta(RuleShown.Meta):
        fields = (*RuleShown.Meta.fields, "runs")  # type: ignore[assignment]


class Switched(StrictSerializer):
    on = serializers.BooleanField()


SAID: dict[str, Any] = {
    "name": "Authorisation denials to Ana",
    "on": ["status"],
    "filters": {"category": "authorisation"},
    "then": {"assign": "7", "task": "appeal", "task_days": 3},
}
RULE: dict[str, Any] = SAID | {
    "id": 3,
    "in_words": "When its status changes (Denied for: Authorisation): give it to Ana Ruiz",
    "made_by": {"id": 5, "name": "Max Lind"},
    "is_active": False,
    "active_since": None,
    "tried_at": None,
    "tried": None,
    "problem": "",
}
SAID_EXAMPLE = OpenApiExample("Said", value=SAID, request_only=True)
EXAMPLE = OpenApiExample("A rule", value=RULE, response_only=True)


class Automation(APIView):
    access = EDIT

    @extend_schema(
        operation_id="list_automation",
        summary="List rules that act when claims change",
        description="One's own; those of all people for whoever sees every department.",
        responses=RuleShown(many=True),
        examples=[OpenApiExample("One rule", value=[RULE], response_only=True)],
    )
    def get(self, request: Request) -> Response:
        user = person(request._request)
        refuse_unknown(request._request.GET, ())
        found = list(AutomationRule.objects.visible_to(user).select_related("made_by"))
        audit.record(user, "automation_rules.read", request=request._request, rows=len(found))
        return Response(RuleShown(found, many=True).data)

    @extend_schema(
        operation_id="add_automation",
        summary="Write a rule",
        description="It is off: try it on the last 30 days, then switch it on.",
        request=RuleSaid,
        responses={201: RuleShown},
        examples=[SAID_EXAMPLE, EXAMPLE],
    )
    def post(self, request: Request) -> HttpResponseBase:
        rule = said(AutomationRule(made_by=person(request._request)), request)
        where = {"Location": reverse("api_automation_rule", args=[rule.pk])}
        return Response(RuleShown(rule).data, status=201, headers=where)


class OneRule(APIView):
    access = EDIT

    @extend_schema(
        operation_id="read_automation",
        summary="Read a rule and what it did",
        responses=RuleWithRuns,
    )
    def get(self, request: Request, pk: int) -> Response:
        rule, user = opened(request, pk, "automation_rule.read"), person(request._request)
        runs = list(rule.runs.visible_to(user).order_by("-at", "-pk")[:LAST_RUNS])
        audit.record(user, "automation_rule.read", rule, request=request._request, rows=len(runs))
        return Response(RuleShown(rule).data | {"runs": RunShown(runs, many=True).data})

    @extend_schema(
        operation_id="change_automation",
        summary="Let a rule say something else",
        description="A rule that says something else is off until it has been tried and switched on again.",
        request=RuleSaid,
        responses=RuleShown,
        examples=[SAID_EXAMPLE, EXAMPLE],
    )
    def put(self, request: Request, pk: int) -> Response:
        return Response(RuleShown(said(opened(request, pk, "automation_rule.changed"), request)).data)


class TryRule(APIView):
    access = EDIT

    @extend_schema(
        operation_id="try_automation",
        summary="See what a rule would have done within 30 days",
        description="Nothing is changed. 409 says why the rule cannot act.",
        request=None,
        responses=RuleShown,
        examples=[EXAMPLE],
    )
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        rule = opened(request, pk, "automation_rule.tried")
        user = person(request._request)
        try:
            rules.rehearse(rule, actor=user, now=timezone.now(), request=request._request)
        except rules.RuleError as wrong:
            return api_error(409, "not_now", str(wrong))
        return Response(RuleShown(opened(request, pk, "automation_rule.read")).data)


class SwitchRule(APIView):
    access = EDIT

    @extend_schema(
        operation_id="switch_automation",
        summary="Switch a rule on or off",
        description="It acts on what changes from then on. 409: it has not been tried yet, or cannot act.",
        request=Switched,
        responses=RuleShown,
        examples=[OpenApiExample("On", value={"on": True}, request_only=True), EXAMPLE],
    )
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        body = Switched(data=request.data)
        body.is_valid(raise_exception=True)
        rule, user = opened(request, pk, "automation_rule.changed"), person(request._request)
        try:
            rule = rules.switch(rule, on=body.validated_data["on"], actor=user, request=request._request)
        except rules.RuleError as wrong:
            return api_error(409, "not_now", str(wrong))
        return Response(RuleShown(rule).data)


def opened(request: Request, pk: int, action: str) -> AutomationRule:
    user = person(request._request)
    rule = AutomationRule.objects.visible_to(user).select_related("made_by").filter(pk=pk).first()
    if rule is None:
        audit.record(user, action, request=request._request, outcome="failed", asked_for=pk)
        raise exceptions.NotFound("There is no such rule.")
    return rule


def said(rule: AutomationRule, request: Request) -> AutomationRule:
    """Keep what the body says; the pages' own forms look at it, so that both refuse the same."""
    body = RuleSaid(data=request.data)
    body.is_valid(raise_exception=True)
    asked = body.validated_data
    form = EditRule({"rule-name": asked["name"], "rule-on": asked["on"]}, instance=rule)
    which, then = ClaimFilter(asked["filters"], rule.made_by), Deeds.kept(rule.made_by, asked["then"])
    problems: dict[str, Any] = {name: list(map(str, why)) for name, why in form.errors.items()}
    for name, each in (("filters", which), ("then", then)):
        if not each.is_valid():
            told = {field.replace("__all__", WHOLE): why for field, why in each.errors.items()}
            problems[name] = {field: list(map(str, why)) for field, why in told.items()}
    if problems:
        raise exceptions.ValidationError(problems)
    kept = rules.Said(form.cleaned_data["name"], form.cleaned_data["on"], which.data, then)
    return rules.save(rule, kept, actor=person(request._request), request=request._request)
