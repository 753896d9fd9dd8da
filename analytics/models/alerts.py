"""What is watched, and what was found: rules, the alerts that they open, and what people do about these."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Department, User
from claims.fields import EncryptedField
from claims.models import Payer, Provider

from .deliveries import Webhook


class AlertRuleQuerySet(models.QuerySet["AlertRule"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def visible_to(self, user: User) -> Self:
        """About whole departments of one's own; rules about the installation are for who runs it."""
        if user.sees_everything:
            return self if user.has_perm("accounts.view_operations") else self.filter(is_about_site=False)
        mine = Department.objects.visible_to(user).values("pk")
        return self.filter(Q(department__in=mine) | Q(made_by=user), is_about_site=False)


class AlertRule(models.Model):
    """When somebody is told about a number."""

    class Each(models.TextChoices):
        ONE = "", "All of it together"
        PAYER = "payer", "Each payer"
        DEPARTMENT = "department", "Each department"
        PROVIDER = "provider", "Each provider"

    class Condition(models.TextChoices):
        ABOVE = "above", "is above"
        AT_LEAST = "at_least", "is at least"
        BELOW = "below", "is below"
        AT_MOST = "at_most", "is at most"
        RISES = "rises", "rises against the period before by more than"
        FALLS = "falls", "falls against the period before by more than"
        UNUSUAL = "unusual", "is unusual for it"

    class ChangeIn(models.TextChoices):
        AMOUNT = "amount", "points, days, dollars"
        PERCENT = "percent", "percent of what it was"

    class Every(models.IntegerChoices):
        QUARTER = 15, "every 15 minutes"
        HOUR = 60, "every hour"
        DAY = 1440, "every day"

    class Severity(models.TextChoices):
        LOW = "low", "For information"
        WARNING = "warning", "Warning"
        CRITICAL = "critical", "Critical"

    name = models.CharField(max_length=100)
    watches = models.CharField(max_length=40, help_text="A KPI, or one of the site's own numbers.")
    # What it is narrowed to, besides the one of each.
    payer = models.ForeignKey(Payer, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    provider = models.ForeignKey(Provider, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=13, blank=True)
    category = models.CharField(max_length=17, blank=True)
    each = models.CharField(max_length=10, choices=Each.choices, default=Each.ONE, blank=True)

    condition = models.CharField(max_length=8, choices=Condition.choices)
    limit = models.DecimalField(
        max_digits=16, decimal_places=2, help_text="For what is unusual: how many deviations are too many."
    )
    change_in = models.CharField(max_length=7, choices=ChangeIn.choices, default=ChangeIn.AMOUNT)
    clears_at = models.DecimalField(
        max_digits=16,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Where it must be again before the alert is over, if not at the limit itself.",
    )
    window_days = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(366)]
    )
    minimum_n = models.PositiveIntegerField(default=20, help_text="Fewer say too little to tell anybody.")
    every = models.PositiveSmallIntegerField(choices=Every.choices, default=Every.HOUR)
    cool_down_minutes = models.PositiveIntegerField(
        default=60, help_text="After an alert is over, none about the same is opened for as long."
    )
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.WARNING)
    runbook = models.TextField(max_length=2000, blank=True, help_text="What to do about it, in a few lines.")

    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="alert_rules")
    roles = models.JSONField(default=list, blank=True)  # keys of `accounts.roles`
    tells_managers = models.BooleanField("the department's managers", default=False)
    addresses = models.JSONField(default=list, blank=True)  # mail addresses of others, such as IT's
    by_mail = models.BooleanField("by e-mail", default=True)
    webhooks = models.ManyToManyField(Webhook, blank=True, related_name="alert_rules")
    numbers = models.JSONField(default=list, blank=True)  # telephone numbers, for text messages
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    escalates_after = models.PositiveIntegerField(
        null=True, blank=True, help_text="Minutes without anybody's acknowledging it."
    )
    escalates_to = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="escalations")

    is_active = models.BooleanField("switched on", default=True)
    is_about_site = models.BooleanField(default=False, editable=False)
    shipped_as = models.CharField(max_length=40, null=True, unique=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(default=timezone.now, editable=False)  # when it is looked at next
    checked_at = models.DateTimeField(null=True, editable=False)
    problem = models.CharField(max_length=200, blank=True, editable=False)  # why it could not be looked at

    # What it is about, and what it asks of that.
    QUESTION: ClassVar[tuple[str, ...]] = (
        *("watches", "payer", "department", "provider", "kind", "category", "each"),
        *("condition", "change_in"),
    )
    ASKS: ClassVar[tuple[str, ...]] = (*QUESTION, "limit", "clears_at", "window_days", "minimum_n")

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = (
        "name",
        "watches",
        "payer",
        "department",
        "provider",
        "kind",
        "category",
        "each",
        "condition",
        "limit",
        "change_in",
        "clears_at",
        "window_days",
        "minimum_n",
        "every",
        "cool_down_minutes",
        "severity",
        "roles",
        "tells_managers",
        "by_mail",
        "quiet_from",
        "quiet_until",
        "escalates_after",
        "is_active",
    )

    objects = AlertRuleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    condition__in=("above", "at_least", "below", "at_most", "rises", "falls", "unusual")
                ),
                name="known_condition",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_from_and_until",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="rule_by_due", condition=Q(is_active=True))
        ]  # each minute

    def __str__(self) -> str:
        return self.name

    def kept_in(self, names: Iterable[str]) -> list[Any]:
        """What these fields hold, others by their ids."""
        ids = {field.name: field.attname for field in self._meta.concrete_fields}
        return [getattr(self, ids[name]) for name in names]


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(resolved_at=None)

    def visible_to(self, user: User) -> Self:
        """Those about one's departments; the site's own are for who runs it."""
        if user.sees_everything:
            rules = {} if user.has_perm("accounts.view_operations") else {"rule__is_about_site": False}
            return self.filter(**rules)
        mine = Department.objects.visible_to(user).values("pk")
        return self.filter(department__in=mine, rule__is_about_site=False)


class Alert(models.Model):
    """A number that crossed its limit: open from then until it is back, once for whatever it is about."""

    rule = models.ForeignKey(AlertRule, on_delete=models.PROTECT, related_name="alerts", db_index=False)
    payer = models.ForeignKey(Payer, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    provider = models.ForeignKey(
        Provider, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # As the rule had them when it opened.
    watches = models.CharField(max_length=40)
    severity = models.CharField(max_length=8, choices=AlertRule.Severity.choices)
    condition = models.CharField(max_length=8, choices=AlertRule.Condition.choices)
    limit = models.DecimalField(max_digits=16, decimal_places=2)

    opened_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="When it was last looked at.")
    resolved_at = models.DateTimeField(null=True)
    start = models.DateField(help_text="The first day that the value is about.")
    end = models.DateField()
    value_at_first = models.DecimalField(max_digits=20, decimal_places=4)
    value = models.DecimalField(max_digits=20, decimal_places=4)
    worst = models.DecimalField(max_digits=20, decimal_places=4)
    compared_with = models.DecimalField(max_digits=20, decimal_places=4, null=True)  # the period before
    lowest_usual = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    highest_usual = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    n = models.BigIntegerField(default=0)

    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="alerts"
    )
    snoozed_until = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                "rule",
                Coalesce("payer", Value(0), output_field=models.BigIntegerField()),
                Coalesce("department", Value(0), output_field=models.BigIntegerField()),
                Coalesce("provider", Value(0), output_field=models.BigIntegerField()),
                condition=Q(resolved_at=None),
                name="one_open_alert",
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at"], name="open_alerts", condition=Q(resolved_at=None)),
            models.Index(fields=["rule", "-opened_at"], name="alerts_by_rule"),  # its page, the cool-down
            models.Index(fields=["-opened_at"], name="alerts_by_time"),
        ]

    def __str__(self) -> str:
        return f"alert {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def member(self) -> tuple[Any, Any, Any]:
        """What it is about, among all that its rule is."""
        return self.payer_id, self.department_id, self.provider_id

    @property
    def beyond(self) -> Decimal:
        """By how much it is beyond what it is held against."""
        if self.lowest_usual is not None and self.highest_usual is not None:
            return max(self.value - self.highest_usual, self.lowest_usual - self.value)
        against = self.limit if self.compared_with is None else self.compared_with
        return abs(self.value - against)

    def is_worse(self, value: Decimal) -> bool:
        """Whether a value is further beyond the limit than any before."""
        low = AlertRule.Condition.BELOW, AlertRule.Condition.AT_MOST, AlertRule.Condition.FALLS
        if self.condition == AlertRule.Condition.UNUSUAL and self.lowest_usual is not None:
            return value > self.worst if self.worst > self.lowest_usual else value < self.worst
        return value < self.worst if self.condition in low else value > self.worst


class AlertEvent(models.Model):
    """What happened to an alert, in order; a comment is one, too."""

    class What(models.TextChoices):
        OPENED = "opened", "Opened"
        WORSENED = "worsened", "Got worse"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        ASSIGNED = "assigned", "Assigned"
        SNOOZED = "snoozed", "Snoozed"
        COMMENTED = "commented", "Commented"
        ESCALATED = "escalated", "Escalated"
        RESOLVED = "resolved", "Over"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events", db_index=False)
    what = models.CharField(max_length=12, choices=What.choices)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    text = EncryptedField(blank=True, help_text="A comment may tell of a patient.")
    value = models.DecimalField(max_digits=20, decimal_places=4, null=True)

    class Meta:
        default_permissions = ()
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["alert", "at"], name="event_by_alert")]

    def __str__(self) -> str:
        return f"{self.what} of alert {self.alert_id}"
