"""Steps on claims for other systems: what was done about a claim is written down as on its page."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import person
from claims import idempotency
from claims.changes import ClaimError
from claims.idempotency import Answer
from claims.models import Claim, OpenWork, PayBack, WriteOff
from claims.models.work import LONGEST_REST
from claims.pages.step_forms import WAYS, WORK
from claims.pages.steps import take
from claims.steps import CameOfCall, Step
from rcm_site.api import StrictSerializer
from rcm_site.days import not_to_come
from rcm_site.errors import api_error

from .claims import KEY_PARAMETER, asked_in, refuse_key, refuse_unseen, shown, whole
from .shapes import CLAIM_EXAMPLE, ClaimShown


class Noted(StrictSerializer):
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2_000)


class Called(Noted):
    came_of = serializers.ChoiceField(CameOfCall.choices)
    reference = serializers.CharField(required=False, default="", allow_blank=True, max_length=80)
    again_in = serializers.IntegerField(
        required=False,
        default=None,
        allow_null=True,
        min_value=1,
        max_value=LONGEST_REST,
        help_text="Business days for which the claim rests.",
    )


class SentDocuments(Noted):
    what = serializers.CharField(max_length=200)
    how = serializers.ChoiceField(WAYS)


class BilledPatient(Noted):
    pass


class PostedPayment(StrictSerializer):
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    paid_on = serializers.DateField(validators=[not_to_come])


class PaidBack(Noted):
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal("0.01"))
    to = serializers.ChoiceField(PayBack.To.choices)
    way = serializers.ChoiceField(PayBack.Way.choices)
    reference = serializers.CharField(required=False, default="", allow_blank=True, max_length=80)
    paid_on = serializers.DateField(validators=[not_to_come])


class AskedWriteOff(Noted):
    reason = serializers.ChoiceField(WriteOff.Reason.choices)


class ClosedWork(Noted):
    why = serializers.ChoiceField(OpenWork.Closed.choices)


BODIES: dict[str, type[StrictSerializer]] = {
    Step.CALL: Called,
    Step.DOCUMENTS: SentDocuments,
    Step.BILL_PATIENT: BilledPatient,
    Step.PAYMENT: PostedPayment,
    Step.PAY_BACK: PaidBack,
    Step.WRITE_OFF: AskedWriteOff,
    Step.CLOSE: ClosedWork,
}
EXAMPLES = {
    "call": {"came_of": "in_process", "reference": "R-77", "again_in": 5, "note": "Asked for Ms Lee"},
    "documents": {"what": "Operative report", "how": "portal"},
    "bill_patient": {},
    "payment": {"amount": "120.00", "paid_on": "2026-11-20"},
    "pay_back": {
        "amount": "20.00",
        "to": "payer",
        "way": "cheque",
        "reference": "1042",
        "paid_on": "2026-11-20",
    },
    "write_off": {"reason": "small"},
    "close": {"why": "accepted"},
}


class TakeStep(APIView):
    access = WORK

    @extend_schema(
        operation_id="take_step",
        summary="Write down what was done about a claim",
        description=(
            "The body depends on the step. A write-off or a pay-back above what one person may decide waits "
            "for approval, and the claim stays as it is. Closing takes it off every worklist until something "
            "about it changes. 409 says why a step cannot be taken now. With an `Idempotency-Key` the same "
            "request sent again takes no second step, for seven days, and answers with the claim."
        ),
        parameters=[
            OpenApiParameter("step", str, OpenApiParameter.PATH, enum=[*map(str, BODIES)]),
            KEY_PARAMETER,
        ],
        request=PolymorphicProxySerializer("StepTaken", [*BODIES.values()], resource_type_field_name=None),
        responses=ClaimShown,
        examples=[
            *(OpenApiExample(name, value=value, request_only=True) for name, value in EXAMPLES.items()),
            OpenApiExample("A claim", value=CLAIM_EXAMPLE, response_only=True),
        ],
    )
    def post(self, request: Request, pk: UUID, step: str) -> HttpResponseBase:
        user, sent = person(request._request), request._request.body
        if step not in BODIES:
            raise exceptions.NotFound(f"Steps are {', '.join(map(str, BODIES))}.")
        body = BODIES[step](data=request.data)
        body.is_valid(raise_exception=True)
        claim = Claim.objects.visible_to(user).filter(pk=pk).first()
        if claim is None:
            refuse_unseen(user, request, "claim.changed", pk)
        asked = asked_in(request, sent)

        def answer() -> Answer:
            take(Step(step), claim, body.validated_data, request._request)
            return Answer(200, {"id": str(pk)})

        try:
            given = idempotency.once(user, request.headers.get("Idempotency-Key"), asked, answer)
        except ClaimError as error:
            return api_error(409, "not_now", str(error))
        except idempotency.KeyRefused as refused:
            return refuse_key(refused)
        headers = {"Idempotency-Replayed": "true"} if given.is_replayed else None
        return Response(shown(whole(user).get(pk=pk), user), headers=headers)
