"""What is kept: patients and parties, claims with their lines and history, files, remittances, net fees."""

from .appeals import Appeal, AppealLetter
from .approvals import Approval
from .attachments import Attachment, AttachmentBlock
from .automation import AutomationMark, AutomationRule, AutomationRun
from .claims import Claim, ClaimEvent, ClaimLine
from .contracts import (
    ContractChange,
    Expectation,
    FeeSchedule,
    PlanLimit,
    PursuedClaim,
    Shortfall,
    UnderpaymentProject,
)
from .hand_payments import HandPayment
from .intake import IdempotencyKey, Import, ImportBlock, ImportChunk, ImportProblem
from .patients import Assessment, Patient
from .pay_backs import PayBack
from .payers import Coverage, Payer, PayerAlias, Provider
from .payments import LedgerEntry, OutboxMessage, ProviderChange, ProviderTotal
from .remittances import Adjustment, ClaimPayment, ProviderAdjustment, Remittance, ServicePayment
from .reviews import Review, ReviewSample
from .standings import BacklogDay, KeptStanding, StandingPart
from .tags import ClaimTag, Tag
from .tasks import CalendarFeed, Task
from .work import CollectingRate, OpenWork, Worklist, WorkMark
from .write_offs import WriteOff

__all__ = [
    "Adjustment",
    "Appeal",
    "AppealLetter",
    "Approval",
    "Assessment",
    "Attachment",
    "AttachmentBlock",
    "AutomationMark",
    "AutomationRule",
    "AutomationRun",
    "BacklogDay",
    "CalendarFeed",
    "Claim",
    "ClaimEvent",
    "ClaimLine",
    "ClaimPayment",
    "ClaimTag",
    "CollectingRate",
    "ContractChange",
    "Coverage",
    "Expectation",
    "FeeSchedule",
    "HandPayment",
    "IdempotencyKey",
    "Import",
    "ImportBlock",
    "ImportChunk",
    "ImportProblem",
    "KeptStanding",
    "LedgerEntry",
    "OpenWork",
    "OutboxMessage",
    "Patient",
    "PayBack",
    "Payer",
    "PayerAlias",
    "PlanLimit",
    "Provider",
    "ProviderAdjustment",
    "ProviderChange",
    "ProviderTotal",
    "PursuedClaim",
    "Remittance",
    "Review",
    "ReviewSample",
    "ServicePayment",
    "Shortfall",
    "StandingPart",
    "Tag",
    "Task",
    "UnderpaymentProject",
    "WorkMark",
    "Worklist",
    "WriteOff",
]
