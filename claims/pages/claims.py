"""Pages about claims: the list that people work from, and one claim with its account and its history."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.models import User
from rcm_site.tables import SIZES, Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, money, money_brief, unbroken

from .. import changes
from ..answers import denials
from ..deadlines import deadline_of
from ..models import Adjustment, Claim, ClaimEvent, ClaimLine, ClaimPayment, Import, Patient, ServicePayment
from .appeals_of import appeals_of
from .attachments import attachments_of
from .balance import payers_answer
from .filters import ClaimFilter
from .forms import AssignClaims
from .masking import MASKED, patient_shown
from .places import in_file, visible_files
from .statement import Account, who
from .step_forms import steps_of
from .tags_of import tags_of
from .tasks import tasks_of
from .worth import work_of, worked_list

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# More claims are not put in order of amounts: no index has them, and a page has to come at once.
MOST_SORTED = 10_000
LISTED = ("patient", "payer", "department", "assignee")  # what a row of the list looks up
# Of what hangs on one claim: more is nobody's reading, and a page has to come at once.
MOST_SHOWN = 200


def amount(value: Decimal | None) -> Cell:
    """An amount in a table: exact where the pointer rests."""
    return Cell(money_brief(value), title=money(value) if value is not None else "", numeric=True)


def list_columns(user: User) -> list[Column]:
    return [
        Column("number", "Claim", str, sort="number"),
        Column("control", "Control no.", lambda claim: claim.control_number or NOTHING),
        Column("patient", "Patient", lambda claim: patient_shown(claim.patient, user)),
        Column("payer", "Payer", lambda claim: claim.payer.name if claim.payer else NOTHING),
        Column(
            "department", "Department", lambda claim: claim.department.name if claim.department else NOTHING
        ),
        Column("status", "Status", lambda claim: Cell(claim.get_status_display(), badge=claim.status)),
        Column("assignee", "Assigned to", lambda claim: claim.assignee.name if claim.assignee else NOTHING),
        Column(
            "submitted", "Submitted", lambda claim: unbroken(day(claim.submitted_on)), sort="submitted_on"
        ),
        Column("charge", "Charge", lambda claim: amount(claim.charge), numeric=True, sort="charge"),
        Column("balance", "Balance", lambda claim: amount(claim.balance), numeric=True, sort="balance"),
    ]


def sortable(columns: list[Column], count: int) -> list[Column]:
    """The columns as so many claims can be sorted by them."""
    if count <= MOST_SORTED:
        return columns
    return [replace(each, sort="") if each.name in ("charge", "balance") else each for each in columns]


def at_most(count: int) -> str:
    """A count that was given up where it was enough to know that there are many."""
    return f"{count:,}" if count <= MOST_SORTED else f"over {MOST_SORTED:,}"


@allow("claims.view_claim")
@never_cache
@require_safe
def claims(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = ClaimFilter(request.GET, user)
    found = form.narrow(Claim.objects.visible_to(user))
    count = found.order_by()[: MOST_SORTED + 1].count()
    counted = f"{at_most(count).capitalize()} {'claim' if count == 1 else 'claims'}"
    may_send = may(user, "claims.add_import")
    may_change = may(user, "claims.change_claim")
    table = Table(
        request,
        found.select_related(*LISTED),
        sortable(list_columns(user), count),
        default_sort="-number",
        picks="assign" if may_change else "",
        export_url=f"{reverse('take_out', args=['claims'])}?{request.GET.urlencode()}",
        link=lambda claim: reverse("claim", args=[claim.pk]),
        caption=f"{counted}, newest first" if not request.GET.get("sort") else counted,
        empty_title="No claims match" if any(request.GET.values()) else "No claims yet",
        empty_text="Widen the dates or empty a filter."
        if any(request.GET.values())
        else "Claims stand here as soon as a file with them has come in.",
        empty_url=reverse("upload") if may_send and not any(request.GET.values()) else "",
        empty_action="Import a file",
    )
    audit.record(user, "claims.read", request=request, rows=len(table.rows))
    return render(
        request,
        "claims/claims.html",
        {
            "title": "Where do our claims stand?",
            "form": form,
            "words": form.in_words(),
            "table": table,
            "source": asked_source(form, user),
            "assign": AssignClaims(user) if may_change else None,
            **(
                {
                    "action_url": reverse("patients"),
                    "action_label": "Find by patient",
                    "action_icon": "search",
                }
                if may(user, "claims.assess_patients")
                else {}
            ),
        },
    )


def asked_source(form: Any, user: User) -> Import | None:
    """The file to which a list is narrowed, where this person may know of it."""
    source = form.cleaned_data.get("source") if form.is_valid() else None
    return Import.objects.visible_to(user).filter(pk=source).first() if source else None


# Many at once --------------------------------------------------------------------------------------


@allow("claims.change_claim")
@require_POST
def assign_claims(request: HttpRequest) -> HttpResponse:
    """Give the claims that were picked on the list to one person, or to nobody: all of them or none."""
    worklist = worked_list(request)
    list_url = reverse("worklist", args=[worklist.pk]) if worklist else reverse("claims")
    back = redirect(f"{list_url}?{request.POST.get('back', '').lstrip('?')}")
    form = AssignClaims(person(request), request.POST)
    picked = picked_claims(request)
    if not picked or not form.is_valid():
        messages.error(
            request, "Pick claims, and say to whom they go." if not picked else "Say to whom they go."
        )
        return back
    change, to = changes.Change(person(request), request), form.cleaned_data["assignee"]
    try:
        moved = changes.reassign(claims=picked, assignee=to, change=change)
    except changes.ClaimError as wrong:
        messages.error(request, f"Nothing was changed. {wrong}")
        return back
    words = "1 claim" if moved == 1 else f"{moved:,} claims"
    messages.success(request, f"{words} went to {to.name if to else 'nobody'}.")
    return back


def picked_claims(request: HttpRequest) -> list[Claim]:
    """Those of a page, as far as this person sees them all; a try at others is audited, and finds nothing."""
    user = person(request)
    ids = set(request.POST.getlist("row"))
    if len(ids) > max(SIZES) or not all(UUID.fullmatch(each) for each in ids):
        raise Http404
    found = list(Claim.objects.visible_to(user).filter(pk__in=ids).order_by("number"))
    if len(found) < len(ids):
        audit.record(user, "claim.changed", request=request, outcome="failed", what="assigned", rows=len(ids))
        raise Http404
    return found


# One claim -----------------------------------------------------------------------------------------


@allow("claims.view_claim")
@never_cache
@require_safe
def claim(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return claim_page(request, visible_claim(request, pk))


def claim_page(
    request: HttpRequest, found: Claim, wrong: tuple[str, Form] | None = None, status: int = 200
) -> HttpResponse:
    """Who and when, its account, its lines, the payers' answers, all that happened to it, and what to do."""
    user = person(request)
    payments = list(payments_of(found))
    adjustments = adjustments_of(payments)
    events = list(events_of(found))
    files = visible_files([found, *payments, *events], user)
    account = Account(found, payments, adjustments, events, user, files)
    sums = sums_of_lines(found)
    return render(
        request,
        "claims/claim.html",
        {
            "title": f"Where does claim {found} stand?",
            "claim": found,
            "patient": patient_shown(found.patient, user),
            "may_open_patient": may_open_patient(found, user),
            "birth_date": birth_date(found, user),
            "member": member(found, user),
            "account": account.entries(),
            "deadline": deadline_of(found, timezone.localdate()),
            "at_work": work_of(request, found, wrong),
            "steps": steps_of(request, found, wrong),
            "expectations": account.expectations(),
            "net_fee": sums["net_fee"],
            "lines": lines_table(request, found, payments, sums),
            "payments": [shown_payment(account, each) for each in payments],
            "adjustments": [shown_adjustment(account, each) for each in adjustments],
            "events": [shown_event(each, user, files) for each in events],
            "most": MOST_SHOWN,
            "tags": tags_of(found, user),
            "tasks": tasks_of(found, user),
            "attachments": attachments_of(found, user),
            "appeals": appeals_of(found, user),
            "rebills": Claim.objects.visible_to(user).filter(original=found),
            "original": Claim.objects.visible_to(user).filter(pk=found.original_id).first()
            if found.original_id
            else None,
        },
        status=status,
    )


def visible_claim(request: HttpRequest, pk: uuid.UUID) -> Claim:
    """The claim asked for, if this person may see it; each look, also a vain one, is audited."""
    user = person(request)
    # Joined to more tables, the statement takes longer to plan than to read what else is needed.
    related = ("payer", "provider", "patient", "department", "assignee")
    found = Claim.objects.visible_to(user).select_related(*related).filter(pk=pk).first()
    outcome = "done" if found else "failed"
    details = {} if found else {"asked_for": str(pk)}
    audit.record(user, "claim.read", found, request=request, outcome=outcome, **details)
    if found is None:
        raise Http404
    return found


def payments_of(found: Claim) -> QuerySet[ClaimPayment]:
    return found.payments.select_related("remittance", "source", "pay_back__asked_by").order_by("-id")[
        :MOST_SHOWN
    ]


def adjustments_of(payments: list[ClaimPayment]) -> list[Adjustment]:
    """They stand in payers’ answers alone, which are read already."""
    if not payments:
        return []
    answers = {each.pk: each for each in payments}
    found = list(Adjustment.objects.filter(payment__in=answers).select_related("service__line")[:MOST_SHOWN])
    for each in found:
        each.payment = answers[each.payment_id]
    return found


def events_of(found: Claim) -> QuerySet[ClaimEvent]:
    return found.events.select_related("actor", "source", "rule").order_by("-at", "-id")[:MOST_SHOWN]


def may_open_patient(found: Claim, user: User) -> bool:
    if found.patient is None or not may(user, "claims.assess_patients"):
        return False
    return Patient.objects.visible_to(user).filter(pk=found.patient.pk).exists()


def birth_date(found: Claim, user: User) -> str:
    if found.patient is None or not found.patient.birth_date:
        return ""
    return MASKED if user.phi_masked else day(found.patient.born_on)


def member(found: Claim, user: User) -> str:
    """The number under which the payer knows the patient, as the first line that names one has it."""
    line = found.lines.filter(coverage__isnull=False).select_related("coverage").order_by("number").first()
    if line is None or line.coverage is None:
        return NOTHING
    return MASKED if user.phi_masked else line.coverage.subscriber or NOTHING


def shown_payment(account: Account, payment: ClaimPayment) -> dict[str, Any]:
    return {"payment": payment, "answer": payers_answer(payment), "origin": account.origin(payment)}


def shown_adjustment(account: Account, adjustment: Adjustment) -> dict[str, Any]:
    service = adjustment.service
    line = service.line if service else None
    return {
        "adjustment": adjustment,
        "words": denials.words(adjustment.group, adjustment.reason),
        "line": f"Line {line.number}" if line else service.procedure if service else "Whole claim",
        "origin": account.origin(adjustment.payment, adjustment.place),
    }


def shown_event(event: ClaimEvent, user: User, files: dict[uuid.UUID, str]) -> dict[str, Any]:
    source = event.source
    return {
        "event": event,
        "who": f"by {who(event)}" if event.rule_id else who(event),
        "origin": in_file(source, event.place, files.get(source.pk, "")) if source else None,
        "note": MASKED if event.note and user.phi_masked else event.note,
    }


# Its lines -----------------------------------------------------------------------------------------

AMOUNTS = {
    "charge": "Charge",
    "provider_fees": "Provider fees",
    "coinsurance": "Coinsurance",
    "copay": "Copay",
    "allowed_fees": "Allowed fees",
    "net_fee": "Net fee",
}


def sums_of_lines(found: Claim) -> dict[str, Decimal | None]:
    sums = found.lines.aggregate(**{f"all_{name}": Sum(name) for name in AMOUNTS})
    return {name: sums[f"all_{name}"] for name in AMOUNTS}


def lines_table(
    request: HttpRequest, found: Claim, payments: list[ClaimPayment], totals: Mapping[str, Decimal | None]
) -> Table:
    """The lines, with only those columns of which this claim's format tells anything."""
    told = [name for name in AMOUNTS if totals[name] is not None]
    paid = paid_by_line(payments)
    columns = [*line_columns(found), *(amount_column(name) for name in told)]
    sums = [totals[name] for name in told]
    if paid:
        columns.append(
            Column("paid", "Paid", lambda line: amount(paid.get(line.pk, Decimal(0))), numeric=True)
        )
        sums.append(sum(paid.values(), Decimal(0)))
    blank = [Cell("")] * (len(columns) - len(sums) - 1)
    return Table(
        request,
        ClaimLine.objects.filter(claim=found).select_related("provider").order_by("number"),
        columns,
        caption="Lines",
        empty_title="No lines",
        empty_text="This claim came as one amount.",
        totals=[Cell("All"), *blank, *(amount(each) for each in sums)],
    )


def line_columns(found: Claim) -> list[Column]:
    columns = [
        Column("number", "Line", lambda line: str(line.number)),
        Column("service", "Service", lambda line: unbroken(day(line.service_date))),
        Column(
            "procedure", "Procedure", lambda line: f"{line.procedure} {line.modifiers}".strip() or NOTHING
        ),
    ]
    if found.kind == Claim.Kind.INSTITUTIONAL:
        columns.append(Column("revenue", "Revenue code", lambda line: line.revenue_code or NOTHING))
    if found.kind == Claim.Kind.DENTAL:
        columns.append(Column("tooth", "Tooth", lambda line: line.tooth or line.quadrant or NOTHING))
    return [
        *columns,
        Column("provider", "Provider", lambda line: str(line.provider) if line.provider else NOTHING),
    ]


def amount_column(name: str) -> Column:
    return Column(name, AMOUNTS[name], lambda line: amount(getattr(line, name)), numeric=True)


def paid_by_line(payments: list[ClaimPayment]) -> dict[int, Decimal]:
    """What was posted to each line; from the payments' side, where there is an index."""
    posted = [each.pk for each in payments if each.state == ClaimPayment.State.POSTED]
    paid: dict[int, Decimal] = defaultdict(Decimal)
    if posted:
        services = ServicePayment.objects.filter(payment__in=posted)
        for line, share in services.exclude(line=None).values_list("line", "paid"):
            paid[line] += share
    return paid
