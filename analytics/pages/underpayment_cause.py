"""One cause of underpayments: since when, on which claims, and the project that pursues it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import allow, may, person
from accounts.models import User
from claims.changes import Change, ClaimError
from claims.contracts import projects
from claims.contracts.causes import CauseKey
from claims.models import Claim, FeeSchedule, Payer, Shortfall, UnderpaymentProject
from claims.pages.filters import colleagues, named
from rcm_site.tables import Column, Table
from rcm_site.templatetags.ui import NOTHING, day, money

from ..causes import Month, by_month
from ..questions import Question
from ..scopes import NONE
from ..underpaid import Given, agreed, of_cause, reasons
from .columns import count_column, dollars_column, share_column
from .report import answer, part_url
from .underpayments import ALONE, BADGES, VIEW, Cause, State

PURSUE = "claims.change_underpaymentproject"


@allow(VIEW)
@never_cache
@require_safe
def cause(request: HttpRequest, payer: str, cause: str) -> HttpResponseBase:
    key, name = asked_for(request.GET, payer, cause)
    build = partial(one_cause, request, key)
    title = f"{name}: {key.service or 'several procedures'}"
    about = ALONE | {"payer": payer}
    return answer(request, "analytics/underpayment.html", build, title=title, about=about)


def asked_for(asked: Mapping[str, str], payer: str, cause: str) -> tuple[CauseKey, str]:
    found = Payer.objects.filter(pk=int(payer)).first() if payer.isdecimal() and len(payer) < 10 else None
    if (found is None and payer != NONE) or cause not in Shortfall.PURSUED:
        raise Http404
    procedure, modifiers = asked.get("service", "")[:20], asked.get("modifiers", "")[:40]
    if "\0" in procedure + modifiers:
        raise Http404
    key = CauseKey(found.pk if found else None, procedure, modifiers, cause)
    return key, found.name if found else "No payer"


def one_cause(request: HttpRequest, key: CauseKey, question: Question) -> dict[str, Any]:
    user = person(request)
    parts = of_cause(question, key)
    months = by_month(question.scope, question.period, key)
    short = sum((each.short for each in months), Decimal(0))
    expected = sum((each.expected for each in months), Decimal(0))
    project = projects.latest(key)
    progress = projects.progress(project, user) if project else None
    if not (progress and progress.claims):
        project = progress = None  # others', about claims of theirs
    return {
        "cause": Cause(key.cause).label,
        "short": short,
        "share": short / expected if expected else None,
        "claims_short": sum(each.claims for each in months),
        "way_back": question.url("underpayments", payer=None, compare=None),
        "months": months_table(request, months),
        "reasons": reasons_table(request, reasons(parts, key)),
        "agreed": agreed_table(request, agreed(key)),
        "claims": claims_table(request, parts, user),
        "project": project,
        "progress": progress,
        "state_badge": BADGES[State(project.state)] if project else "",
        "pursue_form": PursueForm(user, project) if may_pursue(user, key, project) else None,
        "pursue_url": f"{reverse('pursue', args=[key.payer or NONE, key.cause])}?{request.GET.urlencode()}",
        "kept": {name: request.GET[name] for name in ("service", "modifiers") if request.GET.get(name)},
    }


def months_table(request: HttpRequest, months: Sequence[Month]) -> Table:
    columns = [
        Column("month", "Paid in", lambda row: f"{row.start:%B %Y}", value=lambda row: row.start),
        count_column("claims", "Claims", lambda row: row.claims),
        dollars_column("expected", "Expected, $", lambda row: row.expected),
        dollars_column("short", "Short, $", lambda row: row.short),
        share_column("share", "Short by", lambda row: row.share),
    ]
    return Table(
        request,
        months,
        [replace(each, sort="") for each in columns],
        key="months",
        caption="Since when",
        export_url=part_url(request, "months"),
        empty_title="Nothing in these days",
    )


def reasons_table(request: HttpRequest, given: Sequence[Given]) -> Table:
    return Table(
        request,
        given,
        [
            Column("code", "Code", lambda row: row.code),
            Column("words", "In plain words", lambda row: row.words),
            replace(count_column("times", "Times", lambda row: row.times), sort=""),
            replace(dollars_column("dollars", "Dollars", lambda row: row.dollars), sort=""),
        ],
        key="reasons",
        caption="What the payer said",
        export_url=part_url(request, "reasons"),
        empty_title="The payer gave no reason",
    )


def agreed_table(request: HttpRequest, rows: Any) -> Table:
    def until(row: FeeSchedule) -> str:
        return day(row.valid_to) if row.valid_to else "until further notice"

    return Table(
        request,
        rows,
        [
            Column("amount", "For one unit", lambda row: money(row.amount), value=lambda row: row.amount),
            Column("modifier", "Modifier", lambda row: row.modifier or "any"),
            Column("from", "Served from", lambda row: day(row.valid_from), value=lambda row: row.valid_from),
            Column("to", "To", until, value=lambda row: row.valid_to),
        ],
        key="agreed",
        caption="What was agreed",
        export_url=part_url(request, "agreed"),
        empty_title="Not in the fee schedule",
        empty_text="What was expected is what the claims themselves say.",
    )


def claims_table(request: HttpRequest, parts: Any, user: User) -> Table:
    def brought(row: Shortfall) -> Decimal | None:
        return row.expected - row.amount if row.expected else None

    def share(row: Shortfall) -> Decimal | None:
        return row.amount / row.expected if row.expected else None

    columns = [
        Column("claim", "Claim", lambda row: str(row.claim), sort="claim__number"),
        Column("department", "Department", lambda row: str(row.claim.department or NOTHING)),
        Column(
            "served",
            "Service",
            lambda row: day(row.claim.service_from),
            sort="claim__service_from",
            value=lambda row: row.claim.service_from,
        ),
        Column(
            "paid_on",
            "Paid on",
            lambda row: day(row.claim.paid_on),
            sort="claim__paid_on",
            value=lambda row: row.claim.paid_on,
        ),
        money_column("expected", "Expected", lambda row: row.expected or None, sort="expected"),
        money_column("brought", "Brought", brought),
        money_column("amount", "Short", lambda row: row.amount, sort="amount"),
        replace(share_column("share", "Short by", share), sort=""),
    ]
    return Table(
        request,
        parts.select_related("claim", "claim__department"),
        columns,
        key="claims",
        default_sort="-amount",
        link=lambda row: reverse("claim", args=[row.claim_id]),
        caption="Its claims",
        export_url=part_url(request, "claims"),
        empty_title="No claims in these days",
        empty_text="Widen the period to see those of other days.",
    )


def money_column(name: str, label: str, value: Any, sort: str = "") -> Column:
    return Column(name, label, lambda row: money(value(row)), numeric=True, sort=sort, value=value)


# The project -----------------------------------------------------------------------------------------


class PursueForm(forms.Form):
    state = forms.ChoiceField(label="How far it is", choices=State.choices)
    owner = forms.ChoiceField(label="Whose it is")
    note = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept encrypted, for whoever pursues underpayments.",
    )

    def __init__(self, user: User, project: UnderpaymentProject | None, asked: Any = None) -> None:
        is_at_work = project is not None and project.state in UnderpaymentProject.UNFINISHED
        before: dict[str, Any] = {"state": State.OPEN, "owner": str(user.pk)}
        if project and is_at_work:
            before = {"state": project.state, "owner": str(project.owner_id), "note": project.note}
        super().__init__(asked, initial=before)
        self.people = colleagues(user).active()
        choices = dict(named(self.people)) | {str(user.pk): user.name or user.email}
        if project and is_at_work:
            choices[str(project.owner_id)] = project.owner.name or project.owner.email
        self.fields["owner"].choices = [*choices.items()]  # type: ignore[attr-defined]
        if not is_at_work:
            unfinished = [(key, State(key).label) for key in UnderpaymentProject.UNFINISHED]
            self.fields["state"].choices = unfinished  # type: ignore[attr-defined]


def may_pursue(user: User, key: CauseKey, project: UnderpaymentProject | None) -> bool:
    """Whoever works claims, where they see one that fell short for it or is pursued for it."""
    if key.payer is None or not may(user, PURSUE):
        return False
    seen = Claim.objects.visible_to(user)
    if project and project.pursued.filter(claim__in=seen).exists():
        return True
    return Shortfall.objects.filter(key.condition(), claim__in=seen).exists()


@allow(PURSUE)
@require_POST
def pursue(request: HttpRequest, payer: str, cause: str) -> HttpResponseBase:
    user = person(request)
    key, _ = asked_for(request.GET, payer, cause)
    project = projects.unfinished(key)
    if not may_pursue(user, key, project):
        raise Http404
    form = PursueForm(user, project, request.POST)
    back = HttpResponseRedirect(f"{reverse('cause', args=[payer, cause])}?{request.GET.urlencode()}")
    if not form.is_valid():
        messages.error(request, "Choose how far it is and whose it is.")
        return back
    asked = form.cleaned_data
    try:
        projects.pursue(
            key=key,
            owner=User.objects.get(pk=asked["owner"]),
            state=asked["state"],
            change=Change(user, request, asked["note"]),
        )
    except ClaimError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Saved.")
    return back
