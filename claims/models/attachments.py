"""Documents that belong to a claim, kept as encrypted pieces in the database."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from claims.fields import EncryptedField
from claims.identity import new_id

from .claims import Claim


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> Self:
        """Those of claims that this person sees. A document names its patient: not for masked roles."""
        if user.phi_masked:
            return self.none()
        claims = Claim.objects.visible_to(user).values("pk")
        return self if user.sees_everything else self.filter(claim__in=claims)

    def kept(self) -> Self:
        return self.filter(removed_at=None)


class Attachment(models.Model):
    """One document. Removed, its content is gone, and what remains is who had it here and when."""

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        PNG = "png", "PNG"
        JPEG = "jpeg", "JPEG"
        TIFF = "tiff", "TIFF"
        TEXT = "text", "Text"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="attachments")
    name = EncryptedField()  # people name a file after its patient
    kind = models.CharField(max_length=4, choices=Kind.choices)
    size = models.PositiveIntegerField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    removed_at = models.DateTimeField(null=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="attachment_removed_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"attachment {self.pk}"


class AttachmentBlock(models.Model):
    """A piece of a document, encrypted."""

    attachment = models.ForeignKey(
        Attachment, on_delete=models.CASCADE, related_name="blocks", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attachment", "number"], name="one_block_of_a_document")
        ]

    def __str__(self) -> str:
        return f"block {self.number} of attachment {self.attachment_id}"
