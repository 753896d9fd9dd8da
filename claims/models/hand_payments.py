"""Payments booked by hand, and how their claims stood before: so that they can be taken back."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from claims.money import MoneyField

from .claims import Claim, ClaimEvent
from .remittances import ClaimPayment


class HandPayment(models.Model):
    payment = models.OneToOneField(
        ClaimPayment, primary_key=True, on_delete=models.CASCADE, related_name="by_hand"
    )
    event = models.OneToOneField(ClaimEvent, on_delete=models.CASCADE, related_name="+")

    # Of the claim, before the payment.
    status = models.CharField(max_length=11, choices=Claim.Status.choices)
    decided_on = models.DateField(null=True)
    paid_on = models.DateField(null=True)
    first_decision = models.CharField(max_length=6, choices=Claim.Decision.choices, blank=True)
    first_decided_on = models.DateField(null=True)
    denial_category = models.CharField(max_length=17, choices=Claim.Category.choices, blank=True)
    written_off = MoneyField()

    STOOD: ClassVar[tuple[str, ...]] = (
        "status",
        "decided_on",
        "paid_on",
        "first_decision",
        "first_decided_on",
        "denial_category",
        "written_off",
    )

    def __str__(self) -> str:
        return f"payment {self.payment_id} by hand"
