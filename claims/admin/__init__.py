"""Claims, payers, providers and what flows downstream, for administrators."""

from . import claims, contracts, downstream, parties, remittances

__all__ = ["claims", "contracts", "downstream", "parties", "remittances"]
