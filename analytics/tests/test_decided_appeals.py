"""Which events decided an appeal is known at every moment, kept or not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from analytics.drilldown import Listed
from analytics.facts.decided_appeals import differing_appeals
from analytics.facts.refreshing import refresh
from analytics.facts.tables import DAYS
from analytics.facts.totals import totals
from analytics.models import DecidedAppeal
from analytics.periods import Period
from analytics.scopes import Scope
from claims.models import Claim, ClaimEvent
from rcm_site.testing.makers import make_claim

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 30)
JUNE = Period(date(2026, 6, 1), TODAY)
ALL = Scope(None, today=TODAY)


def happened(claim: Claim, day: int, before: str, after: str, month: int = 6) -> ClaimEvent:
    at = timezone.make_aware(datetime.combine(date(2026, month, day), time(23, 30)))
    return ClaimEvent.objects.create(claim=claim, action=after, from_status=before, to_status=after, at=at)


def appealed(outcome: str = "paid", day: int = 10) -> Claim:
    claim = make_claim(submitted_on=date(2026, 5, 1))
    happened(claim, 20, "denied", "appealed", month=5)
    happened(claim, day - 2, "appealed", "pending")
    happened(claim, day, "pending", outcome)
    return claim


def noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))


def settled() -> None:
    while refresh(DAYS):
        pass


def listed(measure: str = "appeals_decided") -> list[Claim]:
    """As the list has it, which counts as many as the sum."""
    found = Listed((measure,), ALL, JUNE, most=100)
    keys = found[0:100]
    assert len(keys) == found.count() == totals(ALL, JUNE, [measure])[0].sums[measure]
    assert {*found.claims().values_list("pk", flat=True)} == {*keys}
    return [Claim.objects.get(pk=key) for key in keys]


def test_appeals_are_listed_alike_before_and_after_they_are_kept() -> None:
    won, lost = appealed(), appealed("denied", day=12)
    first = make_claim(submitted_on=date(2026, 5, 1))
    happened(first, 11, "pending", "paid")
    for _ in range(2):
        assert (listed(), listed("appeals_overturned")) == ([lost, won], [won])
        settled()
    assert {each.claim_id for each in DecidedAppeal.objects.all()} == {won.pk, lost.pk}


def test_whatever_changes_a_history_is_seen_at_once_and_kept_later() -> None:
    claim, other = appealed(), appealed(day=12)
    settled()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE claims_claimevent SET action = 'appeal withdrawn' WHERE to_status = 'paid'")
    assert listed() == []
    settled()
    assert listed() == []
    assert not DecidedAppeal.objects.exists()
    ClaimEvent.objects.filter(to_status="paid", claim=other).update(action="paid", to_status="denied")
    assert (listed(), listed("appeals_overturned")) == ([other], [])
    ClaimEvent.objects.filter(to_status="appealed", claim=other).delete()
    assert listed() == []
    settled()
    late = happened(claim, 20, "appealed", "denied")
    assert listed() == []  # the payment before was none, yet it ended that appeal
    ClaimEvent.objects.filter(to_status="paid", claim=claim).delete()
    assert listed() == [claim]
    settled()
    assert [each.event for each in DecidedAppeal.objects.all()] == [late.pk]
    assert listed() == [claim]


def test_an_appeal_that_is_learned_of_late_makes_what_was_kept_of_other_days_outdated() -> None:
    claim = make_claim(submitted_on=date(2026, 5, 1))
    happened(claim, 25, "pending", "paid")
    settled()
    assert listed() == []
    happened(claim, 2, "denied", "appealed")
    assert listed() == [claim]
    settled()
    assert listed() == [claim]


@pytest.mark.parametrize("days", [-40, 15])
def test_an_event_that_is_moved_to_another_day_is_kept_there(days: int) -> None:
    claim = appealed("denied")
    settled()
    ClaimEvent.objects.filter(to_status="appealed").update(at=noon(date(2026, 4, 1)))
    ClaimEvent.objects.filter(to_status="denied").update(at=noon(date(2026, 6, 10) + timedelta(days=days)))
    there = [claim] if days > 0 else []
    assert listed() == there
    while refresh(DAYS, most=1):
        assert listed() == there
    assert DecidedAppeal.objects.get().at == noon(date(2026, 6, 10) + timedelta(days=days))


def test_void_claims_are_left_out_and_come_back() -> None:
    claim = appealed()
    settled()
    Claim.objects.update(status="void")
    assert listed() == []
    settled()
    Claim.objects.update(status="paid", decided_on=date(2026, 6, 10), paid_on=date(2026, 6, 10))
    assert listed() == [claim]
    settled()
    assert listed() == [claim]


def test_what_is_kept_wrongly_is_found() -> None:
    appealed()
    settled()
    assert not [*differing_appeals(JUNE)]
    kept = DecidedAppeal.objects.get()
    DecidedAppeal.objects.update(to_status="denied")
    assert [(each.told, each.found) for each in differing_appeals(JUNE)] == [(1, 0), (0, 1)]
    DecidedAppeal.objects.all().delete()
    (missing,) = differing_appeals(JUNE)
    assert (missing.key["event"], missing.told, missing.found) == (kept.event, 0, 1)
    ClaimEvent.objects.filter(pk=kept.event).update(at=kept.at + timedelta(days=1))
    assert not [*differing_appeals(JUNE)]  # it is looked through again
