"""Which claim a payment means, payments that wait for theirs, and those that a person assigns."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import AuditEntry
from claims.answers.matching import (
    Line,
    Service,
    match_all_waiting,
    match_by_hand,
    match_lines,
    match_waiting,
)
from claims.changes import Change, ClaimError
from claims.models import Adjustment, ClaimLine, ClaimPayment, ServicePayment
from rcm_site.testing.makers import make_claim, make_department, make_import, make_payer, make_user

from .remittances import assert_sums_agree, intake, post, remittance, standing, warnings

pytestmark = pytest.mark.django_db

PAID = ["CLP*A-1*1*100*70*10*12*ICN1", "CAS*CO*45*20", "CAS*PR*1*10"]


def matched():
    return ClaimPayment.objects.get().claim


# Which claim ----------------------------------------------------------------------------------------


def test_the_payers_own_number_decides_among_rebills():
    first = make_claim(control_number="A-1", payer_claim_number="ICN1", status="void", charge=100)
    make_claim(control_number="A-1", rebill_mark="x", frequency="7", charge=100)
    post(remittance("CLP*A-1*22*-100*-70*0*12*ICN1"))
    assert matched() == first


def test_else_the_newest_rebill_that_is_not_void():
    make_claim(control_number="A-1", charge=100)
    newest = make_claim(control_number="A-1", rebill_mark="x", frequency="7", charge=100)
    make_claim(control_number="A-1", rebill_mark="y", frequency="8", status="void", charge=100)
    post(remittance(*PAID))
    assert matched() == newest


def test_a_number_that_several_senders_use_is_told_apart_by_sender_then_by_charge():
    north = make_claim(control_number="A-1", sender="north", charge=100)
    south = make_claim(control_number="A-1", sender="south", charge=90)
    post(remittance(*PAID, trace="T1"), intake(sender="south"))
    assert matched() == south
    ClaimPayment.objects.all().delete()
    post(remittance("CLP*A-1*1*100*70*0*12*ICN2", trace="T2"))
    assert matched() == north


def test_what_cannot_be_told_apart_is_held_for_a_person():
    claims = [make_claim(control_number="A-1", sender=sender, charge=100) for sender in ("north", "south")]
    taken = post(remittance(*PAID))
    assert ClaimPayment.objects.get().state == "held"
    assert "Several senders" in " ".join(warnings(taken))
    assert [standing(claim)[1] for claim in claims] == [0, 0]


def test_a_number_that_is_not_ours_is_found_by_the_payers():
    claim = make_claim(control_number="A-1", payer_claim_number="ICN1", charge=100)
    post(remittance("CLP*0*1*100*70*0*12*ICN1"))
    assert matched() == claim


def test_another_payers_number_is_not_the_same_number():
    make_payer("ACME HEALTH")  # whose name the remittance gives
    make_claim(control_number="A-1", payer_claim_number="ICN1", charge=100, payer=make_payer("Other"))
    post(remittance("CLP*0*1*100*70*0*12*ICN1"))
    assert ClaimPayment.objects.get().state == "unmatched"


def test_the_payers_number_alone_is_not_enough_when_the_charge_differs():
    make_claim(control_number="A-1", payer_claim_number="ICN1", charge=99)
    post(remittance("CLP*0*1*100*70*0*12*ICN1"))
    assert ClaimPayment.objects.get().state == "unmatched"


def test_empty_numbers_match_nothing():
    make_claim(control_number="", charge=100)
    post(remittance("CLP*0*1*100*70*0*12*"))
    assert ClaimPayment.objects.get().state == "unmatched"


def test_lines_are_matched_once_each_by_reference_before_procedure():
    lines = [Line(1, "", "99213", "", 3000), Line(2, "R", "99213", "", 3000), Line(3, "", "", "0450", 500)]
    services = [
        Service("", ("99213",), "", 3000),
        Service("R", ("99213",), "", 3000),
        Service("", ("99213",), "", 3000),
        Service("", ("",), "0450", -500),
    ]
    assert match_lines(services, lines) == [1, 2, None, 3]


# Waiting --------------------------------------------------------------------------------------------


def test_a_payment_without_its_claim_waits_and_is_booked_when_it_arrives():
    taken = post(remittance(*PAID, "SVC*HC:99213*100*70", "CAS*CO*45*0"))
    waiting = ClaimPayment.objects.get()
    assert (waiting.state, waiting.claim, waiting.posted_at) == ("unmatched", None, None)
    assert "nothing is posted yet" in " ".join(warnings(taken))
    claim = make_claim(control_number="A-1", charge=100, kind="professional")
    line = ClaimLine.objects.create(claim=claim, number=1, procedure="99213", charge=100)
    assert match_waiting([claim.pk]) == 1
    assert standing(claim) == ("paid", 70, 20, 10, 10)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.claim, waiting.reason) == ("posted", claim, "")
    assert waiting.posted_at is not None
    assert ServicePayment.objects.get().line == line
    assert set(Adjustment.objects.values_list("claim", flat=True)) == {claim.pk}
    event = claim.events.get()
    assert (event.action, event.source, event.place) == ("paid by payer", waiting.source, waiting.place)
    assert match_waiting([claim.pk]) == 0
    assert_sums_agree()


def test_all_that_waited_is_booked_in_the_order_in_which_it_came():
    post(remittance(*PAID, trace="T1"))
    post(remittance("CLP*A-1*22*-100*-70*0*12*ICN1", "CAS*CO*45*-20", "CAS*PR*1*-10", trace="T2"))
    post(remittance("CLP*A-1*4*100*0*0*12*ICN2", "CAS*CO*29*100", trace="T3"))
    claim = make_claim(control_number="A-1", charge=100)
    assert match_waiting([claim.pk]) == 3
    assert standing(claim) == ("denied", 0, 0, 0, 100)
    assert (claim.denial_category, claim.first_decision) == ("timely_filing", "paid")


def test_nothing_waiting_costs_one_query(django_assert_num_queries):
    claim = make_claim()
    with django_assert_num_queries(1):
        assert match_waiting([claim.pk]) == 0


def test_a_number_that_two_senders_came_to_use_is_held():
    post(remittance(*PAID))
    claims = [make_claim(control_number="A-1", sender=sender, charge=100) for sender in ("north", "south")]
    assert match_waiting([claim.pk for claim in claims]) == 0
    assert ClaimPayment.objects.get().state == "held"


def test_a_claim_and_payment_that_missed_each_other_are_brought_together():
    post(remittance(*PAID, "CLP*A-2*1*10*10*0*12*I"))
    claim = make_claim(control_number="A-1", charge=100)
    assert match_all_waiting() == 1
    assert standing(claim)[0] == "paid"
    assert match_all_waiting() == 0


# By hand --------------------------------------------------------------------------------------------


@pytest.fixture
def imaging():
    return make_department("Imaging")


@pytest.fixture
def biller(imaging):
    return make_user("biller", departments=[imaging])


def test_a_person_books_a_waiting_payment_on_a_claim_of_theirs(imaging, biller):
    post(remittance("CLP*TYPO*1*100*70*10*12*I", "CAS*CO*45*20"), intake(make_import(biller)))
    claim = make_claim(control_number="A-1", charge=100, department=imaging)
    booked = match_by_hand(ClaimPayment.objects.get(), claim, Change(biller, note="typo in the number"))
    assert (booked.state, booked.claim) == ("posted", claim)
    assert standing(claim) == ("paid", 70, 20, 10, 10)
    event = claim.events.get()
    assert (event.actor, event.note, event.to_status) == (biller, "typo in the number", "paid")
    entry = AuditEntry.objects.get(action="payment.matched")
    assert (entry.actor, entry.subject_id, entry.details["claim"]) == (biller, str(booked.pk), str(claim.pk))
    with pytest.raises(ClaimError, match="booked already"):
        match_by_hand(booked, claim, Change(biller))
    assert_sums_agree()


def test_a_held_payment_is_booked_as_it_was_read(imaging, biller):
    post(remittance("CLP*A-1*99*100*70*0*12*I", "CAS*CO*45*20"), intake(make_import(biller)))
    claim = make_claim(charge=100, department=imaging)
    match_by_hand(ClaimPayment.objects.get(), claim, Change(biller))
    assert standing(claim) == ("paid", 70, 20, 0, 10)


def test_nobody_books_on_a_claim_that_they_do_not_see(biller):
    post(remittance(*PAID), intake(make_import(biller)))
    claim = make_claim(charge=100, department=make_department())
    with pytest.raises(ClaimError, match="not one that you may see"):
        match_by_hand(ClaimPayment.objects.get(), claim, Change(biller))
    assert standing(claim) == ("submitted", 0, 0, 0, Decimal(100))


def test_nobody_books_a_payment_that_they_do_not_see(imaging, biller):
    post(remittance(*PAID))
    claim = make_claim(charge=100, department=imaging)
    with pytest.raises(ClaimError, match="not one that you may assign"):
        match_by_hand(ClaimPayment.objects.get(), claim, Change(biller))
