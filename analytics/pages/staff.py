"""Who works what, and how well: one's own work, and for those who lead the work of their people."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow, may, person
from accounts.models import User
from rcm_site.templatetags.ui import money_brief, number, percent

from ..cards import Card, Change, Good
from ..catalogue import Unit
from ..overview import change_in, counted
from ..quality import errors_found, reviewed_by_person
from ..questions import Question
from ..staff import (
    Team,
    Work,
    of_people,
    ranked,
    team_of,
    together,
    work_by_person,
    workload,
)
from .report import answer
from .staff_backlogs import backlog_chart, backlog_table, backlogs_of
from .staff_tables import error_table, found_table, productivity_table, workload_table


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def staff(request: HttpRequest) -> HttpResponseBase:
    title = "Who works what, and how well?"
    return answer(request, "analytics/staff.html", partial(everybody, request), title=title)


def everybody(request: HttpRequest, question: Question) -> dict[str, Any]:
    user = person(request)
    work = work_by_person(question.scope, question.period)
    rows = of_people(user, work)
    loads = workload(user, question.scope)
    backlogs = backlogs_of(request, question)
    team = None if may(user, "accounts.view_team") else team_of(work)
    cards = work_cards(question, together(each.work for each in rows), before(user, question), team)
    assigned = [each for each in loads if each.person]
    to_do = open_card(
        sum(each.claims for each in assigned), sum((each.dollars for each in assigned), Decimal(0))
    )
    return {
        "cards": [*cards, to_do],
        "productivity": productivity_table(request, question, rows),
        "errors": error_table(
            request,
            question,
            ranked(rows),
            reviewed_by_person(user, question.scope, question.period),
        ),
        "found": found_table(request, question, errors_found(user, question.scope, question.period)),
        "workload": workload_table(request, question, loads),
        "backlog_course": backlog_chart(request, question, backlogs),
        "backlogs": backlog_table(request, question, backlogs),
    }


def before(user: User, question: Question) -> Work | None:
    """The same people's work in the period that it is compared with."""
    if question.against is None:
        return None
    return together(each.work for each in of_people(user, work_by_person(question.scope, question.against)))


# Cards ---------------------------------------------------------------------------------------------


def work_cards(question: Question, now: Work, was: Work | None, team: Team | None) -> list[Card]:
    """Effort and outcome side by side; a person without a team's numbers is held against its average."""

    def change(unit: Unit, value: Callable[[Work], Decimal | None], good: Good = Good.UP) -> Change | None:
        return change_in(unit, good, value(now), value(was), question.against_in_words) if was else None

    worked = f"{now.days:,} {counted('days', now.days)}"
    average = team.work if team and team.tells_nobody_apart else Work()
    return [
        Card(
            "Claims worked",
            number(now.claims),
            definition="Claims on which somebody acted, each once a person and day.",
            change=change(Unit.COUNT, lambda work: Decimal(work.claims)),
            n=f"{now.actions:,} {counted('actions', now.actions)} on {worked} worked",
        ),
        Card(
            "Dollars resolved",
            money_brief(now.resolved_amount),
            definition="Paid on claims, to the credit of whoever acted on each last before its payment.",
            change=change(Unit.MONEY, lambda work: work.resolved_amount),
            n=f"{now.resolved:,} {counted('claims', now.resolved)} paid",
        ),
        Card(
            "Error rate",
            percent(now.error_rate),
            definition="Actions that were found to be errors, of all actions.",
            change=change(Unit.PERCENT, error_percent, Good.DOWN),
            benchmark=f"team average {percent(average.error_rate)}" if average.days else "",
            n=f"{now.errors:,} of {now.actions:,} actions",
        ),
        Card(
            "Claims worked a day",
            number(now.claims_a_day, 1),
            definition="Claims worked a person and day, over the days on which that person did anything.",
            change=change(Unit.COUNT, lambda work: work.claims_a_day),
            benchmark=f"team average {number(average.claims_a_day, 1)}" if average.days else "",
        ),
        Card(
            "Dollars resolved a day",
            money_brief(now.amount_a_day),
            definition="Dollars resolved, over the days on which that person did anything.",
            change=change(Unit.MONEY, lambda work: work.amount_a_day),
            benchmark=f"team average {money_brief(average.amount_a_day)}" if average.days else "",
        ),
    ]


def open_card(claims: int, dollars: Decimal) -> Card:
    return Card(
        "Open claims assigned, now",
        number(claims),
        definition="Claims that are submitted, pending, denied or appealed, and assigned to somebody.",
        n=f"{money_brief(dollars)} still to come" if claims else "",
    )


def error_percent(work: Work) -> Decimal | None:
    return work.error_rate * 100 if work.error_rate is not None else None
