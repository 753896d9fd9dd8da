"""Payers with the names that files call them by, and providers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest

from accounts.admin import AuditedAdmin
from claims.imports.validation import has_wrong_check_digit
from claims.models import Payer, PayerAlias, Provider
from claims.parties import spelling

from .contracts import PlanLimitInline
from .spreadsheets import PayerRows, ProviderRows, SpreadsheetAdmin, check_spelling


class PayerForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        super().clean()
        check_spelling(self.cleaned_data.get("name", ""), self.instance.pk)
        return self.cleaned_data

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


class AliasForm(forms.ModelForm):
    class Meta:
        model = PayerAlias
        fields = ["alias", "used"]

    def clean_alias(self) -> str:
        return spelling(self.cleaned_data["alias"])


class AliasInline(admin.TabularInline):
    model = PayerAlias
    form = AliasForm
    extra = 0


@admin.register(Payer)
class PayerAdmin(SpreadsheetAdmin, AuditedAdmin):
    form = PayerForm
    resource_classes = [PayerRows]
    inlines = [AliasInline, PlanLimitInline]
    list_display = ["name", "timely_filing_days", "appeal_days", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "aliases__alias"]

    def has_delete_permission(self, request: HttpRequest, obj: Payer | None = None) -> bool:
        """Payers are switched off: claims and remittances speak of them."""
        return False


@admin.register(Provider)
class ProviderAdmin(SpreadsheetAdmin, AuditedAdmin):
    resource_classes = [ProviderRows]
    list_display = ["npi", "name", "specialty", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["npi__startswith", "name"]

    def has_delete_permission(self, request: HttpRequest, obj: Provider | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if has_wrong_check_digit(obj.npi):
            messages.warning(request, "The NPI's check digit is wrong: is there a slip of the key in it?")
