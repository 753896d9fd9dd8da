"""The landing page: how we stand, what changed most, and what waits for whoever looks at it."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import allow, allow_signed_in, may, person
from accounts.models import Department, User
from rcm_site import charts
from rcm_site.charts import About, Bar, Chart, Part, Series, Size, Stack, bar_chart, line_chart, stacked_bars
from rcm_site.navigation import landing_page
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import day, moment, money, money_brief, percent

from ..aging import BUCKET_LABELS
from ..catalogue import series
from ..facts.measures import BUCKETS
from ..kpis import KPIS
from ..movers import Sums, movers, sums_of
from ..names import LABELS
from ..overview import kpi_card, whole_weeks
from ..periods import Step
from ..questions import Question
from ..scopes import NONE
from ..team import sign_in_cards
from ..work import task_card, work_cards
from . import alerts
from .at_risk import at_risk_table
from .drawing import benchmark_of, drawn
from .report import answer, part_url
from .report_pins import pins

SHOWN = (
    "cash_collected",
    "net_collection_rate",
    "denial_rate",
    "first_pass_resolution",
    "open_ar",
    "gross_days_in_ar",
    "aged_ar_over_90",
    "average_days_to_pay",
)
RATE, CASH, CHARGES = KPIS["denial_rate"], KPIS["cash_collected"], KPIS["gross_charges"]
AGED = [KPIS[f"ar_{bucket}"] for bucket in BUCKETS]
MOST_BARS = 8


@allow_signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect(landing_page(request.user))


@allow("analytics.view_dashboard")
@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponseBase:
    works = is_worker(person(request))
    title = "What is there to do, and how do we stand?" if works else "How do we stand?"
    return answer(request, "analytics/dashboard.html", partial(build, request), title=title)


def build(request: HttpRequest, question: Question) -> dict[str, Any]:
    user = person(request)
    leads = may(user, "accounts.view_team")
    waiting = [task_card(user)] if may(user, "claims.change_claim") else []
    return {
        "lead": scope_in_words(user),
        "action_url": reverse("numbers"),
        "action_label": "What the numbers mean",
        "work": [*work_cards(user), *waiting] if is_worker(user) else [],
        "alerts": alerts.panel(request),
        "pins": pins(request),
        "cards": [*waiting, *sign_in_cards(user, today=timezone.localdate())] if leads else [],
        "team": team_table(request) if leads else None,
        **standing(request, question),
    }


def is_worker(user: User) -> bool:
    """Whoever works claims themselves, rather than lead those who do."""
    return may(user, "claims.change_claim") and not may(user, "accounts.view_team")


def scope_in_words(user: User) -> str:
    """Whose numbers these are, said on the page so that nobody takes a part for the whole."""
    if user.sees_everything:
        return "All departments"
    return (
        ", ".join(department.name for department in user.departments.all())
        or "You belong to no department yet"
    )


# How we stand --------------------------------------------------------------------------------------


def standing(request: HttpRequest, question: Question) -> dict[str, Any]:
    """Cards, movers and charts from one reading of the period, one of the period before and one of weeks."""
    shown = [KPIS[key] for key in SHOWN]
    now = sums_of(question, [*shown, *AGED], question.period)
    before = sums_of(question, shown, question.against) if question.against else None
    weeks = series([*shown, CHARGES], question.scope, whole_weeks(question.period.end), Step.WEEK)
    figures, earlier = now.figures(shown), before.figures(shown) if before else {}
    labels = LABELS[now.by]({*now.of_keys, *(before.of_keys if before else ())})
    return {
        "kpis": [
            kpi_card(
                question,
                each,
                figures[each.key],
                earlier.get(each.key),
                [figure.value for _, figure in weeks[each.key]],
                against="a year before" if question.compare == "year" else "before",
            )
            for each in shown
        ],
        "movers": movers_table(request, question, now, before, labels) if before else None,
        "rates": rates_chart(request, question, now, labels),
        "at_risk": at_risk_table(request, question) if may(person(request), "claims.view_claim") else None,
        "money": money_chart(request, weeks),
        "aging": aging_chart(request, question, now, labels),
    }


def movers_table(
    request: HttpRequest, question: Question, now: Sums, before: Sums, labels: dict[Any, str]
) -> Table:
    columns: list[Column] = [
        Column("what", now.by.capitalize(), lambda each: each.label),
        Column("kpi", "Number", lambda each: each.kpi.label),
        Column("now", "Now", lambda each: each.kpi.words(each.now.value), numeric=True),
        Column(
            "change",
            "Change",
            lambda each: Cell(each.change.text, numeric=True, tone=each.change.meaning),
            numeric=True,
        ),
        Column(
            "dollars",
            "About, $",
            lambda each: Cell(money_brief(each.dollars), title=money(each.dollars), numeric=True),
            numeric=True,
            value=lambda each: each.dollars,
        ),
    ]
    return Table(
        request,
        movers(now, before, labels),
        columns,
        key="movers",
        link=lambda each: question.url("kpi", each.kpi.key, **{now.by: each.key or NONE}),
        caption=f"What changed most, by what it comes to: more or less than {question.against_in_words}",
        empty_title="Nothing moved that can be told",
        empty_text="There are too few claims in one of the two periods.",
        export_url=part_url(request, "movers"),
    )


def rates_chart(request: HttpRequest, question: Question, now: Sums, labels: dict[Any, str]) -> Chart:
    """Who denies most, of those with enough claims to say so."""
    rates = {key: now.figure(RATE, key) for key in now.of_keys}
    told = {key: figure for key, figure in rates.items() if figure.value is not None and not figure.is_few}
    worst = sorted(told, key=lambda key: -(told[key].value or 0))[:MOST_BARS]
    bars = [
        Bar(
            labels[key],
            drawn(RATE, told[key].value),
            note=f"{told[key].numerator:,} of {told[key].n:,} claims decided",
            url=question.url("kpi", RATE.key, part="interest", **{now.by: key or NONE}),
        )
        for key in worst
    ]
    whole = RATE.words(now.figures([RATE])[RATE.key].value)
    about = About(
        "rates",
        f"Denial rate by {now.by}",
        caption=f"{labels[worst[0]]} denies most: {RATE.words(told[worst[0]].value)} of the decided claims, "
        f"where all together deny {whole}."
        if worst
        else "",
        axis="% of decided claims",
        rows=now.by.capitalize(),
        size=Size.HALF,
        export_url=part_url(request, "rates"),
        empty_title="Too few decided claims",
        empty_text="A rate is drawn from 20 decided claims on: widen the period.",
    )
    return bar_chart(about, charts.PERCENT, bars, benchmark=benchmark_of(RATE))


def money_chart(request: HttpRequest, weeks: dict[str, Any]) -> Chart:
    """What was charged and what came in, by whole weeks."""
    charged, came_in = weeks[CHARGES.key], weeks[CASH.key]
    (last, charge), (_, cash) = charged[-1], came_in[-1]
    about = About(
        "money",
        "Charges and payments by week",
        caption=f"In the week of {day(last.start)} {money_brief(charge.value)} was charged and "
        f"{money_brief(cash.value)} came in.",
        rows="Week",
        export_url=part_url(request, "money"),
    )
    return line_chart(
        about,
        charts.DOLLARS,
        [period.start for period, _ in charged],
        [
            Series("Charges", [figure.value for _, figure in charged]),
            Series("Payments", [figure.value for _, figure in came_in]),
        ],
        step=charts.Step.WEEK,
    )


def aging_chart(request: HttpRequest, question: Question, now: Sums, labels: dict[Any, str]) -> Chart:
    """Who owes us, and since when: those who owe most, and all the others as one."""

    ages = {key: [now.figure(kpi, key).numerator for kpi in AGED] for key in now.of_keys}
    owed = {key: sum(each) for key, each in ages.items()}
    ranked = sorted((key for key in owed if owed[key]), key=lambda key: -owed[key])
    most, others = (
        (ranked, []) if len(ranked) <= MOST_BARS else (ranked[: MOST_BARS - 1], ranked[MOST_BARS - 1 :])
    )
    stacks = [Stack(labels[key], ages[key], url=kpi_url(question, now, key)) for key in most]
    if others:
        together = [sum(of_age) for of_age in zip(*(ages[key] for key in others), strict=True)]
        stacks.append(Stack(f"All others ({len(others)})", together))
    figures = now.figures([KPIS["open_ar"], KPIS["aged_ar_over_90"]])
    share = figures["aged_ar_over_90"].value
    about = About(
        "aging",
        f"Open A/R by {now.by} and age",
        caption=f"{money_brief(figures['open_ar'].value)} is open, "
        f"{percent(share / 100 if share is not None else None)} of it for more than 90 days."
        if ranked
        else "",
        rows=now.by.capitalize(),
        size=Size.HALF,
        export_url=part_url(request, "aging"),
        empty_title="Nothing is open",
        empty_text="No claim had a balance at the end of the period.",
    )
    return stacked_bars(about, charts.DOLLARS, [Part(each) for each in BUCKET_LABELS], stacks, are_steps=True)


def kpi_url(question: Question, sums: Sums, key: Any) -> str:
    return question.url("kpi", "open_ar", **{sums.by: key or NONE})


# The team ------------------------------------------------------------------------------------------


def state_of(person: User) -> Cell:
    if not person.is_active:
        return Cell("Disabled", badge="void")
    if not person.has_usable_password():
        return Cell("Invited", badge="pending")
    return Cell("Active", badge="done")


def departments_of(team: QuerySet[User]) -> dict[int, list[str]]:
    """By person, read once for all: Django prepares a query for each of them to fetch them beforehand."""
    found: dict[int, list[str]] = defaultdict(list)
    for who, name in Department.objects.filter(members__in=team).values_list("members", "name"):
        found[who].append(name)
    return found


def team_table(request: HttpRequest) -> Table:
    team = User.objects.visible_to(person(request))
    departments = departments_of(team)
    return Table(
        request,
        team,
        [
            Column("name", "Name", lambda person: person.name, sort="name"),
            Column("role", "Role", lambda person: person.role_now.label, sort="role"),
            Column("departments", "Departments", lambda person: ", ".join(departments.get(person.pk, ["–"]))),
            Column("seen", "Last sign-in", lambda person: moment(person.last_login), sort="last_login"),
            Column("state", "State", state_of),
        ],
        default_sort="name",
        caption="People and their sign-ins",
        key="team",
        empty_title="Nobody here yet",
        empty_text="An administrator invites people in the admin.",
    )
