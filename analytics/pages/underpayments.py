"""Who pays below what was agreed: underpayments by likely cause, and how they add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow, person
from claims.contracts import projects
from claims.contracts.causes import CauseKey
from claims.models import PursuedClaim, Shortfall, UnderpaymentProject
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, money, money_brief, percent, unbroken

from ..cards import Card
from ..overview import counted, kpi_card
from ..questions import Question
from ..scopes import NONE
from ..underpaid import UNDERPAID, CauseFound, Underpaid, underpaid
from .columns import count_column, dollars_column, share_column
from .report import answer, part_url

VIEW = "claims.view_underpaymentproject"
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
