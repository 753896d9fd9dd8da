"""Net fees on their way downstream: the outbox, the ledger on the other side, providers' running totals."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from claims.identity import new_id
from claims.money import MoneyField

from .claims import Claim
from .payers import Provider


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def due(self, now: datetime) -> Self:
        return self.filter(state__in=OutboxMessage.UNDELIVERED, due_at__lte=now)

    def undelivered(self) -> Self:
        return self.filter(state__in=OutboxMessage.UNDELIVERED)

    def dead(self) -> Self:
        return self.filter(state=OutboxMessage.State.DEAD)

    def visible_to(self, user: User) -> Self:
        """Of the claims that somebody sees."""
        if user.sees_everything:
            return self
        return self.filter(claim__in=Claim.objects.visible_to(user))


class OutboxMessage(models.Model):
    """What the payments side must be told of a claim; written in the transaction that changed the claim."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"  # with the broker; sent again unless delivered soon
        DELIVERED = "delivered", "Delivered"
        DEAD = "dead", "Given up"

    class Reason(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        CORRECTED = "corrected", "Corrected"
        VOIDED = "voided", "Voided"
        RESTORED = "restored", "Restored"

    UNDELIVERED = (State.WAITING, State.SENT)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="messages")
    reason = models.CharField(max_length=9, choices=Reason.choices, default=Reason.ACCEPTED)
    net_fee = MoneyField()  # the change, not the new total: below zero when a claim is voided
    shares = models.JSONField(default=list)  # [[npi, cents], …], which add up to the net fee
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=100, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(  # read by the relay
                fields=["due_at"], name="outbox_due", condition=Q(state__in=("waiting", "sent"))
            ),
            models.Index(fields=["id"], name="outbox_dead", condition=Q(state="dead")),
            models.Index(  # read by the page of payments: how many were delivered today
                fields=["delivered_at"], name="outbox_delivered", condition=Q(state="delivered")
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class LedgerEntry(models.Model):
    """The payments side's own book: one entry a message, whatever is sent twice. Never changed."""

    message_id = models.UUIDField(unique=True)
    claim_id = models.UUIDField(
        db_index=True
    )  # another side's book: it names our claims, it does not join them
    net_fee = MoneyField()
    shares = models.JSONField(default=list)
    posted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"ledger entry {self.pk}"


class ProviderTotal(models.Model):
    """The net fees of all that a provider ever generated, but for the changes that are not added in yet."""

    provider = models.OneToOneField(
        Provider, primary_key=True, on_delete=models.CASCADE, related_name="total"
    )
    net_fee = MoneyField(default=0)
    lines = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"total of provider {self.provider_id}"


class ProviderChange(models.Model):
    """A change of a provider's total, appended by triggers so that writers never wait for one another."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    net_fee = MoneyField()
    lines = models.IntegerField()

    def __str__(self) -> str:
        return f"change of provider {self.provider_id}"
