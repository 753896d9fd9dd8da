"""What payers agreed to: amounts for procedures, limits of their plans, and what they paid less than that."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User, one_plain_line
from claims.fields import EncryptedField
from claims.money import MoneyField

from .claims import Claim
from .payers import Payer


class FeeSchedule(models.Model):
    """What a payer allows for one unit of a procedure over some days."""

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="fees", db_index=False)
    procedure = models.CharField(
        max_length=20, validators=[RegexValidator(r"\A[!-~]+\Z", "A procedure is a code such as 99214.")]
    )
    modifier = models.CharField(
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"\A[0-9A-Z]{2}\Z", "A modifier is two letters or digits.")],
        help_text="Empty: whatever the modifiers are, unless one of them has a row of its own.",
    )
    valid_from = models.DateField(help_text="The first day of service for which it holds.")
    valid_to = models.DateField(
        null=True,
        blank=True,
        help_text="The last day of service for which it holds; empty: until further notice.",
    )
    amount = MoneyField(validators=[MinValueValidator(0)], help_text="For one unit.")

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = (
        "payer",
        "procedure",
        "modifier",
        "valid_from",
        "valid_to",
        "amount",
    )

    class Meta:
        ordering = ["payer", "procedure", "modifier", "valid_from"]
        verbose_name = "fee schedule row"
        constraints = [
            # Also read by the prices of a claim's lines. On PostgreSQL a constraint of the migration's keeps
            # days apart, too; on SQLite writers take turns, and `schedules.overlapping` is enough.
            models.UniqueConstraint(
                fields=["payer", "procedure", "modifier", "valid_from"], name="one_fee_a_first_day"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="fee_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_from__lte=F("valid_to")), name="fee_days_in_order"
            ),
        ]

    def __str__(self) -> str:
        return " ".join(each for each in (self.procedure, self.modifier, f"from {self.valid_from}") if each)


class PlanLimit(models.Model):
    """Limits of one plan or group where they are not its payer's."""

    payer = models.ForeignKey(Payer, on_delete=models.CASCADE, related_name="plan_limits", db_index=False)
    plan_group = models.CharField(
        "plan or group",
        max_length=80,
        validators=[one_plain_line],
        help_text="As claims name it.",
    )
    filing_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days after the service within which a claim must be filed."
    )
    appeal_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days after a denial within which it can be appealed."
    )

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("payer", "plan_group", "filing_days", "appeal_days")

    class Meta:
        ordering = ["payer", "plan_group"]
        constraints = [models.UniqueConstraint(fields=["payer", "plan_group"], name="one_limit_a_plan")]

    def __str__(self) -> str:
        return self.plan_group


class ContractChange(models.Model):
    """A payer's fee schedule changed: its claims are still to be held against what it says now."""

    payer = models.ForeignKey(Payer, on_delete=models.CASCADE, related_name="+")
    noted_at = models.DateTimeField(default=timezone.now)
    reached = models.UUIDField(null=True)  # the last of its claims that were done

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"change of the contract with payer {self.payer_id}"


class Expectation(models.Model):
    """That a claim's expected amount is what its payer's fee schedule says of its lines.

    It is, as long as the two amounts are the same: what somebody types over it stays.
    """

    claim = models.OneToOneField(
        Claim, primary_key=True, on_delete=models.CASCADE, related_name="expectation"
    )
    amount = MoneyField()
    stated = MoneyField(null=True)  # what the claim itself said before

    def __str__(self) -> str:
        return f"expectation of claim {self.claim_id}"


class Shortfall(models.Model):
    """A part of what a claim was paid below what was expected of it: how much, on which procedure, and why.

    A claim's parts add up to the whole; a line that was paid above its price is a part below zero.
    """

    class Cause(models.TextChoices):
        BELOW = "below", "Paid below the fee schedule"
        DENIED = "denied", "Line denied on a paid claim"
        CLAIM = "claim", "Paid below the claim’s expected amount"
        LAW = "law", "Kept back by law (sequestration)"

    PURSUED = (Cause.BELOW, Cause.DENIED, Cause.CLAIM)

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="shortfalls")
    line = models.PositiveIntegerField(default=0)  # its number; 0 is the claim as a whole
    procedure = models.CharField(max_length=20, blank=True)
    modifiers = models.CharField(max_length=40, blank=True)
    cause = models.CharField(max_length=6, choices=Cause.choices)
    expected = MoneyField(default=0)
    amount = MoneyField()

    class Meta:
        ordering = ["claim", "line", "id"]
        indexes = [
            # Added up by cause from it alone where facts do not tell: most parts are what the law keeps
            # back, and are not here.
            models.Index(
                fields=["claim"],
                include=["procedure", "modifiers", "cause", "expected", "amount"],
                name="short_but_for_law",
                condition=~models.Q(cause="law"),
            ),
            # Read by the page of one cause.
            models.Index(
                fields=["procedure", "modifiers", "cause"],
                include=["claim", "expected", "amount"],
                name="short_by_procedure",
                condition=~models.Q(cause="law"),
            ),
        ]

    def __str__(self) -> str:
        return f"shortfall of claim {self.claim_id}"


class ProjectQuerySet(models.QuerySet["UnderpaymentProject"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=UnderpaymentProject.UNFINISHED)

    def visible_to(self, user: User) -> Self:
        """Those about a claim of one's departments."""
        if user.sees_everything:
            return self
        mine = PursuedClaim.objects.filter(
            project=models.OuterRef("pk"), claim__in=Claim.objects.visible_to(user)
        )
        return self.filter(models.Exists(mine))


class UnderpaymentProject(models.Model):
    """One likely cause of underpayments that somebody pursues with the payer, all its claims together."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        PURSUED = "pursued", "Pursued"
        RECOVERED = "recovered", "Recovered"
        GIVEN_UP = "given_up", "Given up"

    UNFINISHED = (State.OPEN, State.PURSUED)

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="underpayment_projects")
    procedure = models.CharField(max_length=20, blank=True)
    modifiers = models.CharField(max_length=40, blank=True)
    cause = models.CharField(max_length=6, choices=Shortfall.Cause.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = EncryptedField(blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("payer", "procedure", "modifiers", "cause", "state", "owner")

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["payer", "procedure", "modifiers", "cause"],
                name="one_unfinished_project",
                condition=Q(state__in=("open", "pursued")),
            )
        ]

    def __str__(self) -> str:
        return f"underpayment project {self.pk}"


class PursuedClaim(models.Model):
    """A claim of a project: how short it was, and what had been paid on it, as it came to it."""

    project = models.ForeignKey(UnderpaymentProject, on_delete=models.CASCADE, related_name="pursued")
    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="+")
    amount = MoneyField()
    paid = MoneyField()
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["project", "id"]
        constraints = [models.UniqueConstraint(fields=["project", "claim"], name="once_a_project")]

    def __str__(self) -> str:
        return f"claim {self.claim_id} of project {self.project_id}"
