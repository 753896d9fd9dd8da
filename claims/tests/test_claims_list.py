"""The list of claims: what narrows it, what it sorts by, and what is done to many claims at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Department, User
from claims.models import Claim
from claims.pages.claims import MOST_SORTED, list_columns, sortable
from rcm_site.testing.makers import make_claim, make_department, make_payment, make_provider, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def biller(sign_in: Any, heart: Department) -> User:
    return sign_in("biller", departments=[heart])


def listed(client: Client, query: str) -> set[str]:
    page = client.get(f"/claims/?{query}")
    assert page.status_code == 200
    return {row.cells[0].text for row in page.context["table"].rows}


def test_each_filter_narrows_to_its_claims(client: Client, biller: User, heart: Department) -> None:
    today = timezone.localdate()
    npi = "1111111112"
    mine = make_claim(department=heart, assignee=biller, kind="professional")
    old = make_claim(department=heart, submitted_on=today - timedelta(days=91))
    ninety = make_claim(department=heart, submitted_on=today - timedelta(days=90))
    denied = make_claim(department=heart, status="denied", denial_category="coding")
    paid = make_claim(department=heart, status="paid", provider=make_provider(npi))
    make_claim(department=make_department(), assignee=None, provider=make_provider(npi))
    everything = {mine, old, ninety, denied, paid}
    for query, found in {
        "": everything,
        "assignee=me": {mine},
        f"assignee={biller.pk}": {mine},
        "assignee=none": everything - {mine},
        "status=open": everything - {paid},
        "age=over-90": {old},
        "age=61-90": {ninety},
        "age=0-30": {mine, denied, paid},
        "kind=professional": {mine},
        "category=coding": {denied},
        f"number={npi}": {paid},
        f"number=C-{old.number}": {old},
        "status=open&assignee=none&age=over-90": {old},
    }.items():
        assert listed(client, query) == {str(claim) for claim in found}, query


def test_claims_are_found_by_money_answers_and_age(client: Client, biller: User, heart: Department) -> None:
    today = timezone.localdate()

    def make(days: int = 0, **fields: Any) -> Claim:
        submitted = today - timedelta(days=days)
        return make_claim(department=heart, submitted_on=submitted, service_to=submitted, **fields)

    rejected = make(10, charge=50, status="pending", at_intake="rejected")
    silent = make(30, charge=100, at_intake="accepted")
    late = make(60, charge=200, status="denied", decided_on=today - timedelta(days=8))
    fresh = make(70, charge=300, status="denied", decided_on=today - timedelta(days=7))
    short = make(5, status="paid", charge=90, expected=80, paid=50, adjusted=30, patient_share=10)
    much = make(5, status="paid", charge=90, expected=80, paid=120)
    fair = make(5, status="paid", charge=90, expected=80, paid=70, adjusted=10, patient_share=10)
    for query, found in {
        "intake=rejected": {rejected},
        "intake=none": {late, fresh, short, much, fair},
        "waiting=30": {silent},
        "waiting=10": {rejected, silent},
        "decided=7": {fresh, short, much, fair},
        "decided=8&status=denied": {late, fresh},
        "money=owed": {rejected, silent, late, fresh},
        "money=underpaid": {short},
        "money=credit": {much},
        "money=owed&balance_from=100&balance_to=200.00": {silent, late},
        "money=underpaid&balance_from=20&balance_to=20": {short},
        "money=underpaid&balance_from=20.01": set(),
        "money=credit&balance_from=30": {much},
        "money=credit&balance_from=30.01": set(),
        "serviced=61-90": {fresh},
    }.items():
        assert listed(client, query) == {str(claim) for claim in found}, query


def test_claims_are_found_by_the_reason_that_was_given_last(
    client: Client, biller: User, heart: Department
) -> None:
    today = timezone.localdate()

    def deny(claim: Claim, group: str, reason: str, days: int) -> None:
        payment = make_payment(claim=claim, paid_on=today - timedelta(days=days))
        payment.adjustments.create(group=group, reason=reason, amount=10, is_denial=True)

    first, second = (make_claim(department=heart, status="denied", charge=10) for _ in range(2))
    deny(first, "CO", "16", 20)
    deny(first, "CO", "197", 1)
    deny(second, "PR", "197", 1)
    assert listed(client, "reason=197") == {str(first), str(second)}
    assert listed(client, "reason=co-197") == {str(first)}
    assert listed(client, "reason=16") == set()


@pytest.mark.parametrize(
    "query",
    [
        *("assignee=999999", "age=soon", "kind=toys", "category=none", "status=x", "money=lots", "waiting=0"),
        *("reason=XX-1", "intake=maybe", "decided=9999999", "balance_from=-1", "balance_from=2&balance_to=1"),
        *("balance_from=NaN", "balance_to=1e99", "waiting=1.5", "serviced=never"),
    ],
)
def test_a_wrong_filter_shows_nothing_and_says_why(
    client: Client, biller: User, heart: Department, query: str
) -> None:
    make_claim(department=heart)
    page = client.get(f"/claims/?{query}")
    assert page.context["table"].rows == []
    assert "field-error" in page.text


def test_amounts_of_very_many_claims_are_not_put_in_order() -> None:
    columns = list_columns(make_user("director"))
    few, many = sortable(columns, MOST_SORTED), sortable(columns, MOST_SORTED + 1)
    assert {each.name for each in few if each.sort} - {each.name for each in many if each.sort} == {
        "charge",
        "balance",
    }


def test_the_list_takes_as_many_queries_for_fifty_claims_as_for_one(
    client: Client, biller: User, heart: Department, django_assert_max_num_queries: Any
) -> None:
    for _ in range(50):
        make_claim(department=heart, assignee=biller)
    with django_assert_max_num_queries(14):
        client.get("/claims/?size=100&sort=-charge")


# Many at once --------------------------------------------------------------------------------------


def assign(client: Client, claims: list[Claim], assignee: object, **more: str) -> Any:
    rows = [str(claim.pk) for claim in claims]
    return client.post("/claims/assign/", {"row": rows, "assignee": str(assignee), **more})


def test_picked_claims_go_to_one_person_and_back_to_nobody(
    client: Client, biller: User, heart: Department
) -> None:
    colleague = make_user("coder", departments=[heart])
    first, second = make_claim(department=heart), make_claim(department=heart)
    other = make_claim(department=heart)
    answer = assign(client, [first, second], colleague.pk, back="status=open&page=2")
    assert (answer.status_code, answer["Location"]) == (302, "/claims/?status=open&page=2")
    assert set(Claim.objects.filter(assignee=colleague)) == {first, second}
    assert AuditEntry.objects.filter(action="claim.changed", actor=biller).count() == 2
    assert first.events.get().action == "assigned"
    assign(client, [first], "none")
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.assignee, other.assignee) == (None, None)


def test_claims_of_another_department_are_not_found_and_none_is_changed(
    client: Client, biller: User, heart: Department
) -> None:
    near, far = make_claim(department=heart), make_claim(department=make_department())
    assert assign(client, [near, far], biller.pk).status_code == 404
    assert not Claim.objects.exclude(assignee=None).exists()
    assert AuditEntry.objects.filter(action="claim.changed", outcome="failed", actor=biller).count() == 1


def test_nobody_outside_the_department_is_given_its_claims(
    client: Client, biller: User, heart: Department
) -> None:
    teeth = make_department("Teeth")
    outsider = make_user("coder", departments=[teeth])
    disabled = make_user("coder", departments=[heart], is_active=False)
    claim = make_claim(department=heart)
    for person in (outsider, disabled):
        assign(client, [claim], person.pk)
    claim.refresh_from_db()
    assert claim.assignee is None


def test_a_person_of_another_department_changes_none_of_several_claims(client: Client, sign_in: Any) -> None:
    heart, teeth = make_department(), make_department()
    sign_in("manager", departments=[heart, teeth])
    coder = make_user("coder", departments=[heart])
    claims = [make_claim(department=heart), make_claim(department=teeth)]
    page = client.get(assign(client, claims, coder.pk)["Location"])
    assert "belongs to another department" in page.text
    assert not Claim.objects.exclude(assignee=None).exists()


@pytest.mark.parametrize("rows", [["nonsense"], ["0" * 36], ["'; DROP TABLE"]])
def test_what_is_no_claim_is_not_found(client: Client, biller: User, rows: list[str]) -> None:
    assert client.post("/claims/assign/", {"row": rows, "assignee": str(biller.pk)}).status_code == 404


def test_the_way_back_stays_on_the_site(client: Client, biller: User) -> None:
    answer = assign(client, [], biller.pk, back="//evil.example/\r\nSet-Cookie: a=b")
    assert answer["Location"].startswith("/claims/?")
    assert "\n" not in answer["Location"]


def test_whoever_only_looks_cannot_pick(client: Client, sign_in: Any) -> None:
    sign_in("analyst")
    make_claim()
    page = client.get("/claims/")
    assert page.context["table"].picks == ""
    assert 'name="row"' not in page.text
