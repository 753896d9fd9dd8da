"""Credit balances that went back to whoever had paid too much, and who decided about it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from claims.fields import EncryptedField

from .approvals import Approval, rules_of
from .remittances import ClaimPayment


class PayBack(Approval):
    class To(models.TextChoices):
        PAYER = "payer", "The payer"
        PATIENT = "patient", "The patient"

    class Way(models.TextChoices):
        CHEQUE = "cheque", "Cheque"
        ELECTRONIC = "electronic", "Electronic transfer"
        OFFSET = "offset", "Offset by the payer"  # who takes it out of a payment of its own

    NOUN, AUDITED_AS = "pay-back", "pay_back"
    ABOUT = "Credit balances that somebody wants to pay back"
    APPROVE, PAGE = "claims.change_payback", "pay_backs"

    to = models.CharField(max_length=7, choices=To.choices)
    way = models.CharField(max_length=10, choices=Way.choices)
    reference = EncryptedField(blank=True)
    paid_on = models.DateField()
    # As which it is booked. Where the payer's own reversal says the same later, it counts instead.
    payment = models.OneToOneField(
        ClaimPayment, null=True, editable=False, on_delete=models.PROTECT, related_name="pay_back"
    )

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("amount", "to", "way", "paid_on", "state")

    class Meta(Approval.Meta):
        constraints = [
            *rules_of("pay_back"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(payment__isnull=False), name="pay_back_done_is_booked"
            ),
            models.CheckConstraint(condition=~Q(way="offset") | Q(to="payer"), name="payers_alone_offset"),
        ]

    def __str__(self) -> str:
        return f"pay-back of ${self.amount:,.2f} from {self.claim}"

    @property
    def recipient(self) -> str:
        return self.get_to_display().lower()

    @property
    def wish(self) -> str:
        return f"pay ${self.amount:,.2f} back to {self.recipient}"
