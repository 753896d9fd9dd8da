"""How worklists stand: counted once a minute for everybody, and at the end of each day for good."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Department
from claims.money import MoneyField

from .work import Worklist


class KeptStanding(models.Model):
    """When a list was last counted, and by which rule: by another one the figures say nothing."""

    worklist = models.OneToOneField(
        Worklist, primary_key=True, on_delete=models.CASCADE, related_name="standing"
    )
    asked = models.JSONField(default=dict)  # name -> word, as `choosing.asked_of` has it
    as_of = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"worklist {self.worklist_id} as of {self.as_of}"


class StandingPart(models.Model):
    """The claims of a list that are of one department, one person's work and in one person's hands."""

    standing = models.ForeignKey(KeptStanding, on_delete=models.CASCADE, related_name="parts")
    department = models.ForeignKey(
        Department, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    claims = models.PositiveIntegerField()  # that are to be done now
    dollars = MoneyField()
    deadline = models.DateField(null=True)  # the first that is still to come
    at_rest = models.PositiveIntegerField()
    # The best of what nobody had in hand: what each was worth in cents, which it is, who passed it by today.
    front = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.claims} claims of worklist {self.standing_id}"


class BacklogDay(models.Model):
    """What waited on a list at the end of a day, by department, as it was counted last on that day.

    The row of no department is always there, so it is known which days were counted.
    """

    worklist = models.ForeignKey(Worklist, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    department = models.ForeignKey(
        Department, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    claims = models.PositiveIntegerField()
    dollars = MoneyField()
    over_90 = models.PositiveIntegerField()  # claims that were submitted more than 90 days before
    oldest = models.DateField(null=True)  # the first day of submission

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["worklist", "day", "department"], name="one_backlog_a_day"),
            models.UniqueConstraint(
                fields=["worklist", "day"],
                name="one_backlog_a_day_of_none",
                condition=Q(department=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claims} claims of worklist {self.worklist_id} on {self.day}"
