"""Claims, payers, providers and what flows downstream, for administrators."""

from . import claims, downstream, parties, remittances

__all__ = ["claims", "downstream", "parties", "remittances"]
