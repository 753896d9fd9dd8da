"""Worklists on pages: all of them, one with its claims, and the rule behind it that people edit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.models import User
from rcm_site.tables import Cell, Column, Keys, Table
from rcm_site.templatetags.ui import NOTHING, day, percent, unbroken

from ..changes import Change
from ..models import Approval, Claim, ClaimEvent, ClaimPayment, OpenWork, PayBack, Worklist, WriteOff
from ..worklists import choosing, editing, ordering, pulling, sharing, standings
from ..worklists.choosing import asked_of, claims_of
from .claims import amount, at_most
from .filters import ClaimFilter
from .forms import AssignClaims, EditWorklist
from .masking import patient_shown

VIEW, EDIT, WORK = "claims.view_worklist", "claims.change_worklist", "claims.change_claim"
MOST_COUNTED = 10_000
# What a row looks up, and what of it.
LOOKED_UP = ("patient", "payer", "assignee", "work__held_by")
SHOWN = (
    *("number", "status", "patient__name", "patient__patient_id", "payer__name", "assignee__name"),
    *(f"work__{each}" for each in ("dollars", "collected", "decided", "urgency", "value", "deadline")),
    *(f"work__{each}" for each in ("pended_until", "pended_why", "closed_as", "closed_why", "held_until")),
    "work__held_by__name",
)
TO_LOOK_AT = (ClaimPayment.State.UNMATCHED, ClaimPayment.State.HELD)


def approvals_of(kind: type[Approval], user: User) -> dict[str, Any]:
    """One kind of what waits for somebody who leads, as a row under the lists."""
    return {
        "kind": kind,
        "url": reverse(kind.PAGE),
        "count": kind.objects.visible_to(user).waiting().count(),
        "may_decide": may(user, kind.APPROVE),
    }


@allow(VIEW)
@never_cache
@require_safe
def worklists(request: HttpRequest) -> HttpResponse:
    """Every list in use with what waits on it, and the payments that wait for a claim."""
    user, now = person(request), timezone.now()
    mine = Worklist.objects.visible_to(user).select_related("department")
    lists = standings.standings([each for each in mine if each.is_active], user, now)
    may_edit = may(user, EDIT)
    return render(
        request,
        "claims/worklists.html",
        {
            "title": "What do I work next?",
            "lead": "Each list stands in the order of what its claims are worth: dollars × chance × urgency.",
            "lists": lists,
            "as_of": min((each.as_of for each in lists if each.as_of), default=None),
            "out_of_use": [each for each in mine if not each.is_active],
            "approvals": [approvals_of(kind, user) for kind in (WriteOff, PayBack)],
            "unmatched": ClaimPayment.objects.visible_to(user).filter(state__in=TO_LOOK_AT).count(),
            "today": timezone.localdate(now),
            "may_edit": may_edit,
            "action_url": reverse("new_worklist") if may_edit else "",
            "action_label": "New worklist",
        },
    )


# One list ------------------------------------------------------------------------------------------


def visible_worklist(request: HttpRequest, pk: int) -> Worklist:
    user = person(request)
    found = Worklist.objects.visible_to(user).filter(pk=pk).first()
    if found is None:
        audit.record(user, "worklist.read", request=request, outcome="failed", asked_for=pk)
        raise Http404
    return found


@allow(VIEW)
@never_cache
@require_safe
def worklist(request: HttpRequest, pk: int) -> HttpResponse:
    user, now = person(request), timezone.now()
    found = visible_worklist(request, pk)
    today = timezone.localdate(now)
    claims = claims_of(found, user)
    waiting = choosing.valued(found, claims.exclude(choosing.at_rest(today)), user)
    table = table_of(request, found, waiting, ordering.InOrder(waiting, user), now)
    resting = choosing.valued(found, claims.filter(choosing.at_rest(today)), user).order_by(
        F("work__pended_until").asc(nulls_last=True), "pk"
    )
    new = list(choosing.not_valued_yet(found, claims, user)[:25])
    (standing,) = standings.standings([found], user, now)
    audit.record(user, "claims.read", request=request, rows=len(table.rows), worklist=found.pk)
    return render(
        request,
        "claims/worklist.html",
        {
            "title": found.name,
            "worklist": found,
            "standing": standing,
            "table": table,
            "resting": resting_table(request, found, resting, now),
            "new": new,
            "assign": AssignClaims(user),
            "may_edit": may(user, EDIT),
            "is_shared": choosing.is_shared(found),
        },
    )


def claim_url(worklist: Worklist, claim: Claim) -> str:
    return f"{reverse('claim', args=[claim.pk])}?list={worklist.pk}"


def table_of(
    request: HttpRequest, found: Worklist, claims: QuerySet[Claim], keys: Keys, now: datetime
) -> Table:
    return Table(
        request,
        claims,
        columns(person(request), now),
        picks="assign",
        link=lambda claim: claim_url(found, claim),
        export_url=f"{reverse('take_out', args=['claims'])}?{urlencode(asked_of(found))}",
        caption="What is worth most comes first",
        empty_title="Nothing waits here",
        empty_text="Claims come to this list by themselves, as soon as its rule fits them.",
        empty_url=reverse("worklists"),
        empty_action="All worklists",
        keys=keys,
        read=rows().annotate(touches=touches()).in_bulk,
    )


def rows() -> QuerySet[Claim]:
    return Claim.objects.select_related(*LOOKED_UP).only(*SHOWN)


def touches() -> Subquery:
    """How often somebody has done something about a claim; asked for the rows that are shown alone."""
    acts = ClaimEvent.objects.filter(claim=OuterRef("pk"), actor__isnull=False).order_by()
    return Subquery(acts.values("claim").annotate(acts=Count("pk")).values("acts"))


def resting_table(
    request: HttpRequest, found: Worklist, claims: QuerySet[Claim], now: datetime
) -> Table | None:
    table = Table(
        request,
        claims,
        [
            Column("number", "Claim", str),
            Column("until", "Back on", lambda claim: back_on(claim.work)),
            Column("why", "Why", why_at_rest),
            *columns(person(request), now)[1:4],
        ],
        key="resting",
        keys=claims.values_list("pk", flat=True),
        read=rows().in_bulk,
        link=lambda claim: claim_url(found, claim),
        caption="Put aside until a day, or closed until something changes",
    )
    return table if table.rows else None


def back_on(work: OpenWork) -> str:
    return "a change of it" if work.is_closed else unbroken(day(work.pended_until))


def why_at_rest(claim: Claim) -> str:
    work = claim.work
    return work.get_closed_why_display() if work.is_closed else work.get_pended_why_display()


def columns(user: User, now: datetime) -> list[Column]:
    return [
        Column("number", "Claim", str),
        Column("patient", "Patient", lambda claim: patient_shown(claim.patient, user)),
        Column("payer", "Payer", lambda claim: claim.payer.name if claim.payer else NOTHING),
        Column("dollars", "Dollars", lambda claim: amount(claim.work.dollars), numeric=True),
        Column("chance", "Chance", lambda claim: chance_cell(claim.work), numeric=True),
        Column("urgency", "Urgency", lambda claim: f"× {claim.work.times_urgent}", numeric=True),
        Column("value", "Worth", lambda claim: amount(claim.work.value), numeric=True),
        Column("deadline", "Deadline", lambda claim: deadline_cell(claim.work, now)),
        Column("status", "Status", lambda claim: Cell(claim.get_status_display(), badge=claim.status)),
        Column("touches", "Worked", lambda claim: times(claim.touches), numeric=True),
        Column("who", "With", lambda claim: has_it(claim, now)),
    ]


def chance_cell(work: OpenWork) -> Cell:
    title = f"{work.collected:,} of {work.decided:,} claims like it were paid" if work.decided else ""
    return Cell(percent(work.chance, 0), title=title, numeric=True)


def deadline_cell(work: OpenWork, now: datetime) -> Cell:
    if work.deadline is None:
        return Cell(NOTHING)
    left = (work.deadline - timezone.localdate(now)).days
    words = "too late" if left < 0 else "today" if left == 0 else f"{left} day{'' if left == 1 else 's'}"
    return Cell(unbroken(words), title=day(work.deadline), tone="bad" if left <= 7 else "")


def times(count: int | None) -> str:
    return f"{count}×" if count else NOTHING


def has_it(claim: Claim, now: datetime) -> str:
    if claim.work.is_held(now) and claim.work.held_by:
        return f"{claim.work.held_by.name}, now"
    return claim.assignee.name if claim.assignee else NOTHING


@allow(WORK)
@require_POST
def take_next(request: HttpRequest, pk: int) -> HttpResponse:
    """Give this person the next claim of the list, or say that there is none."""
    user, found = person(request), visible_worklist(request, pk)
    claim = pulling.next_claim(user=user, worklist=found, request=request)
    if claim is None:
        messages.info(request, f"Nothing is left on “{found.name}” that is free for you.")
        return redirect("worklist", found.pk)
    return redirect(claim_url(found, claim))


@allow(EDIT)
@require_POST
def share_out(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_worklist(request, pk)
    if not choosing.is_shared(found):
        raise PermissionDenied
    shared = sharing.share_out(worklist=found, change=Change(person(request), request))
    words = [f"{claims(shared.claims)} went to {shared.people} of its people."]
    if shared.nobodys:
        words.append(f"{claims(shared.nobodys)} are of departments that none of them sees.")
    if shared.is_rest:
        words.append("More wait: share out again.")
    (messages.success if shared.claims else messages.info)(request, " ".join(words))
    return redirect("worklist", found.pk)


def claims(count: int) -> str:
    return "1 claim" if count == 1 else f"{count:,} claims"


# The rule behind it --------------------------------------------------------------------------------


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_worklist(request: HttpRequest) -> HttpResponse:
    return edited(request, Worklist(made_by=person(request), position=100))


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_worklist(request: HttpRequest, pk: int) -> HttpResponse:
    return edited(request, visible_worklist(request, pk))


def edited(request: HttpRequest, found: Worklist) -> HttpResponse:
    """The form, with how many claims its rule finds; counted anew as it changes, and saved when asked."""
    user = person(request)
    asked = request.POST if request.method == "POST" else None
    form = EditWorklist(user, asked, instance=found)
    rule = ClaimFilter(asked if asked is not None else found.filters, user)
    if request.headers.get("HX-Request"):
        return render(request, "claims/_worklist_count.html", {"count": counted(form, rule, user)})
    if asked is not None and "save" in asked and form.is_valid() and rule.is_valid():
        editing.save(form=form, rule=rule, actor=user, request=request)
        messages.success(request, f"“{found.name}” is saved: {counted(form, rule, user)}")
        return redirect("worklists")
    return render(
        request,
        "claims/edit_worklist.html",
        {
            "title": f"Which claims are on “{found.name}”?"
            if found.pk
            else "Which claims are on the new list?",
            "form": form,
            "rule": rule,
            "rule_fields": [rule[name] for name in editing.WORDS],
            "count": counted(form, rule, user),
            "here": request.path,
        },
    )


def counted(form: EditWorklist, rule: ClaimFilter, user: User) -> str:
    if not rule.is_valid():
        return "This rule finds nothing until it is corrected."
    count = choosing.narrowed(rule, user, form.chosen_department).order_by()[: MOST_COUNTED + 1].count()
    return f"{at_most(count).capitalize()} {'claim' if count == 1 else 'claims'} now, of those that you see."
