"""Balances that somebody wants to give up, and who decided about it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .approvals import Approval, rules_of


class WriteOff(Approval):
    class Reason(models.TextChoices):
        SMALL = "small", "Too small to pursue"
        TOO_LATE = "too_late", "Filed or appealed too late"
        EXHAUSTED = "exhausted", "All appeals lost"
        NOT_COVERED = "not_covered", "Not covered, and the patient may not be billed"
        CHARITY = "charity", "Charity care"
        UNCOLLECTABLE = "uncollectable", "The patient cannot pay"
        OTHER = "other", "Another reason"

    NOUN, AUDITED_AS = "write-off", "write_off"
    ABOUT = "Balances that somebody wants to give up"
    APPROVE, PAGE = "claims.change_writeoff", "write_offs"

    reason = models.CharField(max_length=13, choices=Reason.choices)

    AUDIT_VALUES: ClassVar[tuple[str, ...]] = ("amount", "reason", "state")

    class Meta(Approval.Meta):
        constraints = rules_of("write_off")

    def __str__(self) -> str:
        return f"write-off of ${self.amount:,.2f} from {self.claim}"

    @property
    def wish(self) -> str:
        return f"write ${self.amount:,.2f} off: {self.get_reason_display().lower()}"
