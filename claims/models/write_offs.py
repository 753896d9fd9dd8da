"""Balances that somebody wants to give up, and who decided about it."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from claims.fields import EncryptedField
from claims.money import MoneyField

from .claims import Claim


class WriteOffQuerySet(models.QuerySet["WriteOff"]):
    def visible_to(self, user: User) -> Self:
        """Of the claims that somebody sees."""
        if user.sees_everything:
            return self
        return self.filter(claim__in=Claim.objects.visible_to(user).values("pk"))

    def waiting(self) -> Self:
        return self.filter(state=WriteOff.State.WAITING)


class WriteOff(models.Model):
    """A small one is done at once; a larger one waits until somebody else has approved it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for approval"
        DONE = "done", "Written off"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Reason(models.TextChoices):
        SMALL = "small", "Too small to pursue"
        TOO_LATE = "too_late", "Filed or appealed too late"
        EXHAUSTED = "exhausted", "All appeals lost"
        NOT_COVERED = "not_covered", "Not covered, and the patient may not be billed"
        CHARITY = "charity", "Charity care"
        UNCOLLECTABLE = "uncollectable", "The patient cannot pay"
        OTHER = "other", "Another reason"

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="write_offs", editable=False)
    amount = MoneyField()
    reason = models.CharField(max_length=13, choices=Reason.choices)
    note = EncryptedField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State.choices)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    answer = EncryptedField(blank=True)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("amount", "reason", "state")

    objects = WriteOffQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            # Also read by who has to decide.
            models.UniqueConstraint(
                fields=["claim"], name="one_write_off_waits", condition=Q(state="waiting")
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="write_off_of_something"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")) | Q(state="withdrawn"),
                name="write_off_decided_by_somebody_else",
            ),
        ]

    def __str__(self) -> str:
        return f"write-off of ${self.amount:,.2f} from {self.claim}"
