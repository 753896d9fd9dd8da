"""Who pays and who treats: payers with the names they go by, providers, coverages."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models

from accounts.models import one_plain_line
from claims.fields import EncryptedField, blind_index_column


class Payer(models.Model):
    name = models.CharField(max_length=200, unique=True, validators=[one_plain_line])
    timely_filing_days = models.PositiveSmallIntegerField(
        default=365, help_text="Days after the service within which a claim must be filed."
    )
    appeal_days = models.PositiveSmallIntegerField(
        default=180, help_text="Days after a denial within which it can be appealed."
    )
    is_active = models.BooleanField("active", default=True)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("name", "timely_filing_days", "appeal_days", "is_active")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PayerAlias(models.Model):
    """A name or number by which files call a payer; one for a kind of file goes before one for all."""

    class Used(models.TextChoices):
        EVERYWHERE = "", "in every file"
        CLAIMS = "837", "in claims (837)"
        REMITTANCES = "835", "in remittances (835)"
        TABLES = "csv", "in CSV and JSON"

    payer = models.ForeignKey(Payer, on_delete=models.CASCADE, related_name="aliases")
    used = models.CharField(max_length=3, choices=Used.choices, blank=True, default=Used.EVERYWHERE)
    # In capitals, single spaces: `claims.parties.spelling`.
    alias = models.CharField(max_length=200, validators=[one_plain_line])

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("payer", "used", "alias")

    class Meta:
        ordering = ["alias"]
        verbose_name_plural = "payer aliases"
        constraints = [models.UniqueConstraint(fields=["alias", "used"], name="one_payer_an_alias")]

    def __str__(self) -> str:
        return self.alias


class Provider(models.Model):
    npi = models.CharField(
        "NPI",
        max_length=10,
        unique=True,
        validators=[RegexValidator(r"\A[0-9]{10}\Z", "An NPI is 10 digits.")],
    )
    name = models.CharField(max_length=200, blank=True, validators=[one_plain_line])
    specialty = models.CharField(max_length=120, blank=True, validators=[one_plain_line])
    is_active = models.BooleanField("active", default=True)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("npi", "name", "specialty", "is_active")

    class Meta:
        ordering = ["npi"]

    def __str__(self) -> str:
        return self.called(self.npi, self.name)

    @staticmethod
    def called(npi: str, name: str) -> str:
        return f"{name} ({npi})" if name else npi


class Coverage(models.Model):
    """A member's number within a plan or group: kept once, however many lines name it."""

    plan_group = models.CharField(max_length=80, blank=True)
    subscriber = EncryptedField(searchable=True, blank=True)
    subscriber_index = blind_index_column("subscriber")
    patient = models.ForeignKey(
        "claims.Patient", null=True, on_delete=models.PROTECT, related_name="coverages"
    )

    class Meta:
        constraints = [
            # Also read by the search for a member's number, hence the number first.
            models.UniqueConstraint(fields=["subscriber_index", "plan_group"], name="one_coverage_a_member")
        ]

    def __str__(self) -> str:
        return f"coverage {self.pk}"
