"""What people work from: worklists, and of each claim at work what it is worth and who has it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Department, User, one_plain_line
from claims.money import MoneyField

from .claims import Claim

LONGEST_REST = 90  # business days


class WorklistQuerySet(models.QuerySet["Worklist"]):
    def visible_to(self, user: User) -> Self:
        """Lists in use that are meant for this person; whoever edits lists sees all of their departments."""
        if user.sees_everything:
            return self
        here = Q(department=None) | Q(department__in=Department.objects.visible_to(user))
        if user.has_perm("claims.change_worklist"):
            return self.filter(here)
        meant = self.filter(people=user).values("pk")
        everybody = Q(roles="") & ~Q(pk__in=self.filter(people__isnull=False).values("pk"))
        mine = Q(roles__contains=f" {user.role} ") | Q(pk__in=meant) | everybody
        return self.filter(here & mine, is_active=True)


class Worklist(models.Model):
    """Claims to work, by a rule that people edit: the words by which the list of claims is narrowed."""

    class HandOut(models.TextChoices):
        """How its claims come to people."""

        PULL = "pull", "Each takes the next one"
        ROUND_ROBIN = "round_robin", "Shared out in turn"
        BY_PAYER = "by_payer", "Shared out by payer"
        BY_ALPHABET = "by_alphabet", "Shared out by patients’ last names"

    name = models.CharField(max_length=80, unique=True, validators=[one_plain_line])
    position = models.PositiveSmallIntegerField(default=100, help_text="Lists stand in this order.")
    is_active = models.BooleanField("in use", default=True)
    filters = models.JSONField(default=dict, blank=True)  # name -> word, as `ClaimFilter` takes them
    roles = models.CharField(max_length=120, blank=True)  # with a space around each
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="worklists", blank=True)
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="worklists"
    )
    hand_out = models.CharField(max_length=11, choices=HandOut.choices, default=HandOut.PULL)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = (
        *("name", "position", "is_active", "filters", "roles", "people", "department", "hand_out"),
    )

    objects = WorklistQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def for_roles(self) -> list[str]:
        return self.roles.split()


class OpenWork(models.Model):
    """A claim that somebody has to work, and what that is worth: dollars × chance × urgency."""

    class AtStake(models.TextChoices):
        OWED = "owed", "Owed to us"
        UNDERPAID = "underpaid", "Paid below what was expected"
        CREDIT = "credit", "Paid too much"

    class Why(models.TextChoices):
        """Why a claim rests."""

        PAYER = "payer", "Waits for the payer"
        RECORDS = "records", "Waits for records"
        PATIENT = "patient", "Waits for the patient"
        PROVIDER = "provider", "Waits for the provider"
        OTHER = "other", "Something else"

    class Closed(models.TextChoices):
        """Why nobody works a claim on although money is left."""

        ACCEPTED = "accepted", "The payer’s answer is accepted"
        PATIENT = "patient", "The rest is the patient’s, who has been billed"
        ELSEWHERE = "elsewhere", "Another claim covers it"
        HOPELESS = "hopeless", "Nothing more can be done"
        OTHER = "other", "Another reason"

    claim = models.OneToOneField(Claim, primary_key=True, on_delete=models.CASCADE, related_name="work")
    at_stake = models.CharField(max_length=9, choices=AtStake.choices)
    dollars = MoneyField()
    # Of as many claims like it, so many were paid; nobody knows where there were none.
    collected = models.PositiveIntegerField(default=0)
    decided = models.PositiveIntegerField(default=0)
    likeness = models.CharField(max_length=20, blank=True)  # in what they were like it: `chances.LIKENESSES`
    urgency = models.PositiveSmallIntegerField(default=10)  # in tenths
    deadline = models.DateField(null=True)
    value = MoneyField()
    # Its claim's. Lists ask the claim; a database that knows it here finds one department's work in order.
    department = models.ForeignKey(
        Department, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    pended_until = models.DateField(null=True)  # the day on which it is back
    pended_why = models.CharField(max_length=8, choices=Why.choices, blank=True)
    # Nobody works it on while it stands as it did when it was closed (`worklists.closing`).
    closed_as = models.CharField(max_length=22, blank=True)
    closed_why = models.CharField(max_length=9, choices=Closed.choices, blank=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    held_until = models.DateTimeField(null=True)
    # Whoever leaves a claim as it is gets another one next time.
    passed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    passed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "open work"
        indexes = [
            # Read by every worklist, which stands in this order.
            models.Index(fields=["at_stake", "-value", "claim"], name="work_in_order"),
            # Read by the worklists of people who see one department.
            models.Index(fields=["at_stake", "department", "-value", "claim"], name="work_of_department"),
            # Read by what rests on a list.
            models.Index(
                fields=["pended_until"],
                name="work_at_rest",
                condition=Q(pended_until__isnull=False) | Q(closed_as__gt=""),
            ),
            # Read when somebody takes the next claim and lets go of this one.
            models.Index(fields=["held_by"], name="work_in_hand", condition=Q(held_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"work on claim {self.claim_id}"

    @property
    def chance(self) -> Decimal | None:
        return Decimal(self.collected) / self.decided if self.decided else None

    @property
    def times_urgent(self) -> Decimal:
        return Decimal(self.urgency).scaleb(-1)

    def is_pended(self, today: date) -> bool:
        return self.pended_until is not None and self.pended_until > today

    @property
    def is_closed(self) -> bool:
        return self.closed_as != ""

    def is_held(self, now: datetime) -> bool:
        return self.held_by_id is not None and self.held_until is not None and self.held_until > now


class WorkMark(models.Model):
    """A claim whose work has to be valued again, as the database notes (`worklists/work_triggers.py`)."""

    claim_id = models.UUIDField()

    def __str__(self) -> str:
        return f"claim {self.claim_id} changed"


class CollectingRate(models.Model):
    """Of claims like these, decided within a year, how many were paid. Reckoned once a day."""

    payer = models.ForeignKey("claims.Payer", null=True, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=17, choices=Claim.Category.choices, blank=True)
    age = models.CharField(max_length=8)
    collected = models.PositiveIntegerField()
    decided = models.PositiveIntegerField()
    reckoned_on = models.DateField(default=timezone.localdate)

    def __str__(self) -> str:
        return f"{self.collected} of {self.decided}"
