"""What was told, where and how it went, for other systems; and trying again what failed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.access import person
from claims.api.narrowing import PAGING, refuse_unknown
from claims.asking import Wrong, one_of
from rcm_site.api import Cursor
from rcm_site.errors import api_error
from rcm_site.templatetags.ui import NOTHING

from ..models import Delivery
from ..pages.deliveries import VIEW, answer_of, named, recipient, what_of
from ..telling import again

FILTERS = {
    "state": Delivery.State.values,
    "channel": Delivery.Channel.values,
    "about": Delivery.About.values,
}


class DeliveryShown(serializers.ModelSerializer[Delivery]):
    what = serializers.CharField(help_text="What it tells, in words.")
    to = serializers.CharField(help_text="A person, an address, or the name of a webhook.")
    alert = serializers.IntegerField(allow_null=True, help_text="The id of the alert that it is about.")
    answer = serializers.CharField(allow_blank=True, help_text="What the other side said last.")
    attempts = serializers.IntegerField()

    class Meta:
        model = Delivery
        fields = (
            *("id", "channel", "about", "what", "to", "alert", "state", "answer", "attempts"),
            *("made_at", "due_at", "closed_at"),
        )


class DeliveryPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last.")
    results = DeliveryShown(many=True)


SAME = ("id", "channel", "about", "state", "made_at", "due_at", "closed_at")


def shown(delivery: Delivery) -> Any:
    return DeliveryShown(told(delivery)).data  # type: ignore[arg-type]


def told(delivery: Delivery) -> dict[str, Any]:
    answer = answer_of(delivery)
    same = {name: getattr(delivery, name) for name in SAME}
    return same | {
        "what": what_of(delivery),
        "to": recipient(delivery),
        "alert": delivery.event.alert_id if delivery.event else None,
        "answer": "" if answer == NOTHING else answer,
        "attempts": delivery.mail.attempts if delivery.mail else delivery.attempts,
    }


SHOWN = {
    "id": "019ab3c4-7c1e-7a55-9f60-0a3c5d1f2b41",
    "channel": "webhook",
    "about": "alert",
    "what": "Opened: Denial rate (of decided) of Aetna",
    "to": "Billing in Slack",
    "alert": 31,
    "state": "failed",
    "answer": "404: no_service",
    "attempts": 1,
    "made_at": "2026-11-21T14:03:11Z",
    "due_at": "2026-11-21T14:03:11Z",
    "closed_at": "2026-11-21T14:03:16Z",
}
EXAMPLE = OpenApiExample("A webhook that is gone", value=SHOWN, response_only=True)


class Deliveries(APIView):
    access = VIEW
    ordering = ("-made_at",)

    @extend_schema(
        operation_id="list_deliveries",
        summary="List what was told, newest first",
        description="What one was told oneself; who sees all departments sees all of it.",
        parameters=[
            *(OpenApiParameter(name, str, enum=sorted(known)) for name, known in FILTERS.items()),
            OpenApiParameter("cursor", str, description="From `next` of the page before."),
            OpenApiParameter("limit", int, description="From 1 to 500; 50 unless said otherwise."),
        ],
        responses=DeliveryPage,
        examples=[OpenApiExample("One", value={"next": None, "results": [SHOWN]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        asked = request._request.GET
        refuse_unknown(asked, (*PAGING, *FILTERS))
        pages = Cursor()
        mine = named(Delivery.objects.visible_to(person(request._request)))
        rows = pages.paginate_queryset(mine.filter(**chosen(asked)), request, view=self)
        # By one serializer: to set one up takes longer than to show a delivery.
        shown: Any = DeliveryShown([told(each) for each in rows], many=True)  # type: ignore[misc]
        return pages.get_paginated_response(shown.data)


def chosen(asked: QueryDict) -> dict[str, str]:
    found = {}
    for name, known in FILTERS.items():
        if name in asked:
            try:
                found[name] = one_of(str(asked[name]), known)
            except Wrong as wrong:
                raise exceptions.ValidationError({name: [str(wrong)]}) from wrong
    return found


def found_delivery(request: Request, pk: UUID, action: str) -> Delivery:
    """Somebody else's is as unknown as one that does not exist."""
    user = person(request._request)
    found = named(Delivery.objects.visible_to(user)).filter(pk=pk).first()
    if found is None:
        audit.record(user, action, request=request._request, outcome="failed", asked_for=str(pk))
        raise exceptions.NotFound("There is no such delivery.")
    return found


class OneDelivery(APIView):
    access = VIEW

    @extend_schema(
        operation_id="read_delivery",
        summary="Read how something was told",
        responses=DeliveryShown,
        examples=[EXAMPLE],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shown(found_delivery(request, pk, "delivery.read")))


class TryAgain(APIView):
    access = VIEW

    @extend_schema(
        operation_id="try_delivery_again",
        summary="Try once more what failed",
        description="409 when it has not failed, or nothing of it is kept.",
        request=None,
        responses=DeliveryShown,
        examples=[EXAMPLE],
    )
    def post(self, request: Request, pk: UUID) -> HttpResponseBase:
        user, now = person(request._request), timezone.now()
        found = found_delivery(request, pk, "delivery.tried_again")
        if not again.try_again(found, actor=user, now=now, request=request._request):
            return api_error(409, "not_now", "There is nothing to try again.")
        return Response(shown(found_delivery(request, pk, "delivery.read")))
