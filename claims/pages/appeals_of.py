"""The appeals of one claim, as its page shows them, and the form for what came of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.access import may
from accounts.forms import DayField
from accounts.models import User

from ..models import Appeal, Claim
from .masking import MASKED
from .tasks import WORK


class AnswerAppeal(forms.Form):
    """What the payer said, where no file tells it."""

    ANSWERS: ClassVar = {
        "upheld": "Denial upheld",
        "overturned": "Overturned: it will be paid",
        "withdrawn": "We take the appeal back",
    }

    outcome = forms.ChoiceField(label="What came of it", choices=list(ANSWERS.items()))
    decided_on = DayField(label="Decided on")

    def __init__(self, appeal: Appeal, asked: Any = None) -> None:
        super().__init__(asked, auto_id="appeal_%s", initial={"decided_on": timezone.localdate()})
        self.appeal = appeal

    def clean_decided_on(self) -> date:
        decided_on = self.cleaned_data["decided_on"]
        if not self.appeal.filed_on <= decided_on <= timezone.localdate():
            raise ValidationError("Between the day it was filed and today.")
        return decided_on


@dataclass(frozen=True)
class Shown:
    """An appeal as a page has it."""

    appeal: Appeal
    reason: str
    is_overdue: bool
    letter_url: str


def shown(found: Iterable[Appeal], user: User) -> list[Shown]:
    today, has_letters = timezone.localdate(), may(user, WORK) and not user.phi_masked
    return [
        Shown(
            each,
            MASKED if each.reason and user.phi_masked else each.reason,
            each.is_overdue(today),
            reverse("appeal_letter", args=[each.pk]) if each.reason and has_letters else "",
        )
        for each in found
    ]


def appeals_of(claim: Claim, user: User) -> dict[str, Any]:
    found = list(claim.appeals.select_related("filed_by"))
    waiting = next((each for each in found if each.is_waiting), None)
    return {
        "rows": shown(found, user),
        "waiting": waiting,
        "form": AnswerAppeal(waiting) if waiting and may(user, WORK) else None,
    }
