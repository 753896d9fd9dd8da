"""What leaves the site to tell somebody, where to, and how it went."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from claims.fields import EncryptedField
from claims.identity import new_id
from rcm_site.models import Mail

if TYPE_CHECKING:
    from .alerts import Alert


class Webhook(models.Model):
    """An address of another system that is told of alerts."""

    class Shape(models.TextChoices):
        JSON = "json", "Plain JSON"
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"
        PAGERDUTY = "pagerduty", "PagerDuty"

    name = models.CharField(max_length=80, unique=True)
    shape = models.CharField(max_length=9, choices=Shape.choices, default=Shape.JSON)
    # Addresses of Slack and Teams are secrets themselves.
    url = EncryptedField()
    secret = EncryptedField(blank=True, help_text="Signs what is sent; for PagerDuty its routing key.")
    is_active = models.BooleanField("in use", default=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("name", "shape", "is_active")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self) -> Self:
        return self.filter(state=Delivery.State.WAITING)

    def due(self, now: datetime) -> Self:
        """Of these what may leave now: in nobody's hands, and not ahead of one of these to the same place
        about what happened earlier by the same rule, for "over" must not come before "opened"."""
        place = Q(channel=OuterRef("channel"), address=OuterRef("address"))
        place &= Q(webhook=OuterRef("webhook")) | Q(webhook=None)
        before = Q(event__alert__rule=OuterRef("event__alert__rule"), event__lt=OuterRef("event"))
        at_once = Q(event__at=OuterRef("event__at")) & ~Q(event__alert=OuterRef("event__alert"))
        earlier = self.filter(place, before, ~at_once)
        free = Q(held_until=None) | Q(held_until__lte=now)
        return self.filter(free, ~Exists(earlier), due_at__lte=now)

    def about_alert(self, alert: Alert) -> Self:
        """Those that tell of it, alone or among others."""
        events = alert.events.values("pk")
        alone = Delivery.objects.filter(event__in=events).order_by().values("pk")
        together = Delivery.others.through.objects.filter(alertevent__in=events).values("delivery")
        return self.filter(pk__in=alone.union(together))

    def visible_to(self, user: User) -> Self:
        """One's own, and for who sees everything all of them."""
        return self if user.sees_everything else self.filter(person=user)


class Delivery(models.Model):
    """One message about one thing to one place. What goes by mail is sent by `rcm_site.mail`, whose row
    says how far it is."""

    class Channel(models.TextChoices):
        MAIL = "mail", "E-mail"
        WEBHOOK = "webhook", "Webhook"
        TEXT = "text", "Text message"

    class About(models.TextChoices):
        ALERT = "alert", "An alert"
        DIGEST = "digest", "A digest"
        REPORT = "report", "A report"
        TEST = "test", "A test"

    class State(models.TextChoices):
        COLLECTED = "collected", "Waits for a digest"
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.CharField(max_length=7, choices=Channel.choices)
    about = models.CharField(max_length=6, choices=About.choices)
    # Its place among all messages: the same thing is told to the same place once.
    once = models.CharField(max_length=120, unique=True)
    event = models.ForeignKey(
        "analytics.AlertEvent", null=True, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    # What happened to other alerts of the same rule at the same time, told in the same message.
    others = models.ManyToManyField("analytics.AlertEvent", related_name="told_with")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    address = models.CharField(max_length=254, blank=True)  # of a mail, or a telephone number
    webhook = models.ForeignKey(
        Webhook, null=True, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    mail = models.OneToOneField(Mail, null=True, on_delete=models.SET_NULL, related_name="delivery")
    body = models.JSONField(default=dict, help_text="What a webhook or a text message is sent.")

    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    made_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)  # not before: quiet hours, or after a failure
    held_until = models.DateTimeField(null=True, help_text="Until then it is in the hands of one sender.")
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.CharField(max_length=200, blank=True)  # of the last attempt, or why it failed
    closed_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name_plural = "deliveries"
        ordering = ["-made_at"]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_waiting", condition=Q(state="waiting")),
            models.Index(fields=["person"], name="delivery_collected", condition=Q(state="collected")),
            models.Index(fields=["-made_at"], name="delivery_by_time"),
            models.Index(fields=["person", "-made_at"], name="delivery_by_person"),
            models.Index(fields=["webhook", "-made_at"], name="delivery_by_webhook"),
            models.Index(fields=["event"], name="delivery_by_event"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class StoppedMail(models.Model):
    """What somebody does not want to be mailed any more: about one rule or schedule, or any alert at all."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="stopped_mail"
    )
    address = models.CharField(max_length=254, blank=True)  # of somebody who has no account
    rule = models.ForeignKey(
        "analytics.AlertRule", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    schedule = models.ForeignKey(
        "analytics.Schedule", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "stopped mail"
        constraints = [
            models.UniqueConstraint(
                Coalesce("person", Value(0), output_field=models.BigIntegerField()),
                "address",
                Coalesce("rule", Value(0), output_field=models.BigIntegerField()),
                Coalesce("schedule", Value(0), output_field=models.BigIntegerField()),
                name="mail_stopped_once",
            )
        ]

    def __str__(self) -> str:
        return f"stopped mail {self.pk}"

    @property
    def words(self) -> str:
        """What the mails would have been about."""
        if self.rule is not None:
            return f"alerts of “{self.rule}”"
        return f"the report “{self.schedule}”" if self.schedule is not None else "alerts, of whatever rule"
