"""Rules that act by themselves when a claim changes, and what each has done about which change."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User, one_plain_line

from .claims import Claim, ClaimEvent


class AutomationRuleQuerySet(models.QuerySet["AutomationRule"]):
    def visible_to(self, user: User) -> Self:
        """One's own: a rule acts for whoever made it, and within what they see."""
        return self if user.sees_everything else self.filter(made_by=user)

    def switched_on(self) -> Self:
        return self.filter(is_active=True)


class AutomationRule(models.Model):
    """When a claim changes like this, and is one of those, then do that."""

    name = models.CharField(max_length=80, unique=True, validators=[one_plain_line])
    on = models.JSONField(default=list)  # keys of `automation.happenings.CHANGES`
    filters = models.JSONField(default=dict, blank=True)  # name -> word, as `ClaimFilter` takes them
    then = models.JSONField(default=dict)  # name -> word, as `automation.deeds.Deeds` takes them
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    is_active = models.BooleanField("switched on", default=False)
    active_since = models.DateTimeField(null=True, editable=False)
    # What the last 30 days would have come to: nothing again once the rule says something else.
    tried_at = models.DateTimeField(null=True, editable=False)
    tried = models.JSONField(default=dict, editable=False)
    problem = models.CharField(max_length=300, blank=True, editable=False)
    told_at = models.DateTimeField(null=True, editable=False)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("name", "on", "filters", "then", "is_active")

    objects = AutomationRuleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            # Nobody lets a rule loose without having seen what it would have done.
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(tried_at__isnull=False, active_since__isnull=False),
                name="automation_tried_first",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AutomationRunQuerySet(models.QuerySet["AutomationRun"]):
    def visible_to(self, user: User) -> Self:
        """On the claims that somebody sees."""
        if user.sees_everything:
            return self
        return self.filter(claim__in=Claim.objects.visible_to(user).values("pk"))


class AutomationRun(models.Model):
    """What a rule did about one change of a claim; the same change never makes it act again."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    rule = models.ForeignKey(AutomationRule, on_delete=models.PROTECT, related_name="runs", db_index=False)
    event = models.ForeignKey(ClaimEvent, on_delete=models.CASCADE, related_name="runs", db_index=False)
    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="runs")
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, default=Outcome.DONE)
    did = models.JSONField(default=list)  # in words, without any of a patient
    problem = models.CharField(max_length=300, blank=True)
    is_to_tell = models.BooleanField(default=False)  # by mail, together with others of its rule

    objects = AutomationRunQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["event", "rule"], name="one_run_a_change")]
        indexes = [
            models.Index(fields=["rule", "-at"], name="run_by_rule"),
            models.Index(fields=["rule"], name="run_to_tell", condition=Q(is_to_tell=True)),
        ]

    def __str__(self) -> str:
        return f"run of rule {self.rule_id} on event {self.event_id}"


class AutomationMark(models.Model):
    """A change that rules have not looked at yet, as the database notes (`automation/event_triggers.py`)."""

    event_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"event {self.event_id} happened"
