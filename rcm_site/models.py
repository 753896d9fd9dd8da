"""What the site remembers about its own running: signs of life, how it answered, the mail that waits."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def beat(self, name: str) -> None:
        self.bulk_create(
            [self.model(name=name, at=timezone.now())],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at"],
        )


class Heartbeat(models.Model):
    """When a part of the site last showed that it is alive."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"


class RequestMinute(models.Model):
    """How one web process answered what it was asked in about a minute (`request_minutes.py`)."""

    until = models.DateTimeField()
    requests = models.PositiveIntegerField()
    errors = models.PositiveIntegerField(help_text="Answers that say it was our fault.")
    slow = models.PositiveIntegerField(help_text="Answers that took more than five seconds.")
    longest_ms = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["until"], name="request_minute_by_end")]

    def __str__(self) -> str:
        return f"requests until {self.until:%H:%M}"


class MailQuerySet(models.QuerySet["Mail"]):
    def waiting(self) -> Self:
        return self.filter(state=Mail.State.WAITING)

    def held(self, now: datetime) -> Self:
        return self.waiting().filter(held_until__gt=now)

    def due(self, now: datetime) -> Self:
        free = models.Q(held_until=None) | models.Q(held_until__lte=now)
        return self.waiting().filter(free, due_at__lte=now)

    def failed_since(self, moment: datetime) -> Self:
        return self.filter(state=Mail.State.FAILED, closed_at__gte=moment)


class Mail(models.Model):
    """One message on its way out. `mail.py` says how it gets there."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    message_id = models.CharField(max_length=255, unique=True)
    recipients = models.JSONField()
    message = models.JSONField(default=dict, help_text="Emptied once sent: it may hold a link that signs in.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    queued_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    held_until = models.DateTimeField(null=True, help_text="Until then it is in the hands of one sender.")
    attempts = models.PositiveSmallIntegerField(default=0)
    unanswered = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts after which nobody knows whether the mail server took it."
    )
    last_error = models.CharField(max_length=120, blank=True)
    closed_at = models.DateTimeField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mail"
        indexes = [
            models.Index(
                "due_at",
                name="mail_waiting",  # read by the sender every two seconds, and by /health
                condition=models.Q(state="waiting"),
            ),
            models.Index("state", "closed_at", name="mail_closed"),  # read by /health and the daily tidying
        ]

    def __str__(self) -> str:
        return f"mail {self.pk} ({self.state})"
