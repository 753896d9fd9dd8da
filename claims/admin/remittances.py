"""Remittances: who paid, how and when can be put right; what was paid is the payer's word."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.access import person
from accounts.admin import AuditedAdmin
from claims.models import ClaimPayment, Remittance

from .big_lists import BigListAdmin
from .choosing import ChoosingAdmin
from .claim_forms import FIELD_RULES


@admin.register(Remittance)
class RemittanceAdmin(ChoosingAdmin, BigListAdmin, AuditedAdmin):
    formfield_overrides = FIELD_RULES
    list_display = ["trace_number", "payer", "method", "paid_on", "amount", "imbalance", "is_cut_off"]
    list_display_links = ["trace_number", "paid_on"]
    list_select_related = ["payer"]
    list_filter = ["is_cut_off", "paid_on"]
    sortable_by = ["paid_on"]
    search_fields = ["=trace_number"]
    search_help_text = "The trace number, exactly as it is."
    autocomplete_fields = ["payer"]
    fields = [
        "payer",
        ("method", "paid_on"),
        ("payer_name", "payer_number"),
        ("payee", "payee_npi"),
        "trace_number",
        ("amount", "claims_paid", "provider_adjusted", "imbalance"),
        ("line_imbalances", "claim_imbalances", "is_cut_off"),
        ("source", "place", "added_at"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Remittance]:
        return super().get_queryset(request).visible_to(person(request))  # type: ignore[attr-defined]

    def get_readonly_fields(self, request: HttpRequest, obj: Remittance | None = None) -> Any:
        """Claims are paid on their remittance's day, so it stays once any of them was."""
        told = [name for row in self.fields for name in (row if isinstance(row, tuple) else (row,))]
        is_posted = obj is not None and obj.claim_payments.filter(state=ClaimPayment.State.POSTED).exists()
        editable = {"payer", "method"} if is_posted else {"payer", "method", "paid_on"}
        return [name for name in told if name not in editable]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Remittance | None = None) -> bool:
        return False
