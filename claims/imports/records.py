"""What a reader hands on, whatever the format: claims, remittances, acknowledgements, staff actions.

Records know no database. Money is whole cents; a date that could not be read is None and has a problem. A
record carries its own problems, so that a claim is taken whole or not at all. None of them shows its content
when printed: much of it is a patient's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"  # what carries it is refused
    WARNING = "warning"  # taken, and shown


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and how to mend it; never the value itself, which may be a patient's."""

    place: int  # the line of a CSV, the segment of an X12 file, the item of a JSON list; counted from 1
    field: str  # as the sender calls it, or empty when it concerns the whole
    reason: str
    severity: Severity = Severity.ERROR


# A row of a refused record as it came, so that it can be downloaded, mended and sent again: its line and its
# cells, or the item of a JSON list and its text. Records that are taken do not keep theirs.
SourceRow = tuple[int, list[str]]


class Unreadable(Exception):
    """The file as a whole makes no sense from here on; what was read before it still counts."""

    def __init__(self, place: int, reason: str) -> None:
        super().__init__(f"at {place}: {reason}")
        self.place = place
        self.reason = reason


class Kind(StrEnum):
    PROFESSIONAL = "professional"
    INSTITUTIONAL = "institutional"
    DENTAL = "dental"


class Status(StrEnum):
    SUBMITTED = "submitted"
    PENDING = "pending"
    PAID = "paid"
    DENIED = "denied"
    APPEALED = "appealed"
    WRITTEN_OFF = "written_off"
    VOID = "void"


@dataclass(slots=True, repr=False)
class PatientRecord:
    patient_id: str = ""
    last_name: str = ""
    first_name: str = ""
    birth_date: date | None = None
    member_id: str = ""


@dataclass(slots=True, repr=False)
class LineRecord:
    """One service. The claim-line fields and the X12 ones share it; what a format lacks stays empty."""

    place: int
    number: int
    procedure: str = ""
    modifiers: tuple[str, ...] = ()
    service_date: date | None = None
    revenue_code: str = ""
    quadrant: str = ""
    tooth: str = ""
    units: str = ""  # as sent: X12 allows fractions
    charge: int | None = None
    plan_group: str = ""
    subscriber: str = ""
    rendering_npi: str = ""
    provider_fees: int | None = None
    allowed_fees: int | None = None
    coinsurance: int | None = None
    copay: int | None = None
    reference: str = ""  # REF*6R, with which an 835 names the line

    @property
    def net_fee(self) -> int | None:
        """Only the claim-line form tells it."""
        fees, allowed, coinsurance, copay = (
            self.provider_fees,
            self.allowed_fees,
            self.coinsurance,
            self.copay,
        )
        if fees is None or allowed is None or coinsurance is None or copay is None:
            return None
        return fees + coinsurance + copay - allowed


@dataclass(slots=True, repr=False)
class ClaimRecord:
    place: int
    kind: Kind = Kind.PROFESSIONAL
    control_number: str = ""
    sender: str = ""  # whose control numbers these are: GS02 of the 837
    group_number: str = ""  # GS06 and ST02 of the 837, by which a 999 answers
    transaction_number: str = ""
    payer: str = ""
    payer_id: str = ""
    responsibility: str = ""  # SBR01: P when this payer is the first to pay, S the second, T the third
    department: str = ""
    patient: PatientRecord = field(default_factory=PatientRecord)
    billing_npi: str = ""
    rendering_npi: str = ""
    status: Status = Status.SUBMITTED
    frequency: str = "1"  # 7 replaces, 8 voids an earlier claim
    original_number: str = ""  # REF*F8: the payer's number of the claim that this one replaces or voids
    place_of_service: str = ""
    authorization: str = ""
    diagnoses: tuple[str, ...] = ()
    service_date: date | None = None
    service_end: date | None = None
    submitted_at: datetime | date | None = None
    paid_at: datetime | date | None = None
    charge: int | None = None
    expected: int | None = None
    paid: int | None = None
    denial_reason: str = ""
    lines: list[LineRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    source: list[SourceRow] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        return any(problem.severity == Severity.ERROR for problem in self.problems)


# Remittances (835) -----------------------------------------------------------------------------------


@dataclass(slots=True, repr=False)
class AdjustmentRecord:
    """Why an amount was not paid as charged: group and reason belong together, neither says it alone."""

    place: int
    group: str
    reason: str
    amount: int
    quantity: str = ""


@dataclass(slots=True, repr=False)
class ServicePaymentRecord:
    """How a payer decided one line (SVC)."""

    place: int
    procedure: str = ""
    modifiers: tuple[str, ...] = ()
    submitted_procedure: str = ""  # SVC06, when the payer decided under another than was billed
    revenue_code: str = ""
    charge: int = 0
    paid: int = 0
    allowed: int | None = None
    units: str = ""
    service_date: date | None = None
    reference: str = ""
    adjustments: list[AdjustmentRecord] = field(default_factory=list)
    remarks: tuple[str, ...] = ()

    @property
    def imbalance(self) -> int:
        """Charge less adjustments less payment: nothing, when the line balances."""
        return self.charge - sum(each.amount for each in self.adjustments) - self.paid


@dataclass(slots=True, repr=False)
class ClaimPaymentRecord:
    """How a payer decided one claim (CLP)."""

    place: int
    control_number: str
    status: str
    charge: int = 0
    paid: int = 0
    patient_share: int = 0
    payer_claim_number: str = ""
    patient: PatientRecord = field(default_factory=PatientRecord)
    service_date: date | None = None
    allowed: int | None = None
    adjustments: list[AdjustmentRecord] = field(default_factory=list)
    services: list[ServicePaymentRecord] = field(default_factory=list)
    remarks: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)

    @property
    def imbalance(self) -> int:
        everywhere = [*self.adjustments, *(each for service in self.services for each in service.adjustments)]
        return self.charge - sum(each.amount for each in everywhere) - self.paid


@dataclass(slots=True, repr=False)
class ProviderAdjustmentRecord:
    """What a payer takes or gives outside any claim (PLB); a positive amount lowers the payment."""

    place: int
    provider: str
    reason: str
    reference: str
    amount: int


@dataclass(slots=True, repr=False)
class RemittanceRecord:
    """One 835 transaction. It comes before its claims, and its closing after them."""

    place: int
    trace_number: str = ""
    method: str = ""
    amount: int = 0
    is_debit: bool = False
    paid_on: date | None = None
    payer: str = ""
    payer_id: str = ""
    payee: str = ""
    payee_npi: str = ""
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True, repr=False)
class RemittanceClosing:
    """The end of an 835 transaction, and whether its parts add up to the payment."""

    place: int
    claims: int
    claims_paid: int
    amount: int  # below zero when the payment is a debit
    provider_adjustments: list[ProviderAdjustmentRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def imbalance(self) -> int:
        """Claims' payments less provider-level adjustments less the payment itself."""
        return self.claims_paid - sum(each.amount for each in self.provider_adjustments) - self.amount


# Acknowledgements and staff activity -----------------------------------------------------------------


@dataclass(slots=True, repr=False)
class AcknowledgementRecord:
    """What a payer or clearing house says of a claim (277CA) or of a whole transaction (999)."""

    place: int
    control_number: str  # of the claim; of the transaction for a 999, empty when it answers a whole group
    is_about_claim: bool
    accepted: bool
    group_number: str = ""  # of the group that a 999 answers
    codes: tuple[str, ...] = ()  # category:status[:entity] of a 277CA, segment:error of a 999 (IK5:5)
    charge: int | None = None
    said_on: date | None = None
    payer_claim_number: str = ""
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True, repr=False)
class ActivityRecord:
    """What a member of staff did to a claim."""

    place: int
    staff: str
    claim: str
    action: str
    at: datetime | None = None
    is_error: bool = False
    problems: list[Problem] = field(default_factory=list)
    source: list[SourceRow] = field(default_factory=list)


Record = (
    ClaimRecord
    | RemittanceRecord
    | ClaimPaymentRecord
    | RemittanceClosing
    | AcknowledgementRecord
    | ActivityRecord
    | Problem  # one that belongs to no record, such as a wrong count in a trailer
)
