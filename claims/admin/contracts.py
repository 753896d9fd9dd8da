"""What payers agreed to: their fee schedules, in and out as CSV, and limits of single plans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from import_export.fields import Field
from import_export.results import Result, RowResult
from import_export.widgets import Widget

from accounts.admin import AuditedAdmin
from claims.contracts.schedules import code, note_change, overlapping
from claims.models import FeeSchedule, Payer, PlanLimit
from claims.money import MoneyField

from .claim_forms import FIELD_RULES
from .spreadsheets import Rows, SpreadsheetAdmin

DAYS = ("%Y-%m-%d", "%m/%d/%Y")


class PayerWidget(Widget):
    """By name, or by a name that files call it by."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Payer:
        name = str(value or "")
        known = Payer.objects.filter(name__iexact=name).first()
        payer = known or Payer.objects.filter(aliases__alias=name.upper()).first()
        if payer is None:
            raise ValueError("is not a payer here: add it first, or spell it as it is spelled there")
        return payer

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.name if value else ""


class DayWidget(Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> date | None:
        text = str(value or "").strip()
        if not text:
            return None
        for written in DAYS:
            try:
                return datetime.strptime(text, written).date()  # noqa: DTZ007 - a day has no time zone
            except ValueError:
                continue
        raise ValueError("must be a day, as 2026-11-21 or 11/21/2026")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.isoformat() if value else ""


class AmountWidget(Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal:
        text = str(value or "").replace("$", "").replace(",", "").strip()
        if not text:
            raise ValueError("is missing")
        try:
            amount = Decimal(text)
            MoneyField().to_python(amount)
        except (InvalidOperation, ValidationError) as error:
            raise ValueError("must be an amount with at most two decimals") from error
        return amount

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return f"{value:.2f}" if value is not None else ""


class FeeScheduleRows(Rows):
    """One row a price: known by its payer, procedure, modifier and first day."""

    key = "procedure"
    payer = Field("payer", "payer", PayerWidget())
    valid_from = Field("valid_from", "valid_from", DayWidget())
    valid_to = Field("valid_to", "valid_to", DayWidget())
    amount = Field("amount", "amount", AmountWidget())

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.changed: dict[int, Payer] = {}

    def key_of(self, row: dict[str, Any]) -> str:
        """What the row is known by, written alike however the file writes it."""
        row["procedure"], row["modifier"] = code(row.get("procedure", "")), row.get("modifier", "").upper()
        problems = {}
        for name in ("payer", "valid_from"):
            try:
                if not row.get(name):
                    raise ValueError("is missing")
                self.fields[name].widget.clean(row[name])
            except ValueError as error:
                problems[name] = str(error)
        if problems:
            raise ValidationError(problems)
        first_day = self.fields["valid_from"].widget.clean(row["valid_from"])
        return "|".join((row["payer"].casefold(), row["procedure"], row["modifier"], str(first_day)))

    def validate_instance(self, instance: FeeSchedule, *args: Any, **kwargs: Any) -> None:
        check_order(instance)
        super().validate_instance(instance, *args, **kwargs)
        check_apart(instance)

    def after_import_row(self, row: Any, row_result: RowResult, **kwargs: Any) -> None:
        super().after_import_row(row, row_result, **kwargs)
        if row_result.import_type != RowResult.IMPORT_TYPE_SKIP and row_result.instance is not None:
            payer = row_result.instance.payer
            self.changed[payer.pk] = payer

    def after_import(self, dataset: Any, result: Result, **kwargs: Any) -> None:
        if not kwargs.get("dry_run"):
            note_change(self.changed.values())

    class Meta:
        model = FeeSchedule
        fields = ["payer", "procedure", "modifier", "valid_from", "valid_to", "amount"]
        import_id_fields = ["payer", "procedure", "modifier", "valid_from"]
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True


def check_order(fee: FeeSchedule) -> None:
    if fee.valid_to and fee.valid_to < fee.valid_from:
        raise ValidationError({"valid_to": "lies before the first day"})


def check_apart(fee: FeeSchedule) -> None:
    if other := overlapping(fee):
        until = f"to {other.valid_to}" if other.valid_to else "until further notice"
        raise ValidationError(
            {"valid_from": f"overlaps with the row from {other.valid_from} {until}: end that one first"}
        )


class FeeScheduleForm(forms.ModelForm):
    def clean_procedure(self) -> str:
        return code(self.cleaned_data["procedure"])

    def clean_modifier(self) -> str:
        return str(self.cleaned_data["modifier"]).upper()

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        if {"payer", "procedure", "modifier", "valid_from", "valid_to"} <= values.keys():
            wanted = {name: values[name] for name in values if name != "amount"}
            fee = FeeSchedule(pk=self.instance.pk, amount=0, **wanted)
            check_order(fee)
            check_apart(fee)
        return values


@admin.register(FeeSchedule)
class FeeScheduleAdmin(SpreadsheetAdmin, AuditedAdmin):
    """Whatever changes here, the payer's claims are held against it by a worker."""

    form = FeeScheduleForm
    formfield_overrides = {MoneyField: FIELD_RULES[MoneyField]}
    resource_classes = [FeeScheduleRows]
    list_display = ["procedure", "modifier", "payer", "valid_from", "valid_to", "amount"]
    list_filter = ["payer"]
    list_select_related = ["payer"]
    search_fields = ["procedure__startswith"]
    autocomplete_fields = ["payer"]
    date_hierarchy = "valid_from"

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[FeeSchedule]:
        return super().get_export_queryset(request).select_related("payer")

    def save_model(self, request: HttpRequest, obj: FeeSchedule, form: Any, change: bool) -> None:
        """A row that moves to another payer changes both schedules."""
        before = Payer.objects.filter(fees=obj.pk) if change else Payer.objects.none()
        payers = {each.pk: each for each in (*before, obj.payer)}
        super().save_model(request, obj, form, change)
        note_change(payers.values())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        note_change([obj.payer])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FeeSchedule]) -> None:
        payers: Iterable[Payer] = list(Payer.objects.filter(fees__in=queryset).distinct())
        note_change(payers)
        super().delete_queryset(request, queryset)


class PlanLimitInline(admin.TabularInline):
    model = PlanLimit
    extra = 0
    verbose_name_plural = "plans and groups with limits of their own"
