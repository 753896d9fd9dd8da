"""What administrators do to several claims at once: each is tried by itself, and each refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.access import person
from accounts.models import User
from claims import changes
from claims.changes import Change, ClaimError
from claims.imports.validation import NOTE_LENGTH
from claims.models import Claim

from .claim_forms import HIGHEST, plausible

Do = Callable[[Claim, Change], Any]


class ActionForm(forms.Form):
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False, max_length=NOTE_LENGTH)

    def __init__(self, *args: Any, claims: list[Claim], **kwargs: Any) -> None:
        self.claims = claims
        super().__init__(*args, **kwargs)


class ReassignForm(ActionForm):
    assignee = forms.ModelChoiceField(
        User.objects.active(), required=False, empty_label="Nobody", label="Give to"
    )
    field_order = ["assignee", "note"]


class MarkPaidForm(ActionForm):
    amount = forms.DecimalField(
        min_value=0,
        max_value=HIGHEST,
        decimal_places=2,
        required=False,
        help_text="Leave it empty for the whole balance of each claim.",
    )
    paid_on = forms.DateField(initial=timezone.localdate, validators=[plausible])
    field_order = ["amount", "paid_on", "note"]

    def clean_amount(self) -> Any:
        amount = self.cleaned_data["amount"]
        if amount is not None and len(self.claims) > 1:
            raise ValidationError("One amount is for one claim: leave it empty to pay several.")
        return amount

    def clean_paid_on(self) -> Any:
        day = self.cleaned_data["paid_on"]
        if day > timezone.localdate():
            raise ValidationError("A payment is booked on the day it came, not ahead.")
        return day


class ClaimActions(admin.ModelAdmin):
    actions = ["void", "reassign", "mark_paid"]

    @admin.action(description="Void", permissions=["change"])
    def void(self, request: HttpRequest, queryset: QuerySet[Claim]) -> TemplateResponse | None:
        def do(claim: Claim, change: Change, form: Any) -> None:
            if claim.status == Claim.Status.VOID:
                raise ClaimError("It is void already.")
            changes.void(claim=claim, change=change)

        return self._ask(request, queryset, ActionForm, do, "Void these claims?", "Void", "voided")

    @admin.action(description="Give to somebody else", permissions=["change"])
    def reassign(self, request: HttpRequest, queryset: QuerySet[Claim]) -> TemplateResponse | None:
        def do(claim: Claim, change: Change, form: Any) -> None:
            changes.reassign(claims=[claim], assignee=form.cleaned_data["assignee"], change=change)

        return self._ask(
            request, queryset, ReassignForm, do, "Whose work are these claims?", "Give", "given away"
        )

    @admin.action(description="Mark as paid", permissions=["change"])
    def mark_paid(self, request: HttpRequest, queryset: QuerySet[Claim]) -> TemplateResponse | None:
        def do(claim: Claim, change: Change, form: Any) -> None:
            amount = form.cleaned_data["amount"]
            amount = claim.balance if amount is None else amount
            paid_on = form.cleaned_data["paid_on"]
            changes.post_payment(claim=claim, amount=amount, paid_on=paid_on, change=change)

        return self._ask(
            request, queryset, MarkPaidForm, do, "What was paid for these claims?", "Book", "marked as paid"
        )

    def _ask(
        self,
        request: HttpRequest,
        queryset: QuerySet[Claim],
        form_class: type[ActionForm],
        do: Callable[[Claim, Change, Any], None],
        title: str,
        button: str,
        done: str,
    ) -> TemplateResponse | None:
        """Ask for what the action needs to know; once that is answered, do it."""
        claims = list(queryset.select_related("payer"))
        form = form_class(request.POST if "apply" in request.POST else None, claims=claims)
        if form.is_bound and form.is_valid():
            change = Change(person(request), request, form.cleaned_data["note"])
            _report(request, claims, lambda claim: do(claim, change, form), done)
            return None
        context = self.admin_site.each_context(request) | {
            "title": title,
            "opts": self.opts,
            "claims": claims,
            "form": form,
            "action": request.POST["action"],
            "button": button,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/claims/claim/action.html", context)


def _report(request: HttpRequest, claims: list[Claim], do: Callable[[Claim], None], done: str) -> None:
    refused = []
    for claim in claims:
        try:
            do(claim)
        except ClaimError as error:
            refused.append(f"{claim}: {error}")
    if changed := len(claims) - len(refused):
        messages.success(request, f"Claims {done}: {changed}.")
    for reason in refused:
        messages.error(request, reason)
