"""Who pays below what was agreed: underpayments by likely cause, and each cause as one project to pursue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
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
from claims.models import Claim, FeeSchedule, Payer, PursuedClaim, Shortfall, UnderpaymentProject
from claims.pages.filters import colleagues, named
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, money, money_brief, percent, unbroken

from ..cards import Card
from ..causes import Month, by_month
from ..overview import counted, kpi_card
from ..questions import Question
from ..scopes import NONE
from ..underpaid import UNDERPAID, CauseFound, Given, Underpaid, agreed, of_cause, reasons, underpaid
from .columns import count_column, dollars_column, share_column
from .report import answer, part_url

VIEW, PURSUE = "claims.view_underpaymentproject", "claims.change_underpaymentproject"
ALONE = {"compare": "none"}
Cause, State = Shortfall.Cause, UnderpaymentProject.State


@allow(VIEW)
@never_cache
@require_safe
def underpayments(request: HttpRequest) -> HttpResponseBase:
    title = "Who pays below what was agreed?"
    return answer(request, "analytics/underpayments.html", partial(shown, request), title=title, about=ALONE)


def shown(request: HttpRequest, question: Question) -> dict[str, Any]:
    found = underpaid(question)
    return {
        "answer": in_short(found.causes),
        "cards": cards(question, found),
        "causes": causes_table(request, question, found.causes),
        "proof": proof_table(request, question, found),
    }


def in_short(found: Sequence[CauseFound]) -> str:
    """What matters most, in a sentence."""
    if not found:
        return ""
    first = found[0]
    claims = f"{first.claims:,} {counted('claims', first.claims)}"
    service = first.key.service or "several procedures"
    by = f"{percent(first.share)} " if first.share is not None else ""
    how = {
        Cause.BELOW: f"pays {service} {by}below its fee schedule",
        Cause.DENIED: f"denies {service} on claims that it pays",
        Cause.CLAIM: f"pays {by}below what claims with {service} should bring",
    }
    return (
        f"{first.payer} {how[Cause(first.key.cause)]}: {money(first.dollars)} on {claims}, "
        f"paid from {day(first.first)} to {day(first.last)}."
    )


def cards(question: Question, found: Underpaid) -> list[Card]:
    causes = len(found.causes)
    claims = sum(each.claims for each in found.causes)
    pursued = PursuedClaim.objects.filter(claim__in=question.scope.claims().order_by().values("pk"))
    number = pursued.values("project").distinct().count()
    return [
        kpi_card(question, UNDERPAID, found.figure),
        Card(
            "Worth pursuing",
            money_brief(found.sums.worth_pursuing),
            url="#causes",
            definition=f"Short by more than {money(settings.UNDERPAID_DOLLARS)} and more than "
            f"{settings.UNDERPAID_PERCENT}% of what was expected.",
            n=f"{causes:,} {counted('causes', causes)} on {claims:,} {counted('claims', claims)}",
        ),
        Card(
            "Recovered",
            money_brief(projects.recovered(pursued)),
            url="#causes",
            definition="Paid since on claims of projects, up to what each was short of, whenever that was.",
            n=f"{number:,} {counted('projects', number)}",
        ),
    ]


def causes_table(request: HttpRequest, question: Question, found: Sequence[CauseFound]) -> Table:
    states = projects.states(person(request))

    def state(row: CauseFound) -> Cell:
        known = states.get(row.key, "")
        return Cell(State(known).label, badge=BADGES[State(known)]) if known else Cell(NOTHING)

    whole = sum((each.dollars for each in found), Decimal(0))
    claims = sum(each.claims for each in found)
    columns = [
        Column("payer", "Payer", lambda row: row.payer, sort="payer", value=lambda row: row.payer),
        Column("service", "Procedure", service_of, sort="service", value=service_of),
        Column("cause", "Likely cause", cause_of, sort="cause", value=lambda row: row.cause),
        count_column("claims", "Claims", lambda row: row.claims),
        dollars_column("dollars", "Short, $", lambda row: row.dollars, found),
        share_column("share", "Short by", lambda row: row.share),
        Column(
            "first",
            "First paid",
            lambda row: unbroken(day(row.first)),
            sort="first",
            value=lambda row: row.first,
        ),
        Column(
            "last", "Newest", lambda row: unbroken(day(row.last)), sort="last", value=lambda row: row.last
        ),
        Column("state", "Project", state),
    ]
    return Table(
        request,
        found,
        columns,
        key="causes",
        default_sort="-dollars",
        link=lambda row: cause_url(question, row.key),
        caption=f"Underpayments by likely cause, paid {question.period_in_words}",
        totals=[
            Cell("All causes"),
            Cell(""),
            Cell(""),
            Cell(f"{claims:,}", numeric=True),
            Cell(money_brief(whole), title=money(whole), numeric=True),
            *[Cell("")] * 4,
        ]
        if found
        else None,
        export_url=part_url(request, "causes"),
        empty_title="Nothing worth pursuing",
        empty_text="What payers paid in these days is what was agreed, as far as anybody said what that is.",
    )


# As badges, by what they look like.
BADGES = {
    State.OPEN: "waiting",
    State.PURSUED: "running",
    State.RECOVERED: "done",
    State.GIVEN_UP: "cancelled",
}


BRIEF = {Cause.BELOW: "Below schedule", Cause.DENIED: "Line denied", Cause.CLAIM: "Below expected"}


def cause_of(row: CauseFound) -> Cell:
    return Cell(BRIEF[Cause(row.key.cause)], title=row.cause)


def service_of(row: CauseFound) -> str:
    return row.key.service or "several"


def cause_url(question: Question, key: CauseKey) -> str:
    """Its page, about the same days and department."""
    parts = {"service": key.procedure or None, "modifiers": key.modifiers or None}
    return question.url("cause", key.payer or NONE, key.cause, payer=None, compare=None, **parts)


@dataclass(frozen=True)
class Line:
    """One line of how the parts add up to the number."""

    label: str
    dollars: Decimal


def proof_table(request: HttpRequest, question: Question, found: Underpaid) -> Table:
    """Why the causes are not all of the number; together they are, to the cent."""
    number, whole = found.figure.numerator, found.sums
    tolerated = f"{money(settings.UNDERPAID_DOLLARS)} or {settings.UNDERPAID_PERCENT}%"
    rows = [
        Line("Worth pursuing, by the causes above", whole.worth_pursuing),
        Line(f"Short by no more than {tolerated}", whole.within_tolerance),
        Line("Paid above on other lines of the same claims", whole.set_off),
        Line(Cause.LAW.label, whole.by_law),
        Line("Changed a moment ago, not looked into yet", number - whole.total),
    ]
    columns = [
        Column("label", "Part", lambda row: row.label),
        Column(
            "dollars",
            "Dollars",
            lambda row: money(row.dollars),
            numeric=True,
            value=lambda row: row.dollars,
        ),
    ]
    return Table(
        request,
        [each for each in rows if each.dollars],
        columns,
        key="proof",
        caption="How it adds up",
        totals=[
            Cell(UNDERPAID.label, url=question.url("kpi", UNDERPAID.key, compare=None)),
            Cell(money(number), numeric=True),
        ],
        export_url=part_url(request, "proof"),
        empty_title="Nothing was underpaid",
    )


# One cause -----------------------------------------------------------------------------------------


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
