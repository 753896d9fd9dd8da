"""Appeals: what a claim's history makes of them, who may file one, and what payers' answers decide."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, User
from claims import appeal_histories, appeals, changes
from claims.appeals import Filing
from claims.changes import Change, ClaimError
from claims.models import Appeal, Claim, ClaimEvent
from rcm_site.testing.makers import make_claim, make_payer, make_user
from rcm_site.testing.threads import at_once

from .remittances import post, remittance

TODAY = timezone.localdate()
FILING = Filing("fax", "The service was approved.")


@pytest.fixture
def change(db: None) -> Change:
    return Change(make_user("admin"))


def denied(change: Change, **fields: Any) -> Claim:
    given: dict[str, Any] = {"charge": Decimal(100), "payer": make_payer(appeal_days=90)}
    claim = make_claim(**given | fields)
    return changes.change_status(
        claim=claim, to="denied", change=change, on=TODAY - timedelta(days=10), category="coding"
    )


def outcomes(claim: Claim) -> list[tuple[int, str]]:
    return [(each.level, each.outcome) for each in claim.appeals.order_by("event")]


# Filing ----------------------------------------------------------------------------------------------


def test_filing_makes_the_claim_an_appealed_one_and_keeps_both_days(change: Change, settings: Any) -> None:
    settings.APPEAL_ANSWER_DAYS = 30
    claim = denied(change)
    appeal = appeals.file(claim=claim, filing=FILING, change=change)
    claim.refresh_from_db()
    assert claim.status == "appealed"
    assert (appeal.level, appeal.filed_on, appeal.due_on) == (1, TODAY, TODAY + timedelta(days=30))
    assert (appeal.denied_on, appeal.file_by) == (TODAY - timedelta(days=10), TODAY + timedelta(days=80))
    assert (appeal.method, appeal.reason, appeal.category) == ("fax", FILING.reason, "coding")
    assert (appeal.filed_by, appeal.outcome, appeal.overturned) == (change.actor, "waiting", None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason FROM claims_appeal")
        assert "approved" not in cursor.fetchone()[0]
    assert AuditEntry.objects.filter(action="appeal.filed", subject_id=str(appeal.pk)).exists()


def test_each_denial_upheld_leads_a_level_up_and_there_are_three(change: Change) -> None:
    claim = denied(change)
    for _ in range(3):
        appeals.file(claim=claim, filing=FILING, change=change)
        changes.change_status(claim=claim, to="denied", change=change)
    assert outcomes(claim) == [(1, "upheld"), (2, "upheld"), (3, "upheld")]
    with pytest.raises(ClaimError, match="no further level"):
        appeals.file(claim=claim, filing=FILING, change=change)
    with pytest.raises(ClaimError, match="no further level"):
        changes.change_status(claim=claim, to="appealed", change=change)


def test_only_a_denied_claim_can_be_appealed_and_only_once_at_a_time(change: Change) -> None:
    with pytest.raises(ClaimError, match="this one is paid"):
        appeals.file(claim=make_claim(status="paid"), filing=FILING, change=change)
    claim = denied(change)
    appeals.file(claim=claim, filing=FILING, change=change)
    with pytest.raises(ClaimError, match="this one is appealed"):
        appeals.file(claim=claim, filing=FILING, change=change)
    assert outcomes(claim) == [(1, "waiting")]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers take turns anyway")
@pytest.mark.django_db(transaction=True)
def test_two_people_who_file_at_once_file_one() -> None:
    change = Change(make_user("admin"))
    claim = denied(change)
    people = [make_user("director") for _ in range(4)]

    def attempt(person: User) -> str:
        try:
            return str(appeals.file(claim=claim, filing=FILING, change=Change(person)).level)
        except ClaimError as wrong:
            return str(wrong)

    told = at_once(attempt, people)
    refused = "Only a claim that is denied can be appealed; this one is appealed."
    assert sorted(told) == ["1", refused, refused, refused]
    assert claim.events.filter(to_status="appealed").count() == Appeal.objects.count() == 1


# What becomes of it ----------------------------------------------------------------------------------


def test_a_payers_file_decides_the_appeal_that_waits(change: Change) -> None:
    whole, part, lost = (denied(change, control_number=f"A-{number}") for number in range(3))
    for claim in (whole, part, lost):
        appeals.file(claim=claim, filing=FILING, change=change)
    post(
        remittance(
            *("CLP*A-0*1*100*70*10*12*ICN1", "CAS*CO*45*20", "CAS*PR*1*10"),
            *("CLP*A-1*1*100*40*0*12*ICN2", "CAS*CO*197*60"),
            *("CLP*A-2*4*100*0*0*12*ICN3", "CAS*CO*197*100"),
            amount="110",
        )
    )
    found = [
        (each.outcome, each.overturned, each.decided_on)
        for each in (claim.appeals.get() for claim in (whole, part, lost))
    ]
    assert found == [
        ("overturned", Decimal(70), TODAY),
        ("partly", Decimal(40), TODAY),
        ("upheld", Decimal(0), TODAY),
    ]


def test_a_status_given_by_hand_files_and_decides_an_appeal_too(change: Change) -> None:
    paid, posted = denied(change), denied(change)
    for claim in (paid, posted):
        changes.change_status(claim=claim, to="appealed", change=change)
        assert outcomes(claim) == [(1, "waiting")]
        assert claim.appeals.get().method == ""
    changes.change_status(claim=paid, to="paid", change=change)
    changes.post_payment(claim=posted, amount=Decimal(60), paid_on=TODAY, change=change)
    assert paid.appeals.get().outcome == "overturned"
    assert paid.appeals.get().overturned is None  # nobody has booked an amount
    assert (posted.appeals.get().outcome, posted.appeals.get().overturned) == ("partly", Decimal(60))
    changes.post_payment(claim=posted, amount=Decimal(40), paid_on=TODAY, change=change)
    assert (posted.appeals.get().outcome, posted.appeals.get().overturned) == ("overturned", Decimal(100))


def test_a_withdrawn_appeal_leaves_the_denial_its_day_and_its_level(change: Change) -> None:
    claim = denied(change)
    appeal = appeals.file(claim=claim, filing=FILING, change=change)
    appeals.withdraw(appeal=appeal, change=change)
    claim.refresh_from_db()
    assert (claim.status, claim.decided_on) == ("denied", TODAY - timedelta(days=10))
    assert claim.denial_category == "coding"
    appeals.file(claim=claim, filing=FILING, change=change)
    assert outcomes(claim) == [(1, "withdrawn"), (1, "waiting")]
    with pytest.raises(ClaimError, match="decided already"):
        appeals.decide(appeal=appeal, to="paid", change=change)
    changes.change_status(claim=claim, to="written_off", change=change)
    assert outcomes(claim) == [(1, "withdrawn"), (1, "withdrawn")]


def test_an_appeal_waits_while_its_payer_pends_the_claim(change: Change) -> None:
    claim = denied(change)
    appeals.file(claim=claim, filing=FILING, change=change)
    changes.change_status(claim=claim, to="pending", change=change)
    assert outcomes(claim) == [(1, "waiting")]
    changes.change_status(claim=claim, to="denied", change=change)
    assert outcomes(claim) == [(1, "upheld")]


# Claims that came in past all that ---------------------------------------------------------------------


def happens(claim: Claim, before: str, after: str, day: int) -> None:
    at = datetime(2026, 6, day, 12, tzinfo=UTC)
    ClaimEvent.objects.create(claim=claim, action="loaded", from_status=before, to_status=after, at=at)


def loaded() -> list[Claim]:
    """Won, lost and lost again, given up, waiting: their histories written by no one's action here."""
    june: dict[str, Any] = {
        "decided_on": date(2026, 6, 1),
        "first_decided_on": date(2026, 6, 1),
        "first_decision": "denied",
    }
    won = make_claim(charge=100, status="paid", **june)
    lost = make_claim(charge=100, status="denied", denial_category="coding", **june)
    given_up = make_claim(charge=100, status="written_off", written_off=100, **june)
    waiting = make_claim(charge=100, status="appealed", denial_category="coding", **june)
    for claim in (won, lost, given_up, waiting):
        happens(claim, "denied", "appealed", 4)
        happens(claim, "appealed", "appealed", 5)
    happens(won, "appealed", "paid", 10)
    happens(lost, "appealed", "denied", 11)
    happens(lost, "denied", "appealed", 12)
    happens(lost, "appealed", "pending", 13)
    happens(lost, "pending", "denied", 14)
    happens(given_up, "appealed", "written_off", 15)
    return [won, lost, given_up, waiting]


@pytest.mark.django_db
def test_every_claim_that_was_appealed_gets_its_appeals_whatever_wrote_its_history() -> None:
    claims = loaded()
    assert appeal_histories.catch_up() == 4
    assert [outcomes(claim) for claim in claims] == [
        [(1, "overturned")],
        [(1, "upheld"), (2, "upheld")],
        [(1, "withdrawn")],
        [(1, "waiting")],
    ]
    assert appeal_histories.catch_up() == 0
    happens(claims[3], "appealed", "denied", 20)
    Claim.objects.filter(pk=claims[3].pk).update(status="denied")
    appeal_histories.catch_up_with_ends()
    assert outcomes(claims[3]) == [(1, "upheld")]
