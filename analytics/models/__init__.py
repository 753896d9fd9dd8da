"""What analytics keeps: facts, snapshots, alerts and who is told of them, reports, files for people."""

from .alerts import Alert, AlertEvent, AlertRule
from .deliveries import Delivery, StoppedMail, Webhook
from .exports import Export, ExportPiece
from .facts import (
    AgingFact,
    CategoryFact,
    CategoryMonth,
    ChangedClaim,
    ClaimBalance,
    CodeFact,
    CodeMonth,
    CodeSums,
    Dashboard,
    DayFact,
    DirtyDay,
    FactState,
    MonthFact,
    NewClaim,
    ProviderCodeFact,
    ProviderCodeMonth,
    ProviderFact,
    ProviderMonth,
    StaffFact,
    Sums,
)
from .reports import Report, Schedule, ScheduledRun
from .snapshots import Snapshot

__all__ = [
    "AgingFact",
    "Alert",
    "AlertEvent",
    "AlertRule",
    "CategoryFact",
    "CategoryMonth",
    "ChangedClaim",
    "ClaimBalance",
    "CodeFact",
    "CodeMonth",
    "CodeSums",
    "Dashboard",
    "DayFact",
    "Delivery",
    "DirtyDay",
    "Export",
    "ExportPiece",
    "FactState",
    "MonthFact",
    "NewClaim",
    "ProviderCodeFact",
    "ProviderCodeMonth",
    "ProviderFact",
    "ProviderMonth",
    "Report",
    "Schedule",
    "ScheduledRun",
    "Snapshot",
    "StaffFact",
    "StoppedMail",
    "Sums",
    "Webhook",
]
