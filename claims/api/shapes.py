"""Claims as other systems see them: amounts as decimal strings, patients only for those who may know them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from claims.models import Claim, ClaimEvent, ClaimLine

# What a role that works without patients gets instead of what would tell of one.
OF_PATIENTS = ("patient", "subscriber", "note")
DENIAL_CATEGORIES = [choice for choice in Claim.Category.choices if choice[0]]


class Money(serializers.DecimalField):
    """An amount in dollars."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=17, decimal_places=2, **kwargs)


class Masked:
    """For serializers: null in place of whatever tells of a patient, when the reader works without them."""

    def to_representation(self, instance: Any) -> Any:
        shown = super().to_representation(instance)  # type: ignore[misc]
        if self.context["user"].phi_masked:  # type: ignore[attr-defined]
            shown |= dict.fromkeys(OF_PATIENTS & shown.keys())
        return shown


class Named(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class ProviderNamed(serializers.Serializer[Any]):
    npi = serializers.CharField()
    name = serializers.CharField()


class PatientShown(serializers.Serializer[Any]):
    patient_id = serializers.CharField()
    name = serializers.CharField()
    birth_date = serializers.CharField()


class LineShown(Masked, serializers.ModelSerializer[ClaimLine]):
    provider_npi = serializers.CharField(source="provider.npi", allow_null=True, default=None)
    plan_group = serializers.CharField(source="coverage.plan_group", allow_null=True, default=None)
    subscriber = serializers.CharField(source="coverage.subscriber", allow_null=True, default=None)
    charge = Money(allow_null=True)
    provider_fees = Money(allow_null=True)
    allowed_fees = Money(allow_null=True)
    coinsurance = Money(allow_null=True)
    copay = Money(allow_null=True)
    net_fee = Money(allow_null=True)

    class Meta:
        model = ClaimLine
        fields = (
            "number",
            "service_date",
            "procedure",
            "modifiers",
            "revenue_code",
            "quadrant",
            "tooth",
            "units",
            "plan_group",
            "subscriber",
            "provider_npi",
            "charge",
            "provider_fees",
            "allowed_fees",
            "coinsurance",
            "copay",
            "net_fee",
        )


class EventShown(Masked, serializers.ModelSerializer[ClaimEvent]):
    by = serializers.CharField(source="actor.name", allow_null=True, default=None)
    note = serializers.CharField(allow_null=True)

    class Meta:
        model = ClaimEvent
        fields = ("at", "by", "action", "from_status", "to_status", "note", "is_error")


ROW = (
    "id",
    "number",
    "sender",
    "control_number",
    "kind",
    "status",
    "payer",
    "provider",
    "department",
    "assignee",
    "service_from",
    "service_to",
    "submitted_on",
    "first_decision",
    "first_decided_on",
    "decided_on",
    "paid_on",
    "denial_category",
    "charge",
    "expected",
    "allowed",
    "paid",
    "adjusted",
    "written_off",
    "patient_share",
    "balance",
    "net_fee",
)


class ClaimRow(Masked, serializers.ModelSerializer[Claim]):
    """A claim as a list shows it. `context` holds the reader and, by claim, the sums of net fees."""

    number = serializers.CharField(source="__str__", help_text="As people know it: C-123.")
    payer = Named(allow_null=True)
    provider = ProviderNamed(allow_null=True)
    department = Named(allow_null=True)
    assignee = Named(allow_null=True)
    charge = Money()
    expected = Money(allow_null=True)
    allowed = Money(allow_null=True)
    paid = Money()
    adjusted = Money()
    written_off = Money()
    patient_share = Money(help_text="Of the balance, what the patient owes.")
    balance = Money()
    net_fee = serializers.SerializerMethodField(help_text="The sum over its lines; null where unknown.")

    class Meta:
        model = Claim
        fields: tuple[str, ...] = ROW

    def get_net_fee(self, claim: Claim) -> str | None:
        fee = self.context["net_fees"].get(claim.pk)
        return None if fee is None else str(fee)


# What a row of `listed` is made of: values alone, for a list has many claims, and a page of it little time.
LISTED = (
    *("id", "number", "sender", "control_number", "kind", "status"),
    *("payer_id", "payer__name", "provider_id", "provider__npi", "provider__name"),
    *("department_id", "department__name", "assignee_id", "assignee__name"),
    *("service_from", "service_to", "submitted_on"),
    *("first_decision", "first_decided_on", "decided_on", "paid_on", "denial_category"),
    *("charge", "expected", "allowed", "paid", "adjusted", "written_off", "patient_share", "balance"),
)


def listed(claim: Any, net_fee: Decimal | None) -> dict[str, Any]:
    """What `ClaimRow` shows of a claim; that takes five times as long. It tells of no patient."""
    by_npi = {"npi": claim.provider__npi, "name": claim.provider__name}
    return {
        "id": str(claim.id),
        "number": f"C-{claim.number}",
        "sender": claim.sender,
        "control_number": claim.control_number,
        "kind": claim.kind,
        "status": claim.status,
        "payer": _named(claim.payer_id, claim.payer__name),
        "provider": None if claim.provider_id is None else by_npi,
        "department": _named(claim.department_id, claim.department__name),
        "assignee": _named(claim.assignee_id, claim.assignee__name),
        "service_from": _day(claim.service_from),
        "service_to": _day(claim.service_to),
        "submitted_on": _day(claim.submitted_on),
        "first_decision": claim.first_decision,
        "first_decided_on": _day(claim.first_decided_on),
        "decided_on": _day(claim.decided_on),
        "paid_on": _day(claim.paid_on),
        "denial_category": claim.denial_category,
        "charge": _amount(claim.charge),
        "expected": _amount(claim.expected),
        "allowed": _amount(claim.allowed),
        "paid": _amount(claim.paid),
        "adjusted": _amount(claim.adjusted),
        "written_off": _amount(claim.written_off),
        "patient_share": _amount(claim.patient_share),
        "balance": _amount(claim.balance),
        "net_fee": _amount(net_fee),
    }


def _named(pk: int | None, name: str) -> dict[str, Any] | None:
    return None if pk is None else {"id": pk, "name": name}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


class ClaimShown(ClaimRow):
    """A claim with its lines and its history, the oldest first."""

    patient = PatientShown(allow_null=True)
    lines = LineShown(many=True)
    events = EventShown(many=True)

    class Meta(ClaimRow.Meta):
        fields = (
            *ROW,
            "frequency",
            "original",
            "payer_claim_number",
            "place_of_service",
            "authorization",
            "diagnoses",
            "at_intake",
            "received_at",
            "patient",
            "lines",
            "events",
        )


CLAIM_ROW_EXAMPLE: dict[str, Any] = {
    "id": "01935f3a-7c1e-7d02-9c55-0a1b2c3d4e5f",
    "number": "C-1204",
    "sender": "",
    "control_number": "PCN-2041",
    "kind": "dental",
    "status": "submitted",
    "payer": {"id": 3, "name": "Northern Dental"},
    "provider": {"npi": "1497775530", "name": ""},
    "department": {"id": 1, "name": "Dental"},
    "assignee": None,
    "service_from": "2026-11-02",
    "service_to": "2026-11-02",
    "submitted_on": "2026-11-20",
    "first_decision": "",
    "first_decided_on": None,
    "decided_on": None,
    "paid_on": None,
    "denial_category": "",
    "charge": "100.00",
    "expected": None,
    "allowed": None,
    "paid": "0.00",
    "adjusted": "0.00",
    "written_off": "0.00",
    "patient_share": "0.00",
    "balance": "100.00",
    "net_fee": "14.50",
}
CLAIM_EXAMPLE = CLAIM_ROW_EXAMPLE | {
    "frequency": "1",
    "original": None,
    "payer_claim_number": "",
    "place_of_service": "",
    "authorization": "",
    "diagnoses": "",
    "at_intake": "",
    "received_at": "2026-11-20T14:03:11Z",
    "patient": None,
    "lines": [
        {
            "number": 1,
            "service_date": "2026-11-02",
            "procedure": "D0180",
            "modifiers": "",
            "revenue_code": "",
            "quadrant": "",
            "tooth": "",
            "units": "",
            "plan_group": "GRP-1000",
            "subscriber": "1002003004",
            "provider_npi": "1497775530",
            "charge": "100.00",
            "provider_fees": "100.00",
            "allowed_fees": "90.50",
            "coinsurance": "5.00",
            "copay": "0.00",
            "net_fee": "14.50",
        }
    ],
    "events": [
        {
            "at": "2026-11-20T14:03:11Z",
            "by": "Ana Ruiz",
            "action": "received",
            "from_status": "",
            "to_status": "submitted",
            "note": "",
            "is_error": False,
        }
    ],
}
