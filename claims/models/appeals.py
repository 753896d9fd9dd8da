"""Appeals against denials: when each was filed, on which level, and what became of it."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from claims.fields import EncryptedField
from claims.money import MoneyField

from .claims import Claim, ClaimEvent

LEVELS = 3
# What is written into the history of a claim whose appeal was taken back: no payer decided that.
WITHDRAWN = "appeal withdrawn"


class AppealQuerySet(models.QuerySet["Appeal"]):
    def visible_to(self, user: User) -> Self:
        if user.sees_everything:
            return self
        return self.filter(claim__in=Claim.objects.visible_to(user))

    def waiting(self) -> Self:
        return self.filter(outcome=Appeal.Outcome.WAITING)

    def decided(self) -> Self:
        """By the payer. Those of void claims count nowhere."""
        return self.filter(outcome__in=Appeal.DECIDED).exclude(claim__status=Claim.Status.VOID)


class Appeal(models.Model):
    """One appeal: one event in its claim's history, from which it is kept (`claims.appeal_histories`)."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting"
        OVERTURNED = "overturned", "Overturned"
        PARTLY = "partly", "Partly overturned"
        UPHELD = "upheld", "Denial upheld"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Method(models.TextChoices):
        PORTAL = "portal", "Payer’s portal"
        FAX = "fax", "Fax"
        MAIL = "mail", "Mail"
        PHONE = "phone", "Phone"
        PEER = "peer", "Peer to peer"

    WON = (Outcome.OVERTURNED, Outcome.PARTLY)
    DECIDED = (*WON, Outcome.UPHELD)

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="appeals")
    # The status change that filed it.
    event = models.OneToOneField(ClaimEvent, on_delete=models.CASCADE, related_name="appeal")
    level = models.PositiveSmallIntegerField(default=1)
    filed_on = models.DateField()
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # The denial that it answers, and its deadline: kept, because a later decision takes the claim's place.
    denied_on = models.DateField(null=True)
    file_by = models.DateField(null=True)
    category = models.CharField(max_length=17, choices=Claim.Category.choices, blank=True)
    due_on = models.DateField()  # the payer's answer
    method = models.CharField(max_length=6, choices=Method.choices, blank=True)
    reason = EncryptedField(blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    decided_on = models.DateField(null=True)
    overturned = MoneyField(null=True)  # paid since it was filed; nothing while nobody knows

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("level", "method", "outcome", "filed_on", "due_on")

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ["-filed_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim"], name="one_waiting_appeal_a_claim", condition=Q(outcome="waiting")
            ),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=LEVELS), name="appeal_level_exists"),
            models.CheckConstraint(
                condition=Q(outcome="waiting", decided_on=None)
                | (~Q(outcome="waiting") & Q(decided_on__isnull=False)),
                name="appeal_decided_on_a_day",
            ),
        ]
        indexes = [
            # Read by the list of appeals: those waiting, longest first, and those that ended.
            models.Index(fields=["filed_on", "id"], name="waiting_appeal", condition=Q(outcome="waiting")),
            models.Index(fields=["-filed_on", "-id"], name="appeal_by_day"),
            # Read by how many were won.
            models.Index(fields=["decided_on"], name="appeal_by_decision", condition=~Q(outcome="waiting")),
        ]

    def __str__(self) -> str:
        return f"appeal {self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.outcome == self.Outcome.WAITING

    def is_overdue(self, today: date) -> bool:
        return self.is_waiting and self.due_on < today


class AppealLetter(models.Model):
    """The letter of an appeal as it was sent: a PDF, encrypted."""

    appeal = models.OneToOneField(Appeal, primary_key=True, on_delete=models.CASCADE, related_name="letter")
    content = models.BinaryField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"letter of appeal {self.appeal_id}"
