"""What is kept about patients; claims, payers and payments join it here."""

from .patients import Assessment, FollowUp, Patient

__all__ = ["Assessment", "FollowUp", "Patient"]
