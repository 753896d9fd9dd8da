"""The pages of people's work: oneself, or one's people, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from claims.models import Claim, ClaimEvent
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db


def act(who: User, claim: Claim, times: int = 1, errors: int = 0) -> None:
    now = timezone.now()
    for each in range(times):
        ClaimEvent.objects.create(
            claim=claim,
            actor=who,
            at=now - timedelta(days=3, seconds=each),
            action="called",
            note="about the patient",
            is_error=each < errors,
        )


@pytest.fixture
def team() -> dict[str, Any]:
    heart, bones = make_department("Heart"), make_department("Bones")
    ana = make_user(name="Ana Able", departments=[heart])
    bo = make_user(name="Bo Brief", departments=[heart])
    far = make_user(name="Far Fay", departments=[bones])
    today, payer = timezone.localdate(), make_payer("Aetna")
    claims = [
        make_claim(
            department=heart,
            payer=payer,
            assignee=ana,
            charge=Decimal(50),
            submitted_on=today - timedelta(days=days),
        )
        for days in (5, 45, 130)
    ]
    act(ana, claims[0], times=30, errors=3)
    act(bo, claims[0], times=10)
    act(far, make_claim(department=bones), times=5)
    return {"heart": heart, "ana": ana, "bo": bo, "far": far}


def people(table: Any) -> list[str]:
    return [row.cells[0].text for row in table.rows]


def test_a_manager_sees_effort_errors_and_workload_of_their_people(
    client: Client, sign_in: Any, team: Any
) -> None:
    sign_in("manager", departments=[team["heart"]])
    page = client.get("/staff/")
    assert sorted(people(page.context["productivity"])) == ["Ana Able", "Bo Brief"]
    assert [cell.text for cell in page.context["productivity"].totals][:5] == [
        "Together",
        "2",
        "2",
        "1.0",
        "40",
    ]
    ranked = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in page.context["errors"].rows}
    assert ranked["Ana Able"] == ["1", "30", "3", "10.0%", "3.5% – 25.6%", "No clear difference", "0", "–"]
    assert ranked["Bo Brief"][0] == "–"
    assert [cell.text for cell in page.context["workload"].rows[0].cells[:3]] == ["Ana Able", "3", "$150.00"]


def test_a_biller_sees_themself_and_no_average_of_so_few(client: Client, sign_in: Any, team: Any) -> None:
    sign_in(team["bo"])
    page = client.get("/staff/")
    assert people(page.context["productivity"]) == ["Bo Brief"]
    assert "Ana Able" not in page.text
    assert "team average" not in page.text


@pytest.mark.parametrize(
    ("who", "whose", "status"),
    [
        ("ana", "ana", 200),
        ("ana", "bo", 404),
        ("manager", "ana", 200),
        ("manager", "far", 404),
        ("analyst", "ana", 404),
    ],
)
def test_a_persons_page_is_for_themself_and_whoever_leads_them(
    client: Client, sign_in: Any, team: Any, who: str, whose: str, status: int
) -> None:
    sign_in(team.get(who) or make_user(who, departments=[team["heart"]]))
    assert client.get(f"/staff/{team[whose].pk}/").status_code == status


def test_a_persons_page_shows_what_they_did_without_notes_and_is_audited(
    client: Client, sign_in: Any, team: Any
) -> None:
    ana = sign_in(team["ana"])
    page = client.get(f"/staff/{ana.pk}/")
    assert "about the patient" not in page.text
    assert len(page.context["latest"].rows) == 25
    assert page.context["touched"] == 1
    assert "between 3.5% and 25.6%" in page.text
    assert AuditEntry.objects.filter(action="claims.read", actor=ana).exists()


def test_every_number_of_open_claims_leads_to_a_list_of_as_many(
    client: Client, sign_in: Any, team: Any
) -> None:
    sign_in("director")
    page = client.get(f"/staff/{team['ana'].pk}/?payer=Aetna")
    assert [row.cells[1].text for row in page.context["ages"].rows] == ["1", "1", "0", "0", "1"]
    for row in page.context["ages"].rows:
        if row.url:
            assert len(client.get(row.url).context["table"].rows) == int(row.cells[1].text)
    for row in client.get("/staff/").context["workload"].rows:
        assert len(client.get(row.cells[1].url).context["table"].rows) == int(row.cells[1].text)


def test_tables_and_charts_come_as_files(client: Client, sign_in: Any, team: Any) -> None:
    sign_in("manager", departments=[team["heart"]])
    lines = client.get("/staff/?export=errors&format=csv").getvalue().decode("utf-8-sig")
    assert "Ana Able,1,30,3,0.1,3.5% – 25.6%,No clear difference,0," in lines.splitlines()
    for part in ("productivity", "found", "workload"):
        assert client.get(f"/staff/?export={part}&format=xlsx").status_code == 200
    for part in ("effort", "outcome", "ages"):
        assert client.get(f"/staff/{team['ana'].pk}/?export={part}&format=csv").status_code == 200
    assert client.get(f"/staff/{team['ana'].pk}/?export=latest&format=csv").status_code == 404


def test_queries_do_not_grow_with_people(
    client: Client, sign_in: Any, team: Any, django_assert_max_num_queries: Any
) -> None:
    claim = make_claim(department=team["heart"])
    for _ in range(15):
        act(make_user(departments=[team["heart"]]), claim)
    sign_in("director")
    client.get("/staff/")
    with django_assert_max_num_queries(19):
        client.get("/staff/?productivity-size=100")
    with django_assert_max_num_queries(20):
        client.get(f"/staff/{team['ana'].pk}/")
