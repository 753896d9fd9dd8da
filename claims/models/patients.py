"""Patients and what they complained of. Everything about them is encrypted."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import Department, User
from claims.fields import EncryptedField, blind_index, blind_index_column


class PatientQuerySet(models.QuerySet["Patient"]):
    def visible_to(self, user: User) -> Self:
        if user.sees_everything:
            return self
        mine = self.filter(departments__in=Department.objects.visible_to(user)).values("pk")
        return self.filter(pk__in=mine)

    def known_as(self, patient_id: str) -> Self:
        return self.filter(patient_id_index=blind_index(patient_id, "patient_id"))

    def found_by(self, text: str) -> Self:
        """Whose id, member number or name (`Last, First`) this is, exactly but for a name's capitals."""
        is_called = models.Q(patient_id_index=blind_index(text, "patient_id"))
        is_called |= models.Q(name_index=blind_index(text.casefold(), "name"))
        is_called |= models.Q(coverages__subscriber_index=blind_index(text, "subscriber"))
        return self.filter(pk__in=self.model._default_manager.filter(is_called).values("pk"))


class Patient(models.Model):
    patient_id = EncryptedField(searchable=True, blank=True)
    patient_id_index = blind_index_column("patient_id")
    name = EncryptedField(searchable=True, in_any_case=True, blank=True, help_text="Last name, first name")
    name_index = blind_index_column("name")
    birth_date = EncryptedField(blank=True, help_text="As 2026-11-21")
    # X12 gives no patient id: there a blind index of name, birth date and member number tells who it is.
    identity = models.CharField(max_length=22, blank=True, editable=False)
    departments = models.ManyToManyField(Department, related_name="patients", blank=True)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient_id_index"],
                name="one_patient_an_id",
                condition=~models.Q(patient_id_index=""),
            ),
            models.UniqueConstraint(
                fields=["identity"], name="one_patient_an_identity", condition=~models.Q(identity="")
            ),
        ]
        indexes = [
            models.Index(  # read by the search for a name
                fields=["name_index"], name="patient_by_name", condition=~models.Q(name_index="")
            )
        ]

    def __str__(self) -> str:
        return f"patient {self.pk}"

    @property
    def born_on(self) -> date | None:
        return date.fromisoformat(self.birth_date) if self.birth_date else None


class Assessment(models.Model):
    """What an assessor made of a patient's symptoms: written before anybody is told, and kept for good."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="assessments")
    symptoms = EncryptedField()
    input_hash = models.CharField(max_length=64)
    assessor = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    conclusion = models.CharField(max_length=80)
    risk_score = models.DecimalField(max_digits=3, decimal_places=2)
    trace = EncryptedField(help_text="The steps as JSON: they name symptoms.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        permissions = [("assess_patients", "Can have patients' symptoms assessed and follow them up")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(risk_score__gte=0, risk_score__lte=1), name="risk_score_is_a_share"
            )
        ]

    def __str__(self) -> str:
        return f"assessment {self.pk}"

    @property
    def is_urgent(self) -> bool:
        return hasattr(self, "follow_up")
