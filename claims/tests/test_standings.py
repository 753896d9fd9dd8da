"""How lists stand: what is kept says to everybody what counting on the spot says, while it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Department, User
from claims.changes import Change
from claims.models import BacklogDay, Claim, KeptStanding, OpenWork, Worklist
from claims.numbers import next_numbers
from claims.worklists import open_work, pending
from claims.worklists.counting import count_due
from claims.worklists.pulling import next_claim
from claims.worklists.standings import FRONT, front, standing, standings
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.localtime().replace(hour=12, minute=0)  # no day begins while these run
TODAY = NOW.date()


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def make_open(dollars: str = "100.00", **fields: Any) -> Claim:
    usual: dict[str, Any] = {"charge": Decimal(dollars), "at_intake": "accepted"}
    return make_claim(**usual | fields)


def make_list(**fields: Any) -> Worklist:
    return Worklist.objects.create(**{"name": "Mine", "filters": {"status": "open"}} | fields)


@pytest.fixture
def heart() -> Department:
    Worklist.objects.all().delete()
    return make_department("Heart")


@pytest.fixture
def biller(heart: Department) -> User:
    return make_user("biller", departments=[heart])


def told(worklist: Worklist, user: User, now: Any = NOW) -> Any:
    (found,) = standings([worklist], user, now)
    return found


def test_what_is_kept_says_to_everybody_what_counting_says(heart: Department, biller: User) -> None:
    lung = make_department("Lung")
    other, director = make_user("biller", departments=[heart, lung]), make_user("director")
    for department, assignee in ((heart, None), (heart, biller), (lung, other), (lung, None), (None, None)):
        make_open(department=department, assignee=assignee)
        make_open("7.50", department=department, assignee=assignee, status="denied", decided_on=TODAY)
    in_hand, gone, put_aside, closed = (make_open("30.00", department=heart) for _ in range(4))
    open_work.settle()
    hour = timedelta(hours=1)
    OpenWork.objects.filter(pk=in_hand.pk).update(held_by=other, held_until=NOW + hour)
    OpenWork.objects.filter(pk=gone.pk).update(held_by=other, held_until=NOW - hour)
    OpenWork.objects.filter(pk=closed.pk).update(closed_as="as it was", deadline=TODAY)
    OpenWork.objects.filter(pk=put_aside.pk).update(pended_until=TODAY + timedelta(days=3))
    open_claims = {"status": "open"}
    make_list(name="Pulled")
    make_list(name="Shared", hand_out="by_payer")
    make_list(name="Heart's", department=heart, filters=open_claims)
    make_list(name="Own", filters=open_claims | {"assignee": "me"})
    make_list(name="Theirs", filters=open_claims | {"assignee": str(other.pk)})
    make_list(name="Nobody's", filters=open_claims | {"assignee": "none"})
    make_list(name="Empty", filters={"status": "denied", "balance_from": "9999"})
    make_list(name="Wrong by now", filters={"payer": "999999"})
    lists = list(Worklist.objects.select_related("department"))
    assert count_due(NOW) == len(lists)
    for user in (biller, other, director, make_user("manager", departments=[lung]), make_user("biller")):
        for kept in standings(lists, user, NOW):
            assert kept.words == standing(kept.worklist, user, NOW).words
            is_said = "until its rule is corrected" not in kept.words
            assert (kept.as_of == NOW) is is_said
            assert replace(kept, as_of=None) == standing(kept.worklist, user, NOW), kept.worklist.name
    found = {each.worklist.name: each for each in standings(lists, biller, NOW)}
    pulled, own = found["Pulled"], found["Own"]
    # Nobody's two, their own two, and what was in somebody's hands until an hour ago.
    assert (pulled.claims, pulled.free, pulled.at_rest) == (6, 5, 2)
    assert (own.claims, found["Shared"].free) == (2, 2)


def test_what_is_kept_holds_for_minutes_for_its_rule_and_for_its_day(heart: Department, biller: User) -> None:
    worklist = make_list()
    count_due(NOW)
    make_open(department=heart)
    assert told(worklist, biller, NOW + timedelta(minutes=4)).claims == 0
    assert told(worklist, biller, NOW + timedelta(minutes=5)).claims == 1
    worklist.filters = {"status": "open", "balance_from": "1"}
    assert told(worklist, biller).claims == 1
    midnight = NOW.replace(hour=23, minute=59)
    count_due(midnight)
    make_open(department=heart)
    assert told(Worklist.objects.get(), biller, midnight).claims == 1
    assert told(Worklist.objects.get(), biller, midnight + timedelta(minutes=2)).claims == 2


def test_a_list_is_counted_each_minute_and_at_once_by_another_rule(heart: Department) -> None:
    changed, _, unused = make_list(name="A"), make_list(name="B"), make_list(name="C", is_active=False)
    assert (count_due(NOW), count_due(NOW + timedelta(seconds=30))) == (2, 0)
    changed.filters = {"status": "denied"}
    changed.save()
    assert count_due(NOW + timedelta(seconds=30)) == 1
    assert count_due(NOW + timedelta(minutes=1)) == 1
    assert count_due(NOW + timedelta(minutes=2)) == 2
    assert not KeptStanding.objects.filter(worklist=unused).exists()


def test_the_next_claim_is_of_those_in_front_and_then_of_all_others(heart: Department, biller: User) -> None:
    worklist, elsewhere = make_list(), make_department()
    made = [make_open(f"{dollars}.00", department=heart) for dollars in (10, 90, 50, 70)]
    make_open("999.00", department=elsewhere)
    open_work.settle()
    small, large, void, in_hand = made
    count_due(NOW)
    Claim.objects.filter(pk=void.pk).update(status="void")
    other = make_user("biller", departments=[heart])
    OpenWork.objects.filter(pk=in_hand.pk).update(held_by=other, held_until=NOW + timedelta(minutes=9))
    came_since = make_open("80.00", department=heart)
    open_work.settle()
    given = [next_claim(user=biller, worklist=worklist, now=NOW) for _ in range(4)]
    # What is given back comes again when nothing else is left: then the list is looked through anew.
    assert given == [large, small, came_since, large]


def test_whoever_passed_all_in_front_by_today_finds_others_there(heart: Department, biller: User) -> None:
    worklist, other = make_list(), make_user("biller", departments=[heart])
    Claim.objects.bulk_create(
        Claim(number=number, kind="dental", department=heart, charge=Decimal(number))
        for number in next_numbers(FRONT + 2)
    )
    open_work.settle()
    works = list(OpenWork.objects.order_by("-value").values_list("pk", flat=True))
    passed, best = OpenWork.objects.filter(pk__in=works[:FRONT]), [str(pk) for pk in works]
    passed.update(passed_by=biller, passed_at=NOW - timedelta(days=1))
    count_due(NOW)
    assert front(worklist, biller, NOW) == best[:FRONT]
    passed.update(passed_at=NOW)
    count_due(NOW + timedelta(minutes=1))
    assert front(worklist, biller, NOW) == best[FRONT:]
    assert front(worklist, other, NOW) == best


def test_what_stands_in_front_is_looked_at_all_day(heart: Department, biller: User) -> None:
    worklist = make_list()
    claim = make_open(department=heart)
    open_work.settle()
    count_due(NOW - timedelta(hours=3))
    assert front(worklist, biller, NOW) == [str(claim.pk)]
    assert front(worklist, biller, NOW + timedelta(hours=13)) == []
    worklist.filters = {"status": "denied"}
    assert front(worklist, biller, NOW) == []


def test_what_waits_is_kept_by_day_and_department(heart: Department, biller: User) -> None:
    worklist, nothing = make_list(), make_list(name="Empty", filters={"status": "denied"})
    old = make_open("40.00", department=heart, submitted_on=days_ago(91), assignee=biller)
    make_open("60.00", department=heart, submitted_on=days_ago(90))
    make_open("5.00", submitted_on=days_ago(1))
    open_work.settle()
    yesterday = NOW - timedelta(days=1)
    count_due(yesterday)
    pending.close(claim=old, why="hopeless", change=Change(biller))
    count_due(NOW)
    make_open("1.00", department=heart)
    count_due(NOW + timedelta(minutes=1))
    names = ("worklist", "day", "department", "claims", "dollars", "over_90", "oldest")
    rows = BacklogDay.objects.filter(worklist=worklist).order_by("day", "department").values_list(*names[1:])
    assert sorted(rows, key=str) == sorted(
        [
            (yesterday.date(), None, 1, Decimal(5), 0, days_ago(1)),
            (yesterday.date(), heart.pk, 2, Decimal(100), 0, days_ago(91)),
            (TODAY, None, 1, Decimal(5), 0, days_ago(1)),
            (TODAY, heart.pk, 2, Decimal(61), 0, days_ago(90)),
        ],
        key=str,
    )
    assert list(BacklogDay.objects.filter(worklist=nothing, day=TODAY).values_list(*names[2:])) == [
        (None, 0, Decimal(0), 0, None)
    ]


def test_a_page_says_when_its_list_was_counted(client: Client, sign_in: Any, heart: Department) -> None:
    sign_in("biller", departments=[heart])
    worklist = make_list()
    assert "Counted at" not in client.get(f"/worklists/{worklist.pk}/").text
    count_due(now := timezone.now())
    make_open(department=heart)
    open_work.settle()
    page = client.get(f"/worklists/{worklist.pk}/").text
    assert f"Counted at {timezone.localtime(now):%H:%M}" in page
    assert "C-" in page  # the claims themselves are those of now
    assert "Work next" in page
    assert f"Counted at {timezone.localtime(now):%H:%M}" in client.get("/worklists/").text
