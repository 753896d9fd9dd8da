"""The landing page: whose day it is, and numbers worked by hand."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts.models import AuditEntry, User
from analytics.cards import Change, Good, change_in_count
from analytics.team import sign_in_cards
from claims.triage import register_patient
from rcm_site.testing.makers import make_department, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


def happened(action: str, who: User, day: int, hour: int = 17) -> None:
    AuditEntry.objects.create(
        action=action, actor=who, at=datetime(2026, 11, day, hour, tzinfo=UTC), mac="0" * 64
    )


def test_sign_ins_are_counted_by_person_over_equal_weeks() -> None:
    heart = make_department("Heart")
    ana, bo, stranger = make_user(departments=[heart]), make_user(departments=[heart]), make_user()
    manager = make_user("manager", departments=[heart])
    for who, day in [(ana, 14), (ana, 20), (ana, 20), (bo, 13), (bo, 7), (ana, 7), (stranger, 20)]:
        happened("sign_in", who, day)
    people, _ = sign_in_cards(manager, today=TODAY)
    assert people.value == "1"  # ana; bo's 13 Nov is the last day of the week before
    assert people.change == Change("1 fewer than in the 7 days before", "down", "neutral")
    assert people.n == "of 3 active people"
    assert people.trend == [2, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1]


def test_the_sites_own_midnight_parts_the_days() -> None:
    ana = make_user()
    happened("sign_in", ana, 14, hour=4)  # 13 Nov, 23:00 in New York
    people, _ = sign_in_cards(make_user("director"), today=TODAY)
    assert people.value == "0"
    assert people.trend[6] == 1


def test_failed_sign_ins_count_guesses_and_refusals() -> None:
    ana, bo = make_user(), make_user()
    for who, action in [
        (ana, "sign_in.failed"),
        (ana, "sign_in.locked"),
        (bo, "sign_in.failed"),
        (bo, "sign_in"),
    ]:
        happened(action, who, 18)
    _, failed = sign_in_cards(make_user("director"), today=TODAY)
    assert (failed.value, failed.n) == ("3", "2 people concerned")
    assert failed.change == Change("3 more than in the 7 days before", "up", "bad")


def test_a_change_is_good_or_bad_by_where_the_number_should_go() -> None:
    assert change_in_count(3, 5, period="May", good=Good.DOWN) == Change(
        "2 fewer than in May", "down", "good"
    )
    assert change_in_count(5, 5, period="May", good=Good.UP) == Change("as many as in May", "flat", "neutral")


@pytest.mark.parametrize(("role", "sees_team"), [("biller", False), ("manager", True), ("admin", True)])
def test_only_those_who_lead_see_the_team(client: Client, sign_in: Any, role: str, sees_team: bool) -> None:
    sign_in(role, departments=[make_department("Heart")])
    page = client.get("/dashboard/")
    assert page.status_code == 200
    assert ("The team</caption>" in page.text) is sees_team
    assert ("No claims yet" in page.text) is True


def test_a_billers_day_begins_with_who_waits_in_their_departments(client: Client, sign_in: Any) -> None:
    heart, teeth = make_department("Heart"), make_department("Teeth")
    request = RequestFactory().get("/")
    for department, number in [(heart, 1), (heart, 2), (teeth, 3)]:
        actor = make_user(departments=[department])
        register_patient(patient_id=f"P-{number}", symptoms="chest pain", actor=actor, request=request)
    sign_in("biller", departments=[heart])
    *_, card = client.get("/dashboard/").context["work"]
    assert (card.label, card.value, card.url) == ("Open follow-ups", "2", "/follow-ups/")


def test_an_analyst_sees_no_patients_not_even_their_number(client: Client, sign_in: Any) -> None:
    sign_in("analyst")
    assert client.get("/dashboard/").context["cards"] == []


def test_a_manager_sees_nobody_of_another_department(client: Client, sign_in: Any) -> None:
    heart, teeth = make_department("Heart"), make_department("Teeth")
    make_user(name="Near Nia", departments=[heart])
    make_user(name="Far Fay", departments=[teeth])
    sign_in("manager", departments=[heart])
    page = client.get("/dashboard/")
    assert "Near Nia" in page.text
    assert "Far Fay" not in page.text


def test_the_page_takes_as_many_queries_for_fifty_people_as_for_one(
    client: Client, sign_in: Any, django_assert_max_num_queries: Any
) -> None:
    heart = make_department("Heart")
    for _ in range(50):
        make_user(departments=[heart])
    sign_in("director")
    client.get("/dashboard/")
    with django_assert_max_num_queries(16):
        client.get("/dashboard/?size=100")
