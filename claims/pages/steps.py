"""Taking a step on a claim: what was done is written down, and the claim's page comes back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import allow, person
from rcm_site.templatetags.ui import money

from .. import changes, pay_backs, steps, taking_back, write_offs
from ..changes import Change, ClaimError
from ..imports import validation
from ..imports.records import Kind
from ..models import Claim, ClaimLine
from ..pay_backs import Paid
from ..steps import Step
from ..worklists import pending
from .claims import claim_page, visible_claim
from .step_forms import FORMS, WORK, form_of
from .worth import way_to


@allow(WORK)
@never_cache
@require_POST
def take_step(request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    if step not in FORMS:
        raise Http404
    found, taken = visible_claim(request, pk), Step(step)
    form = form_of(taken, found, request.POST)
    if form.is_valid():
        try:
            messages.success(request, take(taken, found, form.cleaned_data, request))
        except ClaimError as wrong:
            form.add_error(None, str(wrong))
        else:
            return redirect(way_to(request, found.pk))
    return claim_page(request, found, wrong=(taken, form), status=422)


def take(step: Step, claim: Claim, asked: Mapping[str, Any], request: HttpRequest) -> str:
    """Do it, and say in words what was done."""
    change = Change(person(request), request, asked.get("note", ""))
    fields = {name: value for name, value in asked.items() if name != "note"}
    if step == Step.CALL:
        steps.call(claim=claim, change=change, **fields)
        return "The call is written down."
    if step == Step.DOCUMENTS:
        steps.send_documents(claim=claim, change=change, **fields)
        return "What was sent is written down."
    if step == Step.BILL_PATIENT:
        steps.bill_patient(claim=claim, change=change)
        return "It is written down that the patient was billed."
    if step == Step.PAYMENT:
        changes.post_payment(claim=claim, change=change, **fields)
        return f"{money(asked['amount'])} was posted."
    if step == Step.TAKE_BACK:
        taken = taking_back.take_back(claim=claim, change=change, **fields)
        return f"{money(abs(taken.paid))} is taken back."
    if step == Step.CLOSE:
        pending.close(claim=claim, change=change, **fields)
        return f"The work on {claim} is closed until something about it changes."
    if step == Step.PAY_BACK:
        went_back = pay_backs.ask(claim=claim, paid=Paid(**fields), change=change)
        return f"{money(went_back.amount)} {'was paid back' if went_back.is_done else WAITS}."
    written_off = write_offs.ask(claim=claim, change=change, **fields)
    return f"{money(written_off.amount)} {'was written off' if written_off.is_done else WAITS}."


WAITS = "waits for approval: the claim stays as it is until then"


# Correcting and billing again ------------------------------------------------------------------------


class Billed(forms.Form):
    """Of the whole claim."""

    diagnoses = forms.CharField(required=False, max_length=200, help_text="Codes with spaces between them.")
    authorization = forms.CharField(required=False, max_length=80, label="Authorisation")
    note = forms.CharField(
        required=False, max_length=2_000, label="What was wrong", widget=forms.Textarea(attrs={"rows": 2})
    )


class BilledLine(forms.ModelForm):
    """One line, held to what a file may say; what it told before is corrected and never left out."""

    class Meta:
        model = ClaimLine
        fields = steps.CORRECTED_OF_LINE

    charge = forms.DecimalField(min_value=0, max_digits=10, decimal_places=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("procedure", "charge"):
            self.fields[name].required = self.initial[name] not in ("", None)

    def clean_procedure(self) -> str:
        """Codes that came in as they are may stay: nobody is kept from correcting something else."""
        procedure: str = self.cleaned_data["procedure"]
        if procedure and "procedure" in self.changed_data:
            try:
                validation.procedure(procedure, kind=Kind(self.instance.claim.kind))
            except validation.Invalid as invalid:
                raise ValidationError(f"The procedure {invalid}.") from invalid
        return procedure


@allow(WORK)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rebill(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The claim as it was billed, to correct; sent off, a new claim takes its place."""
    found, asked = visible_claim(request, pk), request.POST if request.method == "POST" else None
    billed = {"diagnoses": found.diagnoses, "authorization": found.authorization}
    form = Billed(asked, initial=billed)
    lines = [
        BilledLine(asked, instance=line, prefix=f"line-{line.number}")
        for line in found.lines.order_by("number")
    ]
    if asked is not None and all([form.is_valid(), *(line.is_valid() for line in lines)]):
        try:
            new = steps.rebill(
                claim=found,
                diagnoses=form.cleaned_data["diagnoses"],
                authorization=form.cleaned_data["authorization"],
                lines=[told(line) for line in lines],
                change=Change(person(request), request, form.cleaned_data["note"]),
            )
        except ClaimError as wrong:
            form.add_error(None, str(wrong))
        else:
            messages.success(request, f"{new} takes the place of {found}, which is void now.")
            return redirect(way_to(request, new.pk))
    page = {
        "title": f"Correct and rebill {found}",
        "claim": found,
        "back": way_to(request, found.pk),
        "form": form,
        "lines": lines,
    }
    return render(request, "claims/rebill.html", page, status=422 if asked is not None else 200)


def told(line: BilledLine) -> dict[str, str | Decimal | None]:
    return {field: line.cleaned_data[field] for field in steps.CORRECTED_OF_LINE}
