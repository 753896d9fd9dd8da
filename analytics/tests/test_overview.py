"""The dashboard's cards, worked by hand: a number, its change, and how many claims it is about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from analytics.cards import Card, Change
from analytics.catalogue import FEW
from analytics.kpis import KPIS
from analytics.overview import kpi_cards
from analytics.periods import Period
from analytics.questions import Question
from analytics.scopes import scope_of
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))  # its 30 days before are 2 to 31 October


def cards(role: str = "director", **fields: object) -> dict[str, Card]:
    user = make_user(role, **fields)  # type: ignore[arg-type]
    question = Question(scope_of(user, today=NOVEMBER.end), NOVEMBER)
    return {card.label: card for card in kpi_cards(question, KPIS.values(), with_course=True)}


def decided(status: str, day: date, **fields: object) -> None:
    sent = {"submitted_on": date(2026, 10, 2), "fees": ["100.00"]}
    decision = {"first_decision": status, "first_decided_on": day, "decided_on": day, "status": status}
    paid = {"paid_on": day, "paid": Decimal(100)} if status == "paid" else {}
    make_claim(**(sent | decision | paid | fields))  # type: ignore[arg-type]


def test_a_rate_moves_by_points_and_says_when_it_is_about_few() -> None:
    decided("denied", date(2026, 11, 5))
    for day in (6, 7, 8):
        decided("paid", date(2026, 11, day))
    decided("paid", date(2026, 10, 2))
    decided("paid", date(2026, 10, 31))
    decided("denied", date(2026, 10, 1))  # a day too early to be compared with
    rate = cards()["Denial rate (of decided)"]
    assert rate.value == "25.0%"
    assert rate.change == Change("25.0 points more than in the 30 days before", "up", "neutral")
    assert rate.n == "only 4 claims"


def test_days_to_pay_that_grow_fewer_are_good() -> None:
    for _ in range(FEW):
        decided("paid", date(2026, 10, 31), submitted_on=date(2026, 10, 1))
        decided("paid", date(2026, 11, 10), submitted_on=date(2026, 10, 31))
    days = cards()["Average days to pay"]
    assert days.value == "10.0 days"
    assert days.change == Change("20.0 days less than in the 30 days before", "down", "good")


def test_nothing_to_divide_is_a_dash_without_a_change() -> None:
    make_claim(fees=["100.00"], submitted_on=date(2026, 11, 3))
    shown = cards()
    assert (shown["Denial rate (of decided)"].value, shown["Denial rate (of decided)"].change) == ("–", None)
    assert shown["Open A/R"].value == "$100.00"
    assert shown["Claims submitted"].change is None  # nothing before it to be more than


def test_a_department_sees_its_own_numbers() -> None:
    dental = make_department("Dental")
    make_claim(fees=["100.00"], submitted_on=date(2026, 11, 3))
    make_claim(fees=["40.00"], submitted_on=date(2026, 11, 3), department=dental)
    assert cards("biller", departments=[dental])["Open A/R"].value == "$40.00"
