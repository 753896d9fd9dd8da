"""Appeals as people work them and appeals as the KPIs count them are the same ones."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.scopes import Scope
from claims import appeal_histories, appeals, changes
from claims.changes import Change
from claims.models import Appeal, Claim
from rcm_site.testing.makers import make_claim, make_user

from .histories import World

pytestmark = pytest.mark.django_db


def assert_appeals_agree(period: Period, today: date) -> int:
    """Over a period in which everything happened; how many were decided."""
    decided = Appeal.objects.decided().filter(decided_on__range=(period.start, period.end))
    won = decided.filter(outcome__in=Appeal.WON).count()
    filed = Appeal.objects.exclude(claim__status=Claim.Status.VOID).filter(
        denied_on__isnull=False, filed_on__range=(period.start, period.end)
    )
    days = sum((each.filed_on - each.denied_on).days for each in filed if each.denied_on)
    everything = Scope(None, today=today)
    overturned = KPIS["appeal_overturn_rate"].value(everything, period)
    waited = KPIS["days_denial_to_appeal"].value(everything, period)
    assert overturned.n == decided.count()
    assert overturned.value == (Decimal(100 * won) / overturned.n if overturned.n else None)
    assert waited.n == filed.count()
    assert waited.value == (Decimal(days) / waited.n if waited.n else None)
    return overturned.n


def test_whatever_happened_to_claims_both_count_the_same_appeals() -> None:
    world, year = World(6), Period(date(2026, 1, 1), date(2026, 12, 31))
    for _ in range(25):
        world.arrive()
    for _ in range(350):
        world.change_status()
    while appeal_histories.catch_up():
        pass
    assert Appeal.objects.count() > 40
    assert assert_appeals_agree(year, date(2026, 12, 31)) > 20
    assert assert_appeals_agree(Period(date(2026, 4, 1), date(2026, 5, 15)), date(2026, 12, 31)) > 2


def test_an_appeal_taken_back_was_decided_by_nobody() -> None:
    change, today = Change(make_user("admin")), timezone.localdate()
    for number in range(2):
        claim = make_claim(charge=Decimal(100), status="denied", decided_on=today - timedelta(days=4))
        appeal = appeals.file(claim=claim, filing=appeals.Filing("fax", ""), change=change)
        if number:
            appeals.withdraw(appeal=appeal, change=change)
            changes.change_status(claim=claim, to="paid", change=change)
        else:
            appeals.decide(appeal=appeal, to="denied", change=change)
    overturned = KPIS["appeal_overturn_rate"].value(Scope(None, today=today), Period(today, today))
    assert (overturned.n, overturned.value) == (Appeal.objects.decided().count(), 0) == (1, 0)
