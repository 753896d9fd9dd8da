"""Taking back what was booked by hand: the money, how the claim stands, its appeals, and who may."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Department, User
from claims import changes, pay_backs, taking_back
from claims.changes import Change, ClaimError
from claims.models import Appeal, Claim, ClaimPayment, OpenWork, PayBack
from claims.pay_backs import Paid
from claims.steps import Step
from claims.worklists import open_work
from rcm_site.testing.makers import make_claim, make_department, make_payment, make_remittance, make_user
from rcm_site.testing.threads import at_once

from .remittances import assert_sums_agree, post, remittance, standing

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
DENIED_ON, PAID_ON = TODAY - timedelta(days=30), TODAY - timedelta(days=20)
DENIED: dict[str, Any] = {
    "status": "denied",
    "decided_on": DENIED_ON,
    "first_decision": "denied",
    "first_decided_on": DENIED_ON,
    "denial_category": "coding",
}
STOOD = ("status", "paid", "written_off", "decided_on", "paid_on", "first_decision", "first_decided_on")


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def biller(heart: Department) -> User:
    return make_user("biller", departments=[heart])


def stands(claim: Claim) -> list[Any]:
    claim.refresh_from_db()
    return [getattr(claim, name) for name in (*STOOD, "denial_category", "balance")]


def by_hand(claim: Claim, who: User, amount: str = "100", paid_on: Any = PAID_ON) -> ClaimPayment:
    changes.post_payment(claim=claim, amount=Decimal(amount), paid_on=paid_on, change=Change(who))
    return claim.payments.latest("pk")


def take_back(payment: ClaimPayment, who: User, why: str = "Of another patient") -> ClaimPayment:
    assert payment.claim is not None
    return taking_back.take_back(claim=payment.claim, payment=payment.pk, change=Change(who, note=why))


def gone_back(claim: Claim, who: User, amount: str, **said: Any) -> PayBack:
    told: dict[str, Any] = {"to": "payer", "way": "cheque", "reference": "1042", "paid_on": TODAY} | said
    return pay_backs.ask(claim=claim, paid=Paid(amount=Decimal(amount), **told), change=Change(who))


# A payment ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{}, {"status": "pending"}, DENIED])
def test_the_claim_stands_to_the_field_as_before_the_payment(biller: User, fields: dict[str, Any]) -> None:
    claim = make_claim(charge=100, **fields)
    before = stands(claim)
    payment = by_hand(claim, biller)
    assert stands(claim)[:2] == ["paid", 100]
    take_back(payment, biller)
    assert stands(claim) == before
    payment.refresh_from_db()
    assert (payment.state, payment.posted_at) == ("noted", None)
    assert payment.reason.startswith(f"Taken back by {biller.name} on ")
    assert_sums_agree()


def test_who_took_it_back_and_why_is_said_on_its_own_day(biller: User) -> None:
    claim, other = make_claim(charge=100), make_user("biller")
    take_back(by_hand(claim, biller, "80.50"), other, "Typed twice")
    first, last = claim.events.all()
    assert (first.actor, first.action) == (biller, "payment posted: $80.50, taken back since")
    assert (last.actor, last.action, last.note) == (other, "taken back: payment of $80.50", "Typed twice")
    assert last.at.date() == timezone.now().date()
    entry = AuditEntry.objects.filter(action="claim.changed").latest("pk")
    assert entry.details["what"] == "taken back: payment of $80.50"
    assert "Typed twice" not in str(entry.details)


def test_without_a_reason_nothing_is_taken_back(biller: User) -> None:
    payment = by_hand(make_claim(charge=100), biller)
    with pytest.raises(ClaimError, match="Say why"):
        take_back(payment, biller, "")


def test_it_is_taken_back_once_and_the_claim_takes_the_right_one(biller: User) -> None:
    claim = make_claim(charge=100)
    payment = by_hand(claim, biller)
    take_back(payment, biller)
    with pytest.raises(ClaimError, match="Nothing is left"):
        take_back(payment, biller)
    by_hand(claim, biller, "40")
    assert standing(claim) == ("paid", 40, 0, 0, 60)


def test_of_two_the_later_one_is_taken_back_first(biller: User) -> None:
    claim = make_claim(charge=100, **DENIED)
    before = stands(claim)
    first, second = by_hand(claim, biller, "60"), by_hand(claim, biller, "40", TODAY)
    with pytest.raises(ClaimError, match=r"\$40\.00 was posted by hand after it"):
        take_back(first, biller)
    assert stands(claim)[:2] == ["paid", 100]
    take_back(second, biller)
    claim.refresh_from_db()
    assert (claim.status, claim.paid, claim.paid_on) == ("paid", 60, PAID_ON)
    take_back(first, biller)
    assert stands(claim) == before


def test_what_a_file_brought_is_not_taken_back(biller: User) -> None:
    claim = make_claim(control_number="A-1", charge=100)
    post(remittance("CLP*A-1*1*100*100*0*12*I", amount="100"))
    payment = claim.payments.get()
    with pytest.raises(ClaimError, match="not booked by hand"):
        take_back(payment, biller)
    assert standing(claim)[1] == 100


def test_a_payment_of_another_claim_is_not_taken_back_from_this_one(biller: User) -> None:
    payment = by_hand(make_claim(charge=100), biller)
    other = make_claim(charge=100)
    with pytest.raises(ClaimError, match="Nothing is left"):
        taking_back.take_back(claim=other, payment=payment.pk, change=Change(biller, note="No"))


def test_what_the_payer_answered_since_stands(biller: User) -> None:
    """Posted by hand, and then the remittance says the same: the payment was booked twice."""
    claim = make_claim(control_number="A-1", charge=100)
    payment = by_hand(claim, biller, "80", TODAY - timedelta(days=5))
    day = TODAY - timedelta(days=3)
    post(remittance("CLP*A-1*1*100*80*0*12*I", "CAS*CO*45*20", amount="80", day=f"{day:%Y%m%d}"))
    assert standing(claim) == ("paid", 160, 20, 0, -80)
    take_back(payment, biller)
    assert standing(claim) == ("paid", 80, 20, 0, 0)
    assert (claim.decided_on, claim.paid_on) == (day, day)
    assert (claim.first_decision, claim.first_decided_on) == ("paid", day)
    assert_sums_agree()


def test_an_answer_that_came_late_beside_the_payment_decides_once_that_is_taken_back(biller: User) -> None:
    """A payment of somebody else's, dated today; the file that comes then was decided some days ago."""
    claim = make_claim(control_number="A-1", charge=100)
    payment = by_hand(claim, biller, paid_on=TODAY)
    post(remittance("CLP*A-1*4*100*0*0*12*I", "CAS*CO*16*100", day=f"{PAID_ON:%Y%m%d}"))
    assert standing(claim)[0] == "paid"
    take_back(payment, biller)
    assert standing(claim) == ("denied", 0, 0, 0, 100)
    assert (claim.decided_on, claim.paid_on, claim.denial_category) == (PAID_ON, None, "documentation")
    assert (claim.first_decision, claim.first_decided_on) == ("denied", PAID_ON)
    assert_sums_agree()


def test_an_answer_that_was_being_read_when_the_payment_was_booked_came_after_it(biller: User) -> None:
    claim = make_claim(control_number="A-1", charge=100)
    payment = by_hand(claim, biller, "80", PAID_ON)
    post(remittance("CLP*A-1*4*100*0*0*12*I", "CAS*CO*16*100", day=f"{TODAY:%Y%m%d}"))
    assert payment.posted_at is not None
    claim.payments.exclude(pk=payment.pk).update(posted_at=payment.posted_at - timedelta(seconds=2))
    take_back(payment, biller)
    assert (standing(claim)[0], claim.decided_on, claim.first_decision) == ("denied", TODAY, "denied")


def test_of_two_answers_since_the_first_is_the_first_decision(biller: User) -> None:
    claim = make_claim(control_number="A-1", charge=100)
    payment = by_hand(claim, biller, "80", DENIED_ON)
    post(remittance("CLP*A-1*4*100*0*0*12*I", "CAS*CO*16*100", trace="T1", day=f"{PAID_ON:%Y%m%d}"))
    post(
        remittance("CLP*A-1*1*100*80*0*12*I", "CAS*CO*45*20", amount="80", trace="T2", day=f"{TODAY:%Y%m%d}")
    )
    take_back(payment, biller)
    assert standing(claim) == ("paid", 80, 20, 0, 0)
    assert (claim.first_decision, claim.first_decided_on) == ("denied", PAID_ON)
    assert (claim.decided_on, claim.paid_on, claim.denial_category) == (TODAY, TODAY, "")
    assert_sums_agree()


def test_an_appeal_that_the_payer_refused_meanwhile_is_upheld(biller: User) -> None:
    claim = make_claim(control_number="A-1", charge=100, **DENIED)
    changes.change_status(claim=claim, to="appealed", change=Change(biller))
    payment = by_hand(claim, biller, paid_on=TODAY)
    post(remittance("CLP*A-1*4*100*0*0*12*I", "CAS*CO*16*100", day=f"{PAID_ON:%Y%m%d}"))
    take_back(payment, biller)
    assert standing(claim)[0] == "denied"
    assert Appeal.objects.get().outcome == "upheld"


def test_an_answer_that_came_first_is_not_late_because_of_a_payment_taken_back(biller: User) -> None:
    claim = make_claim(control_number="A-1", charge=100)
    take_back(by_hand(claim, biller, paid_on=TODAY), biller)
    post(remittance("CLP*A-1*4*100*0*0*12*I", "CAS*CO*16*100", day=f"{PAID_ON:%Y%m%d}"))
    assert (standing(claim)[0], claim.first_decision, claim.first_decided_on) == ("denied", "denied", PAID_ON)


def test_what_somebody_decided_since_stands_and_only_the_money_goes(biller: User) -> None:
    claim = make_claim(charge=100, **DENIED)
    payment = by_hand(claim, biller)
    changes.change_status(claim=claim, to="pending", change=Change(biller))
    take_back(payment, biller)
    claim.refresh_from_db()
    assert (claim.status, claim.paid, claim.decided_on, claim.paid_on) == ("pending", 0, DENIED_ON, None)
    assert claim.denial_category == "coding"


def test_a_claim_that_was_voided_since_stays_void(biller: User) -> None:
    claim = make_claim(charge=100)
    payment = by_hand(claim, biller)
    changes.void(claim=claim, change=Change(biller))
    take_back(payment, biller)
    assert standing(claim)[:2] == ("void", 0)


def test_what_was_given_up_beside_the_payment_is_open_again_as_a_whole(biller: User) -> None:
    claim = make_claim(charge=100)
    payment = by_hand(claim, biller, "60")
    for status in ("pending", "written_off"):
        changes.change_status(claim=claim, to=status, change=Change(biller))
    assert standing(claim) == ("written_off", 60, 0, 0, 0)
    assert claim.written_off == 40
    take_back(payment, biller)
    assert (*standing(claim), claim.written_off) == ("pending", 0, 0, 0, 100, 0)
    open_work.settle()
    assert OpenWork.objects.get(pk=claim.pk).dollars == 100
    event = claim.events.latest("pk")
    assert (event.from_status, event.to_status) == ("written_off", "pending")


def test_one_posted_before_claims_were_kept_as_they_stood_leaves_the_claim_at_work(biller: User) -> None:
    claim = make_claim(charge=100)
    payment = by_hand(claim, biller)
    payment.by_hand.delete()
    take_back(ClaimPayment.objects.get(pk=payment.pk), biller)
    claim.refresh_from_db()
    assert (claim.status, claim.paid, claim.decided_on, claim.paid_on) == ("pending", 0, None, None)


def test_more_never_goes_back_than_came_in(biller: User) -> None:
    claim = make_claim(control_number="A-1", charge=100)
    payment = by_hand(claim, biller, "50")
    post(remittance("CLP*A-1*1*100*70*0*12*I", amount="70", trace="T1", day=f"{PAID_ON:%Y%m%d}"))
    gone_back(claim, biller, "20")
    post(remittance("CLP*A-1*22*-100*-70*0*12*I", amount="0", trace="T2", day=f"{TODAY:%Y%m%d}"))
    assert standing(claim)[1] == 30
    with pytest.raises(ClaimError, match="take back a pay-back first"):
        take_back(payment, biller)
    assert standing(claim)[1] == 30


def test_an_appeal_waits_again_as_if_nothing_had_been_paid(biller: User) -> None:
    claim = make_claim(charge=100, **DENIED)
    changes.change_status(claim=claim, to="appealed", change=Change(biller))
    payment = by_hand(claim, biller)
    appeal = Appeal.objects.get()
    assert (appeal.outcome, appeal.overturned) == ("overturned", 100)
    take_back(payment, biller)
    appeal.refresh_from_db()
    assert (appeal.outcome, appeal.decided_on, appeal.overturned) == ("waiting", None, None)
    assert standing(claim)[0] == "appealed"
    assert Appeal.objects.count() == 1


# A pay-back --------------------------------------------------------------------------------------------


def credit(department: Department | None = None, too_much: str = "20") -> Claim:
    paid = 100 + Decimal(too_much)
    known: dict[str, Any] = {"status": "paid", "decided_on": PAID_ON, "paid_on": PAID_ON}
    known |= {"first_decision": "paid", "first_decided_on": PAID_ON, "department": department}
    claim = make_claim(charge=100, paid=paid, control_number="A-1", **known)
    make_payment(remittance=make_remittance(), claim=claim, paid=paid, paid_on=PAID_ON)
    return claim


def test_the_credit_is_there_again_and_may_go_back_another_way(biller: User) -> None:
    claim = credit()
    before = stands(claim)
    pay_back = gone_back(claim, biller, "20")
    assert pay_back.payment is not None
    take_back(pay_back.payment, biller, "The cheque came back")
    assert stands(claim) == before
    pay_back.refresh_from_db()
    assert (pay_back.state, pay_back.get_state_display()) == ("undone", "Taken back")
    assert claim.events.latest("pk").action == "taken back: pay-back of $20.00"
    open_work.settle()
    assert OpenWork.objects.get(pk=claim.pk).at_stake == "credit"
    assert gone_back(claim, biller, "20").is_done, "neither its reference nor its amount counts any more"
    assert standing(claim)[1] == 100
    assert_sums_agree()


def test_an_offset_that_was_taken_back_does_not_answer_the_payers_own(biller: User) -> None:
    claim = credit()
    pay_back = gone_back(claim, biller, "20", way="offset")
    assert pay_back.payment is not None
    take_back(pay_back.payment, biller)
    post(remittance("CLP*A-1*22*-100*-20*0*12*I", trace="T2", day=f"{TODAY:%Y%m%d}"))
    assert standing(claim)[1] == 100


def test_what_somebody_who_leads_approved_is_taken_back_by_one_who_leads(
    biller: User, heart: Department
) -> None:
    claim, manager = credit(too_much="80"), make_user("manager", departments=[heart])
    asked = gone_back(claim, biller, "80")
    done = pay_backs.approve(asked=asked, change=Change(manager))
    assert done.payment is not None
    with pytest.raises(ClaimError, match="only somebody who leads"):
        take_back(done.payment, biller)
    assert standing(claim)[1] == 100
    take_back(done.payment, manager)
    assert standing(claim)[1] == 180


# On the page -------------------------------------------------------------------------------------------


def test_the_step_is_offered_for_what_was_booked_by_hand_alone(
    client: Client, sign_in: Any, heart: Department
) -> None:
    biller = sign_in("biller", departments=[heart])
    claim = credit(heart)
    assert "Take back" not in client.get(f"/claims/{claim.pk}/").content.decode()
    pay_back = gone_back(claim, biller, "20")
    page = client.get(f"/claims/{claim.pk}/")
    offered = {each.step: each for each in page.context["steps"]["offered"]}
    (choice,) = offered[Step.TAKE_BACK].form.fields["payment"].choices
    today = f"{TODAY.day} {TODAY:%b %Y}"
    assert choice == (pay_back.payment_id, f"$20.00 paid back to the payer on {today}")
    path = f"/claims/{claim.pk}/steps/take_back/"
    assert client.post(path, {"payment": pay_back.payment_id, "note": " "}).status_code == 422
    assert client.post(path, {"payment": claim.payments.first().pk, "note": "No"}).status_code == 422  # type: ignore[union-attr]
    assert client.post(path, {"payment": "x", "note": "No"}).status_code == 422
    assert standing(claim)[1] == 100
    done = client.post(path, {"payment": pay_back.payment_id, "note": "Never sent"}, follow=True)
    shown = done.content.decode()
    for words in ("$20.00 is taken back.", f"Taken back by {biller.name}", "Never sent"):
        assert words in shown
    assert standing(claim)[1] == 120


def test_nobody_takes_back_on_a_claim_that_they_do_not_see(
    client: Client, sign_in: Any, heart: Department, biller: User
) -> None:
    claim = make_claim(charge=100, department=heart)
    payment = by_hand(claim, biller)
    sign_in("biller", departments=[make_department("Dental")])
    sent = client.post(f"/claims/{claim.pk}/steps/take_back/", {"payment": payment.pk, "note": "Mine"})
    assert (sent.status_code, standing(claim)[1]) == (404, 100)


# At once -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers take turns anyway")
@pytest.mark.django_db(transaction=True)
def test_of_several_who_take_it_back_at_once_one_does() -> None:
    claim = make_claim(charge=100)
    payment, people = by_hand(claim, make_user("biller")), [make_user("biller") for _ in range(4)]

    def take(who: User) -> str:
        try:
            return take_back(ClaimPayment.objects.get(pk=payment.pk), who).state
        except ClaimError as late:
            return str(late)[:15]

    assert sorted(at_once(take, people)) == ["Nothing is left"] * 3 + ["noted"]
    assert standing(claim) == ("submitted", 0, 0, 0, 100)
