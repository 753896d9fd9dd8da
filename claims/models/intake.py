"""Files that somebody sent, what became of each, and requests that must not count twice."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Department, User
from claims.identity import new_id


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and those sent for one's departments."""
        if user.sees_everything:
            return self
        return self.filter(Q(sent_by=user) | Q(department__in=Department.objects.visible_to(user)))

    def unfinished(self) -> Self:
        return self.filter(state__in=(Import.State.WAITING, Import.State.RUNNING))


class Import(models.Model):
    """One uploaded file and how far it has been taken in. A worker that dies leaves off where this says."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"  # taken whole or not at all, and not at all
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"  # unreadable, or our own mistake

    class Taking(models.TextChoices):
        GOOD_CLAIMS = "good", "Take the good claims, list the others"
        WHOLE = "whole", "Take the whole file or nothing"

    class Phase(models.TextChoices):
        CHECKING = "checking", "Checking"  # the first reading of a file that is taken whole or not at all
        STORING = "storing", "Storing"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=255)  # of the file, as it was sent
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 of its bytes
    kind = models.CharField(max_length=12, blank=True)  # a FileKind, when somebody knows better than we
    grouping = models.CharField(max_length=4, blank=True)  # a Grouping of claim lines without numbers
    claim_kind = models.CharField(max_length=13, blank=True)  # of claims that do not say theirs
    taking = models.CharField(max_length=5, choices=Taking.choices, default=Taking.GOOD_CLAIMS)
    sender = models.CharField(max_length=80, blank=True, help_text="Whose control numbers these are.")
    department = models.ForeignKey(  # of rows that name none
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="imports"
    )
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="imports"
    )
    sent_at = models.DateTimeField(default=timezone.now)
    read_as_of = models.DateField(default=timezone.localdate)  # a later reading judges dates by the same day
    repeats = models.ForeignKey(  # the same bytes, sent before
        "self", null=True, on_delete=models.PROTECT, related_name="repetitions"
    )

    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    phase = models.CharField(max_length=8, choices=Phase.choices, default=Phase.STORING)
    wish = models.CharField(max_length=6, blank=True)  # "pause" or "cancel", for the worker to find
    reason = models.CharField(max_length=300, blank=True)  # why it was refused or failed
    found_kinds = models.CharField(max_length=120, blank=True)  # what the content showed
    # A worker's claim on the file: renewed with each chunk, and up for others once it has run out.
    held_by = models.UUIDField(null=True)
    held_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)  # begun since the last chunk
    # Where to go on: files of an archive finished, then records of the one after them.
    files_done = models.PositiveIntegerField(default=0)
    records_done = models.PositiveIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    chunks_done = models.PositiveIntegerField(default=0)
    carry = models.JSONField(default=dict)  # what the next chunk must know of those before: no patient's data

    claims_stored = models.PositiveIntegerField(default=0)
    lines_stored = models.PositiveIntegerField(default=0)
    payments_stored = models.PositiveIntegerField(default=0)
    others_stored = models.PositiveIntegerField(default=0)  # acknowledgements and actions
    duplicates = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)  # records
    warnings = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0)  # of work, pauses left out

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("kind", "taking", "state", "size")

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at"]
        indexes = [
            models.Index(fields=["digest"], name="import_by_digest"),
            models.Index(  # read by the sweeper that finds what no worker holds
                fields=["sent_at"], name="import_unfinished", condition=Q(state__in=("waiting", "running"))
            ),
            models.Index(fields=["sent_at"], name="import_by_moment"),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state not in (self.State.WAITING, self.State.RUNNING, self.State.PAUSED)


class ImportBlock(models.Model):
    """A piece of the file itself, encrypted: any worker on any machine can read it."""

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="blocks", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="one_block_a_number")]

    def __str__(self) -> str:
        return f"block {self.number} of import {self.source_id}"


class ImportChunk(models.Model):
    """Records stored in one transaction with this row: the same ones can never be stored again."""

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    first_record = models.PositiveIntegerField()
    records = models.PositiveIntegerField()
    seconds = models.FloatField(default=0)
    stored_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="one_chunk_a_number")]

    def __str__(self) -> str:
        return f"chunk {self.number} of import {self.source_id}"


class ImportProblem(models.Model):
    """What was wrong with a row, or what should be known of it; never the value, which may be a patient's."""

    class Severity(models.TextChoices):
        ERROR = "error", "Refused"
        WARNING = "warning", "Taken, with a doubt"
        DUPLICATE = "duplicate", "Here already"

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="problems", db_index=False)
    file = models.CharField(max_length=200, blank=True)  # within an archive
    record = models.PositiveIntegerField(default=0)  # counted through the file, 0 when it concerns none
    place = models.PositiveIntegerField()
    field = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=400)
    severity = models.CharField(max_length=9, choices=Severity.choices, default=Severity.ERROR)
    first_claim = models.ForeignKey(  # of which this is a duplicate
        "claims.Claim", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["source", "severity", "id"], name="problem_by_import")]

    def __str__(self) -> str:
        return f"problem at {self.place} of import {self.source_id}"


class IdempotencyKey(models.Model):
    """A request's own name for itself: sent again, it gets the answer it had, and nothing happens twice."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)  # keyed digest of what was asked
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    at = models.DateTimeField(default=timezone.now, db_index=True)  # read by the tidying up

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_request_a_key")]

    def __str__(self) -> str:
        return f"idempotency key {self.pk}"
