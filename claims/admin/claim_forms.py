"""What administrators fill in about a claim and its lines, checked by the rules of intake."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from accounts.models import one_plain_line
from claims.changes import ClaimError
from claims.corrections import EDITED, ChangedMeanwhile, check_money_may_change, check_sum, version_of
from claims.imports import validation
from claims.imports.records import Kind
from claims.models import Claim, ClaimLine, Provider
from claims.money import MoneyField

DAYS_AHEAD = 366
HIGHEST = Decimal(validation.HIGHEST_AMOUNT).scaleb(-2)


def plausible(day: date) -> None:
    if not validation.FIRST_DAY <= day <= timezone.localdate() + timedelta(days=DAYS_AHEAD):
        raise ValidationError("A day lies between 1900 and a year from now.")


# For `formfield_overrides`: whatever can be typed is held to what a file may say.
FIELD_RULES: dict[type[models.Field[Any, Any]], dict[str, Any]] = {
    MoneyField: {"min_value": 0, "max_value": HIGHEST},
    models.DateField: {"validators": [plausible]},
    models.CharField: {"validators": [one_plain_line]},
}


class ClaimForm(forms.ModelForm):
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    note = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        max_length=validation.NOTE_LENGTH,
        help_text="Why: kept with the claim's history, encrypted.",
    )

    class Meta:
        model = Claim
        exclude: ClassVar[list[str]] = []  # the admin names the fields of each page

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["seen"] = version_of(self.instance.pk)

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        begin, end = values.get("service_from"), values.get("service_to")
        if begin and end and begin > end:
            self.add_error("service_to", "The service ends before it begins.")
        if self.instance._state.adding:
            self._check_number(values)
        elif values.get("seen") != self.initial["seen"]:
            raise ValidationError(str(ChangedMeanwhile()))
        return values

    def _check_number(self, values: dict[str, Any]) -> None:
        number = values.get("control_number")
        sender = values.get("sender", "")
        if not number:
            return
        first = Claim.objects.known_as(number).filter(sender=sender, rebill_mark="").first()
        if first:
            self.add_error("control_number", f"{first} has this control number already.")

    def wanted(self) -> dict[str, Any]:
        """The claim's fields that somebody changed."""
        own = {field.name for field in Claim._meta.get_fields()}
        return {name: self.cleaned_data[name] for name in self.changed_data if name in own}


class LineForm(forms.ModelForm):
    npi = forms.CharField(
        label="Rendering NPI",
        required=False,
        max_length=10,
        validators=[RegexValidator(r"\A[0-9]{10}\Z", "An NPI is 10 digits.")],
    )

    class Meta:
        model = ClaimLine
        fields = [field for field in EDITED if field != "provider"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.provider:
            self.initial["npi"] = self.instance.provider.npi

    def clean_npi(self) -> str:
        npi = self.cleaned_data["npi"]
        if "npi" in self.changed_data:
            provider = Provider.objects.filter(npi=npi).first() if npi else None
            if npi and provider is None:
                raise ValidationError("No provider has this NPI yet: add the provider first.")
            self.instance.provider = provider
        return npi

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        if not (values.get("procedure") or values.get("revenue_code") or self.errors):
            self.add_error("procedure", "A line names a procedure or a revenue code.")
        return values


class LineFormSet(forms.BaseInlineFormSet):
    """The lines of one page of a claim, judged together with its charge and the lines on other pages."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        claim, before = self.instance, Claim.objects.filter(pk=self.instance.pk).first()
        self._check_procedures(claim, other_kind=before is not None and before.kind != claim.kind)
        if any(self.errors) or not self._touches_money(before):
            return
        try:
            if before:
                check_money_may_change(before)
            check_sum(claim.charge, self._charges())
        except ClaimError as error:
            raise ValidationError(str(error)) from error

    def _touches_money(self, before: Claim | None) -> bool:
        return before is None or before.charge != self.instance.charge or self.has_changed()

    def _kept(self) -> list[Any]:
        filled = [form for form in self.forms if form.instance.pk or form.has_changed()]
        return [form for form in filled if form not in self.deleted_forms]

    def _charges(self) -> list[Decimal | None]:
        shown = [form.instance.pk for form in self.initial_forms]
        elsewhere = ClaimLine.objects.filter(claim=self.instance.pk).exclude(pk__in=shown)
        return [
            *elsewhere.values_list("charge", flat=True),
            *(form.cleaned_data["charge"] for form in self._kept()),
        ]

    def _check_procedures(self, claim: Claim, *, other_kind: bool) -> None:
        if not claim.kind:
            return
        for form in self._kept():
            procedure = form.cleaned_data.get("procedure")
            if procedure and (other_kind or "procedure" in form.changed_data):
                try:
                    validation.procedure(procedure, kind=Kind(claim.kind))
                except validation.Invalid as invalid:
                    form.add_error("procedure", f"The procedure {invalid}.")
