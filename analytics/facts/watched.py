"""What of claims the facts depend on: a change to it outdates them."""

from __future__ import annotations

# On which a claim itself counts; a note of a new one (`NewClaim`) has the same.
CLAIM_DAYS = ("submitted_on", "first_decided_on", "decided_on", "paid_on", "received_at")
COLUMNS = (
    *("status", "kind", "payer_id", "department_id", "provider_id", "frequency"),
    *CLAIM_DAYS,
    "service_to",  # counts on no day, but what is at risk is told again only while it is as it was
    *("charge", "expected", "allowed", "paid", "adjusted", "written_off", "patient_share"),
    *("first_decision", "denial_category", "at_intake"),
)
# By which facts tell apart also what hangs on a claim.
KEYS = ("payer_id", "department_id", "provider_id", "kind", "denial_category")
TABLES = (
    "claims_claim",
    "claims_claimline",
    "claims_claimpayment",
    "claims_adjustment",
    "claims_claimevent",
)
SHORTFALLS = "claims_shortfall"  # what claims lack: watched later than the others
