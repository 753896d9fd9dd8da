"""Worklists: what they have, in which order, who is given the next claim, and what else is done with it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.core.management.base import CommandError
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Department, User
from claims import changes
from claims.business_days import plus_business_days
from claims.changes import Change, ClaimError
from claims.management.commands._bench_valuing import value_all
from claims.models import Claim, ClaimEvent, CollectingRate, OpenWork, Worklist, WorkMark
from claims.pages.filters import ClaimFilter
from claims.worklists import chances, open_work, ordering, pending, sharing
from claims.worklists.choosing import claims_of, neighbours, not_valued_yet, valued
from claims.worklists.pulling import next_claim
from claims.worklists.standings import standing
from claims.worklists.valuing import urgency
from rcm_site.testing.makers import (
    make_claim,
    make_department,
    make_patient,
    make_payer,
    make_payment,
    make_user,
)

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def make_open(dollars: str = "100.00", **fields: Any) -> Claim:
    """Sent to a payer that takes its time, so that no deadline is near."""
    usual: dict[str, Any] = {"kind": "professional", "charge": Decimal(dollars), "at_intake": "accepted"}
    return make_claim(**usual | fields)


def make_list(**fields: Any) -> Worklist:
    return Worklist.objects.create(**{"name": "Mine", "filters": {"status": "open"}} | fields)


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def biller(heart: Department) -> User:
    return make_user("biller", departments=[heart])


# What a claim is worth -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "tenths"), [(None, 10), (365, 10), (31, 10), (30, 10), (20, 20), (10, 30), (0, 40), (-1, 1)]
)
def test_urgency_grows_by_a_tenth_with_each_day_below_thirty(left: int | None, tenths: int) -> None:
    assert urgency(left) == tenths


def test_a_claim_is_worth_its_dollars_times_its_chance_times_its_urgency(heart: Department) -> None:
    acme = make_payer("Acme", appeal_days=60)
    for number in range(20):  # denied for coding after 20 days, three of four paid in the end
        status: dict[str, Any] = {"status": "paid", "paid": 10} if number < 15 else {"status": "written_off"}
        make_claim(
            charge=Decimal(50),
            payer=acme,
            submitted_on=days_ago(120),
            first_decision="denied",
            first_decided_on=days_ago(100),
            decided_on=days_ago(100),
            denial_category="coding",
            **status,
        )
    claim = make_claim(
        charge=Decimal("200.00"),
        payer=acme,
        department=heart,
        status="denied",
        denial_category="coding",
        submitted_on=days_ago(70),
        decided_on=days_ago(50),
    )
    open_work.settle()
    work = OpenWork.objects.get(claim=claim)
    # 10 of 60 days are left to appeal: three times as urgent. 200.00 × 15/20 × 3.0 = 450.00
    assert (work.dollars, work.collected, work.decided, work.urgency) == (Decimal(200), 15, 20, 30)
    assert (work.value, work.deadline) == (Decimal("450.00"), TODAY + timedelta(days=10))
    assert work.likeness == "payer_category_age"


def test_what_was_underpaid_and_what_was_paid_too_much_is_work_too() -> None:
    paid: dict[str, Any] = {"status": "paid", "charge": Decimal(100), "paid_on": days_ago(3)}
    short = make_claim(expected=Decimal(80), paid=Decimal(50), adjusted=Decimal(40), patient_share=10, **paid)
    much = make_claim(paid=Decimal("130.00"), **paid)
    make_claim(expected=Decimal(80), paid=Decimal(70), adjusted=Decimal(20), patient_share=10, **paid)
    make_claim(status="void", charge=Decimal(100))
    open_work.settle()
    found = {work.claim_id: (work.at_stake, work.dollars, work.value) for work in OpenWork.objects.all()}
    assert found == {
        short.pk: ("underpaid", Decimal(20), Decimal(20)),
        much.pk: ("credit", Decimal(30), Decimal(30)),
    }


# The chance ----------------------------------------------------------------------------------------


def rate(payer: Any, category: str, age: str, collected: int, decided: int) -> None:
    CollectingRate.objects.create(
        payer=payer, category=category, age=age, collected=collected, decided=decided
    )


def test_a_chance_falls_back_to_more_claims_until_there_are_twenty() -> None:
    acme, bolt = make_payer("Acme"), make_payer("Bolt")
    rate(acme, "coding", "0-30", 10, 20)
    rate(acme, "coding", "31-60", 1, 5)
    rate(bolt, "coding", "0-30", 2, 4)
    rate(bolt, "duplicate", "0-30", 0, 1)
    rate(acme, "", "0-30", 30, 40)
    rate(bolt, "", "31-60", 5, 10)
    reckoned = chances.Chances()
    coding: dict[str, Any] = {"status": "denied", "denial_category": "coding", "decided_on": TODAY}

    def told(**fields: Any) -> tuple[int, int, str]:
        usual: dict[str, Any] = {"charge": 1, "payer": acme}
        chance = reckoned.of(make_claim(**usual | fields), TODAY)
        return chance.collected, chance.decided, chance.likeness

    assert told(**coding, submitted_on=days_ago(30)) == (10, 20, "payer_category_age")
    assert told(**coding, submitted_on=days_ago(31)) == (11, 25, "payer_category")
    assert told(**coding, submitted_on=TODAY, payer=bolt) == (13, 29, "category")
    assert told(submitted_on=TODAY) == (30, 40, "payer_category_age")
    assert told(submitted_on=days_ago(100)) == (30, 40, "payer_category")
    assert told(submitted_on=days_ago(40), payer=bolt) == (35, 50, "category")
    assert told(**coding | {"denial_category": "duplicate"}) == (35, 50, "all")


def test_a_replaced_claim_counts_as_its_replacement_came_out_and_a_waiting_one_nowhere() -> None:
    first: dict[str, Any] = {
        "first_decision": "denied",
        "first_decided_on": days_ago(10),
        "submitted_on": days_ago(30),
    }
    coding: dict[str, Any] = {"charge": 9, "decided_on": days_ago(10), "denial_category": "coding", **first}
    for status, paid in (("paid", 5), ("written_off", 0)):
        original = make_claim(status="void", **coding)
        make_claim(charge=9, status=status, paid=paid, original=original, decided_on=TODAY)
    make_claim(status="denied", **coding)
    make_claim(status="void", **coding)
    make_claim(status="written_off", **coding | {"first_decided_on": days_ago(365)})
    chances.reckon(TODAY)
    found = CollectingRate.objects.order_by("category").values_list("category", "age", "collected", "decided")
    assert list(found) == [("", "0-30", 1, 2), ("coding", "0-30", 1, 2)]


def test_the_first_answer_says_for_what_a_claim_was_denied_that_was_paid_in_the_end() -> None:
    first: dict[str, Any] = {"first_decision": "denied", "first_decided_on": days_ago(40)}
    claim = make_claim(status="paid", charge=9, paid=5, submitted_on=days_ago(90), **first)
    denial = make_payment(claim=claim, paid_on=days_ago(40))
    for reason, dollars in (("97", 2), ("197", 7)):
        denial.adjustments.create(group="CO", reason=reason, amount=dollars, is_denial=True)
    make_claim(
        status="paid", charge=9, paid=9, first_decision="paid", first_decided_on=TODAY, decided_on=TODAY
    )
    chances.reckon(TODAY)
    found = CollectingRate.objects.order_by("category", "age")
    assert [(each.category, each.age, each.collected, each.decided) for each in found] == [
        ("", "0-30", 1, 1),
        ("", "31-60", 1, 1),
        ("authorisation", "31-60", 1, 1),
    ]


# Kept right ----------------------------------------------------------------------------------------


def test_whatever_changes_a_claim_its_work_follows() -> None:
    claim = make_open("100.00")
    open_work.settle()
    assert OpenWork.objects.get(claim=claim).dollars == 100
    Claim.objects.filter(pk=claim.pk).update(paid=Decimal(30))
    open_work.settle()
    assert OpenWork.objects.get(claim=claim).dollars == 70
    Claim.objects.filter(pk=claim.pk).update(status="void")
    open_work.settle()
    assert not OpenWork.objects.exists()
    Claim.objects.filter(pk=claim.pk).update(place_of_service="11")
    assert not WorkMark.objects.exists()


def test_with_a_new_day_all_claims_are_valued_anew() -> None:
    claim = make_claim(
        charge=Decimal(100), payer=make_payer(appeal_days=31), status="denied", decided_on=TODAY
    )
    open_work.settle()
    assert OpenWork.objects.get(claim=claim).urgency == 10
    WorkMark.objects.all().delete()
    while open_work.refresh(TODAY + timedelta(days=11)):
        pass
    assert OpenWork.objects.get(claim=claim).urgency == 20


def test_with_a_new_day_what_no_mark_told_of_is_found() -> None:
    paid: dict[str, Any] = {"status": "paid", "charge": Decimal(100), "paid": 50, "expected": Decimal(80)}
    void, denied, still = (make_claim(decided_on=days_ago(3), paid_on=days_ago(3), **paid) for _ in range(3))
    open_work.settle()
    short, much, new = (
        make_claim(decided_on=days_ago(3), paid_on=days_ago(3), **paid),
        make_claim(decided_on=days_ago(3), paid_on=days_ago(3), **paid | {"paid": 130}),
        make_open("70.00"),
    )
    Claim.objects.filter(pk=void.pk).update(status="void")
    Claim.objects.filter(pk=denied.pk).update(status="denied")
    WorkMark.objects.all().delete()
    while open_work.refresh(TODAY + timedelta(days=1)):
        pass
    assert dict(OpenWork.objects.values_list("claim", "at_stake")) == {
        denied.pk: "owed",
        still.pk: "underpaid",
        short.pk: "underpaid",
        much.pk: "credit",
        new.pk: "owed",
    }


def test_measuring_how_long_valuing_takes_changes_nothing() -> None:
    payer = make_payer(appeal_days=31)
    for number in range(3):
        make_claim(charge=100 + number, payer=payer, status="denied", decided_on=TODAY)
    open_work.settle()
    rates = list(CollectingRate.objects.values())
    works = list(OpenWork.objects.order_by("pk").values())
    told = list(value_all(60))
    assert [line.count("then 3 claims valued") for line in told] == [1, 1, 1]
    assert list(CollectingRate.objects.values()) == rates
    assert list(OpenWork.objects.order_by("pk").values()) == works
    assert not WorkMark.objects.exists()
    payer.refresh_from_db()
    assert payer.appeal_days == 31
    with pytest.raises(CommandError, match="3 claims wait"):
        list(value_all(0))


def test_many_claims_valued_anew_keep_what_people_did_with_them(biller: User, heart: Department) -> None:
    payer = make_payer(appeal_days=31)
    denied: dict[str, Any] = {"payer": payer, "department": heart, "status": "denied", "decided_on": TODAY}
    claims = [make_claim(charge=Decimal(100 + number), **denied) for number in range(12)]
    open_work.settle()
    until = pending.pend(claim=claims[3], days=20, why="payer", change=Change(biller))
    while open_work.refresh(TODAY + timedelta(days=11)):
        pass
    works = OpenWork.objects.order_by("dollars")
    assert [work.dollars for work in works] == [100 + number for number in range(12)]
    assert [work.value for work in works] == [2 * work.dollars for work in works]
    assert [work.pended_until for work in works] == [until if place == 3 else None for place in range(12)]


def test_a_late_row_shows_nothing_that_is_closed_and_a_claim_without_one_is_not_lost(
    biller: User, heart: Department
) -> None:
    worklist = make_list()
    closed, elsewhere = make_open(department=heart), make_open(department=make_department())
    open_work.settle()
    Claim.objects.filter(pk=closed.pk).update(status="void")
    new = make_open(department=heart)
    found = claims_of(worklist, biller)
    assert OpenWork.objects.count() == 2
    assert list(valued(worklist, found, biller)) == []
    assert list(not_valued_yet(worklist, found, biller)) == [new]
    assert standing(worklist, biller).claims == 1
    assert next_claim(user=biller, worklist=worklist) == new
    assert elsewhere in claims_of(worklist, make_user("director"))


def test_a_claim_that_changes_its_department_is_lost_on_no_list(biller: User, heart: Department) -> None:
    worklist, elsewhere = make_list(), make_department()
    claim, others = make_open(department=elsewhere), make_user("biller", departments=[elsewhere])
    open_work.settle()
    assert [standing(worklist, each).claims for each in (biller, others)] == [0, 1]
    Claim.objects.filter(pk=claim.pk).update(department=heart)
    found = claims_of(worklist, biller)
    assert list(not_valued_yet(worklist, found, biller)) == [claim]
    assert next_claim(user=others, worklist=worklist) is None
    assert next_claim(user=biller, worklist=worklist) == claim  # which values it
    assert list(valued(worklist, found, biller)) == [claim]
    assert OpenWork.objects.get().department == heart
    open_work.settle()
    everybody = make_user("director")
    Claim.objects.filter(pk=claim.pk).update(department=None)
    assert list(valued(worklist, claims_of(worklist, everybody), everybody)) == [claim]
    open_work.settle()
    assert OpenWork.objects.get().department is None


@pytest.mark.parametrize("departments", [1, 2, 5])  # of somebody who works a list
@pytest.mark.parametrize("deep", [0, 1_000])
def test_pages_of_some_departments_follow_one_order(
    departments: int, deep: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "DEEP", deep)
    seen, elsewhere = [make_department() for _ in range(departments)], make_department()
    claims = [
        make_open(dollars, department=department)
        for department in seen
        for dollars in ("10.00", "30.00", "20.00", "30.00")
    ]
    make_open("500.00", department=elsewhere)
    open_work.settle()
    worklist, person = make_list(), make_user("biller", departments=seen)
    in_order = [claim.pk for claim in sorted(claims, key=lambda claim: (-claim.charge, claim.pk))]
    keys = ordering.InOrder(valued(worklist, claims_of(worklist, person), person), person)
    assert [pk for first in range(0, 20, 3) for pk in keys[first : first + 3]] == in_order


# Order, counts, neighbours -------------------------------------------------------------------------


def test_a_list_is_worked_by_value_and_counts_what_rests_apart(biller: User, heart: Department) -> None:
    worklist = make_list()
    small, large, middle = (make_open(each, department=heart) for each in ("10.00", "300.00", "20.00"))
    resting = make_open("5000.00", department=heart)
    open_work.settle()
    pending.pend(claim=resting, days=3, why="payer", change=Change(biller))
    assert list(valued(worklist, claims_of(worklist, biller), biller)) == [resting, large, middle, small]
    found = standing(worklist, biller)
    assert (found.claims, found.dollars, found.at_rest, found.deadline) == (3, Decimal(330), 1, None)
    assert neighbours(worklist, biller, middle) == (large, small)
    assert neighbours(worklist, biller, small) == (middle, None)


def test_lists_are_for_the_roles_people_and_departments_that_they_name(heart: Department) -> None:
    Worklist.objects.all().delete()
    coder, agent = make_user("coder", departments=[heart]), make_user("ar_agent", departments=[heart])
    make_list(name="All")
    make_list(name="Coders", roles=" coder ")
    make_list(name="Hers", department=heart).people.add(agent)
    make_list(name="Elsewhere", department=make_department())
    make_list(name="Off", is_active=False)

    def names(user: User) -> set[str]:
        return {each.name for each in Worklist.objects.visible_to(user)}

    assert names(coder) == {"All", "Coders"}
    assert names(agent) == {"All", "Hers"}
    assert names(make_user("manager", departments=[heart])) == {"All", "Coders", "Hers", "Off"}
    assert len(names(make_user("admin"))) == 5


def test_the_shipped_lists_are_rules_that_the_list_of_claims_takes(biller: User) -> None:
    Worklist.objects.all().delete()
    import_module("claims.migrations.0030_shipped_worklists").ship(apps, None)
    assert Worklist.objects.count() == 8
    for worklist in Worklist.objects.all():
        assert claims_of(worklist, biller).count() == 0
        assert standing(worklist, biller).words


def test_a_rule_that_is_wrong_by_now_finds_nothing_and_says_so(biller: User, heart: Department) -> None:
    make_open(department=heart)
    worklist = make_list(filters={"status": "open", "payer": "999999"})
    found = standing(worklist, biller)
    assert (found.claims, found.words) == (0, "Finds nothing until its rule is corrected")
    assert next_claim(user=biller, worklist=worklist) is None


@pytest.mark.parametrize(
    "rule",
    [
        {},
        *({"status": status} for status in ("open", "submitted", "pending", "denied", "appealed", "paid")),
        *({"waiting": "30"}, {"age": "31-60"}, {"due": "filing-30"}, {"status": "open", "due": "appeal-30"}),
    ],
)
def test_a_list_has_what_is_owed_whatever_else_its_rule_says(
    rule: dict[str, str], biller: User, heart: Department
) -> None:
    payer = make_payer(timely_filing_days=60, appeal_days=60)
    dates: dict[str, Any] = dict.fromkeys(("submitted_on", "decided_on", "service_to"), days_ago(40))
    for status, paid in product(Claim.Status, (0, 100)):
        make_claim(status=status, charge=100, paid=paid, payer=payer, department=heart, **dates)
    by_rule = ClaimFilter(rule, biller).narrow(Claim.objects.all())
    owed = {claim for claim in by_rule if claim.is_open and claim.balance > 0}
    assert set(claims_of(make_list(filters=rule), biller)) == owed
    assert owed or rule == {"status": "paid"}


# The next claim ------------------------------------------------------------------------------------


def test_two_people_never_have_the_same_claim_and_get_the_most_valuable_first(
    biller: User, heart: Department
) -> None:
    other, worklist = make_user("biller", departments=[heart]), make_list()
    small, large = make_open("10.00", department=heart), make_open("90.00", department=heart)
    open_work.settle()
    assert next_claim(user=biller, worklist=worklist) == large
    assert next_claim(user=other, worklist=worklist) == small
    assert next_claim(user=make_user("biller", departments=[heart]), worklist=worklist) is None


def test_nobody_has_a_claim_that_the_audit_trail_does_not_tell_of(biller: User, heart: Department) -> None:
    worklist, claim = make_list(), make_open(department=heart)
    open_work.settle()
    broken = HttpRequest()
    del broken.META
    with pytest.raises(AttributeError):
        next_claim(user=biller, worklist=worklist, request=broken)
    assert not OpenWork.objects.filter(held_by=biller).exists()
    assert next_claim(user=biller, worklist=worklist) == claim
    assert next_claim(user=biller, worklist=make_list(name="Empty", filters={"status": "denied"})) is None
    pulled = AuditEntry.objects.filter(action="claim.pulled").order_by("id")
    assert list(pulled.values_list("subject_id", flat=True)) == [str(claim.pk), ""]


def test_a_claim_is_had_for_twenty_minutes_and_longer_by_acting_on_it(
    biller: User, heart: Department
) -> None:
    other, worklist, now = make_user("biller", departments=[heart]), make_list(), timezone.now()
    claim = make_open(department=heart)
    open_work.settle()
    assert next_claim(user=biller, worklist=worklist, now=now - timedelta(minutes=19)) == claim
    assert next_claim(user=other, worklist=worklist, now=now) is None
    changes.change_status(claim=claim, to="pending", change=Change(biller))  # holds it from now on
    assert next_claim(user=other, worklist=worklist, now=now + timedelta(minutes=19)) is None
    assert next_claim(user=other, worklist=worklist, now=now + timedelta(minutes=21)) == claim


def test_whoever_leaves_a_claim_as_it_is_gets_another_and_comes_back_to_it_last(
    biller: User, heart: Department
) -> None:
    worklist = make_list()
    small, large = make_open("10.00", department=heart), make_open("90.00", department=heart)
    open_work.settle()
    assert [next_claim(user=biller, worklist=worklist) for _ in range(3)] == [large, small, large]
    assert OpenWork.objects.filter(held_by=biller).count() == 1


def test_what_rests_or_is_somebody_elses_is_not_pulled(biller: User, heart: Department) -> None:
    worklist = make_list()
    resting = make_open(department=heart)
    make_open(department=heart, assignee=make_user("biller", departments=[heart]))
    mine = make_open("1.00", department=heart, assignee=biller)
    open_work.settle()
    pending.pend(claim=resting, days=1, why="records", change=Change(biller))
    assert next_claim(user=biller, worklist=worklist) == mine
    back = timezone.now() + timedelta(days=5)
    assert next_claim(user=biller, worklist=worklist, now=back) == resting


def test_of_a_list_that_is_shared_out_everybody_gets_their_own(biller: User, heart: Department) -> None:
    worklist = make_list(hand_out="round_robin")
    make_open(department=heart)
    mine = make_open("1.00", department=heart, assignee=biller)
    open_work.settle()
    assert next_claim(user=biller, worklist=worklist) == mine


@pytest.mark.parametrize("best", [0, 1, 2_000])  # claims that are read in order first
@pytest.mark.parametrize("few", [0, 2_000])  # that are found and put in order
def test_however_it_is_looked_for_the_next_claim_is_the_same(
    few: int, best: int, biller: User, heart: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "FEW", few)
    monkeypatch.setattr(ordering, "BEST", best)
    payer, worklist = make_payer(appeal_days=60), make_list(filters={"due": "appeal-30"})
    denied: dict[str, Any] = {"payer": payer, "department": heart, "status": "denied"}
    for day in (TODAY, days_ago(61)):  # worth more, and not due any more or yet
        make_claim(charge=900, decided_on=day, **denied)
    due = [make_claim(charge=charge, decided_on=days_ago(40), **denied) for charge in (30, 20, 20, 10)]
    in_hand = make_claim(charge=40, decided_on=days_ago(40), **denied)
    open_work.settle()
    other = make_user("biller", departments=[heart])
    held = OpenWork.objects.filter(pk=in_hand.pk)
    held.update(held_by=other, held_until=timezone.now() + timedelta(minutes=9))
    in_order = [due[0], *sorted(due[1:3], key=lambda claim: claim.pk), due[3]]
    assert [next_claim(user=biller, worklist=worklist) for _ in range(5)] == [*in_order, due[0]]
    assert next_claim(user=make_user("biller"), worklist=worklist) is None


def test_of_a_list_of_few_all_that_is_at_work_is_never_read(
    biller: User, heart: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many claims are worth more, and although all of the list's are in somebody's hands."""
    monkeypatch.setattr(ordering, "BEST", 0)
    worklist, other = make_list(filters={"status": "denied"}), make_user("biller", departments=[heart])
    make_open("900.00", department=heart)
    make_open("10.00", department=heart, status="denied", decided_on=TODAY)
    open_work.settle()
    with CaptureQueriesContext(connection) as before:
        assert next_claim(user=other, worklist=worklist)
    with CaptureQueriesContext(connection) as after:
        assert next_claim(user=biller, worklist=worklist) is None
    in_order = [each["sql"] for each in (*before, *after) if '"value" DESC' in each["sql"]]
    is_bound = re.compile(r'"claims_claim"."id" IN \(|"value" > |LIMIT 1 OFFSET')
    assert in_order
    assert [sql for sql in in_order if not is_bound.search(sql)] == []


# Resting, passing on -------------------------------------------------------------------------------


def test_a_claim_rests_for_business_days_and_is_back_on_the_day(biller: User, heart: Department) -> None:
    claim = make_open(department=heart)
    friday = date(2026, 11, 20)
    change = Change(biller, note="Called, they look into it.")
    until = pending.pend(claim=claim, days=4, why="payer", change=change, today=friday)
    # Monday, Tuesday, Wednesday, no Thanksgiving, Friday.
    assert until == date(2026, 11, 27) == plus_business_days(friday, 4)
    work = OpenWork.objects.get(claim=claim)
    assert work.is_pended(date(2026, 11, 26))
    assert not work.is_pended(until)
    event = ClaimEvent.objects.get(claim=claim, action="pended")
    assert event.note == "Until 27 Nov 2026: waits for the payer. Called, they look into it."
    assert "Called" not in str(AuditEntry.objects.latest("id").details)
    pending.bring_back(claim=claim, change=change, today=friday)
    with pytest.raises(ClaimError, match="does not rest"):
        pending.bring_back(claim=claim, change=change, today=friday)


def test_closed_claims_do_not_rest_nor_do_others_for_ever(biller: User) -> None:
    paid = make_claim(status="paid", charge=Decimal(10), paid=Decimal(10))
    with pytest.raises(ClaimError, match="Nobody has to work"):
        pending.pend(claim=paid, days=1, why="payer", change=Change(biller))
    with pytest.raises(ClaimError, match="1 to 90 business days"):
        pending.pend(claim=make_open(), days=91, why="payer", change=Change(biller))


def test_a_claim_is_escalated_to_those_who_lead_its_department(biller: User, heart: Department) -> None:
    worklist, claim = make_list(), make_open(department=heart)
    manager, stranger = make_user("manager", departments=[heart]), make_user("manager")
    open_work.settle()
    next_claim(user=biller, worklist=worklist)
    with pytest.raises(ClaimError, match="leads nobody"):
        pending.escalate(claim=claim, to=stranger, change=Change(biller))
    pending.escalate(claim=claim, to=manager, change=Change(biller, note="Too large for me."))
    claim.refresh_from_db()
    assert claim.assignee == manager
    assert [(each.action, each.note) for each in claim.events.all()] == [
        ("escalated", f"To {manager.name}. Too large for me.")
    ]
    assert OpenWork.objects.get(claim=claim).held_by is None


# Sharing out ---------------------------------------------------------------------------------------


@pytest.fixture
def team(heart: Department) -> list[User]:
    return [make_user("biller", departments=[heart], name=name) for name in ("Abe", "Bea")]


def shares(team: list[User]) -> list[set[Claim]]:
    return [set(Claim.objects.filter(assignee=person)) for person in team]


def test_claims_are_shared_out_in_turn_among_those_who_see_them(heart: Department, team: list[User]) -> None:
    worklist = make_list(hand_out="round_robin")
    worklist.people.set([*team, make_user("biller", departments=[make_department()])])
    first, second, third = (make_open(each, department=heart) for each in ("30.00", "20.00", "10.00"))
    nobodys = make_open(department=make_department())
    kept = make_open(department=heart, assignee=make_user("coder", departments=[heart]))
    open_work.settle()
    change = Change(make_user("admin"))
    shared = sharing.share_out(worklist=worklist, change=change)
    assert shares(team) == [{first, third}, {second}]
    assert (shared.claims, shared.people, shared.nobodys, shared.is_rest) == (3, 2, 1, False)
    assert sharing.share_out(worklist=worklist, change=change).claims == 0
    assert {kept, nobodys} == set(Claim.objects.exclude(assignee__in=team))
    assert ClaimEvent.objects.filter(action="assigned", actor=change.actor).count() == 3


def test_claims_are_shared_out_by_payer_and_by_last_name(heart: Department, team: list[User]) -> None:
    payers = [make_payer("Acme"), make_payer("Bolt")]
    claims = [
        make_open(department=heart, payer=payers[number % 2], patient=make_patient(name=name))
        for number, name in enumerate(("Ames, Ann", "Adams, Bo", "Baker, Cy", "Bell, Di"))
    ]
    open_work.settle()
    change = Change(make_user("admin"))
    worklist = make_list(hand_out="by_payer")
    worklist.people.set(team)
    sharing.share_out(worklist=worklist, change=change)
    assert shares(team) == [{claims[0], claims[2]}, {claims[1], claims[3]}]
    Claim.objects.update(assignee=None)
    worklist.hand_out = "by_alphabet"
    sharing.share_out(worklist=worklist, change=change)
    assert shares(team) == [set(claims[:2]), set(claims[2:])]
