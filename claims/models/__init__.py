"""What is kept: patients and parties, claims with their lines and history, files, remittances, net fees."""

from .claims import Claim, ClaimEvent, ClaimLine
from .intake import IdempotencyKey, Import, ImportBlock, ImportChunk, ImportProblem
from .patients import Assessment, Patient
from .payers import Coverage, Payer, PayerAlias, Provider
from .payments import LedgerEntry, OutboxMessage, ProviderChange, ProviderTotal
from .remittances import Adjustment, ClaimPayment, ProviderAdjustment, Remittance, ServicePayment
from .tasks import CalendarFeed, Task
from .work import CollectingRate, OpenWork, Worklist, WorkMark

__all__ = [
    "Adjustment",
    "Assessment",
    "CalendarFeed",
    "Claim",
    "ClaimEvent",
    "ClaimLine",
    "ClaimPayment",
    "CollectingRate",
    "Coverage",
    "IdempotencyKey",
    "Import",
    "ImportBlock",
    "ImportChunk",
    "ImportProblem",
    "LedgerEntry",
    "OpenWork",
    "OutboxMessage",
    "Patient",
    "Payer",
    "PayerAlias",
    "Provider",
    "ProviderAdjustment",
    "ProviderChange",
    "ProviderTotal",
    "Remittance",
    "ServicePayment",
    "Task",
    "WorkMark",
    "Worklist",
]
