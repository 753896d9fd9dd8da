"""Backlogs of worklists: how they moved, for whoever sees which departments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Department, User
from analytics.backlogs import Backlog, courses
from analytics.periods import Period
from analytics.scopes import scope_of
from claims.models import BacklogDay, Worklist
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
YESTERDAY, WEEK = TODAY - timedelta(days=1), Period(TODAY - timedelta(days=6), TODAY)


@pytest.fixture
def denials() -> Worklist:
    Worklist.objects.all().delete()
    return Worklist.objects.create(name="Denials", filters={"status": "denied"})


def count(worklist: Worklist, day: date, **claims: tuple[Department | None, int]) -> None:
    for department, number in claims.values():
        BacklogDay.objects.create(
            worklist=worklist,
            day=day,
            department=department,
            claims=number,
            dollars=Decimal(10 * number),
            over_90=number // 2,
            oldest=day - timedelta(days=number) if number else None,
        )


@pytest.fixture
def heart(denials: Worklist) -> Department:
    heart, lung = make_department("Heart"), make_department("Lung")
    count(denials, YESTERDAY, none=(None, 1), heart=(heart, 4), lung=(lung, 7))
    count(denials, TODAY, none=(None, 0), lung=(lung, 9))
    count(denials, TODAY - timedelta(days=30), none=(None, 50))
    return heart


def test_a_course_adds_up_the_departments_that_one_sees(denials: Worklist, heart: Department) -> None:
    def told(user: User, **asked: Any) -> dict[date, tuple[int, Decimal, int]]:
        (course,) = courses(user, scope_of(user, **asked), WEEK)
        return {day: (each.claims, each.dollars, each.over_90) for day, each in course.days.items()}

    director, manager = make_user("director"), make_user("manager", departments=[heart])
    assert told(director) == {YESTERDAY: (12, Decimal(120), 5), TODAY: (9, Decimal(90), 4)}
    assert told(director, department="none") == {YESTERDAY: (1, Decimal(10), 0), TODAY: (0, Decimal(0), 0)}
    # Of one's own department nothing was left today, which is known although it has no row.
    assert told(manager) == {YESTERDAY: (4, Decimal(40), 2), TODAY: (0, Decimal(0), 0)}
    (course,) = courses(manager, scope_of(manager), WEEK)
    assert (course.change, course.oldest_days) == (-4, None)
    assert course.days[YESTERDAY] == Backlog(4, Decimal(40), 2, YESTERDAY - timedelta(days=4))
    assert courses(director, scope_of(director, kind="dental"), WEEK) == []


def test_lists_that_one_does_not_see_have_no_course(denials: Worklist, heart: Department) -> None:
    lung = Department.objects.get(name="Lung")
    count(
        Worklist.objects.create(name="Lung's", department=lung, filters={"status": "open"}),
        TODAY,
        none=(None, 0),
        lung=(lung, 3),
    )
    manager = make_user("manager", departments=[heart])
    assert [each.name for each in courses(manager, scope_of(manager), WEEK)] == ["Denials"]


def test_the_staff_report_shows_how_backlogs_moved(
    client: Client, sign_in: Callable[..., User], denials: Worklist, heart: Department
) -> None:
    sign_in("director")
    make_claim()
    page = client.get("/staff/?period=last_7_days")
    assert [[cell.text for cell in row.cells[:6]] for row in page.context["backlogs"].rows] == [
        ["Denials", "9", "\N{MINUS SIGN}3", "$90.00", "4", "9"]
    ]
    assert "How backlogs moved" in page.text
    course = client.get("/staff/?period=last_7_days&export=backlog-course&format=csv").getvalue().decode()
    assert [line.split(",")[1] for line in course.splitlines() if line.endswith((",12", ",9"))] == ["12", "9"]
    one_day = client.get(f"/staff/?start={TODAY}&end={TODAY}")
    assert "How backlogs moved" not in one_day.text
    assert one_day.context["backlogs"].rows[0].cells[2].text == "–"
    assert client.get("/staff/?kind=dental").context["backlogs"].rows == []
