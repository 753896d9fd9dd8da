"""The claim, its lines and its history: the system of record."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Department, User
from claims.fields import EncryptedField
from claims.identity import new_id
from claims.money import MoneyField

OPEN = ("submitted", "pending", "denied", "appealed")
OWED = Q(status__in=OPEN, balance__gt=0)  # open, and something is still to come
# What the payer's intake has accepted was filed. Until then nobody can say that it was.
UNANSWERED = Q(status__in=("submitted", "pending")) & ~Q(at_intake="accepted")
REJECTED = OWED & Q(at_intake="rejected")
# Paid, yet somebody has to work it: less than was expected of payer and patient together, or too much.
UNDERPAID = Q(status="paid", expected__gt=F("paid") + F("patient_share"))
CREDIT = Q(status="paid", balance__lt=0)


class ClaimQuerySet(models.QuerySet["Claim"]):
    def visible_to(self, user: User) -> Self:
        """Claims of one's departments; those of no department only for whoever sees everything."""
        if user.sees_everything:
            return self
        return self.filter(department__in=Department.objects.visible_to(user))

    def read_for(self, user: User) -> Self:
        """The same, their departments read first: a database that knows them finds few claims among many."""
        if user.sees_everything:
            return self
        departments = Department.objects.visible_to(user).values_list("pk", flat=True)
        return self.filter(department__in=list(departments))

    def known_as(self, control_number: str) -> Self:
        return self.filter(control_number=control_number)


class Claim(models.Model):
    class Kind(models.TextChoices):
        PROFESSIONAL = "professional", "Professional"
        INSTITUTIONAL = "institutional", "Institutional"
        DENTAL = "dental", "Dental"

    class Status(models.TextChoices):
        SUBMITTED = "submitted", "Submitted"
        PENDING = "pending", "Pending"
        PAID = "paid", "Paid"
        DENIED = "denied", "Denied"
        APPEALED = "appealed", "Appealed"
        WRITTEN_OFF = "written_off", "Written off"
        VOID = "void", "Void"

    class Decision(models.TextChoices):
        NONE = "", "None yet"
        PAID = "paid", "Paid"
        DENIED = "denied", "Denied"

    class Category(models.TextChoices):
        """What people work a denial by."""

        NONE = "", "None"
        ELIGIBILITY = "eligibility", "Eligibility or coverage"
        AUTHORISATION = "authorisation", "Authorisation"
        CODING = "coding", "Coding or bundling"
        DOCUMENTATION = "documentation", "Documentation"
        TIMELY_FILING = "timely_filing", "Timely filing"
        DUPLICATE = "duplicate", "Duplicate"
        MEDICAL_NECESSITY = "medical_necessity", "Medical necessity"
        COORDINATION = "coordination", "Coordination of benefits"
        OTHER = "other", "Other"

    class AtIntake(models.TextChoices):
        """What the payer's or clearing house's intake said (277CA, 999)."""

        NOTHING = "", "No answer yet"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.BigIntegerField(unique=True, editable=False)  # from claims.numbers
    sender = models.CharField(max_length=80, blank=True, help_text="Whose control numbers these are.")
    control_number = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=13, choices=Kind.choices)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.SUBMITTED)

    payer = models.ForeignKey(
        "claims.Payer", null=True, blank=True, on_delete=models.PROTECT, related_name="claims"
    )
    provider = models.ForeignKey(
        "claims.Provider", null=True, blank=True, on_delete=models.PROTECT, related_name="claims"
    )
    patient = models.ForeignKey(
        "claims.Patient", null=True, blank=True, on_delete=models.PROTECT, related_name="claims"
    )
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="claims"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="claims",
        db_index=False,
    )

    frequency = models.CharField(max_length=1, default="1", help_text="7 replaces, 8 voids an earlier claim.")
    original = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="rebills", db_index=False
    )
    original_number = models.CharField(
        max_length=80,
        blank=True,
        help_text="The payer's number of the claim that is replaced or voided.",
    )
    # Tells one rebill of a control number from the next: a digest of what it bills.
    rebill_mark = models.CharField(max_length=22, blank=True, editable=False)
    payer_claim_number = models.CharField(max_length=80, blank=True)
    responsibility = models.CharField(max_length=1, blank=True, help_text="P, S or T: which payer in turn.")
    place_of_service = models.CharField(max_length=10, blank=True)
    authorization = models.CharField(max_length=80, blank=True)
    diagnoses = models.CharField(max_length=200, blank=True, help_text="Codes with spaces between them.")

    service_from = models.DateField(null=True, blank=True)
    service_to = models.DateField(null=True, blank=True)
    submitted_on = models.DateField(default=timezone.localdate)
    first_decided_on = models.DateField(null=True, blank=True)
    decided_on = models.DateField(null=True, blank=True)
    paid_on = models.DateField(null=True, blank=True)

    charge = MoneyField()
    expected = MoneyField(null=True, blank=True)
    allowed = MoneyField(null=True, blank=True)
    paid = MoneyField(default=0, editable=False)  # the sum of its posted payments
    adjusted = MoneyField(default=0, editable=False)  # contractual: nobody is asked for it
    written_off = MoneyField(default=0, editable=False)
    patient_share = MoneyField(default=0, editable=False)  # of the balance: what the patient owes
    balance = models.GeneratedField(
        expression=F("charge") - F("paid") - F("adjusted") - F("written_off"),
        output_field=MoneyField(),
        db_persist=True,
    )

    first_decision = models.CharField(max_length=6, choices=Decision.choices, blank=True)
    denial_category = models.CharField(max_length=17, choices=Category.choices, blank=True)
    at_intake = models.CharField(max_length=8, choices=AtIntake.choices, blank=True)

    # Where it came from: the file and the place in it, and by which numbers a 999 answers.
    source = models.ForeignKey(
        "claims.Import", null=True, editable=False, on_delete=models.PROTECT, related_name="claims"
    )
    place = models.PositiveIntegerField(default=0, editable=False)
    group_number = models.CharField(max_length=80, blank=True, editable=False)
    transaction_number = models.CharField(max_length=80, blank=True, editable=False)
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = (
        "kind",
        "status",
        "payer",
        "provider",
        "department",
        "assignee",
        "frequency",
        "service_from",
        "service_to",
        "submitted_on",
        "first_decided_on",
        "decided_on",
        "paid_on",
        "charge",
        "expected",
        "allowed",
        "first_decision",
        "denial_category",
        "at_intake",
    )

    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            # A rebill may keep its claim's number. Also read by posting, which knows the number alone.
            models.UniqueConstraint(
                fields=["control_number", "sender", "rebill_mark"],
                name="one_claim_a_control_number",
                condition=~Q(control_number=""),
            ),
            models.CheckConstraint(condition=Q(charge__gte=0), name="charge_not_negative"),
            models.CheckConstraint(
                condition=Q(service_to=None) | Q(service_from__lte=F("service_to")), name="service_in_order"
            ),
            models.CheckConstraint(
                condition=Q(first_decision="", first_decided_on=None)
                | (~Q(first_decision="") & Q(first_decided_on__isnull=False)),
                name="first_decision_has_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(decided_on__isnull=False), name="paid_is_decided"
            ),
            models.CheckConstraint(
                condition=~Q(status="denied") | Q(decided_on__isnull=False), name="denied_is_decided"
            ),
        ]
        indexes = [
            # Read by a 999, which names a whole transaction.
            models.Index(
                fields=["group_number", "transaction_number"],
                name="claim_by_transaction",
                condition=~Q(group_number=""),
            ),
            # Read by rebills (REF*F8) and by 835s whose control number is not ours.
            models.Index(
                fields=["payer_claim_number"],
                name="claim_by_payer_number",
                condition=~Q(payer_claim_number=""),
            ),
            models.Index(fields=["assignee"], name="claim_by_assignee", condition=Q(assignee__isnull=False)),
            # Read by who has how much to do, from the index alone.
            models.Index(
                fields=["assignee", "payer"],
                include=["department", "kind", "submitted_on", "balance"],
                name="open_claim_by_assignee",
                condition=Q(status__in=OPEN),
            ),
            models.Index(fields=["original"], name="claim_by_original", condition=Q(original__isnull=False)),
            # Read by the list of claims, by day.
            models.Index(fields=["submitted_on", "number"], name="claim_by_day"),
            # Read by the analytics' facts, which add up the claims of a day, and by the way back: it
            # lists the latest first, and the first few are found at once however many one day has.
            models.Index(
                fields=["first_decided_on", "number"],
                name="claim_by_first_decision",
                condition=Q(first_decided_on__isnull=False),
            ),
            models.Index(
                fields=["decided_on", "number"],
                name="claim_by_decision",
                condition=Q(decided_on__isnull=False),
            ),
            models.Index(
                fields=["paid_on", "number"], name="claim_by_payment", condition=Q(paid_on__isnull=False)
            ),
            models.Index(fields=["received_at"], name="claim_by_receipt"),
            # Read by the open claims that are largest, and by those that wait longest.
            models.Index(F("balance").desc(), F("number").desc(), name="open_by_balance", condition=OWED),
            models.Index(fields=["submitted_on", "number"], name="open_by_day", condition=OWED),
            # Read by the worklists of people who see some departments.
            models.Index(fields=["department", "submitted_on"], name="open_by_department", condition=OWED),
            # Read by what has to be appealed or filed again within some days; found and summed without
            # reading the claims.
            models.Index(
                fields=["decided_on"],
                include=["id", "payer", "department", "service_to", "denial_category", "balance"],
                name="denied_by_day",
                condition=OWED & Q(status="denied"),
            ),
            models.Index(
                fields=["service_to"],
                include=["id", "payer", "department", "balance"],
                name="unanswered_by_service",
                condition=OWED & UNANSWERED,
            ),
            # Read when somebody who sees some departments takes the next claim of those lists.
            models.Index(
                fields=["department", "decided_on"],
                name="denied_by_department",
                condition=OWED & Q(status="denied"),
            ),
            models.Index(
                fields=["department", "service_to"],
                name="unanswered_by_department",
                condition=OWED & UNANSWERED,
            ),
            # Read by the lists of claims that were rejected at intake, given up, underpaid or paid too much.
            models.Index(fields=["submitted_on"], name="rejected_by_day", condition=REJECTED),
            models.Index(fields=["decided_on"], name="given_up_by_day", condition=Q(written_off__gt=0)),
            # The causes of underpayments are found and summed without reading the claims.
            models.Index(
                fields=["paid_on"],
                include=["id", "payer", "department"],
                name="underpaid_by_day",
                condition=UNDERPAID,
            ),
            models.Index(fields=["paid_on"], name="credit_by_day", condition=CREDIT),
            # Read by the lists of claims behind a number, those of the latest days first, where few of the
            # claims of a day are such.
            models.Index(
                fields=["submitted_on", "number"], name="credit_by_submission", condition=Q(balance__lt=0)
            ),
            models.Index(
                fields=["submitted_on", "number"], name="denied_by_submission", condition=Q(status="denied")
            ),
            # Read by the list of claims, the highest number first.
            models.Index(
                fields=["number"],
                include=["id", "submitted_on", "payer", "department"],
                name="open_by_number",
                condition=OWED,
            ),
            # And of those of one status, however few they are.
            models.Index(fields=["status", "number"], name="claim_by_status"),
            # Left out of what people did.
            models.Index(fields=["id"], name="void_claim", condition=Q(status="void")),
        ]

    def __str__(self) -> str:
        return f"C-{self.number}"

    @property
    def is_rebill(self) -> bool:
        return self.frequency in ("7", "8")

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def overpaid(self) -> Decimal:
        """What was paid too much and can go back: a credit that adjustments alone made cannot."""
        return (
            Decimal(0) if self.status == self.Status.VOID else max(min(-self.balance, self.paid), Decimal(0))
        )


class ClaimLine(models.Model):
    """One service that is billed."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="lines", db_index=False)
    number = models.PositiveIntegerField()
    service_date = models.DateField(null=True, blank=True)
    procedure = models.CharField(max_length=20, blank=True)
    modifiers = models.CharField(max_length=40, blank=True, help_text="With spaces between them.")
    revenue_code = models.CharField(max_length=10, blank=True)
    quadrant = models.CharField(max_length=80, blank=True)
    tooth = models.CharField(max_length=80, blank=True)
    units = models.CharField(max_length=20, blank=True)
    coverage = models.ForeignKey(
        "claims.Coverage", null=True, blank=True, on_delete=models.PROTECT, related_name="lines"
    )
    # The rendering provider, to whom the line's net fee is credited.
    provider = models.ForeignKey(
        "claims.Provider",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="lines",
        db_index=False,
    )
    charge = MoneyField(null=True, blank=True)
    provider_fees = MoneyField(null=True, blank=True)
    allowed_fees = MoneyField(null=True, blank=True)
    coinsurance = MoneyField(null=True, blank=True)
    copay = MoneyField(null=True, blank=True)
    net_fee = models.GeneratedField(  # unknown, not zero, where the format lacks one of its parts
        expression=F("provider_fees") + F("coinsurance") + F("copay") - F("allowed_fees"),
        output_field=MoneyField(null=True),
        db_persist=True,
    )
    reference = models.CharField(max_length=80, blank=True, help_text="By which an 835 names the line.")
    place = models.PositiveIntegerField(default=0, editable=False)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = (
        "number",
        "service_date",
        "procedure",
        "modifiers",
        "revenue_code",
        "quadrant",
        "tooth",
        "units",
        "provider",
        "charge",
        "provider_fees",
        "allowed_fees",
        "coinsurance",
        "copay",
    )

    class Meta:
        ordering = ["claim", "number"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "number"], name="one_line_a_number"),
            *(
                models.CheckConstraint(condition=Q(**{f"{field}__gte": 0}), name=f"line_{field}_not_negative")
                for field in ("charge", "provider_fees", "allowed_fees", "coinsurance", "copay")
            ),
        ]
        indexes = [
            # Read by the net fees of providers over a period.
            models.Index(fields=["provider", "service_date"], name="line_by_provider"),
            models.Index(fields=["service_date"], name="line_by_day"),  # read by the analytics' facts
            # Read by whatever is asked of the claims with one procedure.
            models.Index(fields=["procedure", "claim"], name="line_by_procedure"),
            # Read by the claims behind net fees: few lines have one.
            models.Index(
                fields=["service_date", "claim"], name="fee_by_day", condition=Q(net_fee__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"line {self.number} of claim {self.claim_id}"


class ClaimEvent(models.Model):
    """Something that happened to a claim: who did it, when, and how the claim stood before and after."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="claim_events",
        db_index=False,
    )
    action = models.CharField(max_length=200)
    from_status = models.CharField(max_length=11, choices=Claim.Status.choices, blank=True)
    to_status = models.CharField(max_length=11, choices=Claim.Status.choices, blank=True)
    note = EncryptedField(blank=True)
    is_error = models.BooleanField("was an error", default=False)
    source = models.ForeignKey(
        "claims.Import", null=True, editable=False, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    place = models.PositiveIntegerField(default=0, editable=False)
    # The rule that made it happen: then nobody did, and no rule is set off by it.
    rule = models.ForeignKey(
        "claims.AutomationRule",
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,
    )

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["claim", "at"], name="event_by_claim"),
            # Read by what a person did, the newest first: only their own actions, not that a file of theirs
            # brought the claim. To which claims, too: they are counted from it alone.
            models.Index(
                fields=["actor", "at", "id"],
                name="event_by_actor",
                include=["claim"],
                condition=Q(actor__isnull=False) & ~Q(action="received"),
            ),
            # Read by the facts of a day: what people did, and what became of appeals and write-offs.
            models.Index(fields=["at"], name="event_of_people", condition=Q(actor__isnull=False)),
            models.Index(
                fields=["at"],
                name="event_of_outcome",
                condition=Q(to_status__in=("appealed", "paid", "denied", "written_off")),
            ),
            # Of the outcomes, the few of which a claim is found by the day it was given up.
            models.Index(
                fields=["at", "claim"], name="event_of_write_off", condition=Q(to_status="written_off")
            ),
            # Whether a claim was given up or appealed, and when last, from the index alone.
            models.Index(
                fields=["claim", "at"],
                include=["id", "from_status", "to_status"],
                name="write_off_by_claim",
                condition=Q(to_status="written_off"),
            ),
            models.Index(
                fields=["claim", "at"],
                include=["id", "from_status", "to_status"],
                name="event_of_appeal",
                condition=Q(to_status__in=("appealed",)),
            ),
            # The same by the day on which it was filed.
            models.Index(
                fields=["at", "claim"], name="appeal_by_filing", condition=Q(to_status__in=("appealed",))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} of claim {self.claim_id}"
