"""Credit balances that are paid back: how much, by whom, once, and what is said of it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import tokens
from accounts.models import AuditEntry, Department, User
from claims import approvals, changes, pay_backs, steps
from claims.changes import Change, ClaimError
from claims.models import Claim, OpenWork, PayBack
from claims.pay_backs import Paid
from claims.steps import Step
from claims.worklists import open_work
from rcm_site.testing.makers import make_claim, make_department, make_payment, make_user
from rcm_site.testing.threads import at_once

from .remittances import assert_sums_agree, post, remittance, standing, warnings

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
PAID_ON = TODAY - timedelta(days=20)


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def biller(heart: Department) -> User:
    return make_user("biller", departments=[heart])


@pytest.fixture
def manager(heart: Department) -> User:
    return make_user("manager", departments=[heart])


def overpaid(department: Department | None = None, *, too_much: str = "20.00", **fields: Any) -> Claim:
    """A charge of $100 on which $100 and more came in, 20 days ago."""
    paid = Decimal(100) + Decimal(too_much)
    known: dict[str, Any] = {
        "charge": 100,
        "paid": paid,
        "status": "paid",
        "paid_on": PAID_ON,
        "decided_on": PAID_ON,
    }
    known |= {"first_decision": "paid", "first_decided_on": PAID_ON, "department": department}
    claim = make_claim(**(known | fields))
    make_payment(claim=claim, paid=paid, paid_on=claim.paid_on)
    return claim


def pay_back(claim: Claim, who: User, amount: str = "20.00", note: str = "", **said: Any) -> PayBack:
    told: dict[str, Any] = {"to": "payer", "way": "cheque", "reference": "1042", "paid_on": TODAY} | said
    return pay_backs.ask(
        claim=claim, paid=Paid(amount=Decimal(amount), **told), change=Change(who, note=note)
    )


# What it does ------------------------------------------------------------------------------------------


def test_what_was_paid_too_much_goes_back_and_the_claim_stays_decided(biller: User) -> None:
    claim = overpaid()
    before = (claim.status, claim.decided_on, claim.paid_on, claim.first_decision, claim.denial_category)
    done = pay_back(claim, biller, "15.50", note="They wrote to us", paid_on=TODAY - timedelta(days=1))
    claim.refresh_from_db()
    assert (claim.paid, claim.balance, claim.overpaid) == (
        Decimal("104.50"),
        Decimal("-4.50"),
        Decimal("4.50"),
    )
    assert before == (
        claim.status,
        claim.decided_on,
        claim.paid_on,
        claim.first_decision,
        claim.denial_category,
    )
    assert done.is_done
    assert done.payment is not None
    booked = done.payment
    assert (booked.paid, booked.paid_on, booked.state, booked.payer_status) == (
        Decimal("-15.50"),
        TODAY - timedelta(days=1),
        "posted",
        "",
    )
    event = claim.events.get()
    assert (event.actor, event.action, event.from_status, event.to_status) == (
        biller,
        "paid back $15.50 to the payer",
        "paid",
        "paid",
    )
    assert event.note == "Cheque, reference 1042. They wrote to us"
    assert AuditEntry.objects.get(action="claim.changed").details["what"] == "paid back $15.50 to the payer"
    assert_sums_agree()


def test_a_claim_that_is_paid_back_leaves_the_worklists(biller: User) -> None:
    claim = overpaid()
    open_work.settle()
    assert OpenWork.objects.get(pk=claim.pk).at_stake == "credit"
    pay_back(claim, biller, to="patient")
    open_work.settle()
    assert not OpenWork.objects.filter(pk=claim.pk).exists()


def test_paying_back_helps_a_credit_first_and_nothing_once_it_is_gone(biller: User) -> None:
    claim = overpaid()
    told = steps.advice(claim)
    assert told is not None
    assert told.step == Step.PAY_BACK
    pay_back(claim, biller)
    claim.refresh_from_db()
    assert steps.advice(claim) is None


# What it refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"amount": "20.01"}, r"Only \$20\.00 was paid too much"),
        ({"amount": "0"}, "more than nothing"),
        ({"amount": "-5"}, "more than nothing"),
        ({"paid_on": PAID_ON - timedelta(days=1)}, "cannot have gone back before"),
        ({"to": "patient", "way": "offset"}, "Only a payer"),
    ],
)
def test_only_the_credit_goes_back_and_not_before_it_came(
    biller: User, said: dict[str, Any], why: str
) -> None:
    claim = overpaid()
    with pytest.raises(ClaimError, match=why):
        pay_back(claim, biller, **said)
    claim.refresh_from_db()
    assert (claim.paid, PayBack.objects.count(), claim.payments.count()) == (Decimal(120), 0, 1)


def test_a_large_one_that_is_too_much_or_too_early_is_refused_when_it_is_asked_for(biller: User) -> None:
    claim = overpaid(too_much="80")
    for said in ({"amount": "80.01"}, {"amount": "80", "paid_on": PAID_ON - timedelta(days=1)}):
        with pytest.raises(ClaimError):
            pay_back(claim, biller, **said)
    assert not PayBack.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"charge": 120},  # just enough was paid
        {"charge": 150},
        {"status": "void"},  # whatever was paid on it belongs to another claim
    ],
)
def test_nothing_goes_back_where_nothing_is_too_much(biller: User, fields: dict[str, Any]) -> None:
    claim = overpaid(**fields)
    assert steps.advice(claim) is None or steps.advice(claim).step != Step.PAY_BACK  # type: ignore[union-attr]
    with pytest.raises(ClaimError, match="Nothing was paid too much"):
        pay_back(claim, biller, "1.00")


def test_a_credit_that_adjustments_made_is_paid_back_only_as_far_as_anything_was_paid(biller: User) -> None:
    claim = make_claim(charge=100, paid=5, adjusted=130, status="paid", paid_on=PAID_ON)
    assert (claim.balance, claim.overpaid) == (Decimal(-35), Decimal(5))
    with pytest.raises(ClaimError, match=r"Only \$5\.00"):
        pay_back(claim, biller, "5.01")
    pay_back(claim, biller, "5")
    with pytest.raises(ClaimError, match="Nothing was paid too much"):
        pay_back(claim, biller, "1", reference="1043")


def test_the_same_reference_twice_is_the_same_money(biller: User) -> None:
    claim = overpaid()
    pay_back(claim, biller, "8")
    with pytest.raises(ClaimError, match="written down already"):
        pay_back(claim, biller, "8.00")
    pay_back(claim, biller, "8", reference="1043")
    assert standing(claim)[1] == Decimal(104)


# Who decides -------------------------------------------------------------------------------------------


def test_up_to_the_limit_one_person_decides_and_a_cent_more_waits(biller: User) -> None:
    assert pay_back(overpaid(too_much="25.00"), biller, "25.00").is_done
    claim = overpaid(too_much="25.01")
    assert pay_back(claim, biller, "25.01").state == "waiting"
    assert standing(claim)[1] == Decimal("125.01")
    assert claim.events.get().action == "pay-back of $25.01 asked for"
    with pytest.raises(ClaimError, match="waits for approval"):
        pay_back(claim, make_user("biller"), "10", reference="7")


def test_parts_of_it_do_not_go_round_the_limit(biller: User) -> None:
    claim = overpaid(too_much="60.00")
    assert pay_back(claim, biller, "20", reference="1").is_done
    assert pay_back(claim, biller, "5", reference="2").is_done
    assert pay_back(claim, make_user("biller"), "0.01", reference="3").state == "waiting"


def test_somebody_else_approves_and_it_is_booked_on_its_own_day(biller: User, manager: User) -> None:
    claim = overpaid(too_much="80")
    asked = pay_back(claim, biller, "80", paid_on=TODAY - timedelta(days=3))
    with pytest.raises(ClaimError, match="yourself"):
        pay_backs.approve(asked=asked, change=Change(biller))
    pay_backs.approve(asked=asked, change=Change(manager, note="Agreed."))
    claim.refresh_from_db()
    asked.refresh_from_db()
    assert (claim.status, claim.paid, claim.balance) == ("paid", 100, 0)
    assert (asked.state, asked.decided_by, asked.answer) == ("done", manager, "Agreed.")
    assert asked.payment is not None
    assert (asked.payment.paid, asked.payment.paid_on) == (Decimal(-80), TODAY - timedelta(days=3))
    event = claim.events.latest("pk")
    assert (event.actor, event.action) == (manager, "paid back $80.00 to the payer")
    assert f"Asked for by {biller.name}." in event.note
    assert AuditEntry.objects.get(action="pay_back.decided").details["amount"] == "80.00"
    with pytest.raises(ClaimError, match="decided already"):
        pay_backs.approve(asked=asked, change=Change(make_user("manager")))
    assert_sums_agree()


def test_what_is_no_longer_too_much_is_not_approved(biller: User, manager: User) -> None:
    claim = overpaid(too_much="80")
    asked = pay_back(claim, biller, "80")
    post(remittance(f"CLP*{claim.control_number}*22*-100*-30*0*12*I", day=f"{TODAY:%Y%m%d}"))
    with pytest.raises(ClaimError, match=r"Only \$50\.00"):
        pay_backs.approve(asked=asked, change=Change(manager))
    approvals.decline(asked=asked, change=Change(manager, note="They took it."))
    assert claim.events.latest("pk").action == "pay-back declined"
    assert (standing(claim)[1], PayBack.objects.get().state) == (Decimal(150), "declined")
    assert pay_back(claim, biller, "50").state == "waiting"


def test_only_who_asked_takes_it_back(biller: User, manager: User) -> None:
    asked = pay_back(overpaid(too_much="80"), biller, "80")
    with pytest.raises(ClaimError, match="nobody else"):
        approvals.withdraw(asked=asked, change=Change(manager))
    assert approvals.withdraw(asked=asked, change=Change(biller)).state == "withdrawn"


# What the payer says of it later -----------------------------------------------------------------------


def paid_twice() -> Claim:
    """$80 of $100, and the same again nine days later."""
    claim = make_claim(control_number="A-1", charge=100)
    post(remittance("CLP*A-1*1*100*80*0*12*I", "CAS*CO*45*20", amount="80", trace="T1", day="20261101"))
    post(remittance("CLP*A-1*1*100*80*0*12*I", amount="80", trace="T2", day="20261110"))
    assert standing(claim) == ("paid", 160, 20, 0, -80)
    return claim


REVERSAL = remittance("CLP*A-1*22*-100*-80*0*12*I", amount="0", trace="T3", day="20261118")
TAKEN = ("CLP*A-1*22*-100*-160*0*12*I", "CAS*CO*45*-20")
GIVEN = ("CLP*A-1*1*100*80*0*12*I", "CAS*CO*45*20")
ON: dict[str, Any] = {"paid_on": date(2026, 11, 12)}


def agreed(claim: Claim, biller: User, manager: User, **said: Any) -> PayBack:
    return pay_backs.approve(asked=pay_back(claim, biller, "80", **ON, **said), change=Change(manager))


def test_an_offset_that_the_payer_tells_of_itself_counts_once(biller: User, manager: User) -> None:
    claim = paid_twice()
    noted = agreed(claim, biller, manager, way="offset")
    assert standing(claim) == ("paid", 80, 20, 0, 0)
    assert warnings(post(REVERSAL)) == []
    # As if nobody had written it down before: what an 835 takes back makes its claim wait for an answer.
    assert standing(claim) == ("pending", 80, 20, 0, 0)
    noted.refresh_from_db()
    assert noted.payment is not None
    assert (noted.payment.state, noted.payment.posted_at) == ("noted", None)
    assert claim.events.latest("pk").action == "reversed by payer"
    assert_sums_agree()


@pytest.mark.parametrize("answer", [TAKEN + GIVEN, GIVEN + TAKEN])
def test_an_offset_that_was_corrected_in_one_remittance_counts_once(
    biller: User, manager: User, answer: tuple[str, ...]
) -> None:
    claim = paid_twice()
    agreed(claim, biller, manager, way="offset")
    post(remittance(*answer, amount="0", trace="T3", day="20261118"))
    assert standing(claim) == ("paid", 80, 20, 0, 0)
    assert_sums_agree()


def test_less_than_was_noted_as_an_offset_is_not_taken_for_it(biller: User, manager: User) -> None:
    claim = paid_twice()
    agreed(claim, biller, manager, way="offset")
    post(remittance("CLP*A-1*22*-100*-30*0*12*I", amount="0", trace="T3", day="20261118"))
    assert standing(claim) == ("pending", 50, 20, 0, 30)


@pytest.mark.parametrize("way", ["cheque", "electronic"])
def test_a_payer_who_takes_what_was_sent_to_it_leaves_the_claim_short_and_at_work(
    biller: User, manager: User, way: str
) -> None:
    claim = paid_twice()
    agreed(claim, biller, manager, way=way)
    (doubt,) = warnings(post(REVERSAL))
    assert doubt == "takes back money although $80.00 was sent back by hand"
    assert standing(claim) == ("pending", 0, 20, 0, 80)
    assert claim.events.latest("pk").action == f"reversed by payer: {doubt}"
    open_work.settle()
    assert OpenWork.objects.get(pk=claim.pk).dollars == Decimal(80)
    assert_sums_agree()


@pytest.mark.parametrize("answers", [[TAKEN + GIVEN], [GIVEN + TAKEN], [TAKEN, GIVEN]])
def test_so_does_one_who_corrects_its_answer(
    biller: User, manager: User, answers: list[tuple[str, ...]]
) -> None:
    claim = paid_twice()
    agreed(claim, biller, manager)
    for number, segments in enumerate(answers):
        post(remittance(*segments, amount="0", trace=f"N{number}", day=f"2026111{8 + number}"))
    assert standing(claim) == ("pending", 0, 20, 0, 80)
    # The payer had booked the cheque all the same: what it took on paper is a payment.
    changes.post_payment(claim=claim, amount=Decimal(80), paid_on=TODAY, change=Change(biller))
    assert standing(claim) == ("paid", 80, 20, 0, 0)


def test_what_a_patient_got_back_has_nothing_to_do_with_the_payer(biller: User, manager: User) -> None:
    claim = paid_twice()
    agreed(claim, biller, manager, to="patient")
    assert warnings(post(REVERSAL)) == []
    assert standing(claim) == ("pending", 0, 20, 0, 80)


def test_a_pay_back_is_no_answer_that_others_could_be_late_for(biller: User, manager: User) -> None:
    claim = paid_twice()
    agreed(claim, biller, manager)
    denial = remittance("CLP*A-1*22*-100*-80*0*12*I", amount="0", trace="T4", day="20261111")
    post(denial)  # of the day before the pay-back, and newer than both payments
    assert standing(claim)[0] == "pending"


# By page and API ---------------------------------------------------------------------------------------


def said(**fields: Any) -> dict[str, Any]:
    known = {"amount": "20.00", "to": "payer", "way": "cheque", "reference": "1042", "paid_on": str(TODAY)}
    return known | fields


def test_a_biller_pays_back_on_the_claims_page(client: Client, sign_in: Any, heart: Department) -> None:
    sign_in("biller", departments=[heart])
    claim = overpaid(heart)
    page = client.get(f"/claims/{claim.pk}/")
    assert page.context["steps"]["offered"][0].step == Step.PAY_BACK
    assert client.post(f"/claims/{claim.pk}/steps/pay_back/", said()).status_code == 302
    page = client.get(f"/claims/{claim.pk}/")
    assert "Paid back to the payer" in page.content.decode()
    assert Step.PAY_BACK not in [each.step for each in page.context["steps"]["offered"]]
    assert standing(claim)[1] == Decimal(100)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"amount": "-1"}, "greater than or equal to 0.01"),
        ({"amount": "NaN"}, "Enter a number"),
        ({"amount": "Infinity"}, "Enter a number"),
        ({"amount": "1.001"}, "no more than 2 decimal places"),
        ({"amount": "20.01"}, "Only $20.00 was paid too much"),
        ({"paid_on": str(TODAY + timedelta(days=1))}, "still to come"),
        ({"paid_on": str(PAID_ON - timedelta(days=1))}, "cannot have gone back before"),
        ({"to": "me"}, "not one of the available choices"),
        ({"way": "offset", "to": "patient"}, "Only a payer"),
    ],
)
def test_what_makes_no_sense_is_said_on_the_page(
    client: Client, sign_in: Any, heart: Department, fields: dict[str, Any], why: str
) -> None:
    sign_in("biller", departments=[heart])
    claim = overpaid(heart)
    page = client.post(f"/claims/{claim.pk}/steps/pay_back/", said(**fields))
    assert page.status_code == 422
    assert why in page.content.decode()
    assert standing(claim)[1] == Decimal(120)


def test_who_does_not_see_the_claim_or_works_none_pays_nothing_back(
    client: Client, sign_in: Any, heart: Department
) -> None:
    claim = overpaid(heart)
    sign_in("biller", departments=[make_department("Lungs")])
    assert client.post(f"/claims/{claim.pk}/steps/pay_back/", said()).status_code == 404
    sign_in("analyst")
    assert client.post(f"/claims/{claim.pk}/steps/pay_back/", said()).status_code == 403
    assert standing(claim)[1] == Decimal(120)


def test_leads_decide_about_pay_backs_on_their_page(client: Client, sign_in: Any, heart: Department) -> None:
    claim = overpaid(heart, too_much="80")
    sign_in("biller", departments=[heart])
    client.post(f"/claims/{claim.pk}/steps/pay_back/", said(amount="80", note="Paid twice"))
    asked = PayBack.objects.get()
    assert client.post(f"/pay-backs/{asked.pk}/approve/").status_code == 403
    sign_in("manager", departments=[make_department("Lungs")])
    assert client.post(f"/pay-backs/{asked.pk}/approve/").status_code == 404
    assert "Paid twice" not in client.get("/pay-backs/").content.decode()
    sign_in("manager", departments=[heart])
    assert "Pay-backs to approve" in client.get("/worklists/").content.decode()
    page = client.get("/pay-backs/").content.decode()
    for told in ("Paid twice", "The payer", "Cheque", "1042"):
        assert told in page
    client.post(f"/pay-backs/{asked.pk}/approve/", {"note": "Yes."})
    assert standing(claim) == ("paid", 100, 0, 0, 0)
    assert "The payer" in client.get("/pay-backs/").content.decode()


@pytest.fixture
def api(client: Client, manager: User) -> Any:
    pair = tokens.issue(user=manager, request=RequestFactory().post("/"))

    def send(claim: Claim, key: str = "", **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {pair.access}"} | ({"Idempotency-Key": key} if key else {})
        path = f"/api/claims/{claim.pk}/steps/pay_back"
        return client.post(path, body, content_type="application/json", headers=headers)

    return send


def test_other_systems_pay_back_once_by_their_key(api: Any, heart: Department) -> None:
    claim = overpaid(heart)
    first = api(claim, "pb-1", **said(amount="5.00", reference=""))
    again = api(claim, "pb-1", **said(amount="5.00", reference=""))
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json()["paid"], again.json()["paid"]) == ("115.00", "115.00")
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert api(claim, "pb-1", **said(amount="6.00")).status_code == 422
    assert claim.paybacks.count() == 1
    assert api(claim, "pb-2", **said(amount="5.00", reference="")).status_code == 200
    assert standing(claim)[1] == Decimal(110)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"amount": "-1.00"}, 400),
        ({"amount": "NaN"}, 400),
        ({"amount": "20.01"}, 409),
        ({"paid_on": str(TODAY + timedelta(days=1))}, 400),
        ({"paid_on": str(PAID_ON - timedelta(days=1))}, 409),
        ({"to": "patient", "way": "offset"}, 409),
        ({"status": "paid"}, 400),
    ],
)
def test_other_systems_are_told_what_is_wrong(
    api: Any, heart: Department, fields: dict[str, Any], status: int
) -> None:
    claim = overpaid(heart)
    assert api(claim, "k", **said(**fields)).status_code == status
    assert standing(claim)[1] == Decimal(120)
    assert api(claim, "k", **said()).status_code == 200, "what failed has not used up its key"


# At once -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers take turns anyway")
@pytest.mark.django_db(transaction=True)
def test_of_several_who_pay_back_at_once_one_does() -> None:
    claim, people = overpaid(), [make_user("biller") for _ in range(6)]

    def pay(number: int) -> bool | str:
        try:
            return pay_back(claim, people[number], reference=f"{number}").is_done
        except ClaimError as late:
            return str(late)

    told = at_once(pay, range(len(people)))
    assert Counter(told) == {True: 1, "Nothing was paid too much on this claim.": 5}
    claim.refresh_from_db()
    assert (claim.paid, claim.balance, claim.payments.count()) == (Decimal(100), 0, 2)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers take turns anyway")
@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_one_is_told_that_it_is_decided() -> None:
    claim = overpaid(too_much="80")
    asked = pay_back(claim, make_user("biller"), "80")
    leads = [make_user("manager"), make_user("director")]

    def approve(who: User) -> str:
        try:
            return pay_backs.approve(asked=asked, change=Change(who)).state
        except ClaimError as late:
            return str(late)

    assert sorted(at_once(approve, leads)) == ["This has been decided already: done.", "done"]
    claim.refresh_from_db()
    assert (claim.paid, claim.payments.count()) == (Decimal(100), 2)
