"""How many different claims a person worked in a period is right whatever becomes of their events."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from analytics.facts.refreshing import refresh
from analytics.facts.tables import STAFF
from analytics.facts.totals import touched_by_facts
from analytics.facts.verification import differences
from analytics.models import WorkedFact
from analytics.periods import Period
from analytics.scopes import Scope
from claims.models import Claim, ClaimEvent
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db
ALL = Scope(None, today=date(2026, 6, 30))


def june(first: int, last: int) -> Period:
    return Period(date(2026, 6, first), date(2026, 6, last))


def work(claim: Claim, who: User, *days: int, **fields: Any) -> None:
    for day in days:
        at = timezone.make_aware(datetime.combine(date(2026, 6, day), time(12)))
        ClaimEvent.objects.create(claim=claim, actor=who, at=at, **{"action": "called"} | fields)


def settled() -> None:
    while refresh(STAFF):
        pass


def touched(who: User, *periods: Period, scope: Scope = ALL) -> list[int]:
    """As it is told while days are outdated, and once they are added up."""
    before = [touched_by_facts(scope.narrowed(staff=who.pk), each) for each in periods]
    settled()
    assert before == [touched_by_facts(scope.narrowed(staff=who.pk), each) for each in periods]
    return before


def test_a_claim_that_is_worked_on_several_days_is_one() -> None:
    ana, ben = make_user(), make_user()
    claim, other = make_claim(), make_claim()
    work(claim, ana, 2, 5, 5, 20)
    work(claim, ben, 4)
    work(other, ana, 20)
    work(other, ana, 3, action="received")
    assert touched(ana, june(1, 30), june(2, 5), june(3, 19), june(6, 19), june(20, 30)) == [2, 1, 1, 0, 2]
    assert touched(ben, june(1, 30)) == [1]
    assert not list(differences())
    WorkedFact.objects.filter(last_before=date(2026, 6, 5)).update(last_before=date(2026, 6, 4))
    assert list(differences())


def test_what_becomes_of_an_event_is_known_to_the_same_persons_next_one() -> None:
    ana, ben, claim = make_user(), make_user(), make_claim()
    work(claim, ana, 20)
    assert touched(ana, june(1, 30), june(10, 30)) == [1, 1]
    work(claim, ana, 5, 12)
    assert touched(ana, june(1, 30), june(6, 30), june(15, 30)) == [1, 1, 1]
    events = ClaimEvent.objects.filter(claim=claim)
    events.filter(at__day=12).update(actor=ben)
    assert touched(ana, june(1, 30), june(1, 12), june(12, 30)) == [1, 1, 1]
    assert touched(ben, june(1, 30)) == [1]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM claims_claimevent WHERE actor_id = %s AND at < '2026-06-10'", [ana.pk])
    assert touched(ana, june(1, 19), june(1, 30)) == [0, 1]
    Claim.objects.update(department=make_department())
    assert touched(ana, june(1, 30)) == [1]
    Claim.objects.update(status="void")
    assert touched(ana, june(1, 30)) == [0]
    assert not list(differences())


def test_each_department_knows_its_own() -> None:
    ana, ours, theirs = make_user(), make_department(), make_department()
    for department in (ours, theirs, theirs):
        work(make_claim(department=department), ana, 3, 4)
    assert touched(ana, june(1, 30), scope=Scope((ours.pk,), today=ALL.today)) == [1]
    assert touched(ana, june(4, 4), scope=Scope((theirs.pk,), today=ALL.today)) == [2]
