"""What is kept: patients and parties, claims with their lines and history, files, remittances, net fees."""

from .claims import Claim, ClaimEvent, ClaimLine
from .intake import IdempotencyKey, Import, ImportBlock, ImportChunk, ImportProblem
from .patients import Assessment, FollowUp, Patient
from .payers import Coverage, Payer, PayerAlias, Provider
from .payments import LedgerEntry, OutboxMessage, ProviderChange, ProviderTotal
from .remittances import Adjustment, ClaimPayment, ProviderAdjustment, Remittance, ServicePayment

__all__ = [
    "Adjustment",
    "Assessment",
    "Claim",
    "ClaimEvent",
    "ClaimLine",
    "ClaimPayment",
    "Coverage",
    "FollowUp",
    "IdempotencyKey",
    "Import",
    "ImportBlock",
    "ImportChunk",
    "ImportProblem",
    "LedgerEntry",
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
]
