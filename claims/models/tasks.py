"""What somebody has to do by a day, for a claim, a patient or neither, and where their calendar reads it."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from claims.fields import EncryptedField

from .claims import Claim
from .patients import Assessment, Patient


class TaskQuerySet(models.QuerySet["Task"]):
    def open(self) -> Self:
        return self.filter(done_at=None)

    def follow_ups(self) -> Self:
        """Opened by an urgent assessment."""
        return self.filter(assessment__isnull=False)

    def visible_to(self, user: User) -> Self:
        """Whoever sees the claim or the patient; a task about neither is its people's, and their leads'."""
        if user.sees_everything:
            return self
        mine = Q(owner=user) | Q(made_by=user)
        if user.has_perm("accounts.view_team"):
            mine |= Q(owner__in=User.objects.visible_to(user).values("pk"))
        return self.filter(
            Q(claim__in=Claim.objects.visible_to(user).values("pk"))
            | Q(patient__in=Patient.objects.visible_to(user).values("pk"))
            | Q(claim=None, patient=None) & mine
        )


class Task(models.Model):
    """Open until somebody has done it. An urgent assessment opens one that is nobody's yet: a follow-up."""

    class Kind(models.TextChoices):
        CALL = "call", "Call the payer"
        CHECK = "check", "Check where it stands"
        DOCUMENTS = "documents", "Send documents"
        AUTHORISATION = "authorisation", "Prior authorisation"
        REBILL = "rebill", "Correct and rebill"
        APPEAL = "appeal", "Appeal"
        PATIENT = "patient", "Contact the patient"
        FOLLOW_UP = "follow_up", "Follow up an urgent patient"
        OTHER = "other", "Something else"

    kind = models.CharField(max_length=13, choices=Kind.choices, default=Kind.OTHER)
    text = EncryptedField(blank=True, help_text="May tell of a patient, so nobody but the site can read it.")
    claim = models.ForeignKey(
        Claim, null=True, on_delete=models.CASCADE, related_name="tasks", db_index=False
    )
    patient = models.ForeignKey(
        Patient, null=True, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    assessment = models.OneToOneField(
        Assessment, null=True, on_delete=models.PROTECT, related_name="follow_up"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    due_on = models.DateField()
    reminder_on = models.DateField(null=True, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    outcome = EncryptedField(blank=True)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("kind", "owner", "due_on", "reminder_on")

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="done_by_somebody",
            ),
            models.CheckConstraint(condition=Q(claim=None) | Q(patient=None), name="task_for_one_thing"),
            models.CheckConstraint(
                condition=Q(reminder_on=None) | Q(reminder_on__lte=F("due_on")), name="reminded_before_due"
            ),
        ]
        indexes = [
            # Read by one's own tasks and by the calendar; those of nobody are among them.
            models.Index(fields=["owner", "due_on"], name="open_task_by_owner", condition=Q(done_at=None)),
            models.Index(fields=["done_by", "-done_at"], name="task_by_doer", condition=~Q(done_at=None)),
            models.Index(fields=["claim"], name="task_by_claim", condition=Q(claim__isnull=False)),
            models.Index(fields=["patient"], name="task_by_patient", condition=Q(patient__isnull=False)),
            models.Index(
                fields=["made_at"],
                name="open_follow_ups",  # read by the follow-ups page
                condition=Q(done_at=None, assessment__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"task {self.pk}"

    @property
    def is_follow_up(self) -> bool:
        return self.assessment_id is not None

    @property
    def title(self) -> str:
        """What may stand where anybody looks, such as in a calendar: no word of a patient."""
        return f"{self.get_kind_display()}, {self.claim}" if self.claim else self.get_kind_display()


class CalendarFeed(models.Model):
    """The secret address under which somebody's calendar reads their tasks; only its digest is kept."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed"
    )
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the token
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"calendar feed of user {self.user_id}"
