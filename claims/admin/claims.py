"""Claims: found by number, corrected through the domain's own functions, shown with their history."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import audit
from accounts.access import person
from accounts.admin import AuditedAdmin
from accounts.models import AuditEntry
from claims import corrections
from claims.changes import Change, ClaimError
from claims.models import Claim, ClaimLine
from rcm_site.templatetags.ui import money

from .big_lists import BigListAdmin
from .choosing import ChoosingAdmin
from .claim_actions import ClaimActions
from .claim_forms import FIELD_RULES, ClaimForm, LineForm, LineFormSet
from .filters import PayerFilter, SubmittedFilter

LINES_A_PAGE = 25  # a form holds a thousand fields, and a claim may have as many lines
SHOWN_OF_HISTORY = 100
MOST_FOUND = 1_000

NUMBERS = ["sender", "control_number"]
PARTIES = ["payer", "provider", "patient", "department", "assignee"]
BILLED = [
    "kind",
    ("frequency", "original", "original_number"),
    ("payer_claim_number", "responsibility"),
    ("place_of_service", "authorization"),
    "diagnoses",
    ("service_from", "service_to", "submitted_on"),
    ("charge", "expected", "allowed"),
]
STANDING = [
    ("status", "denial_category", "at_intake"),
    ("first_decision", "first_decided_on", "decided_on", "paid_on"),
    ("paid", "adjusted", "written_off", "patient_share", "balance"),
    ("source", "place", "received_at"),
]
FROM_ELSEWHERE = [name for row in STANDING for name in row]


class LineInline(admin.StackedInline):
    model = ClaimLine
    verbose_name = "line"
    verbose_name_plural = "lines"
    form = LineForm
    formset = LineFormSet
    extra = 0
    formfield_overrides = FIELD_RULES
    readonly_fields = ["number", "net_fee"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("number", "service_date", "procedure", "modifiers", "revenue_code", "units"),
                    ("quadrant", "tooth", "npi", "reference"),
                    ("charge", "provider_fees", "allowed_fees", "coinsurance", "copay", "net_fee"),
                ]
            },
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClaimLine]:
        return super().get_queryset(request).select_related("provider")


@admin.register(Claim)
class ClaimAdmin(ClaimActions, ChoosingAdmin, BigListAdmin, AuditedAdmin):
    form = ClaimForm
    inlines = [LineInline]
    formfield_overrides = FIELD_RULES
    list_display = [
        "known_as",
        "control_number",
        "payer",
        "department",
        "status",
        "charged",
        "open_balance",
        "submitted_on",
    ]
    list_select_related = ["payer", "department"]
    list_filter = ["status", "kind", "department", PayerFilter, SubmittedFilter]
    sortable_by = ["known_as", "submitted_on"]
    search_fields = ["number"]
    search_help_text = "Our number, the sender's control number or the payer's number, exactly as it is."
    autocomplete_fields = ["payer", "provider", "assignee"]
    raw_id_fields = ["patient", "original"]

    def has_delete_permission(self, request: HttpRequest, obj: Claim | None = None) -> bool:
        """A claim is voided, never deleted: payments and the audit trail speak of it."""
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A claim's form is no place to delete a department or a payer."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_delete_related = False
        return field

    # The list --------------------------------------------------------------------------------------

    @admin.display(description="claim", ordering="number")
    def known_as(self, claim: Claim) -> str:
        return str(claim)

    @admin.display(description="charge")
    def charged(self, claim: Claim) -> SafeString:
        return _amount(claim.charge)

    @admin.display(description="balance")
    def open_balance(self, claim: Claim) -> SafeString:
        return _amount(claim.balance)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Claim]:
        return super().get_queryset(request).visible_to(person(request))  # type: ignore[attr-defined]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Claim], search_term: str
    ) -> tuple[QuerySet[Claim], bool]:
        """One index after the other: a search for parts of numbers would read every claim."""
        term = search_term.strip()
        if not term:
            return queryset, False
        # Each says again what its partial index leaves out, or SQLite would not use it.
        ways = [Q(**{field: term}) & ~Q(**{field: ""}) for field in ("control_number", "payer_claim_number")]
        ours = term.upper().removeprefix("C-")
        if ours.isascii() and ours.isdigit() and len(ours) <= 18:
            ways.append(Q(number=int(ours)))
        rows = [Claim.objects.filter(way).order_by().values_list("pk", flat=True) for way in ways]
        found = {key for keys in rows for key in keys[:MOST_FOUND]}
        return queryset.filter(pk__in=found), False

    # One claim -------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Claim | None = None) -> Any:
        above = [] if obj is None else [("As it stands", {"fields": STANDING})]
        return [
            ("Numbers", {"fields": [tuple(NUMBERS)]}),
            *above,
            ("Parties", {"fields": PARTIES}),
            ("What is billed", {"fields": BILLED}),
            ("This change", {"fields": ["note", "seen"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Claim | None = None) -> Any:
        """What answers and actions give a claim, and how files know it. Rebills come in by file or API."""
        if obj is None:
            return ["frequency", "original", "original_number"]
        of_rebills = [] if obj.is_rebill else ["original", "original_number"]
        return [*NUMBERS, *FROM_ELSEWHERE, "frequency", *of_rebills]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Claim | None:
        """The claim asked for; each look at one, also a vain one, is audited."""
        claim = super().get_object(request, object_id, from_field)
        if request.method in ("GET", "HEAD"):
            outcome = "done" if claim else "failed"
            audit.record(request.user, "claim.read", claim, request=request, outcome=outcome)
        return claim

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Claim, inline: Any, prefix: str
    ) -> dict[str, Any]:
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        page, _ = _lines_page(request, obj)
        here = kwargs["queryset"].filter(claim=obj).order_by("number")
        first = (page - 1) * LINES_A_PAGE
        shown = list(here.values_list("pk", flat=True)[first : first + LINES_A_PAGE])
        return kwargs | {"queryset": kwargs["queryset"].filter(pk__in=shown)}

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What was fine when the form was checked can be too late by the time it is written."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ClaimError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Claim, form: Any, change: bool) -> None:
        """A claim is written together with its lines, in `save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        kept, removed = [], []
        for formset in formsets:
            kept += formset.save(commit=False)
            removed += formset.deleted_objects
        lines = corrections.Lines(kept, removed)
        by = Change(person(request), request, form.cleaned_data["note"])
        if change:
            seen = form.cleaned_data["seen"]
            corrections.correct(claim=form.instance, wanted=form.wanted(), lines=lines, seen=seen, change=by)
        else:
            corrections.enter(claim=form.instance, lines=lines, change=by)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        claim = context["original"]
        if claim is not None:
            page, pages = _lines_page(request, claim)
            context |= history_of(claim) | {"lines_page": page, "lines_pages": range(1, pages + 1)}
        return super().render_change_form(request, context, *args, **kwargs)


def history_of(claim: Claim) -> dict[str, Any]:
    """What happened to a claim and who looked at it, newest first."""
    entries = AuditEntry.objects.filter(subject_type="claims.claim", subject_id=str(claim.pk))
    payments = claim.payments.select_related("remittance").prefetch_related("adjustments")
    return {
        "events": claim.events.select_related("actor").order_by("-at", "-id")[:SHOWN_OF_HISTORY],
        "payments": payments.order_by("-id")[:SHOWN_OF_HISTORY],
        "told": claim.messages.order_by("-id")[:SHOWN_OF_HISTORY],
        "audit_entries": entries.order_by("-id")[:SHOWN_OF_HISTORY],
    }


def _lines_page(request: HttpRequest, claim: Claim) -> tuple[int, int]:
    """Which page of a claim's lines is asked for, and how many there are."""
    pages = max(-(-ClaimLine.objects.filter(claim=claim).count() // LINES_A_PAGE), 1)
    asked = request.GET.get("lines", "")
    page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return min(max(page, 1), pages), pages


def _amount(value: Any) -> SafeString:
    return format_html('<span class="amount">{}</span>', money(value))
