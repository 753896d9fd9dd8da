"""What people did and how well, worked by hand: effort, outcome, error rates with their range, workload."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from analytics.periods import Period
from analytics.questions import Question
from analytics.scopes import scope_of
from analytics.staff import (
    Productivity,
    Work,
    error_rates,
    interval,
    open_by_age,
    productivity,
    ranked,
    team_of,
    work_by_person,
    work_by_week,
    workload,
)
from claims.models import Claim, ClaimEvent
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 20)  # a Friday
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def november(user: User) -> Question:
    return Question(scope_of(user, today=TODAY), NOVEMBER)


def act(who: User | None, claim: Claim, day: int, hour: int = 12, **fields: Any) -> None:
    at = timezone.make_aware(datetime.combine(date(2026, 11, day), time(hour)))
    ClaimEvent.objects.create(claim=claim, actor=who, at=at, **({"action": "called"} | fields))


def acts(who: User, claim: Claim, times: int, errors: int) -> None:
    for each in range(times):
        act(who, claim, 2, is_error=each < errors)


def paid(amount: str, day: int, **fields: Any) -> Claim:
    on = date(2026, 11, day)
    decided: dict[str, Any] = {
        "status": "paid",
        "decided_on": on,
        "first_decided_on": on,
        "first_decision": "paid",
    }
    return make_claim(
        charge=Decimal(amount),
        paid=Decimal(amount),
        paid_on=on,
        submitted_on=date(2026, 10, 1),
        **decided,
        **fields,
    )


def of(rows: list[Productivity], who: User) -> Work:
    return next(row.work for row in rows if row.person == who)


# Effort and outcome ----------------------------------------------------------------------------------


def test_effort_and_outcome_of_one_person_by_hand() -> None:
    heart, bones = make_department("Heart"), make_department("Bones")
    ana, director = make_user(departments=[heart, bones]), make_user("director")
    first, second = paid("100.25", 9, department=heart), make_claim(department=bones)
    act(ana, first, 2)
    act(ana, first, 2, hour=15, is_error=True)  # the same claim on the same day counts once as worked
    act(ana, second, 2)  # of another department, and still the same day
    act(ana, first, 5)  # on another day it counts again
    act(ana, second, 5, action="received")  # sending a claim in is no work on it
    act(None, second, 6)  # nor is what the site did
    assert of(productivity(director, november(director)), ana) == Work(
        days=2, claims=3, actions=4, errors=1, resolved=1, resolved_amount=Decimal("100.25")
    )
    work = of(productivity(director, november(director)), ana)
    assert work.claims_a_day == Decimal("1.5")
    assert work.amount_a_day == Decimal("50.125")
    assert work.error_rate == Decimal("0.25")


def test_a_payment_is_to_the_credit_of_whoever_acted_last_before_it() -> None:
    ana, bo, director = make_user(), make_user(), make_user("director")
    claim = paid("80.00", 9)
    act(ana, claim, 2)
    act(bo, claim, 8)
    act(ana, claim, 10)
    rows = productivity(director, november(director))
    assert (of(rows, ana).resolved_amount, of(rows, bo).resolved_amount) == (Decimal(0), Decimal("80.00"))


def test_nobody_who_did_nothing_has_an_average() -> None:
    assert (Work().claims_a_day, Work().amount_a_day, Work().error_rate) == (None, None, None)


def test_weeks_begin_on_monday_and_those_without_work_are_there() -> None:
    ana, claim = make_user(), make_claim()
    act(ana, claim, 8)  # a Sunday
    act(ana, claim, 9)
    act(ana, claim, 13)
    span = Period(date(2026, 11, 2), date(2026, 11, 22))
    weeks = work_by_week(scope_of(make_user("director"), today=TODAY), ana, span)
    assert [(start.day, work.actions, work.days) for start, work in weeks] == [
        (2, 1, 1),
        (9, 2, 2),
        (16, 0, 0),
    ]


# Who sees whom ---------------------------------------------------------------------------------------


def test_a_biller_sees_only_their_own_work_also_when_there_is_none() -> None:
    heart = make_department("Heart")
    ana, bo = make_user(departments=[heart]), make_user(departments=[heart])
    act(bo, make_claim(department=heart), 2)
    assert [(row.person, row.work) for row in productivity(ana, november(ana))] == [(ana, Work())]
    assert error_rates(ana, november(ana)) == []


def test_a_manager_sees_their_people_and_only_the_work_for_their_departments() -> None:
    heart, bones = make_department("Heart"), make_department("Bones")
    ana, bo = make_user(departments=[heart, bones]), make_user(departments=[bones])
    act(ana, make_claim(department=heart), 2)
    act(ana, make_claim(department=bones), 3)
    act(bo, make_claim(department=heart), 2)  # who is not of this department any more
    manager = make_user("manager", departments=[heart])
    rows = productivity(manager, november(manager))
    assert [(row.person, row.work.actions) for row in rows] == [(ana, 1)]


def test_the_teams_average_is_of_all_and_of_too_few_tells_about_each() -> None:
    heart, claim = make_department("Heart"), make_claim()
    people = [make_user(departments=[heart]) for _ in range(5)]
    for who in people[:4]:
        act(who, claim, 2)
    scope = scope_of(make_user("director"), today=TODAY)
    assert not team_of(work_by_person(scope, NOVEMBER)).tells_nobody_apart
    act(people[4], claim, 3)
    team = team_of(work_by_person(scope, NOVEMBER))
    assert (team.people, team.work.actions, team.tells_nobody_apart) == (5, 5, True)


# Errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "of", "low", "high"),
    # As in Newcombe, Statistics in Medicine 17 (1998), table I.
    [
        (81, 263, "0.2553", "0.3662"),
        (15, 148, "0.0624", "0.1605"),
        (0, 20, "0.0000", "0.1611"),
        (1, 29, "0.0061", "0.1718"),
    ],
)
def test_wilsons_interval_as_it_is_published(errors: int, of: int, low: str, high: str) -> None:
    found = interval(errors, of)
    assert found is not None
    assert (f"{found.low:.4f}", f"{found.high:.4f}") == (low, high)


def test_of_no_actions_nothing_is_known() -> None:
    assert interval(0, 0) is None


def test_everybody_wrong_is_at_most_all() -> None:
    found = interval(20, 20)
    assert found is not None
    assert (found.high, f"{found.low:.4f}") == (Decimal(1), "0.8389")


def person_with(actions: int, errors: int, name: str = "") -> Productivity:
    return Productivity(make_user(name=name), Work(days=1, claims=1, actions=actions, errors=errors))


def test_nobody_under_twenty_actions_is_ranked_and_equal_shares_share_a_place() -> None:
    rows = [
        person_with(40, 4, "Ana"),
        person_with(19, 0),
        person_with(20, 2, "Bo"),
        person_with(50, 1),
        person_with(30, 6),
    ]
    found = ranked(rows)
    assert [(each.actions, each.rank) for each in found if each.rank] == [(50, 1), (40, 2), (20, 2), (30, 4)]
    assert [(each.actions, each.rank) for each in found if not each.rank] == [(19, None)]


def test_only_what_cannot_be_chance_is_called_a_difference() -> None:
    found = ranked([person_with(200, 30), person_with(200, 60), person_with(200, 2), person_with(10, 9)])
    assert {each.errors: each.against_team for each in found} == {30: "", 60: "more", 2: "fewer", 9: ""}


# What there is to do ---------------------------------------------------------------------------------


def open_claim(who: User | None, days_ago: int, **fields: Any) -> None:
    day = TODAY - timedelta(days=days_ago)
    make_claim(**{"assignee": who, "submitted_on": day, "charge": Decimal(10)} | fields)


def test_workload_is_the_distinct_open_claims_the_oldest_and_the_main_payer() -> None:
    ana, director = make_user(), make_user("director")
    aetna, cigna = make_payer("Aetna"), make_payer("Cigna")
    open_claim(ana, 5, payer=cigna)
    open_claim(ana, 95, payer=aetna)
    open_claim(ana, 4, payer=cigna, charge=Decimal("2.50"))
    open_claim(ana, 200, payer=aetna, status="written_off")
    open_claim(None, 3)
    assigned, nobodys = workload(director, scope_of(director, today=TODAY))
    assert (assigned.person, assigned.claims, assigned.dollars) == (ana, 3, Decimal("22.50"))
    assert (assigned.oldest, assigned.main_payer, assigned.main_payer_claims) == (
        TODAY - timedelta(days=95),
        "Cigna",
        2,
    )
    assert (nobodys.person, nobodys.claims, nobodys.main_payer) == (None, 1, "No payer")


def test_workload_of_others_and_of_other_departments_stays_unseen() -> None:
    heart, bones = make_department("Heart"), make_department("Bones")
    ana, bo = make_user(departments=[heart, bones]), make_user(departments=[heart])
    for who, department in [(ana, heart), (ana, bones), (bo, heart), (None, heart), (None, bones)]:
        open_claim(who, 3, department=department)
    assert [(each.person, each.claims) for each in workload(bo, scope_of(bo, today=TODAY))] == [(bo, 1)]
    manager = make_user("manager", departments=[heart])
    seen = {each.person: each.claims for each in workload(manager, scope_of(manager, today=TODAY))}
    assert seen == {ana: 1, bo: 1, None: 1}


def test_open_claims_by_age_are_all_of_them() -> None:
    ana, director = make_user(), make_user("director")
    for days in (0, 30, 31, 60, 90, 91, 120, 121, 400):
        open_claim(ana, days)
    ages = open_by_age(scope_of(director, today=TODAY), ana)
    assert [each.claims for each in ages] == [2, 2, 1, 2, 2]
    assert sum(each.dollars for each in ages) == Decimal(90)
