"""Pages about appeals: filing one, what came of it, and all of them with how many were won."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import allow, person
from accounts.forms import DayField
from accounts.models import Department, User
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, money_brief, percent, unbroken

from .. import appeals as appealing
from ..appeal_letters import letter_of
from ..appeal_words import argument_for, facts_of, reasons_of
from ..changes import Change, ClaimError
from ..deadlines import APPEAL, deadlines_of
from ..models import Appeal, Claim, Payer
from ..models.appeals import LEVELS
from .appeals_of import AnswerAppeal, shown
from .claims import MOST_SORTED, amount, at_most, visible_claim
from .filters import Filter
from .tasks import WORK, refuse
from .worth import way_to

VIEW = "claims.view_claim"
YEAR = timedelta(days=365)
FEW = 20  # appeals decided, below which a share says little
SOON = (7, 14, 30)  # days
Outcome = Appeal.Outcome


class FileAppeal(forms.Form):
    method = forms.ChoiceField(label="Sent by", choices=[("", "Choose one"), *Appeal.Method.choices])
    due_on = DayField(label="Answer expected by")
    reason = forms.CharField(
        label="What the appeal says",
        max_length=appealing.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="Filled in from the claim: change whatever does not fit.",
    )

    def clean_due_on(self) -> date:
        due_on = self.cleaned_data["due_on"]
        if due_on <= timezone.localdate():
            raise ValidationError("Payers take some days: choose a later one.")
        return due_on


# Filing ----------------------------------------------------------------------------------------------


@allow(WORK)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """File an appeal against a claim's denial, with everything at hand that it has to answer."""
    user = person(request)
    if user.phi_masked:
        refuse(request, "appeal.filed", asked_for=str(pk))
    claim = visible_claim(request, pk)
    level = appealing.level_to_file(claim)
    if claim.status != Claim.Status.DENIED or level is None:
        why = (
            "All levels have been tried." if level is None else "Only a claim that is denied can be appealed."
        )
        messages.info(request, why)
        return back_to(request, claim.pk)
    facts, today = facts_of(claim), timezone.localdate()
    first = {
        "due_on": today + timedelta(days=settings.APPEAL_ANSWER_DAYS),
        "reason": argument_for(claim, facts),
    }
    form = FileAppeal(request.POST if request.method == "POST" else None, initial=first)
    if form.is_bound and form.is_valid():
        try:
            filing = appealing.Filing(**form.cleaned_data)
            filed = appealing.file(claim=claim, filing=filing, change=Change(user, request))
        except ClaimError as wrong:
            messages.error(request, str(wrong))
        else:
            answer = f"its answer is expected by {day(filed.due_on)}"
            messages.success(request, f"The appeal of level {filed.level} is filed; {answer}.")
        return back_to(request, claim.pk)
    page = {
        "title": f"Why should claim {claim} be paid?",
        "claim": claim,
        "facts": facts,
        "level": level,
        "levels": LEVELS,
        "deadline": next((each for each in deadlines_of(claim, today) if each.limit == APPEAL), None),
        "reasons": reasons_of(claim),
        "earlier": shown(claim.appeals.select_related("filed_by"), user),
        "form": form,
        "back": way_to(request, claim.pk),
    }
    return render(request, "claims/appeal.html", page)


def back_to(request: HttpRequest, claim: uuid.UUID) -> HttpResponse:
    return redirect(way_to(request, claim, "#appeals"))


# Its letter ------------------------------------------------------------------------------------------


@allow(WORK)
@never_cache
@require_safe
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter as a file to be saved and sent; that it was taken out is written down before."""
    user = person(request)
    found = visible_appeal(request, pk, "appeal.letter_read")
    if user.phi_masked or not found.reason:
        refuse(request, "appeal.letter_read", asked_for=pk)
    content = letter_of(found, user)
    audit.record(user, "appeal.letter_read", found, request=request, claim=str(found.claim_id))
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="appeal-{found.claim}-{found.level}.pdf"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )


# What came of it -------------------------------------------------------------------------------------


@allow(WORK)
@require_POST
def answer_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the payer answered, or take the appeal back."""
    found = visible_appeal(request, pk, "appeal.decided")
    form, change = AnswerAppeal(found, request.POST), Change(person(request), request)
    if not form.is_valid():
        wrong = [str(each) for errors in form.errors.values() for each in errors]
        messages.error(request, f"Nothing was changed. {' '.join(wrong)}")
        return back_to(request, found.claim_id)
    try:
        ended = end(found, form.cleaned_data["outcome"], form.cleaned_data["decided_on"], change)
    except ClaimError as why:
        messages.error(request, f"Nothing was changed. {why}")
    else:
        messages.success(request, f"The appeal stands as: {ended.get_outcome_display().lower()}.")
    return back_to(request, found.claim_id)


def end(found: Appeal, outcome: str, on: date | None, change: Change) -> Appeal:
    if outcome == Outcome.WITHDRAWN:
        return appealing.withdraw(appeal=found, change=change)
    to = Claim.Status.PAID if outcome == Outcome.OVERTURNED else Claim.Status.DENIED
    return appealing.decide(appeal=found, to=to, change=change, on=on)


def visible_appeal(request: HttpRequest, pk: int, action: str) -> Appeal:
    visible = Appeal.objects.visible_to(person(request)).select_related("claim__payer", "filed_by")
    return visible.filter(pk=pk).first() or refuse(request, action, asked_for=pk)


# All of them -----------------------------------------------------------------------------------------


def answer_due(asked: str) -> Q:
    today = timezone.localdate()
    if asked == "late":
        return Q(outcome=Outcome.WAITING, due_on__lt=today)
    return Q(outcome=Outcome.WAITING, due_on__gte=today, due_on__lte=today + timedelta(days=int(asked)))


OUTCOMES: dict[str, Q] = {"any": Q(), "won": Q(outcome__in=Appeal.WON)}


class AppealFilter(Filter):
    outcome = forms.ChoiceField(
        required=False, choices=[("", "Waiting"), *Outcome.choices[1:], ("won", "All won"), ("any", "Any")]
    )
    level = forms.ChoiceField(
        required=False, choices=[("", "Any"), *((str(each), str(each)) for each in range(1, LEVELS + 1))]
    )
    due = forms.ChoiceField(
        required=False,
        label="Answer due",
        choices=[
            ("", "Any time"),
            ("late", "Overdue"),
            *((str(each), f"Within {each} days") for each in SOON),
        ],
    )
    payer = forms.ModelChoiceField(Payer.objects.all(), required=False, empty_label="Any")
    category = forms.ChoiceField(
        required=False, label="Denied for", choices=[("", "Anything"), *Claim.Category.choices[1:]]
    )
    department = forms.ModelChoiceField(Department.objects.none(), required=False, empty_label="Any")

    lookups: ClassVar = {
        "outcome": lambda outcome: OUTCOMES.get(outcome, Q(outcome=outcome)),
        "level": lambda level: Q(level=level),
        "due": answer_due,
        "payer": lambda payer: Q(claim__payer=payer),
        "category": lambda category: Q(category=category),
        "department": lambda department: Q(claim__department=department),
    }

    def __init__(self, asked: Any, user: User) -> None:
        super().__init__(asked)
        self.fields["department"].queryset = Department.objects.visible_to(user)  # type: ignore[attr-defined]

    def clean_outcome(self) -> str:
        return self.cleaned_data["outcome"] or Outcome.WAITING

    def _words(self, name: str, value: Any) -> str:
        return "Waiting" if value == Outcome.WAITING else super()._words(name, value)


def columns(today: date, *, only_waiting: bool) -> list[Column]:
    shown = [
        Column("claim", "Claim", lambda each: str(each.claim)),
        Column("payer", "Payer", lambda each: each.claim.payer.name if each.claim.payer else NOTHING),
        Column(
            "category", "Denied for", lambda each: each.get_category_display() if each.category else NOTHING
        ),
        Column("level", "Level", lambda each: str(each.level), numeric=True),
        Column("filed", "Filed", lambda each: unbroken(day(each.filed_on)), sort="filed_on"),
        Column("by", "By", lambda each: each.filed_by.name if each.filed_by else NOTHING),
        Column("method", "Sent by", lambda each: each.get_method_display() if each.method else NOTHING),
        Column("due", "Answer due", lambda each: due_cell(each, today), sort="due_on"),
    ]
    if only_waiting:
        return [*shown, Column("balance", "Open", lambda each: amount(each.claim.balance), numeric=True)]
    return [
        *shown[:-2],
        Column("outcome", "Outcome", lambda each: Cell(each.get_outcome_display(), badge=each.outcome)),
        Column("decided", "Decided", lambda each: unbroken(day(each.decided_on))),
        Column("won", "Won", lambda each: amount(each.overturned), numeric=True),
    ]


def due_cell(each: Appeal, today: date) -> Cell:
    late = (today - each.due_on).days
    is_late = each.is_overdue(today)
    return Cell(
        unbroken(day(each.due_on)),
        title=f"{late} day{'s' if late != 1 else ''} late" if is_late else "",
        tone="bad" if is_late else "",
    )


@allow(VIEW)
@never_cache
@require_safe
def appeals(request: HttpRequest) -> HttpResponse:
    """Those that wait, the longest first; and how often each payer gives in, for what."""
    user, today = person(request), timezone.localdate()
    form = AppealFilter(request.GET, user)
    visible = Appeal.objects.visible_to(user)
    found = form.narrow(visible)
    count = found.order_by()[: MOST_SORTED + 1].count()
    table = Table(
        request,
        found.select_related("claim__payer", "filed_by"),
        columns(today, only_waiting=not form.is_valid() or form.cleaned_data["outcome"] == Outcome.WAITING),
        default_sort="filed",
        link=lambda each: f"{reverse('claim', args=[each.claim_id])}#appeals",
        caption=f"{at_most(count).capitalize()} appeal{'s' if count != 1 else ''}",
        export_url=f"{reverse('take_out', args=['appeals'])}?{request.GET.urlencode()}",
        empty_title="No appeals here",
        empty_text="An appeal stands here from the day on which it is filed, on the page of its claim.",
    )
    audit.record(user, "appeals.read", request=request, rows=len(table.rows))
    page = {
        "title": "Which appeals wait, and which are worth it?",
        "form": form,
        "words": form.in_words(),
        "table": table,
        "rates": rates_table(request, rates(visible, today)),
        "few": FEW,
    }
    return render(request, "claims/appeals.html", page)


# How many are won ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rate:
    """Of a payer's decided appeals against denials of a kind, those that were won."""

    payer: str
    category: str
    decided: int
    won: int
    dollars: Decimal

    @property
    def share(self) -> Decimal | None:
        return Decimal(self.won) / self.decided if self.decided >= FEW else None


def rates(found: QuerySet[Appeal], today: date) -> list[Rate]:
    """Over a year, most decided first."""
    decided = found.decided().filter(decided_on__gt=today - YEAR)  # type: ignore[attr-defined]
    rows = decided.order_by().values_list("claim__payer__name", "category")
    sums = rows.annotate(
        decided=Count("pk"), won=Count("pk", filter=Q(outcome__in=Appeal.WON)), dollars=Sum("overturned")
    )
    labels = dict(Claim.Category.choices)
    return sorted(
        (
            Rate(
                payer or NOTHING, labels[category] if category else "Not known", n, won, dollars or Decimal(0)
            )
            for payer, category, n, won, dollars in sums
        ),
        key=lambda rate: (-rate.decided, rate.payer, rate.category),
    )


def rates_table(request: HttpRequest, found: list[Rate]) -> Table:
    return Table(
        request,
        found,
        [
            Column("payer", "Payer", lambda rate: rate.payer, sort="payer"),
            Column("category", "Denied for", lambda rate: rate.category, sort="category"),
            Column(
                "decided",
                "Decided",
                lambda rate: f"{rate.decided:,}",
                numeric=True,
                sort="decided",
                value=lambda rate: rate.decided,
            ),
            Column("share", "Won", shown_share, numeric=True, sort="share", value=lambda rate: rate.share),
            Column(
                "dollars",
                "Brought",
                lambda rate: money_brief(rate.dollars),
                numeric=True,
                sort="dollars",
                value=lambda rate: rate.dollars,
            ),
        ],
        key="rates",
        caption="Won in a year, of those decided",
        empty_title="No appeal was decided within a year",
        empty_text="How often each payer gives in stands here as soon as some have answered.",
    )


def shown_share(rate: Rate) -> Cell:
    if rate.share is None:
        return Cell("too few", title=f"{rate.won} of {rate.decided}", numeric=True)
    return Cell(percent(rate.share), title=f"{rate.won} of {rate.decided}", numeric=True, share=rate.share)
