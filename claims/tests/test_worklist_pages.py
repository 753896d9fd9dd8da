"""Worklists on pages: all lists, one with its claims, the rule behind it, a claim with its place there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Department, User
from claims.models import Claim, OpenWork, Worklist
from claims.worklists import open_work
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_payment, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def biller(sign_in: Any, heart: Department) -> User:
    return sign_in("biller", departments=[heart])


@pytest.fixture
def denials(heart: Department) -> Worklist:
    return Worklist.objects.create(name="Denials", position=1, filters={"status": "denied"})


@pytest.fixture
def denied(heart: Department) -> Claim:
    """With 10 days left to appeal."""
    payer = make_payer("Acme", appeal_days=60)
    return make_claim(
        charge=Decimal("250.00"),
        payer=payer,
        department=heart,
        status="denied",
        decided_on=TODAY - timedelta(days=50),
    )


def test_the_lists_say_how_much_waits_and_until_when(
    client: Client, biller: User, denials: Worklist, denied: Claim
) -> None:
    make_claim(charge=Decimal(999), department=make_department(), status="denied")
    make_payment(claim=denied, state="held")
    open_work.settle()
    page = client.get("/worklists/")
    assert page.status_code == 200
    (found,) = [each for each in page.context["lists"] if each.worklist == denials]
    assert (found.claims, found.dollars) == (1, Decimal("250.00"))
    assert found.deadline == TODAY + timedelta(days=10)
    assert page.context["unmatched"] == 1
    assert "New worklist" not in page.text


def test_a_list_shows_each_part_of_what_a_claim_is_worth(
    client: Client, biller: User, denials: Worklist, denied: Claim
) -> None:
    open_work.settle()
    page = client.get(f"/worklists/{denials.pk}/")
    row = [cell.text for cell in page.context["table"].rows[0].cells]
    # 250.00 × nobody knows the chance × 3.0
    assert row[3:8] == ["$250.00", "–", "× 3.0", "$750.00", "10\N{NO-BREAK SPACE}days"]
    same = client.get(page.context["table"].export_url.replace("/exports/new/claims/", "/claims/"))
    assert [row.cells[0].text for row in same.context["table"].rows] == [str(denied)]


@pytest.mark.parametrize("count", [1, 12])
def test_a_list_asks_the_same_of_the_database_however_long_it_is(
    client: Client,
    biller: User,
    denials: Worklist,
    heart: Department,
    count: int,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(count):
        make_claim(charge=Decimal(number + 1), department=heart, status="denied", payer=make_payer())
    open_work.settle()
    with django_assert_max_num_queries(21):
        assert client.get(f"/worklists/{denials.pk}/").status_code == 200


def test_working_a_list_goes_from_claim_to_claim(
    client: Client, biller: User, denials: Worklist, denied: Claim, heart: Department
) -> None:
    small = make_claim(charge=Decimal(5), department=heart, status="denied")
    open_work.settle()
    page = client.post(f"/worklists/{denials.pk}/next/", follow=True)
    assert page.context["claim"] == denied
    assert "You have this claim until" in page.text
    assert page.context["at_work"]["next"] == small
    assert "Worth $750.00" in page.text
    assert AuditEntry.objects.filter(action="claim.pulled", subject_id=str(denied.pk)).exists()
    asked = {"days": 3, "why": "payer", "note": "They look into it.", "list": denials.pk}
    page = client.post(f"/claims/{denied.pk}/pend/", asked, follow=True)
    assert page.redirect_chain[-1][0] == f"/worklists/{denials.pk}/"
    assert [row.cells[0].text for row in page.context["resting"].rows] == [str(denied)]
    assert client.post(f"/worklists/{denials.pk}/next/", follow=True).context["claim"] == small
    page = client.post(f"/claims/{denied.pk}/take-up/", follow=True)
    assert f"{denied} is back." in page.text


def test_what_is_wrong_with_putting_aside_or_passing_on_is_told(
    client: Client, biller: User, denied: Claim, heart: Department
) -> None:
    stranger = make_user("biller")
    open_work.settle()
    asked = {"days": 0, "why": "payer", "note": "They look into it."}
    page = client.post(f"/claims/{denied.pk}/pend/", asked)
    assert page.status_code == 422
    assert page.context["at_work"]["pend"].errors.keys() == {"days"}
    assert page.text.count('<details class="more" open>') == 1
    assert "They look into it." in page.text
    for way in ("hand-over", "escalate"):
        page = client.post(f"/claims/{denied.pk}/{way}/", {"to": stranger.pk})
        assert page.context["at_work"][way.replace("-", "_")].errors.keys() == {"to"}
        assert page.text.count('<details class="more" open>') == 1
    colleague = make_user("coder", departments=[heart])
    client.post(f"/claims/{denied.pk}/hand-over/", {"to": colleague.pk})
    denied.refresh_from_db()
    assert denied.assignee == colleague


def test_nobody_reaches_lists_or_claims_of_others(
    client: Client, biller: User, denials: Worklist, denied: Claim
) -> None:
    elsewhere = make_claim(charge=Decimal(5), department=make_department(), status="denied")
    theirs = Worklist.objects.create(name="Theirs", roles=" coder ")
    open_work.settle()
    assert client.get(f"/worklists/{theirs.pk}/").status_code == 404
    assert client.post(f"/worklists/{theirs.pk}/next/").status_code == 404
    assert client.post(f"/claims/{elsewhere.pk}/pend/", {"days": 1, "why": "payer"}).status_code == 404
    assert client.get(f"/claims/{denied.pk}/?list={theirs.pk}").context["at_work"]["worklist"] is None
    assert client.get(f"/worklists/{denials.pk}/edit/").status_code == 403
    assert OpenWork.objects.filter(pended_until__isnull=False).count() == 0


def test_a_manager_makes_a_list_sees_its_count_and_shares_it_out(
    client: Client, sign_in: Any, heart: Department, denied: Claim
) -> None:
    manager = sign_in("manager", departments=[heart])
    abe = make_user("biller", departments=[heart], name="Abe")
    asked = {
        "list-name": "Big denials",
        "list-position": 5,
        "list-is_active": "on",
        "list-hand_out": "round_robin",
        "list-department": heart.pk,
        "list-people": [abe.pk],
        "list-for_roles": ["biller"],
        "status": "denied",
        "balance_from": "100",
    }
    counted = client.post("/worklists/new/", asked, headers={"HX-Request": "true"})
    assert counted.text.strip() == "1 claim now, of those that you see."
    assert client.post("/worklists/new/", asked | {"look": 1}).status_code == 200
    assert not Worklist.objects.filter(name="Big denials").exists()
    client.post("/worklists/new/", asked | {"save": 1})
    made = Worklist.objects.get(name="Big denials")
    assert made.filters == {"status": "denied", "balance_from": "100"}
    assert (made.for_roles, made.made_by, made.department) == (["biller"], manager, heart)
    entry = AuditEntry.objects.get(action="worklist.added")
    assert entry.details["changed"]["name"] == ["", "Big denials"]
    open_work.settle()
    page = client.post(f"/worklists/{made.pk}/share/", follow=True)
    assert "1 claim went to 1 of its people." in page.text
    denied.refresh_from_db()
    assert denied.assignee == abe
    page = client.post(f"/worklists/{made.pk}/edit/", asked | {"balance_from": "much", "save": 1})
    assert "finds nothing until it is corrected" in page.text
    made.refresh_from_db()
    assert made.filters["balance_from"] == "100"


def test_many_are_assigned_from_a_list_and_one_is_back_there(
    client: Client, biller: User, denials: Worklist, denied: Claim
) -> None:
    open_work.settle()
    asked = {"row": [denied.pk], "assignee": biller.pk, "list": denials.pk, "back": "size=50"}
    page = client.post("/claims/assign/", asked)
    assert page["Location"] == f"/worklists/{denials.pk}/?size=50"


# The API -------------------------------------------------------------------------------------------


def test_other_systems_see_how_lists_stand_and_take_the_next_claim(
    client: Client, biller: User, denials: Worklist, denied: Claim
) -> None:
    open_work.settle()
    found = {each["name"]: each for each in client.get("/api/worklists/").json()}
    assert found["Denials"] | {"id": 0, "rule": ""} == {
        "id": 0,
        "name": "Denials",
        "rule": "",
        "department": None,
        "hand_out": "pull",
        "claims": 1,
        "free": 1,
        "at_rest": 0,
        "dollars": "250.00",
        "deadline": str(TODAY + timedelta(days=10)),
        "as_of": None,
    }
    taken = client.post(f"/api/worklists/{denials.pk}/next", content_type="application/json").json()
    assert taken["claim"]["number"] == str(denied)
    assert taken["work"] | {"held_until": ""} == {
        "at_stake": "owed",
        "dollars": "250.00",
        "chance": None,
        "of": 0,
        "urgency": "3.0",
        "value": "750.00",
        "deadline": str(TODAY + timedelta(days=10)),
        "held_until": "",
    }
    assert AuditEntry.objects.filter(action="claim.pulled", subject_id=str(denied.pk)).count() == 1


def test_the_api_gives_nothing_of_lists_or_claims_of_others(
    client: Client, biller: User, denials: Worklist
) -> None:
    make_claim(charge=Decimal(5), department=make_department(), status="denied")
    theirs = Worklist.objects.create(name="Theirs", roles=" coder ")
    assert client.post(f"/api/worklists/{theirs.pk}/next", content_type="application/json").status_code == 404
    assert "Theirs" not in {each["name"] for each in client.get("/api/worklists/").json()}
    assert (
        client.post(f"/api/worklists/{denials.pk}/next", content_type="application/json").status_code == 204
    )
    wrong = client.post(f"/api/worklists/{denials.pk}/next", {"claim": 1}, content_type="application/json")
    assert wrong.status_code == 400
    assert client.get("/api/worklists/?user=1").status_code == 400


def test_whoever_works_a_list_stays_on_it_through_mistakes_and_all_that_they_do(
    client: Client, biller: User, denials: Worklist, denied: Claim
) -> None:
    open_work.settle()
    here, on_list = f"/claims/{denied.pk}/", f"?list={denials.pk}"
    wrong = client.post(f"{here}steps/payment/", {"list": denials.pk, "amount": "999", "paid_on": str(TODAY)})
    assert wrong.status_code == 422
    assert f'name="list" value="{denials.pk}"' in wrong.text, "the form that is mended goes on from the list"
    for step in ("appeal", "rebill"):
        assert f'href="{here}{step}/{on_list}"' in wrong.text
        assert f'href="{here}{on_list}"' in client.get(f"{here}{step}/{on_list}").text
    planned = {"kind": "call", "owner": biller.pk, "due_on": str(TODAY), "list": denials.pk}
    wrong = client.post(f"/tasks/new/?claim={denied.pk}", planned | {"due_on": "2020-01-01"})
    assert f'href="{here}{on_list}#tasks"' in wrong.text
    assert f'name="list" value="{denials.pk}"' in wrong.text
    done = [
        client.post(f"/tasks/new/?claim={denied.pk}", planned),
        client.post(f"{here}tags/{on_list}", {"tag": "slow"}),
        client.post(f"{here}attach/{on_list}"),
    ]
    for place, answer in zip(("tasks", "tags", "documents"), done, strict=True):
        assert answer["Location"] == f"{here}{on_list}#{place}"


@pytest.mark.parametrize("path", ["/worklists/", "/write-offs/", "/pay-backs/", "/appeals/"])
def test_what_is_reached_from_the_worklists_shows_where_one_is(
    client: Client, biller: User, path: str
) -> None:
    items = [item for section in client.get(path).context["nav"] for item in section["items"]]
    assert [item["label"] for item in items if item["is_current"]] == ["Worklists"]
