"""What narrows the lists of claims, files and remittances: one bar of filters each, kept in the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db import models
from django.db.models import Q

from accounts.forms import DayField
from accounts.models import Department, User
from rcm_site.days import midnight
from rcm_site.templatetags.ui import day

from ..models import Claim, Import, Payer

Rows = TypeVar("Rows", bound="models.QuerySet[Any]")
ANY = [("", "Any")]
# A remittance that is flagged: at its end, within it, or because its end is missing.
NOT_BALANCED = (
    Q(imbalance__gt=0)
    | Q(imbalance__lt=0)
    | Q(imbalance=None)
    | Q(line_imbalances__gt=0)
    | Q(claim_imbalances__gt=0)
)
# Our own number as people write it: C-123, c123 or 123.
OUR_NUMBER = re.compile(r"(?:C-?)?(\d{1,18})", re.IGNORECASE | re.ASCII)


class Filter(forms.Form):
    """An empty field narrows nothing; a wrong one shows nothing, and says why."""

    lookups: ClassVar[dict[str, Callable[[Any], Q]]] = {}

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if asked.get("start") and asked.get("end") and asked["start"] > asked["end"]:
            self.add_error("end", "Ends before it starts: choose a later day.")
        return asked

    def narrow(self, rows: Rows) -> Rows:
        if not self.is_valid():
            return rows.none()
        for name, lookup in self.lookups.items():
            if value := self.cleaned_data.get(name):
                rows = rows.filter(lookup(value))
        return rows

    def in_words(self) -> str:
        """The filters as a sentence, for paper and exports."""
        if not self.is_valid():
            return ""
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        words = [f"{self._label(name)}: {self._words(name, value)}" for name, value in asked.items()]
        return ", ".join(words) or "Everything"

    def _label(self, name: str) -> str:
        return str(self.fields[name].label or name.replace("_", " ").capitalize())

    def _words(self, name: str, value: Any) -> str:
        if isinstance(value, date):
            return day(value)
        return str(dict(getattr(self.fields[name], "choices", ())).get(value, value))


def any_number(typed: str) -> Q:
    """A claim by whichever of its numbers somebody has at hand: ours, the sender's or the payer's."""
    theirs = Q(control_number=typed) | Q(payer_claim_number=typed)
    ours = OUR_NUMBER.fullmatch(typed)
    return theirs | Q(number=int(ours[1])) if ours else theirs


class ClaimFilter(Filter):
    number = forms.CharField(required=False, max_length=80, help_text="Ours, theirs or the payer's")
    status = forms.ChoiceField(required=False, choices=[*ANY, *Claim.Status.choices])
    payer = forms.ModelChoiceField(Payer.objects.all(), required=False, empty_label="All payers")
    department = forms.ModelChoiceField(
        Department.objects.none(), required=False, empty_label="All departments"
    )
    start = DayField(required=False, label="Submitted from")
    end = DayField(required=False, label="Submitted to")
    source = forms.UUIDField(required=False, label="File", widget=forms.HiddenInput)

    lookups: ClassVar = {
        "number": any_number,
        "status": lambda status: Q(status=status),
        "payer": lambda payer: Q(payer=payer),
        "department": lambda department: Q(department=department),
        "start": lambda start: Q(submitted_on__gte=start),
        "end": lambda end: Q(submitted_on__lte=end),
        "source": lambda source: Q(source=source),
    }

    def __init__(self, asked: Any, user: User) -> None:
        super().__init__(asked)
        self.fields["department"].queryset = Department.objects.visible_to(user)  # type: ignore[attr-defined]


class ImportFilter(Filter):
    name = forms.CharField(required=False, label="File", max_length=80, help_text="Part of its name")
    state = forms.ChoiceField(required=False, choices=[*ANY, *Import.State.choices])
    start = DayField(required=False, label="Sent from")
    end = DayField(required=False, label="Sent to")

    lookups: ClassVar = {
        "name": lambda part: Q(name__icontains=part),
        "state": lambda state: Q(state=state),
        "start": lambda start: Q(sent_at__gte=midnight(start)),
        "end": lambda end: Q(sent_at__lt=midnight(end + timedelta(days=1))),
    }


class RemittanceFilter(Filter):
    trace = forms.CharField(required=False, label="Trace number", max_length=80)
    payer = forms.ModelChoiceField(Payer.objects.all(), required=False, empty_label="All payers")
    balance = forms.ChoiceField(required=False, choices=[*ANY, ("off", "Does not add up")])
    start = DayField(required=False, label="Paid from")
    end = DayField(required=False, label="Paid to")
    source = forms.UUIDField(required=False, label="File", widget=forms.HiddenInput)

    lookups: ClassVar = {
        "trace": lambda trace: Q(trace_number=trace),
        "payer": lambda payer: Q(payer=payer),
        "balance": lambda _: NOT_BALANCED,
        "start": lambda start: Q(paid_on__gte=start),
        "end": lambda end: Q(paid_on__lte=end),
        "source": lambda source: Q(source=source),
    }
