"""Files that people asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from claims.fields import EncryptedField
from claims.identity import new_id


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, user: User) -> Self:
        """One's own: nobody else's business, whatever they may see."""
        return self.filter(owner=user)

    def unfinished(self) -> Self:
        return self.filter(state__in=(Export.State.WAITING, Export.State.RUNNING))


class Export(models.Model):
    """A file that somebody asked for: too many rows to hand over at once, so a worker makes it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel"
        PDF = "pdf", "PDF"
        JSON = "json", "JSON"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exports", db_index=False
    )
    kind = models.CharField(max_length=20)  # of `exports.KINDS`
    # Whoever this report is shared with may have the file, too, as far as they may see what is in it.
    report = models.ForeignKey(
        "analytics.Report", null=True, on_delete=models.SET_NULL, related_name="exports", db_index=False
    )
    format = models.CharField(max_length=4, choices=Format.choices)
    # Encrypted, for whoever searches may type a patient's name where a claim's number belongs.
    asked = EncryptedField(help_text="The parameters as JSON.")
    words = EncryptedField(blank=True)
    asked_on = models.DateField()  # by which "the last 30 days" are told, whenever a worker comes to it
    asked_at = models.DateTimeField(default=timezone.now)

    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=200, blank=True)  # why it failed
    rows_expected = models.PositiveIntegerField(null=True)
    rows_written = models.PositiveIntegerField(default=0)
    pieces_written = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    # Whose claims are in it (none: everybody's), and whether patients: what its owner must still be allowed.
    departments = models.JSONField(null=True)
    has_patients = models.BooleanField(default=False)
    # A worker's hold on it: renewed with each piece, and up for others once it has run out.
    held_by = models.UUIDField(null=True)
    held_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    kept_until = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["owner", "-asked_at"], name="export_by_owner"),
            models.Index(  # read every two seconds by the workers
                fields=["asked_at"], name="export_unfinished", condition=Q(state__in=("waiting", "running"))
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state not in (self.State.WAITING, self.State.RUNNING)

    def is_held(self, now: datetime) -> bool:
        return self.held_until is not None and self.held_until > now


class ExportPiece(models.Model):
    """A piece of the file, encrypted."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="pieces", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="one_piece_a_number")]

    def __str__(self) -> str:
        return f"piece {self.number} of export {self.export_id}"
