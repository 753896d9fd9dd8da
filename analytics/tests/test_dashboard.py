"""The landing page: whose day it is, and numbers worked by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import AuditEntry, User
from analytics.cards import Change, Good, change_in_count
from analytics.catalogue import figures
from analytics.kpis import KPIS
from analytics.movers import movers, sums_of
from analytics.pages.dashboard import SHOWN
from analytics.periods import Period
from analytics.questions import Question
from analytics.scopes import scope_of
from analytics.team import sign_in_cards
from claims.models import Payer
from claims.triage import register_patient
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

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
    assert ("People and their sign-ins</caption>" in page.text) is sees_team
    assert ("No claims yet" in page.text) is True


def test_a_billers_day_begins_with_who_waits_in_their_departments(client: Client, sign_in: Any) -> None:
    heart, teeth = make_department("Heart"), make_department("Teeth")
    request = RequestFactory().get("/")
    for department, number in [(heart, 1), (heart, 2), (teeth, 3)]:
        actor = make_user(departments=[department])
        register_patient(patient_id=f"P-{number}", symptoms="chest pain", actor=actor, request=request)
    sign_in("biller", departments=[heart])
    *_, card = client.get("/dashboard/").context["work"]
    assert (card.label, card.value, card.n, card.url) == ("Tasks due", "2", "2 urgent patients", "/tasks/")


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
    with django_assert_max_num_queries(30):
        client.get("/dashboard/?size=100")


# What changed most, and what waits -------------------------------------------------------------------


def denials_of(payer: Payer | None, day: date, denied: int, charge: str = "100.00") -> None:
    """Twenty claims of a payer decided on a day, so many of them denied."""
    for number in range(20):
        status = "denied" if number < denied else "paid"
        make_claim(
            payer=payer,
            charge=Decimal(charge),
            submitted_on=date(2026, 9, 1),
            status=status,
            decided_on=day,
            first_decision=status,
            first_decided_on=day,
            paid_on=day if status == "paid" else None,
        )


def test_the_largest_movers_come_first_by_dollars() -> None:
    acme, bolt, few = make_payer("Acme"), make_payer("Bolt"), make_payer("Few")
    for payer, before, now, charge in ((acme, 2, 6, "100.00"), (bolt, 4, 2, "500.00")):
        denials_of(payer, date(2026, 10, 10), before, charge)
        denials_of(payer, date(2026, 11, 10), now, charge)
    make_claim(payer=few, charge=Decimal(9000), status="denied", decided_on=date(2026, 11, 10))
    question = Question(scope_of(make_user("director"), today=TODAY), Period(date(2026, 10, 22), TODAY))
    after = sums_of(question, [], question.period)
    earlier = sums_of(question, [], question.period.previous())
    labels = {acme.pk: "Acme", bolt.pk: "Bolt", few.pk: "Few"}
    found = [each for each in movers(after, earlier, labels) if each.kpi.key == "denied_dollars_rate"]
    # Bolt: 10 points fewer of $10,000; Acme: 20 points more of $2,000; Few has too few to say so.
    assert [(each.label, each.dollars, each.change.text) for each in found] == [
        ("Bolt", Decimal(1000), "10.0 points less"),
        ("Acme", Decimal(400), "20.0 points more"),
    ]
    assert [each.change.meaning for each in found] == ["good", "bad"]


def test_whole_sums_are_those_of_all_keys_together() -> None:
    for payer in (make_payer(), make_payer(), None):
        denials_of(payer, date(2026, 11, 10), 5)
    question = Question(scope_of(make_user("director"), today=TODAY), Period(date(2026, 10, 22), TODAY))
    shown = [KPIS[key] for key in SHOWN]
    assert sums_of(question, shown, question.period).figures(shown) == figures(
        shown, question.scope, question.period
    )


def test_a_billers_day_begins_with_their_own_claims(client: Client, sign_in: Any) -> None:
    heart = make_department("Heart")
    ana = sign_in("biller", departments=[heart])
    make_claim(department=heart, assignee=ana, charge=Decimal(70), submitted_on=date(2026, 9, 1))
    make_claim(department=heart, assignee=ana, charge=Decimal(30), status="denied")
    make_claim(department=heart, assignee=ana, status="paid")
    make_claim(department=heart, charge=Decimal(500))
    page = client.get("/dashboard/")
    mine, denied, oldest, _ = page.context["work"]
    assert (mine.value, mine.n) == ("2", "$100.00 still to come")
    assert (denied.value, denied.n) == ("1", "$30.00 at stake")
    assert oldest.value == "1 Sep 2026"
    for card, rows in ((mine, 2), (denied, 1), (oldest, 2)):
        assert len(client.get(card.url).context["table"].rows) == rows


def test_who_has_no_claims_is_led_to_where_they_are(client: Client, sign_in: Any) -> None:
    heart = make_department("Heart")
    make_claim(department=heart)
    sign_in("biller", departments=[heart])
    mine = client.get("/dashboard/").context["work"][0]
    assert (mine.value, mine.url) == ("0", "/worklists/")


def test_a_wrong_question_is_told_on_the_dashboard(client: Client, sign_in: Any) -> None:
    make_claim()
    sign_in("director")
    page = client.get("/dashboard/?payer=nobody")
    assert page.status_code == 200
    assert "cannot be answered" in page.text


def test_every_part_of_the_dashboard_is_had_as_a_file(client: Client, sign_in: Any) -> None:
    denials_of(make_payer("Acme"), timezone.localdate(), 5)
    sign_in("director")
    page = client.get("/dashboard/")
    for key in ("rates", "aging", "money"):
        assert client.get(f"/dashboard/?export={key}&format=csv").status_code == 200
    (bar,) = page.context["rates"].numbers.rows
    assert bar[:2] == ["Acme", Decimal("0.25")]
