"""Words that people and rules put on claims, to find them again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import one_plain_line

from .claims import Claim

LONGEST_TAG = 40


class Tag(models.Model):
    name = models.CharField(max_length=LONGEST_TAG, validators=[one_plain_line])

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="one_tag_a_name")]

    def __str__(self) -> str:
        return self.name


class ClaimTag(models.Model):
    """A tag on a claim; nobody put it there where a rule did."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="tags", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="claims", db_index=False)
    put_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    put_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["tag__name"]
        constraints = [models.UniqueConstraint(fields=["claim", "tag"], name="one_tag_a_claim")]
        indexes = [models.Index(fields=["tag", "claim"], name="claims_of_tag")]  # read by lists of claims

    def __str__(self) -> str:
        return f"tag {self.tag_id} on claim {self.claim_id}"
