"""One person's work: how it goes week by week, what it brings, what waits, and what was done last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.access import allow, person
from accounts.models import User
from claims.models import ClaimEvent
from rcm_site import charts
from rcm_site.charts import COUNT, DOLLARS, About, Chart, Size, stacked_columns
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, moment, money, money_brief, number, unbroken

from ..facts.reading import counted_rows
from ..facts.sources import ACTIONS
from ..facts.totals import claims_touched
from ..overview import counted, over_weeks
from ..questions import Question
from ..staff import (
    FEWEST,
    Age,
    Work,
    interval,
    open_by_age,
    people_shown,
    team_of,
    together,
    work_by_person,
    work_by_week,
)
from .columns import count_column, dollars_column
from .report import answer, part_url
from .staff import open_card, work_cards
from .staff_tables import open_claims_url


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def staff_member(request: HttpRequest, pk: int) -> HttpResponseBase:
    user = person(request)
    found = get_object_or_404(people_shown(user), pk=pk)
    title = "How is my work going?" if found == user else f"How is the work of {found.name} going?"
    return answer(request, "analytics/staff_member.html", partial(one_person, request, found), title=title)


def one_person(request: HttpRequest, member: User, question: Question) -> dict[str, Any]:
    work = work_by_person(question.scope, question.period)
    own, team = work.get(member.pk, Work()), team_of(work)
    was = (
        work_by_person(question.scope, question.against).get(member.pk, Work()) if question.against else None
    )
    weeks = work_by_week(question.scope, member, over_weeks(question).period)
    ages = open_by_age(question.scope, member)
    to_do = open_card(sum(each.claims for each in ages), sum((each.dollars for each in ages), Decimal(0)))
    return {
        "member": member,
        "way_back": question.url("staff"),
        "cards": [*work_cards(question, own, was, team), to_do],
        "touched": claims_touched(question.scope.narrowed(staff=member.pk), question.period),
        "own": own,
        "likely": interval(own.errors, own.actions),
        "fewest": FEWEST,
        "effort": effort_chart(request, weeks),
        "outcome": outcome_chart(request, weeks),
        "ages": age_table(request, question, member, ages),
        "latest": latest_table(request, question, member),
    }


def effort_chart(request: HttpRequest, weeks: Sequence[tuple[date, Work]]) -> Chart:
    actions = sum(work.actions for _, work in weeks)
    about = About(
        "effort",
        "Actions a week",
        caption=f"{actions:,} {counted('actions', actions)} in {len(weeks)} weeks.",
        axis="Actions",
        rows="Week",
        size=Size.HALF,
        export_url=part_url(request, "effort"),
    )
    columns = [(start, [work.actions - work.errors, work.errors]) for start, work in weeks]
    parts = [charts.Part("Without error"), charts.Part("Found to be errors")]
    return stacked_columns(about, COUNT, parts, columns)


def outcome_chart(request: HttpRequest, weeks: Sequence[tuple[date, Work]]) -> Chart:
    about = About(
        "outcome",
        "Dollars resolved a week",
        caption=f"{money(together(work for _, work in weeks).resolved_amount)} in {len(weeks)} weeks.",
        rows="Week",
        size=Size.HALF,
        export_url=part_url(request, "outcome"),
    )
    return stacked_columns(
        about, DOLLARS, [charts.Part("Resolved")], [(start, [work.resolved_amount]) for start, work in weeks]
    )


def age_table(request: HttpRequest, question: Question, member: User, ages: Sequence[Age]) -> Table:
    rows = ages if any(each.claims for each in ages) else []
    columns = [
        Column("age", "Age", lambda row: row.label.capitalize()),
        count_column("claims", "Open claims", lambda row: row.claims),
        dollars_column("dollars", "Balance, $", lambda row: row.dollars, rows),
    ]
    dollars = sum((row.dollars for row in rows), Decimal(0))
    return Table(
        request,
        rows,
        [replace(each, sort="") for each in columns],  # ages stay in their order
        key="ages",
        link=lambda row: open_claims_url(question, member, **submitted(row)) if row.claims else None,
        caption="Open claims by age, now",
        totals=[
            Cell("All ages"),
            Cell(number(sum(row.claims for row in rows)), numeric=True),
            Cell(money_brief(dollars), title=money(dollars), numeric=True),
        ],
        export_url=part_url(request, "ages"),
        empty_title="No open claims are assigned",
        empty_text="Claims are assigned to people in the list of claims.",
    )


def submitted(age: Age) -> dict[str, date]:
    """How the list of claims is asked for this age."""
    days = {"start": age.oldest, "end": age.newest if age.newest != date.max else None}
    return {name: day for name, day in days.items() if day is not None}


def latest_table(request: HttpRequest, question: Question, member: User) -> Table:
    """Without patients and notes: what was done, and to which claim."""
    done = counted_rows(ACTIONS[0], question.scope.narrowed(staff=member.pk), [question.period])
    done = done.order_by("-at", "-pk")
    columns: list[Column] = [
        Column("at", "When", lambda event: unbroken(moment(event.at))),
        Column(
            "claim",
            "Claim",
            lambda event: Cell(str(event.claim), url=reverse("claim", args=[event.claim_id])),
        ),
        Column("payer", "Payer", lambda event: str(event.claim.payer or NOTHING)),
        Column("action", "Action", lambda event: event.action.capitalize()),
        Column("status", "Claim now", status_now),
        Column("error", "Error", lambda event: "Found to be an error" if event.is_error else ""),
    ]
    table = Table(
        request,
        done,
        columns,
        key="latest",
        # An index alone has which they are: whose rows lie apart are not looked through for them.
        keys=done.values_list("pk", flat=True),
        read=ClaimEvent.objects.select_related("claim__payer").in_bulk,
        caption="Actions, the latest first",
        empty_title="No actions in these days",
        empty_text="Widen the period or empty a filter.",
    )
    audit.record(person(request), "claims.read", request=request, rows=len(table.rows))
    return table


def status_now(event: ClaimEvent) -> Cell:
    return Cell(event.claim.get_status_display(), badge=event.claim.status)
