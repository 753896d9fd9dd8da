"""Payers and providers out of and into CSV: previewed, then taken whole or not at all, and audited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import BadRequest, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from import_export.admin import ImportExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV
from import_export.forms import ConfirmImportForm, ImportForm
from import_export.resources import Diff, ModelResource
from import_export.results import Result, RowResult
from import_export.tmp_storages import BaseStorage
from import_export.widgets import BooleanWidget, Widget

from accounts import audit
from accounts.access import person
from claims.models import Payer, Provider
from rcm_site.cells import FORMULA_STARTS
from rcm_site.spreadsheets import csv_chunks

MOST_BYTES = 1_000_000
MOST_ROWS = 2_000  # of one transaction, for which other writers may have to wait
FOR_AN_HOUR = 3_600


class SafeCSV(CSV):
    """Reads what it writes: cells that a spreadsheet would run are quoted on the way out, and back in."""

    def export_data(self, dataset: Any, **kwargs: Any) -> bytes:
        return b"".join(csv_chunks(dataset.headers, ([*row] for row in dataset)))


def unquoted(text: str) -> str:
    is_quoted = text.startswith("'") and text[1:].lstrip(" ").startswith(FORMULA_STARTS)
    return text[1:] if is_quoted else text


class InTheForm(BaseStorage):
    """The previewed file waits in the confirming form, signed: any web process can take it from there."""

    def save(self, content: bytes) -> None:
        self.name = signing.dumps(content.decode("utf-8-sig", "replace"), salt=__name__, compress=True)

    def read(self) -> str:
        try:
            return signing.loads(self.name, salt=__name__, max_age=FOR_AN_HOUR)
        except signing.BadSignature as error:
            raise BadRequest from error

    def remove(self) -> None:
        pass


class UploadForm(ImportForm):
    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            raise ValidationError(f"The file is larger than {MOST_BYTES // 1_000_000} MB: split it.")
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError("The file is not CSV in UTF-8. Save it as “CSV UTF-8”.") from error
        if len(text.splitlines()) > MOST_ROWS + 1:
            raise ValidationError(f"The file has more than {MOST_ROWS:,} rows: split it.")
        file.seek(0)
        return file


class ConfirmForm(ConfirmImportForm):
    """What was previewed, and nothing that somebody could change about it."""

    format = forms.ChoiceField(choices=[("0", "csv")], widget=forms.HiddenInput)
    resource = forms.ChoiceField(choices=[("0", "")], required=False, widget=forms.HiddenInput)


class PlainDiff(Diff):
    """Old and new value side by side; the package's own marks come with inline styles, which pages forbid."""

    def as_html(self) -> list[Any]:
        marked = []
        for old, new in zip(self.left, self.right, strict=True):
            if self.new or old == new or not old:
                marked.append(conditional_escape(new))
            else:
                marked.append(format_html("<del>{}</del> <ins>{}</ins>", old, new))
        return marked


class YesOrNo(BooleanWidget):
    """Empty means yes, as for whoever is added by hand; anything but a yes or a no is refused."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        word = str(value or "").strip().lower()
        if word in ("", "1", "true", "yes", "y"):
            return True
        if word in ("0", "false", "no", "n"):
            return False
        raise ValueError("must be yes or no")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class DaysWidget(Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int:
        text = str(value or "").strip()
        if not (text.isascii() and text.isdigit() and len(text) < 5):
            raise ValueError("must be a number of days")
        return int(text)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return str(value)


class Rows(ModelResource):
    """One row a payer or provider, known by the first column; columns that a file lacks stay as they are."""

    key: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seen: dict[str, int] = {}

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        return PlainDiff

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        headings = [str(heading or "").strip().lower() for heading in dataset.headers]
        dataset.headers = [heading.replace(" ", "_") for heading in headings]
        if len(set(dataset.headers)) != len(dataset.headers):
            raise ValidationError("A column is there twice.")
        if unknown := sorted(set(dataset.headers) - set(self.fields)):
            raise ValidationError(
                f"There are columns that mean nothing here: {', '.join(unknown)}. "
                f"Known are {', '.join(self.fields)}."
            )

    def key_of(self, row: dict[str, Any]) -> str:
        return str(row[self.key]).casefold()

    def before_import_row(self, row: dict[str, Any], row_number: int = 0, **kwargs: Any) -> None:
        for column, cell in row.items():
            row[column] = " ".join(unquoted(str(cell or "")).split())
        first = self.seen.setdefault(self.key_of(row), row_number)
        if first != row_number:
            raise ValidationError({self.key: f"stands in row {first + 1} already"})

    def after_import_row(self, row: Any, row_result: RowResult, **kwargs: Any) -> None:
        """Whatever a file changes is told row by row, as if it had been typed."""
        if kwargs.get("dry_run") or row_result.import_type == RowResult.IMPORT_TYPE_SKIP:
            return
        after, before = row_result.instance, row_result.original
        request = kwargs["request"]
        fields = [field.attribute for field in self.get_import_fields()]
        if before is None:
            changed = {field: audit.change_of(after, field, None, getattr(after, field)) for field in fields}
        else:
            changed = audit.changes(before, {field: getattr(after, field) for field in fields})
        action = f"{after._meta.model_name}.{'added' if before is None else 'changed'}"
        audit.record(request.user, action, after, request=request, changes=changed, through="import")


def check_spelling(name: str, pk: int | None) -> None:
    """Files are matched with payers whatever the capitals: two of one name would take turns."""
    if Payer.objects.filter(name__iexact=name).exclude(pk=pk or 0).exists():
        raise ValidationError({"name": "There is a payer of this name already, in other capitals."})


class PayerRows(Rows):
    key = "name"
    timely_filing_days = Field("timely_filing_days", "timely_filing_days", DaysWidget())
    appeal_days = Field("appeal_days", "appeal_days", DaysWidget())
    is_active = Field("is_active", "is_active", YesOrNo())

    def validate_instance(self, instance: Payer, *args: Any, **kwargs: Any) -> None:
        super().validate_instance(instance, *args, **kwargs)
        check_spelling(instance.name, instance.pk)

    class Meta:
        model = Payer
        fields = ["name", "timely_filing_days", "appeal_days", "is_active"]
        import_id_fields = ["name"]
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True


class ProviderRows(Rows):
    key = "npi"
    is_active = Field("is_active", "is_active", YesOrNo())

    class Meta:
        model = Provider
        fields = ["npi", "name", "specialty", "is_active"]
        import_id_fields = ["npi"]
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True


class SpreadsheetAdmin(ImportExportMixin, admin.ModelAdmin):
    formats = [SafeCSV]
    import_form_class = UploadForm
    confirm_form_class = ConfirmForm
    tmp_storage_class = InTheForm
    skip_export_form = True  # one format, all columns: there is nothing to ask
    skip_admin_log = True  # the audit trail says more
    import_template_name = "admin/claims/import.html"

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_export_data(self, file_format: Any, request: HttpRequest, queryset: Any, **kwargs: Any) -> Any:
        rows = queryset.count()
        audit.record(person(request), f"{self.opts.model_name}.exported", request=request, rows=rows)
        return super().get_export_data(file_format, request, queryset, **kwargs)

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        kept = super().get_import_data_kwargs(**kwargs)
        return kept | {"use_transactions": True, "rollback_on_validation_errors": True}

    @transaction.atomic
    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return super().process_import(request, **kwargs)

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        """Said once more, for what was fine in the preview may clash with what was added since."""
        if result.has_errors() or result.has_validation_errors():
            messages.error(request, "Nothing was taken in: rows have changed since the preview. Try again.")
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_import"))
        totals = result.totals
        audit.record(
            person(request),
            f"{self.opts.model_name}.imported",
            request=request,
            added=totals[RowResult.IMPORT_TYPE_NEW],
            changed=totals[RowResult.IMPORT_TYPE_UPDATE],
            unchanged=totals[RowResult.IMPORT_TYPE_SKIP],
        )
        return super().process_result(result, request)
