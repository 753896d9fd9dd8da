"""Webhooks for other systems: listing, adding and changing them, and sending a test."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import person
from claims.api.narrowing import PAGING, refuse_unknown
from rcm_site.api import Cursor, StrictModelSerializer

from ..models import Webhook
from ..pages.deliveries import CHANGE_WEBHOOKS as CHANGE
from ..telling import keeping, sending
from .deliveries import SHOWN as DELIVERY
from .deliveries import DeliveryShown
from .deliveries import shown as delivery_shown


class WebhookAsked(StrictModelSerializer):
    url = serializers.CharField(required=False, max_length=2000, help_text="Shown to nobody again.")
    secret = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Signs what is sent; for PagerDuty its routing key. Shown to nobody again.",
    )

    class Meta:
        model = Webhook
        fields = ("name", "shape", "url", "secret", "is_active")


class WebhookShown(serializers.ModelSerializer[Webhook]):
    place = serializers.SerializerMethodField(help_text="The machine that it leads to.")

    class Meta:
        model = Webhook
        fields = ("id", "name", "shape", "place", "is_active", "made_at")

    def get_place(self, webhook: Webhook) -> str:
        return keeping.place_of(webhook)


class WebhookPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = WebhookShown(many=True)


ASKED = {
    "name": "Billing in Slack",
    "shape": "slack",
    "url": "https://hooks.slack.com/services/T0/B0/x",
    "is_active": True,
}
SHOWN = {
    "id": 4,
    "name": "Billing in Slack",
    "shape": "slack",
    "place": "hooks.slack.com",
    "is_active": True,
    "made_at": "2026-11-21T14:03:11Z",
}
ASKED_FOR = {
    "about": "test",
    "what": "A test",
    "alert": None,
    "state": "waiting",
    "answer": "",
    "attempts": 0,
    "closed_at": None,
}
EXAMPLE = OpenApiExample("A webhook", value=SHOWN, response_only=True)


class Webhooks(APIView):
    access = CHANGE
    ordering = ("name",)

    @extend_schema(
        operation_id="list_webhooks",
        summary="List the systems that are told of alerts",
        parameters=[
            OpenApiParameter("cursor", str, description="From `next` of the page before."),
            OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
        ],
        responses=WebhookPage,
        examples=[OpenApiExample("One", value={"next": None, "results": [SHOWN]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request._request.GET, PAGING)
        pages = Cursor()
        rows = pages.paginate_queryset(Webhook.objects.all(), request, view=self)
        return pages.get_paginated_response([WebhookShown(each).data for each in rows])

    @extend_schema(
        operation_id="add_webhook",
        summary="Add a system that rules can tell",
        description="An address inside a private network, or of an odd kind, is refused by name.",
        request=WebhookAsked,
        responses={201: WebhookShown},
        examples=[OpenApiExample("Slack", value=ASKED, request_only=True), EXAMPLE],
    )
    def post(self, request: Request) -> HttpResponseBase:
        form = WebhookAsked(data=request.data)
        form.is_valid(raise_exception=True)
        webhook = keep(Webhook(**form.validated_data), request)
        where = {"Location": reverse("api_webhook", args=[webhook.pk])}
        return Response(WebhookShown(webhook).data, status=201, headers=where)


class OneWebhook(APIView):
    access = CHANGE

    @extend_schema(
        operation_id="read_webhook", summary="Read a webhook", responses=WebhookShown, examples=[EXAMPLE]
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(WebhookShown(found(request, pk)).data)

    @extend_schema(
        operation_id="change_webhook",
        summary="Change a webhook, or switch it off",
        description="What is not said stays.",
        request=WebhookAsked,
        responses=WebhookShown,
        examples=[OpenApiExample("Off", value={"is_active": False}, request_only=True), EXAMPLE],
    )
    def patch(self, request: Request, pk: int) -> Response:
        webhook = found(request, pk)
        form = WebhookAsked(webhook, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        for name, value in form.validated_data.items():
            setattr(webhook, name, value)
        return Response(WebhookShown(keep(webhook, request)).data)


class TestWebhook(APIView):
    access = CHANGE

    @extend_schema(
        operation_id="test_webhook",
        summary="Have a webhook called",
        description="A worker does it within seconds. What it answered then stands where `Location` says.",
        request=None,
        responses={202: DeliveryShown},
        examples=[
            OpenApiExample(
                "On its way",
                value=DELIVERY | ASKED_FOR,
                response_only=True,
                status_codes=["202"],
            )
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        user = person(request._request)
        sent = sending.ask_for_test(
            found(request, pk), actor=user, now=timezone.now(), request=request._request
        )
        there = reverse("api_delivery", args=[sent.pk])
        return Response(delivery_shown(sent), status=202, headers={"Location": there})


def found(request: Request, pk: int) -> Webhook:
    webhook = Webhook.objects.filter(pk=pk).first()
    if webhook is None:
        raise exceptions.NotFound("There is no such webhook.")
    return webhook


def keep(webhook: Webhook, request: Request) -> Webhook:
    if webhook.shape == Webhook.Shape.PAGERDUTY:
        webhook.url = webhook.url or keeping.PAGERDUTY
    if problems := {"url": ["Say where it leads."]} if not webhook.url else keeping.problems_of(webhook):
        raise exceptions.ValidationError(problems)
    return keeping.save_webhook(webhook, actor=person(request._request), request=request._request)
