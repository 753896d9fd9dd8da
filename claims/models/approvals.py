"""What people do with a claim's money that somebody who leads has to approve once it is large."""

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


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, user: User) -> Self:
        """Of the claims that somebody sees."""
        if user.sees_everything:
            return self
        return self.filter(claim__in=Claim.objects.visible_to(user).values("pk"))

    def waiting(self) -> Self:
        return self.filter(state=Approval.State.WAITING)


class Approval(models.Model):
    """A small amount is done at once; a larger one waits until somebody else has approved it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for approval"
        DONE = "done", "Done"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        UNDONE = "undone", "Taken back"  # after it was done

    NOUN: ClassVar[str]  # in the claim's history
    ABOUT: ClassVar[str]  # what somebody wants
    AUDITED_AS: ClassVar[str]
    APPROVE: ClassVar[str]  # the permission of whoever leads
    PAGE: ClassVar[str]  # where they decide

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="%(class)ss", editable=False)
    amount = MoneyField()
    note = EncryptedField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State.choices)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    answer = EncryptedField(blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-asked_at", "-pk"]

    @property
    def is_done(self) -> bool:
        return self.state == self.State.DONE

    @property
    def wish(self) -> str:
        """What was asked for, after "asked to"."""
        raise NotImplementedError


def rules_of(name: str) -> list[models.BaseConstraint]:
    """Which rows there can be: one that waits of each claim, of something, decided by somebody else."""
    return [
        # Also read by who has to decide.
        models.UniqueConstraint(fields=["claim"], name=f"one_{name}_waits", condition=Q(state="waiting")),
        models.CheckConstraint(condition=Q(amount__gt=0), name=f"{name}_of_something"),
        models.CheckConstraint(
            condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")) | Q(state="withdrawn"),
            name=f"{name}_decided_by_somebody_else",
        ),
    ]
