"""The review of work: samples of what people did, what a reviewer found, and what the person says to it."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from claims.fields import EncryptedField

from .claims import Claim, ClaimEvent


class ReviewSampleQuerySet(models.QuerySet["ReviewSample"]):
    def visible_to(self, user: User) -> Self:
        """Whoever draws a sample works through it; its reviews tell of claims that this person sees."""
        return self if user.sees_everything else self.filter(made_by=user)


class ReviewSample(models.Model):
    """Actions of some days, drawn to be reviewed; the same seed draws the same from the same actions."""

    class Way(models.TextChoices):
        RANDOM = "random", "At random"
        PERSON = "person", "At random, of one person"
        RISK = "risk", "Write-offs, pay-backs and high dollars first"

    way = models.CharField(max_length=6, choices=Way.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    start = models.DateField()
    end = models.DateField()
    seed = models.BigIntegerField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ReviewSampleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(way="person", person__isnull=False) | ~Q(way="person") & Q(person=None),
                name="sample_of_a_person_names_them",
            )
        ]

    def __str__(self) -> str:
        return f"sample {self.pk}"


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, user: User) -> Self:
        """Of actions on claims that this person sees; without leading others, of one's own alone."""
        seen = self.filter(event__claim__in=Claim.objects.visible_to(user).values("pk"))
        seen = self if user.sees_everything else seen
        return seen if user.has_perm("claims.add_review") else seen.filter(event__actor=user)

    def to_do(self) -> Self:
        return self.filter(verdict="")

    def found_errors(self) -> Self:
        return self.filter(verdict=Review.Verdict.ERROR)


class Review(models.Model):
    """One action that is to be reviewed, once; an error marks the action, which is then counted as one."""

    class Verdict(models.TextChoices):
        NONE = "", "Not reviewed yet"
        OK = "ok", "Right"
        ERROR = "error", "An error"

    class ErrorType(models.TextChoices):
        NONE = "", "None"
        CODE = "code", "Wrong code or modifier"
        PAYER = "payer", "Wrong payer, plan or member"
        STEP = "step", "Wrong next step"
        AMOUNT = "amount", "Wrong amount or write-off"
        DOCUMENTS = "documents", "Documents missing"
        LATE = "late", "Too late"
        NOTE = "note", "Not written down"
        PRIVACY = "privacy", "Privacy"
        OTHER = "other", "Something else"

    event = models.OneToOneField(ClaimEvent, on_delete=models.CASCADE, related_name="review")
    sample = models.ForeignKey(ReviewSample, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    place = models.PositiveIntegerField()  # within the sample
    verdict = models.CharField(max_length=5, choices=Verdict.choices, blank=True)
    error_type = models.CharField(max_length=9, choices=ErrorType.choices, blank=True)
    comment = EncryptedField(blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)
    was_marked = models.BooleanField(default=False)  # as an error, before anybody reviewed it
    answer = EncryptedField(blank=True)  # of whoever did it
    answered_at = models.DateTimeField(null=True)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("verdict", "error_type")

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["sample", "place"]
        constraints = [
            models.UniqueConstraint(fields=["sample", "place"], name="one_review_a_place"),
            models.CheckConstraint(
                condition=Q(verdict="", reviewer=None, reviewed_at=None)
                | ~Q(verdict="") & Q(reviewer__isnull=False, reviewed_at__isnull=False),
                name="reviewed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(verdict="error") & ~Q(error_type="") | ~Q(verdict="error") & Q(error_type=""),
                name="an_error_has_a_type",
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.pk}"
