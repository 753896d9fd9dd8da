"""Sums that would take long to add up, and which of them are outdated."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce

from accounts.models import Department
from claims.models import Claim, Payer, Provider
from claims.money import MoneyField


class Dashboard(models.Model):
    """Carries the permission to see the landing page: a page has no table."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_dashboard", "Can see the dashboard")]

    def __str__(self) -> str:
        return "dashboard"


def _key(to: Any) -> Any:
    """The claims that it is copied from are checked by the database; this needs no second check."""
    return models.ForeignKey(
        to, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )


class Measured(models.Model):
    """The measures of `measures.py`, a column each, of a day or of the month that it begins."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()

    submitted = models.BigIntegerField(default=0)
    charges = MoneyField(default=0)
    status_denied = models.BigIntegerField(default=0)
    owed_claims = models.BigIntegerField(default=0)
    owed = MoneyField(default=0)
    owed_net = MoneyField(default=0)
    credit_claims = models.BigIntegerField(default=0)
    credits = MoneyField(default=0)
    first_decided = models.BigIntegerField(default=0)
    first_denied = models.BigIntegerField(default=0)
    decided = models.BigIntegerField(default=0)
    decided_charges = MoneyField(default=0)
    denied = models.BigIntegerField(default=0)
    denied_charges = MoneyField(default=0)
    paid_at_first = models.BigIntegerField(default=0)
    paid_claims = models.BigIntegerField(default=0)
    days_to_pay = models.BigIntegerField(default=0)
    underpaid_claims = models.BigIntegerField(default=0)
    underpaid = MoneyField(default=0)
    kept_by_law = MoneyField(default=0)
    received = models.BigIntegerField(default=0)
    clean_claims = models.BigIntegerField(default=0)
    payments = models.BigIntegerField(default=0)
    cash = MoneyField(default=0)
    contractual_adjustments = models.BigIntegerField(default=0)
    contractual = MoneyField(default=0)
    denial_write_offs = models.BigIntegerField(default=0)
    denial_written_off = MoneyField(default=0)
    appeals_decided = models.BigIntegerField(default=0)
    appeals_overturned = models.BigIntegerField(default=0)
    appeals_filed = models.BigIntegerField(default=0)
    days_to_appeal = models.BigIntegerField(default=0)
    fee_lines = models.BigIntegerField(default=0)
    net_fees = MoneyField(default=0)

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return f"facts of {self.day}"


class Sums(Measured):
    payer = _key(Payer)
    department = _key(Department)
    kind = models.CharField(max_length=13)

    class Meta(Measured.Meta):
        abstract = True


class PayerFact(Measured):
    """By day and payer: few rows, which most numbers of whoever sees all claims are read from."""

    payer = _key(Payer)

    class Meta(Measured.Meta):
        indexes = [models.Index(fields=["day"], name="payer_fact_by_day")]


class PayerMonth(Measured):
    payer = _key(Payer)

    class Meta(Measured.Meta):
        indexes = [models.Index(fields=["day"], name="payer_fact_by_month")]


class DepartmentFact(Measured):
    """By day and department: the same for whoever sees some departments."""

    department = _key(Department)

    class Meta(Measured.Meta):
        indexes = [models.Index(fields=["day"], name="department_fact_by_day")]


class DepartmentMonth(Measured):
    department = _key(Department)

    class Meta(Measured.Meta):
        indexes = [models.Index(fields=["day"], name="department_fact_by_month")]


class DayFact(Sums):
    """By day, payer, department and kind."""

    class Meta(Sums.Meta):
        # With what days in A/R are reckoned by, of each day of two years.
        indexes = [models.Index(fields=["day"], include=["charges", "contractual"], name="fact_by_day")]


class MonthFact(Sums):
    class Meta(Sums.Meta):
        indexes = [models.Index(fields=["day"], name="fact_by_month")]


class CategoryFact(Sums):
    """The same, by what denials are worked by, too."""

    category = models.CharField(max_length=17, blank=True)

    class Meta(Sums.Meta):
        indexes = [models.Index(fields=["day"], name="category_fact_by_day")]


class CategoryMonth(Sums):
    category = models.CharField(max_length=17, blank=True)

    class Meta(Sums.Meta):
        indexes = [models.Index(fields=["day"], name="category_fact_by_month")]


class ProviderFact(Sums):
    """The same, by provider; lines count for their own provider."""

    provider = _key(Provider)

    class Meta(Sums.Meta):
        indexes = [
            models.Index(fields=["day"], name="provider_fact_by_day"),
            models.Index(fields=["provider", "day"], name="provider_fact_by_provider"),
        ]


class ProviderMonth(Sums):
    provider = _key(Provider)

    class Meta(Sums.Meta):
        indexes = [
            models.Index(fields=["day"], name="provider_fact_by_month"),
            models.Index(fields=["provider", "day"], name="provider_month_by_provider"),
        ]


class ProviderTotalMonth(Measured):
    """The same by provider alone: few rows, which whoever sees all claims reads."""

    provider = _key(Provider)

    class Meta(Measured.Meta):
        indexes = [
            models.Index(fields=["day"], name="provider_total_by_month"),
            models.Index(fields=["provider", "day"], name="provider_total_of_one"),
        ]


class CodeCounts(models.Model):
    """Claims by what one claim may have several of (`codes.py`): they add up within one code only."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=11)  # of the code: reason, remark, procedure, days_to_pay, rendered
    day = models.DateField()
    code = models.CharField(max_length=140, blank=True)

    decided = models.BigIntegerField(default=0)
    denied = models.BigIntegerField(default=0)
    denied_charges = MoneyField(default=0)

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} {self.code} on {self.day}"


class CodeSums(CodeCounts):
    department = _key(Department)
    kind = models.CharField(max_length=13)

    class Meta(CodeCounts.Meta):
        abstract = True


class CodeFact(CodeSums):
    payer = _key(Payer)
    category = models.CharField(max_length=17, blank=True)
    paid_claims = models.BigIntegerField(default=0)

    class Meta(CodeSums.Meta):
        indexes = [models.Index(fields=["name", "day", "payer"], name="code_fact_by_day")]


class CodeMonth(CodeSums):
    payer = _key(Payer)
    category = models.CharField(max_length=17, blank=True)
    paid_claims = models.BigIntegerField(default=0)

    class Meta(CodeSums.Meta):
        indexes = [models.Index(fields=["name", "day", "payer"], name="code_fact_by_month")]


class PayerCodeMonth(CodeCounts):
    """The same by payer alone: few rows, which whoever sees all claims reads."""

    payer = _key(Payer)
    paid_claims = models.BigIntegerField(default=0)

    class Meta(CodeCounts.Meta):
        indexes = [models.Index(fields=["name", "day", "payer"], name="payer_code_by_month")]


class ProviderCodeFact(CodeSums):
    """What a provider renders and what is denied of it; not by payer, or they were as many as the lines."""

    provider = _key(Provider)
    fee_lines = models.BigIntegerField(default=0)
    net_fees = MoneyField(default=0)

    class Meta(CodeSums.Meta):
        indexes = [
            models.Index(fields=["day"], name="provider_code_by_day"),
            models.Index(fields=["provider", "name", "day"], name="provider_code_by_provider"),
        ]


class ProviderCodeMonth(CodeSums):
    provider = _key(Provider)
    fee_lines = models.BigIntegerField(default=0)
    net_fees = MoneyField(default=0)

    class Meta(CodeSums.Meta):
        indexes = [
            models.Index(fields=["day"], name="provider_code_by_month"),
            models.Index(fields=["provider", "name", "day"], name="provider_code_month_of_one"),
        ]


class CauseSums(models.Model):
    """What claims fell short of by likely cause (`causes.py`): what is worth pursuing, and what is not."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()  # of payment
    payer = _key(Payer)
    department = _key(Department)
    kind = models.CharField(max_length=13)
    procedure = models.CharField(max_length=20, blank=True)
    modifiers = models.CharField(max_length=40, blank=True)
    cause = models.CharField(max_length=6)
    is_worth = models.BooleanField()  # pursuing, by `FactState.tolerated`

    claims = models.BigIntegerField(default=0)
    short = MoneyField(default=0)
    expected = MoneyField(default=0)
    above = MoneyField(default=0)  # of `short`, what was paid above: not above zero
    first = models.DateField()
    last = models.DateField()

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return f"underpayments of {self.day}"


class CauseFact(CauseSums):
    class Meta(CauseSums.Meta):
        indexes = [models.Index(fields=["day"], name="cause_fact_by_day")]


class CauseMonth(CauseSums):
    class Meta(CauseSums.Meta):
        indexes = [models.Index(fields=["day"], name="cause_fact_by_month")]


class StaffFact(models.Model):
    """What people did in a day to the claims of a department, and what came of it."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    staff = _key(settings.AUTH_USER_MODEL)
    department = _key(Department)

    actions = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)
    claims = models.BigIntegerField(default=0)
    resolved = models.BigIntegerField(default=0)
    resolved_amount = MoneyField(default=0)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["day", "staff"], name="staff_fact_by_day")]

    def __str__(self) -> str:
        return f"facts of a person on {self.day}"


class WorkedFact(models.Model):
    """Claims that people worked in a day, by the day on which the same person had worked them last before.

    In a period a claim is another one where that day is before it, or there was none.
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    staff = _key(settings.AUTH_USER_MODEL)
    department = _key(Department)
    last_before = models.DateField(null=True)

    claims = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["day"], name="worked_fact_by_day"),
            models.Index(fields=["staff", "day"], name="worked_fact_by_staff"),
        ]

    def __str__(self) -> str:
        return f"claims worked by a person on {self.day}"


class DecidedAppeal(models.Model):
    """An event that decided an appeal, to be listed with its claim (`facts/decided_appeals.py`)."""

    event = models.BigIntegerField(primary_key=True)
    claim = models.ForeignKey(
        Claim, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    at = models.DateTimeField()
    to_status = models.CharField(max_length=11)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["at", "claim"], name="decided_appeal_by_moment")]

    def __str__(self) -> str:
        return f"appeal decided by event {self.event}"


class DirtyDay(models.Model):
    """A day whose facts may no longer be right: written by the database itself (`fact_triggers`)."""

    class Fact(models.TextChoices):
        DAY = "day", "What claims come to in a day"
        LINE = "line", "What their lines come to, and nothing else"
        STAFF = "staff", "By day and person"

    id = models.BigAutoField(primary_key=True)
    fact = models.CharField(max_length=8, choices=Fact.choices)
    day = models.DateField()
    # PostgreSQL notes its transaction by itself, for `facts.version`; on SQLite there is one at a time.
    written_in = models.BigIntegerField(null=True, editable=False)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["fact", "day"], name="dirty_by_day"),
            models.Index(fields=["written_in"], name="dirty_by_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.fact} facts of {self.day}"


class NewClaim(models.Model):
    """A claim that came in since facts were added up: written by the database itself (`fact_triggers`).

    No fact counts it as yet. On SQLite there are none: its days are marked. Its days are those on which it
    counted as it came in: whoever asks about others need not look it up.
    """

    id = models.BigAutoField(primary_key=True)
    claim = models.ForeignKey(
        Claim, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    written_in = models.BigIntegerField(null=True, editable=False)  # as marks have it
    submitted_on = models.DateField(null=True)
    first_decided_on = models.DateField(null=True)
    decided_on = models.DateField(null=True)
    paid_on = models.DateField(null=True)
    received_at = models.DateTimeField(null=True)
    served_from = models.DateField(null=True)  # the first and the last day of its lines
    served_until = models.DateField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["written_in"], name="new_claim_by_transaction")]

    def __str__(self) -> str:
        return f"new claim {self.claim_id}"


class ClaimBalance(models.Model):
    """What a claim was to bring from one day until before another, or below zero what was paid too much.

    A claim that has nothing to bring, or is closed, has none.
    """

    id = models.BigAutoField(primary_key=True)
    claim = models.ForeignKey(
        Claim, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    payer = _key(Payer)
    department = _key(Department)
    submitted_on = models.DateField()
    since = models.DateField()
    until = models.DateField()
    balance = MoneyField()
    net = MoneyField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["claim"], name="balance_by_claim"),
            # Read by a day that is added up: most balances end before it.
            models.Index(fields=["until"], name="balance_by_end"),
        ]

    def __str__(self) -> str:
        return f"balance of claim {self.claim_id} since {self.since}"


class AgingFact(models.Model):
    """What `ClaimBalance` adds up to at the end of a past day, by payer, department and age.

    All days between `kept_from` and `kept_until` of the state are here.
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    payer = _key(Payer)
    department = _key(Department)
    age = models.PositiveSmallIntegerField()  # the place in `measures.BUCKETS`

    owed_claims = models.BigIntegerField(default=0)
    owed = MoneyField(default=0)
    owed_net = MoneyField(default=0)
    credit_claims = models.BigIntegerField(default=0)
    credits = MoneyField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                "day",
                Coalesce("payer", Value(0), output_field=models.BigIntegerField()),
                Coalesce("department", Value(0), output_field=models.BigIntegerField()),
                "age",
                name="one_aging_fact",
            )
        ]

    def __str__(self) -> str:
        return f"aging on {self.day}"


class ChangedClaim(models.Model):
    """A claim whose balances may no longer be right: written by the database itself (`balance_triggers`)."""

    id = models.BigAutoField(primary_key=True)
    claim = models.ForeignKey(
        Claim, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    since = models.DateField(db_default=date(1900, 1, 1))  # days before this one are as they were

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"change of claim {self.claim_id}"


class FactState(models.Model):
    """One row that says how often facts were renewed; on SQLite also how often they were outdated."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    refreshes = models.BigIntegerField(default=0)
    changes = models.BigIntegerField(default=0)
    kept_from = models.DateField(null=True)  # the first and the last day with aging facts
    kept_until = models.DateField(null=True)
    tolerated = models.CharField(max_length=80, null=True)  # of underpayments: what their facts were kept by
    looked_until = models.BigIntegerField(null=True)  # the newest mark when marks were last looked at

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.refreshes} refreshes"
