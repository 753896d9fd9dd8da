"""Reports that people put together, and when they are sent to whom."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User

from .exports import Export


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and what was shared with oneself or one's role, or is sent to one by its owner. Each
        sees it with their own rights."""
        shared = self.filter(people=user)
        sent = self.filter(schedules__people=user, schedules__owner=F("owner"))
        mine = Q(owner=user) | Q(pk__in=shared.values("pk")) | Q(pk__in=sent.values("pk"))
        return (
            self.filter(mine | Q(shared_roles__contains=f",{user.role},")) if user.role else self.filter(mine)
        )


class Report(models.Model):
    """A question that somebody keeps: KPIs, how they are grouped, of which claims, over which days."""

    name = models.CharField(max_length=100)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reports")
    asked = models.JSONField()  # as `POST /api/reports/generate` takes it
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="shared_reports")
    shared_roles = models.CharField(max_length=200, blank=True)  # ",manager,director,"
    pinned_by = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="pinned_reports")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("name", "asked", "people", "shared_roles")

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, user: User) -> Self:
        return self if user.has_perm("accounts.view_operations") else self.filter(owner=user)


class Schedule(models.Model):
    """A report that is sent again and again, with the rights that its owner has at that moment."""

    class Every(models.TextChoices):
        DAY = "day", "Every day"
        WEEK = "week", "Every week"
        MONTH = "month", "Every month"

    class Format(models.TextChoices):
        PDF = "pdf", "PDF"
        XLSX = "xlsx", "Excel"

    class Standard(models.TextChoices):
        """What can be sent without putting a report together first."""

        DASHBOARD = "dashboard", "Dashboard"
        DENIALS = "denials", "Denials"
        RECEIVABLES = "receivables", "A/R"
        PAYERS = "payers", "Payers"

    name = models.CharField(max_length=100)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="schedules")
    report = models.ForeignKey(
        Report, null=True, blank=True, on_delete=models.CASCADE, related_name="schedules"
    )
    standard = models.CharField(max_length=12, choices=Standard.choices, blank=True)
    every = models.CharField(max_length=5, choices=Every.choices, default=Every.WEEK)
    weekday = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(6)], help_text="0 is Monday."
    )
    day_of_month = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text="In a shorter month its last day.",
    )
    at = models.TimeField()
    time_zone = models.CharField(max_length=50)
    format = models.CharField(max_length=4, choices=Format.choices, default=Format.PDF)
    is_attached = models.BooleanField(
        "attach the file", default=True, help_text="Otherwise the mail leads to it, behind the sign-in."
    )
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="subscriptions")
    is_active = models.BooleanField("switched on", default=True)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(editable=False)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = (
        "name",
        "report",
        "standard",
        "every",
        "weekday",
        "day_of_month",
        "at",
        "time_zone",
        "format",
        "is_attached",
        "people",
        "is_active",
    )

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(report=None) & ~Q(standard="") | Q(report__isnull=False, standard=""),
                name="schedule_of_one_report",
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="schedule_by_due", condition=Q(is_active=True))]

    def __str__(self) -> str:
        return self.name


class ScheduledRun(models.Model):
    """One turn of a schedule, and the file that it made."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="runs", db_index=False)
    due_at = models.DateTimeField()
    export = models.ForeignKey(Export, null=True, on_delete=models.SET_NULL, related_name="+")
    told_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-due_at"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "due_at"], name="one_run_a_turn"),
        ]
        indexes = [models.Index(fields=["due_at"], name="run_untold", condition=Q(told_at=None))]

    def __str__(self) -> str:
        return f"run of schedule {self.schedule_id}"
