"""Pages about what payers paid: remittances with their proof, and payments that wait for their claim."""

from __future__ import annotations

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.models import User
from rcm_site.tables import Cell, Column, Table
from rcm_site.tabs import Tab
from rcm_site.templatetags.ui import NOTHING, day, money, number, unbroken

from ..models import ClaimPayment, Import, ProviderAdjustment, Remittance, ServicePayment
from .balance import adjusted, badge_of, payers_answer, proof
from .claims import amount, asked_source
from .filters import RemittanceFilter
from .places import import_url, in_file, place_heading, remittance_name

VIEW = "claims.view_remittance"


def tabs(current: str) -> list[Tab]:
    return [
        Tab(label, reverse(name), name == current)
        for label, name in (("Remittances", "remittances"), ("Unmatched payments", "unmatched_payments"))
    ]


# Remittances ---------------------------------------------------------------------------------------

COLUMNS = [
    Column("trace", "Trace number", remittance_name),
    Column("payer", "Payer", lambda each: payer_of(each)),
    Column("paid_on", "Paid on", lambda each: unbroken(day(each.paid_on)), sort="paid_on"),
    Column("method", "Method", lambda each: each.method_in_words or NOTHING),
    Column("claims", "Claims", lambda each: number(each.claims_seen or 0), numeric=True),
    Column("amount", "Amount", lambda each: amount(each.amount), numeric=True, sort="amount"),
    Column("balance", "Balance", badge_of),
]


def payer_of(remittance: Remittance) -> str:
    return remittance.payer.name if remittance.payer else remittance.payer_name or NOTHING


@allow(VIEW)
@never_cache
@require_safe
def remittances(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = RemittanceFilter(request.GET)
    is_narrowed = any(request.GET.values())
    may_send = may(user, "claims.add_import") and not is_narrowed
    table = Table(
        request,
        form.narrow(with_claims_seen(Remittance.objects.visible_to(user), user).select_related("payer")),
        COLUMNS,
        export_url=f"{reverse('take_out', args=['remittances'])}?{request.GET.urlencode()}",
        link=lambda each: reverse("remittance", args=[each.pk]),
        caption="Remittances, newest first",
        empty_title="No remittances match" if is_narrowed else "No remittances yet",
        empty_text="Widen the dates or empty a filter."
        if is_narrowed
        else "They come in with a payer's 835 file.",
        empty_url=reverse("upload") if may_send else "",
        empty_action="Import a file",
    )
    return render(
        request,
        "claims/remittances.html",
        {
            "title": "What did payers pay?",
            "tabs": tabs("remittances"),
            "form": form,
            "words": form.in_words(),
            "table": table,
            "source": asked_source(form, user),
        },
    )


def with_claims_seen(rows: QuerySet[Remittance], user: User) -> QuerySet[Remittance]:
    """How many claims of a remittance are this person's to see, counted for the rows of one page only."""
    seen = ClaimPayment.objects.visible_to(user).filter(remittance=OuterRef("pk")).order_by()
    return rows.annotate(
        claims_seen=Subquery(seen.values("remittance").annotate(count=Count("pk")).values("count"))
    )


@allow(VIEW)
@never_cache
@require_safe
def remittance(request: HttpRequest, pk: int) -> HttpResponse:
    """One remittance: whether it adds up, and its payments claim by claim."""
    user = person(request)
    found = Remittance.objects.visible_to(user).select_related("payer", "source").filter(pk=pk).first()
    audit.record(
        user, "remittance.read", found, request=request, outcome="done" if found else "failed", asked_for=pk
    )
    if found is None:
        raise Http404
    source_url = import_url(found.source, user)
    made = None if found.claims_paid is None else found.claims_paid - found.provider_adjusted
    return render(
        request,
        "claims/remittance.html",
        {
            "title": "Does this remittance add up?",
            "remittance": found,
            "name": remittance_name(found),
            "payer": payer_of(found),
            "state": badge_of(found),
            "proof": proof(found),
            "made": made,
            "origin": in_file(found.source, found.place, source_url),
            "is_all": user.sees_everything,
            "table": payments_table(request, found, user),
            "show_tabs": show_tabs(request),
            "provider_adjustments": provider_table(request, found, may_see_reference=bool(source_url)),
        },
    )


SHOWN = {
    "": ("All", Q()),
    "waiting": ("To look at", Q(state__in=(ClaimPayment.State.UNMATCHED, ClaimPayment.State.HELD))),
    "off": ("Not adding up", Q(imbalance__gt=0) | Q(imbalance__lt=0)),
}


def show_tabs(request: HttpRequest) -> list[Tab]:
    asked = request.GET.get("show", "")
    return [
        Tab(label, f"?show={key}" if key else request.path, key == asked) for key, (label, _) in SHOWN.items()
    ]


def payments_table(request: HttpRequest, found: Remittance, user: User) -> Table:
    _, narrowed = SHOWN.get(request.GET.get("show", ""), SHOWN[""])
    visible = ClaimPayment.objects.visible_to(user).filter(narrowed, remittance=found)
    return Table(
        request,
        visible.select_related("claim", "source").order_by("id"),
        payment_columns(found.source),
        link=lambda each: reverse("claim_payment", args=[each.pk]),
        caption="Claim payments in the order of the file",
        empty_title="None of them here",
        empty_text="Every claim payment that you see is under “All”.",
    )


def payment_columns(source: Import) -> list[Column]:
    return [
        Column("control", "Control number", lambda each: each.control_number or f"Payment {each.pk}"),
        Column("claim", "Claim", claim_cell),
        Column("answer", "Payer's answer", payers_answer),
        Column("charge", "Charge", lambda each: amount(each.charge), numeric=True),
        Column("adjusted", "Adjusted", lambda each: amount(adjusted(each)), numeric=True),
        Column("paid", "Paid", lambda each: amount(each.paid), numeric=True),
        Column("share", "Patient's share", lambda each: amount(each.patient_share), numeric=True),
        Column("balance", "Balance", imbalance_cell),
        Column("place", place_heading(source), lambda each: number(each.place or None), numeric=True),
    ]


def claim_cell(payment: ClaimPayment) -> Cell:
    """The claim that a payment went to, or why it went to none."""
    if payment.state == ClaimPayment.State.POSTED and payment.claim:
        return Cell(str(payment.claim), url=reverse("claim", args=[payment.claim_id]))
    return Cell(payment.get_state_display(), badge=payment.state, title=payment.reason)


def imbalance_cell(payment: ClaimPayment | ServicePayment) -> Cell:
    if not payment.imbalance:
        return Cell("Balanced", badge="balanced")
    return Cell(f"Differs by {money(abs(payment.imbalance))}", badge="unbalanced")


# Some of PLB's reasons, in our own words.
PROVIDER_REASONS = {
    "50": "Late charge",
    "51": "Interest penalty",
    "72": "Refund authorised",
    "90": "Early payment allowance",
    "AM": "Applied to an amount borrowed",
    "AP": "Advance payment",
    "B2": "Rebate",
    "B3": "Recovery allowance",
    "BD": "Bad debt",
    "CS": "Adjustment",
    "CT": "Capitation interest",
    "CV": "Capital passed through",
    "FB": "Balance carried forward",
    "FC": "Allocation of funds",
    "IP": "Incentive payment",
    "IR": "Withheld for taxes",
    "J1": "Not reimbursable",
    "L6": "Interest owed",
    "LE": "Levy",
    "LS": "Lump sum",
    "PI": "Periodic interim payment",
    "PL": "Payment made before",
    "RA": "Retroactive adjustment",
    "SL": "Student loan repayment",
    "TL": "Third-party liability",
    "WO": "Overpayment taken back",
    "WU": "Unspecified recovery",
}


def provider_table(request: HttpRequest, found: Remittance, *, may_see_reference: bool) -> Table | None:
    """What the payer takes or gives outside any claim. References name other departments' claims at times."""
    rows = ProviderAdjustment.objects.filter(remittance=found)
    if not found.provider_adjusted and not rows.exists():
        return None
    columns = [
        Column("reason", "Reason", lambda each: provider_reason(each)),
        Column(
            "reference", "Reference", lambda each: (each.reference if may_see_reference else "") or NOTHING
        ),
        Column("provider", "Provider", lambda each: each.provider or NOTHING),
        Column("amount", "Taken off", lambda each: amount(each.amount), numeric=True),
        Column("place", place_heading(found.source), lambda each: number(each.place), numeric=True),
    ]
    return Table(
        request,
        rows.order_by("id"),
        columns,
        caption="Outside any claim",
        totals=[Cell("All"), Cell(""), Cell(""), amount(found.provider_adjusted), Cell("")],
    )


def provider_reason(adjustment: ProviderAdjustment) -> str:
    words = PROVIDER_REASONS.get(adjustment.reason.partition(":")[0])
    return f"{adjustment.reason} {words}" if words else adjustment.reason or NOTHING
