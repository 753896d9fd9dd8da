"""What payers paid and why not more: remittances, their claim payments, and adjustments to the segment."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Department, User
from claims.money import MoneyField

from .claims import Claim, ClaimLine
from .intake import Import
from .payers import Payer


class RemittanceQuerySet(models.QuerySet["Remittance"]):
    def visible_to(self, user: User) -> Self:
        """Those that pay a claim of one's departments, and those one sent in."""
        if user.sees_everything:
            return self
        mine = ClaimPayment.objects.visible_to(user).filter(remittance=models.OuterRef("pk"))
        return self.filter(models.Exists(mine))


class Remittance(models.Model):
    """One payment of a payer (835): it should equal its claims' payments less provider-level adjustments."""

    source = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="remittances")
    place = models.PositiveIntegerField()
    payer = models.ForeignKey(
        Payer, null=True, blank=True, on_delete=models.PROTECT, related_name="remittances"
    )
    payer_name = models.CharField(max_length=200, blank=True)
    payer_number = models.CharField(max_length=80, blank=True)
    payee = models.CharField(max_length=200, blank=True)
    payee_npi = models.CharField("payee NPI", max_length=10, blank=True)
    trace_number = models.CharField(max_length=80, blank=True)
    method = models.CharField(max_length=10, blank=True)  # BPR04: ACH, CHK …
    paid_on = models.DateField(null=True, blank=True)
    amount = MoneyField()  # below zero when it is a debit
    claims_paid = MoneyField(null=True)  # the sum of its claim payments; none until its end was read
    provider_adjusted = MoneyField(default=0)  # the sum of PLB; a positive one lowers the payment
    imbalance = models.GeneratedField(
        expression=models.F("claims_paid") - models.F("provider_adjusted") - models.F("amount"),
        output_field=MoneyField(null=True),
        db_persist=True,
    )
    line_imbalances = models.PositiveIntegerField(default=0)
    claim_imbalances = models.PositiveIntegerField(default=0)
    is_cut_off = models.BooleanField(default=False)  # the file ended before it did
    # The same payment in another file is not posted again; payers repeat themselves.
    identity = models.CharField(max_length=64, unique=True, editable=False)
    added_at = models.DateTimeField(default=timezone.now)

    METHODS: ClassVar[dict[str, str]] = {"CHK": "Check", "FWT": "Wire transfer", "NON": "No payment"}
    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("payer", "method", "paid_on", "amount")

    objects = RemittanceQuerySet.as_manager()

    class Meta:
        ordering = ["-paid_on", "-id"]
        indexes = [models.Index(fields=["-paid_on", "-id"], name="remittance_by_day")]

    def __str__(self) -> str:
        return f"remittance {self.pk}"

    @property
    def method_in_words(self) -> str:
        return self.METHODS.get(self.method, self.method)


class ProviderAdjustment(models.Model):
    """What a payer takes or gives outside any claim (PLB)."""

    remittance = models.ForeignKey(Remittance, on_delete=models.CASCADE, related_name="provider_adjustments")
    place = models.PositiveIntegerField()
    provider = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=20, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    amount = MoneyField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"provider adjustment {self.pk}"


class ClaimPaymentQuerySet(models.QuerySet["ClaimPayment"]):
    def visible_to(self, user: User) -> Self:
        """Payments of visible claims; those that wait for their claim belong to who may see their file."""
        if user.sees_everything:
            return self
        departments = Department.objects.visible_to(user)
        waiting = Q(claim=None, source__in=Import.objects.visible_to(user))
        return self.filter(Q(claim__department__in=departments) | waiting)

    def unmatched(self) -> Self:
        return self.filter(state=ClaimPayment.State.UNMATCHED)


class ClaimPayment(models.Model):
    """How a claim was decided or paid: by an 835 (CLP), by a row of claims CSV, or by hand."""

    class State(models.TextChoices):
        POSTED = "posted", "Posted"
        UNMATCHED = "unmatched", "Waits for its claim"
        HELD = "held", "Held back"  # something is wrong with it: a person has to look
        NOTED = "noted", "Noted"  # moves no money: a predetermination, a claim that is not the payer's

    remittance = models.ForeignKey(
        Remittance, null=True, on_delete=models.CASCADE, related_name="claim_payments"
    )
    source = models.ForeignKey(Import, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.PositiveIntegerField(default=0)
    claim = models.ForeignKey(Claim, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    state = models.CharField(max_length=9, choices=State.choices)
    control_number = models.CharField(max_length=80, blank=True)
    payer_claim_number = models.CharField(max_length=80, blank=True)
    payer_status = models.CharField(max_length=5, blank=True)  # CLP02
    service_date = models.DateField(null=True, blank=True)
    paid_on = models.DateField(null=True, blank=True)
    charge = MoneyField(default=0)
    paid = MoneyField(default=0)
    patient_share = MoneyField(default=0)
    allowed = MoneyField(null=True)
    imbalance = MoneyField(default=0)  # charge less all adjustments less payment
    remarks = models.CharField(max_length=120, blank=True)  # RARCs of the claim
    reason = models.CharField(max_length=300, blank=True)  # why it is held or unmatched
    posted_at = models.DateTimeField(null=True)

    objects = ClaimPaymentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="posted") | Q(claim__isnull=False), name="posted_to_a_claim"
            )
        ]
        indexes = [
            # Read when claims arrive: is a payment waiting for one of them?
            models.Index(fields=["control_number"], name="payment_unmatched", condition=Q(state="unmatched")),
            models.Index(fields=["remittance", "id"], name="payment_of_remittance"),  # its page, in order
            # Read by the analytics' facts, and by the list of claims that were paid, the latest first.
            models.Index(fields=["paid_on", "claim"], name="payment_by_day"),
            models.Index(  # read by the list of what a person has to look at
                fields=["id"], name="payment_to_look_at", condition=Q(state__in=("unmatched", "held"))
            ),
        ]

    def __str__(self) -> str:
        return f"claim payment {self.pk}"


class ServicePayment(models.Model):
    """How one line was decided (SVC)."""

    payment = models.ForeignKey(ClaimPayment, on_delete=models.CASCADE, related_name="services")
    place = models.PositiveIntegerField()
    line = models.ForeignKey(
        ClaimLine, null=True, on_delete=models.SET_NULL, related_name="payments", db_index=False
    )
    procedure = models.CharField(max_length=20, blank=True)
    modifiers = models.CharField(max_length=40, blank=True)
    revenue_code = models.CharField(max_length=10, blank=True)
    units = models.CharField(max_length=20, blank=True)
    service_date = models.DateField(null=True)
    reference = models.CharField(max_length=80, blank=True)
    charge = MoneyField(default=0)
    paid = MoneyField(default=0)
    allowed = MoneyField(null=True)
    imbalance = MoneyField(default=0)
    remarks = models.CharField(max_length=120, blank=True)  # RARCs of the line

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"service payment {self.pk}"


class Adjustment(models.Model):
    """Why an amount was not paid as charged: group and reason (CARC) together, with the remarks (RARC)."""

    payment = models.ForeignKey(ClaimPayment, on_delete=models.CASCADE, related_name="adjustments")
    service = models.ForeignKey(  # none when the whole claim is adjusted
        ServicePayment, null=True, on_delete=models.CASCADE, related_name="adjustments", db_index=False
    )
    claim = models.ForeignKey(Claim, null=True, on_delete=models.PROTECT, related_name="adjustments")
    place = models.PositiveIntegerField(default=0)
    group = models.CharField(max_length=2)
    reason = models.CharField("CARC", max_length=5)
    remarks = models.CharField("RARC", max_length=120, blank=True)
    amount = MoneyField()
    quantity = models.CharField(max_length=20, blank=True)
    is_denial = models.BooleanField(default=False)  # by claims.answers.denials, kept for the queries over it

    class Meta:
        ordering = ["id"]
        indexes = [
            # Read by lists of the claims that were denied for a reason.
            models.Index(fields=["reason", "payment"], name="denial_by_reason", condition=Q(is_denial=True))
        ]

    def __str__(self) -> str:
        return f"adjustment {self.pk}"
