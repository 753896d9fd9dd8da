"""What each KPI was on a past day, as it was known that day: kept whatever is corrected later."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Department, User
from claims.models import Payer, Provider


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    def visible_to(self, user: User) -> Self:
        """Those of one's departments; whole sites, payers and providers are for who sees all departments."""
        if user.sees_everything:
            return self
        return self.filter(department__in=Department.objects.visible_to(user).values("pk"))


class Snapshot(models.Model):
    """One KPI of one scope over the days that ended on this day; written once and never again."""

    class Of(models.TextChoices):
        ALL = "all", "All claims"
        PAYER = "payer", "A payer"
        DEPARTMENT = "department", "A department"
        PROVIDER = "provider", "A provider"

    id = models.BigAutoField(primary_key=True)
    kpi = models.CharField(max_length=40)
    of = models.CharField(max_length=10, choices=Of.choices)
    # None of these: all claims, or those that have no payer, department, provider.
    payer = models.ForeignKey(Payer, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    provider = models.ForeignKey(
        Provider, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField(help_text="The last day that it is about.")
    days = models.PositiveSmallIntegerField(help_text="How many days it is about.")
    # Kept before they are divided, so that departments add up.
    numerator = models.DecimalField(max_digits=24, decimal_places=8)
    denominator = models.DecimalField(max_digits=24, decimal_places=8, null=True)
    n = models.BigIntegerField()
    taken_at = models.DateTimeField(default=timezone.now)
    is_late = models.BooleanField(default=False, help_text="Worked out on a later day than the one after.")

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(  # also what a course of one KPI is read by
                "kpi",
                "of",
                Coalesce("payer", Value(0), output_field=models.BigIntegerField()),
                Coalesce("department", Value(0), output_field=models.BigIntegerField()),
                Coalesce("provider", Value(0), output_field=models.BigIntegerField()),
                "day",
                name="one_snapshot",
            ),
            models.CheckConstraint(condition=Q(payer=None) | Q(of="payer"), name="snapshot_payer_of_payers"),
            models.CheckConstraint(
                condition=Q(department=None) | Q(of="department"), name="snapshot_department_of_departments"
            ),
            models.CheckConstraint(
                condition=Q(provider=None) | Q(of="provider"), name="snapshot_provider_of_providers"
            ),
        ]
        indexes = [models.Index(fields=["day"], name="snapshot_by_day")]  # read to see which days are missing

    def __str__(self) -> str:
        return f"{self.kpi} on {self.day}"
