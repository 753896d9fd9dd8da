"""Write-offs: small ones at once, larger ones when somebody else who leads has agreed."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.models import AuditEntry, User
from claims import approvals, write_offs
from claims.changes import Change, ClaimError, post_payment
from claims.models import Claim, WriteOff
from rcm_site.testing.makers import make_claim, make_user
from rcm_site.testing.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def biller() -> User:
    return make_user("biller")


@pytest.fixture
def manager() -> User:
    return make_user("manager")


ACTS: dict[str, Any] = {"approve": write_offs.approve, "decline": approvals.decline}


def ask(claim: Claim, who: User, note: str = "") -> WriteOff:
    return write_offs.ask(claim=claim, reason="too_late", change=Change(who, note=note))


def large() -> Claim:
    return make_claim(charge=Decimal("25.01"), status="denied")


def test_up_to_the_limit_it_is_done_at_once(biller: User) -> None:
    claim = make_claim(charge=Decimal("25.00"), status="denied")
    assert ask(claim, biller, "Nobody saw it").state == "done"
    claim.refresh_from_db()
    assert (claim.status, claim.written_off, claim.balance) == ("written_off", Decimal("25.00"), 0)
    event = claim.events.latest("pk")
    assert (event.actor, event.note) == (biller, "Filed or appealed too late. Nobody saw it")


def test_a_cent_more_waits_and_leaves_the_claim_as_it_is(biller: User) -> None:
    claim = large()
    assert ask(claim, biller).state == "waiting"
    claim.refresh_from_db()
    assert (claim.status, claim.balance) == ("denied", Decimal("25.01"))
    assert claim.events.latest("pk").action == "write-off of $25.01 asked for"
    with pytest.raises(ClaimError, match="waits for approval"):
        ask(claim, make_user("biller"))


def test_somebody_else_approves_and_is_named(biller: User, manager: User) -> None:
    claim = large()
    asked = ask(claim, biller)
    write_offs.approve(asked=asked, change=Change(manager, note="Agreed."))
    claim.refresh_from_db()
    asked.refresh_from_db()
    assert (claim.status, claim.balance, claim.written_off) == ("written_off", 0, Decimal("25.01"))
    assert (asked.state, asked.decided_by, asked.answer) == ("done", manager, "Agreed.")
    assert f"Asked for by {biller.name}." in claim.events.latest("pk").note
    told = AuditEntry.objects.get(action="write_off.decided").details
    assert (told["state"], told["amount"]) == ("done", "25.01")
    with pytest.raises(ClaimError, match="decided already"):
        approvals.decline(asked=asked, change=Change(manager, note="No."))


def test_nobody_decides_about_their_own(manager: User) -> None:
    claim = large()
    asked = ask(claim, manager)
    with pytest.raises(ClaimError, match="yourself"):
        write_offs.approve(asked=asked, change=Change(manager))
    assert Claim.objects.get(pk=claim.pk).status == "denied"


def test_a_declined_one_says_why_and_may_be_asked_for_again(biller: User, manager: User) -> None:
    claim = large()
    asked = ask(claim, biller)
    with pytest.raises(ClaimError, match="Say why"):
        approvals.decline(asked=asked, change=Change(manager))
    approvals.decline(asked=asked, change=Change(manager, note="Appeal first."))
    assert claim.events.latest("pk").note == "Appeal first."
    assert ask(claim, biller).state == "waiting"


def test_what_was_paid_meanwhile_is_not_written_off(biller: User, manager: User) -> None:
    claim = large()
    asked = ask(claim, biller)
    post_payment(claim=claim, amount=Decimal(5), paid_on=claim.submitted_on, change=Change(biller))
    with pytest.raises(ClaimError, match=r"\$20\.01 is open now"):
        write_offs.approve(asked=asked, change=Change(manager))
    assert Claim.objects.get(pk=claim.pk).written_off == 0


def test_only_who_asked_withdraws(biller: User, manager: User) -> None:
    asked = ask(large(), biller)
    with pytest.raises(ClaimError, match="nobody else"):
        approvals.withdraw(asked=asked, change=Change(manager))
    assert approvals.withdraw(asked=asked, change=Change(biller)).state == "withdrawn"


@pytest.mark.parametrize(("status", "why"), [("void", "void"), ("written_off", "written off")])
def test_what_is_not_open_cannot_be_given_up(biller: User, status: str, why: str) -> None:
    with pytest.raises(ClaimError, match=why):
        ask(make_claim(charge=Decimal(5), status=status), biller)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers take turns anyway")
@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told_that_it_is_decided() -> None:
    claim = large()
    asked = ask(claim, make_user("biller"))
    leads = [make_user("manager"), make_user("director")]

    def decide(decision: tuple[User, str]) -> str:
        who, act = decision
        try:
            ACTS[act](asked=asked, change=Change(who, note="So be it."))
        except ClaimError as late:
            return str(late)
        return act

    told = at_once(decide, zip(leads, ("approve", "decline"), strict=True))
    (done,) = {"approve", "decline"} & {*told}
    assert any("decided already" in each for each in told)
    claim.refresh_from_db()
    asked.refresh_from_db()
    assert (claim.status == "written_off") == (done == "approve") == (asked.state == "done")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers take turns anyway")
@pytest.mark.django_db(transaction=True)
def test_of_several_who_ask_at_once_one_request_waits() -> None:
    claim, people = large(), [make_user("biller") for _ in range(6)]

    def request(who: User) -> None:
        with suppress(ClaimError):
            ask(claim, who)

    at_once(request, people)
    assert WriteOff.objects.filter(claim=claim).count() == 1
