"""Posting 835s: what claims stand at afterwards, and that nothing is lost, doubled or dropped."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from claims.imports.records import ClaimPaymentRecord, RemittanceRecord
from claims.models import (
    Adjustment,
    Claim,
    ClaimEvent,
    ClaimLine,
    ClaimPayment,
    PayerAlias,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from rcm_site.testing.makers import make_claim, make_import, make_payer

from .remittances import assert_sums_agree, intake, post, remittance, standing, warnings
from .x12_samples import SHARED, needs_shared_samples, of_kind, read, sample

pytestmark = pytest.mark.django_db


def payment(**fields) -> ClaimPayment:
    return ClaimPayment.objects.get(**fields)


def actions(claim: Claim) -> list[tuple[str, str, str]]:
    return [(each.action, each.from_status, each.to_status) for each in claim.events.all()]


# What an answer does to its claim -------------------------------------------------------------------


def test_a_payment_is_booked_with_what_the_contract_and_the_patient_bear():
    claim = make_claim(control_number="A-1", charge=100)
    post(remittance("CLP*A-1*1*100*70*10*12*ICN1", "CAS*CO*45*20", "CAS*PR*1*10", amount="70"))
    assert standing(claim) == ("paid", 70, 20, 10, 10)
    assert (claim.payer_claim_number, claim.allowed, claim.first_decision) == ("ICN1", 80, "paid")
    assert claim.decided_on == claim.paid_on == claim.first_decided_on == date(2026, 11, 10)
    event = claim.events.get()
    assert (event.action, event.from_status, event.to_status, event.actor) == (
        "paid by payer",
        "submitted",
        "paid",
        None,
    )
    assert event.place == payment().place == 6
    assert_sums_agree()


@pytest.mark.parametrize(
    ("segments", "status", "category"),
    [
        (["CLP*A-1*1*100*0*0*12*I", "CAS*CO*29*100"], "denied", "timely_filing"),  # processed, says the payer
        (["CLP*A-1*4*100*0*0*12*I", "CAS*CO*16*100", "MOA***M62"], "denied", "authorisation"),
        (["CLP*A-1*4*100*0*0*12*I"], "denied", "other"),
        (["CLP*A-1*1*100*0*100*12*I", "CAS*PR*204*100"], "denied", "eligibility"),
        (["CLP*A-1*1*100*0*0*12*I", "CAS*CO*97*40*1*50*60"], "denied", "medical_necessity"),
        (["CLP*A-1*1*100*0*80*12*I", "CAS*CO*45*20", "CAS*PR*1*80"], "paid", ""),  # all of it deductible
        (["CLP*A-1*2*100*0*0*12*I", "CAS*OA*23*100"], "paid", ""),  # an earlier payer paid it all
        (["CLP*A-1*1*100*0*0*12*I"], "pending", ""),  # no payment, and no reason for that
        (["CLP*A-1*1*100*60*0*12*I", "CAS*CO*97*40"], "paid", ""),
    ],
)
def test_status_follows_from_payment_and_adjustments(segments, status, category):
    claim = make_claim(control_number="A-1", charge=100)
    post(remittance(*segments))
    claim.refresh_from_db()
    assert (claim.status, claim.denial_category) == (status, category)
    assert_sums_agree()


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("5", "submitted", "pending"),
        ("27", "denied", "pending"),
        ("16", "paid", "paid"),
        ("25", "submitted", "submitted"),
        ("23", "submitted", "submitted"),
    ],
)
def test_an_answer_that_moves_no_money_is_noted(code, before, after):
    claim = make_claim(control_number="A-1", charge=100, status=before)
    post(remittance(f"CLP*A-1*{code}*100*0*0*12*I", "CAS*CO*45*100"))
    assert standing(claim) == (after, 0, 0, 0, 100)
    assert (payment().state, payment().claim) == ("noted", claim)


def test_an_estimate_waits_for_no_claim():
    post(remittance("CLP*A-1*25*100*0*0*12*I"))
    assert (payment().state, payment().claim) == ("noted", None)


def test_what_the_payer_allowed_is_taken_as_said_before_it_is_worked_out():
    whole, lines = (
        make_claim(control_number=number, charge=100, kind="professional") for number in ("A-1", "A-2")
    )
    post(
        remittance(
            "CLP*A-1*1*100*70*0*12*I1",
            "CAS*CO*45*30",
            "AMT*AU*75.5",
            "CLP*A-2*1*100*70*0*12*I2",
            "SVC*HC:99213*60*40",
            "CAS*CO*45*20",
            "AMT*B6*41",
            "SVC*HC:99214*40*30",
            "CAS*CO*45*10",
            "AMT*B6*31",
        )
    )
    whole.refresh_from_db()
    lines.refresh_from_db()
    assert (whole.allowed, lines.allowed) == (Decimal("75.50"), 72)


def test_an_overpayment_leaves_a_credit_balance_and_says_so():
    claim = make_claim(control_number="A-1", charge=100)
    taken = post(remittance("CLP*A-1*1*100*130*0*12*I"))
    assert standing(claim) == ("paid", 130, 0, 0, -30)
    assert "credit balance" in " ".join(warnings(taken))


def test_a_written_off_claim_takes_the_money_and_is_not_owed_less_than_nothing():
    claim = make_claim(control_number="A-1", charge=100, status="written_off", written_off=100)
    taken = post(remittance("CLP*A-1*1*100*60*0*12*I", "CAS*CO*45*10"))
    assert standing(claim) == ("written_off", 60, 10, 0, 0)
    assert claim.written_off == 30
    assert "written off here" in " ".join(warnings(taken))
    assert "written off here" in claim.events.get().action


def test_a_void_claim_takes_the_money_and_stays_void():
    claim = make_claim(control_number="A-1", charge=100, status="void")
    taken = post(remittance("CLP*A-1*1*100*60*0*12*I"))
    assert standing(claim) == ("void", 60, 0, 0, 40)
    assert claim.decided_on is None
    assert "void here" in " ".join(warnings(taken))


def test_another_charge_than_the_claims_is_told():
    make_claim(control_number="A-1", charge=100)
    assert "differs from the charge" in " ".join(warnings(post(remittance("CLP*A-1*1*90*90*0*12*I"))))


# Reversals and corrections --------------------------------------------------------------------------

PAID = ["CLP*A-1*1*100*70*10*12*ICN1", "CAS*CO*45*20", "CAS*PR*2*10"]
REVERSED = ["CLP*A-1*22*-100*-70*0*12*ICN1", "CAS*CO*45*-20", "CAS*PR*2*-10"]
CORRECTED = ["CLP*A-1*1*100*80*5*12*ICN2", "CAS*CO*45*15", "CAS*PR*2*5"]


@pytest.fixture
def claim():
    return make_claim(control_number="A-1", charge=100)


def test_a_reversal_takes_everything_back_and_opens_the_claim(claim):
    post(remittance(*PAID, trace="T1"))
    post(remittance(*REVERSED, trace="T2", day="20261115"))
    assert standing(claim) == ("pending", 0, 0, 0, 100)
    assert (claim.decided_on, claim.paid_on, claim.allowed) == (None, None, None)
    assert (claim.first_decision, claim.first_decided_on) == ("paid", date(2026, 11, 10))
    assert actions(claim) == [
        ("paid by payer", "submitted", "paid"),
        ("reversed by payer", "paid", "pending"),
    ]
    assert_sums_agree()


@pytest.mark.parametrize("second", [[*REVERSED, *CORRECTED], [*CORRECTED, *REVERSED]])
def test_a_correction_stands_whether_its_reversal_comes_before_or_after_it(claim, second):
    post(remittance(*PAID, trace="T1"))
    post(remittance(*second, trace="T2", day="20261115"))
    assert standing(claim) == ("paid", 80, 15, 5, 5)
    assert (claim.payer_claim_number, claim.decided_on) == ("ICN2", date(2026, 11, 15))
    assert_sums_agree()


def test_a_correction_may_follow_in_a_later_remittance_and_deny(claim):
    post(remittance(*PAID, trace="T1"))
    post(remittance(*REVERSED, trace="T2", day="20261115"))
    post(remittance("CLP*A-1*4*100*0*0*12*ICN2", "CAS*CO*18*100", trace="T3", day="20261118"))
    assert standing(claim) == ("denied", 0, 0, 0, 100)
    assert (claim.denial_category, claim.first_decision) == ("duplicate", "paid")


def test_a_payment_reversed_in_its_own_remittance_leaves_the_claim_open(claim):
    post(remittance(*PAID, *REVERSED))
    assert standing(claim) == ("pending", 0, 0, 0, 100)


def test_files_in_the_wrong_order_come_to_the_same(claim):
    post(remittance(*REVERSED, *CORRECTED, trace="T2", day="20261115"))
    assert standing(claim)[:2] == ("paid", 10)
    post(remittance(*PAID, trace="T1"))
    assert standing(claim) == ("paid", 80, 15, 5, 5)
    assert (claim.payer_claim_number, claim.decided_on) == ("ICN2", date(2026, 11, 15))
    assert (claim.first_decision, claim.first_decided_on) == ("paid", date(2026, 11, 10))


def test_a_late_denial_does_not_undo_a_newer_payment_but_was_the_first_decision(claim):
    post(remittance(*PAID, trace="T2", day="20261115"))
    post(remittance("CLP*A-1*4*100*0*0*12*ICN0", "CAS*CO*16*100", trace="T1", day="20261101"))
    assert standing(claim)[:2] == ("paid", 70)
    assert (claim.first_decision, claim.first_decided_on) == ("denied", date(2026, 11, 1))
    assert (claim.decided_on, claim.denial_category) == (date(2026, 11, 15), "")


def test_a_duplicate_denied_after_the_payment_leaves_the_claim_paid(claim):
    post(remittance(*PAID, trace="T1"))
    post(remittance("CLP*A-1*4*100*0*0*12*ICN9", "CAS*OA*18*100", trace="T2", day="20261118"))
    assert standing(claim) == ("paid", 70, 20, 10, 10)
    assert claim.paid_on == date(2026, 11, 10)
    assert actions(claim)[1] == ("denied by payer", "paid", "paid")


def test_taking_back_more_than_was_paid_is_told(claim):
    assert "more than was paid" in " ".join(warnings(post(remittance(*REVERSED))))
    assert standing(claim) == ("pending", -70, -20, -10, 190)
    assert_sums_agree()


# What a person has to look at -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segments", "reason"),
    [
        (["CLP*A-1*1*100*abc*0*12*I"], "CLP04"),
        (["CLP*A-1*22*100*70*0*12*I"], "not below zero"),
        (["CLP*A-1*25*100*70*0*12*I"], "moves no money"),
        (["CLP*A-1*99*100*70*0*12*I"], "not a known one"),
        (["CLP*A-1*1*100*70*0*12*I", "ZZZ*1"], "no place in a remittance"),
    ],
)
def test_what_makes_no_sense_is_held_back(claim, segments, reason):
    post(remittance(*segments))
    assert standing(claim) == ("submitted", 0, 0, 0, 100)
    assert (payment().state, payment().claim) == ("held", None)
    assert reason in payment().reason
    assert not claim.events.exists()


def test_claims_of_a_remittance_without_a_readable_payment_are_held_back(claim):
    post(remittance(*PAID, amount="many"))
    assert payment().state == "held"
    assert "remittance" in payment().reason
    post(remittance(*PAID, amount="70"))  # the mended file is another one, and posted
    assert standing(claim)[:2] == ("paid", 70)


def test_texts_longer_than_their_columns_are_cut_and_never_read_as_another_group(claim):
    remarks = [f"LQ*HE*MA{number:03}" for number in range(60)]
    post(
        remittance(
            "CLP*A-1*1*100*80*0*12*I",
            "SVC*HC:99213:A1234567890123:B1234567890123:C1234567890123*100*80",
            "CAS*CONTRACT*45*20",
            *remarks,
        )
    )
    assert standing(claim) == ("paid", 80, 0, 0, 20)
    adjustment = Adjustment.objects.get()
    assert (adjustment.group, adjustment.is_denial) == ("", False)
    assert adjustment.remarks.endswith("MA019")
    assert ServicePayment.objects.get().modifiers == "A1234567890123 B1234567890123"


# Remittances ----------------------------------------------------------------------------------------


def test_a_remittance_keeps_its_balances_its_payer_and_what_else_was_taken():
    payer = make_payer("Acme Health Plan")
    PayerAlias.objects.create(payer=payer, alias="ACME1", used="835")
    for number, charge in (("A-1001", 250), ("A-0900", 100), ("A-0901", 60), ("A-0902", 75)):
        make_claim(control_number=number, charge=charge)
    post(sample("remittance_5010"))
    found = Remittance.objects.get()
    assert (found.payer, found.trace_number, found.amount) == (payer, "EFT9001", 228)
    assert (found.claims_paid, found.provider_adjusted, found.imbalance) == (226, -2, 0)
    assert (found.line_imbalances, found.claim_imbalances, found.is_cut_off) == (0, 1, False)
    assert [(each.reason, each.reference, each.amount) for each in ProviderAdjustment.objects.all()] == [
        ("L6", "INT0001", Decimal("-2.50")),
        ("WO", "OLD-77", Decimal("0.50")),
    ]
    assert_sums_agree()


def test_a_remittance_that_does_not_add_up_is_flagged_and_posted(claim):
    post(remittance(*PAID, "PLB*1234567893*20261231*WO:1*5", amount="70"))
    assert Remittance.objects.get().imbalance == -5
    assert standing(claim)[:2] == ("paid", 70)


def test_a_remittance_goes_on_through_any_number_of_chunks():
    numbers = [f"A-{number}" for number in range(7)]
    for number in numbers:
        make_claim(control_number=number, charge=10)
    segments = [
        each for number in numbers for each in (f"CLP*{number}*1*10*6*0*12*I", "CAS*CO*45*4", "SVC*HC:1*10*6")
    ]
    post(remittance(*segments, amount="42"), chunk=2)
    found = Remittance.objects.get()
    assert (found.claim_payments.count(), found.claims_paid, found.imbalance) == (7, 42, 0)
    assert (found.line_imbalances, found.claim_imbalances) == (7, 0)
    assert Claim.objects.filter(status="paid", paid=6, adjusted=4).count() == 7


def test_the_same_remittance_in_another_file_posts_nothing_again(claim):
    content = remittance(*PAID, "PLB*1234567893*20261231*WO:1*5", amount="65")
    post(content)
    taken = post(content, chunk=2)
    assert standing(claim)[:2] == ("paid", 70)
    counts = [model.objects.count() for model in (Remittance, ClaimPayment, ProviderAdjustment, ClaimEvent)]
    assert counts == [1, 1, 1, 1]
    assert [each.is_repeated for each in taken] == [True, True, True]
    assert warnings(taken) == [
        f"is here already as remittance {Remittance.objects.get().pk}: nothing of it is posted again"
    ]


def test_another_amount_day_or_number_is_another_remittance(claim):
    for fields in ({}, {"amount": "1"}, {"day": "20261111"}, {"trace": "T9"}):
        post(remittance(*PAID, **fields))
    assert Remittance.objects.count() == 4


def test_without_a_trace_number_only_the_same_place_of_a_file_is_the_same(claim):
    for _ in range(2):
        post(remittance(*PAID, trace=""))
    assert Remittance.objects.count() == 2


def test_a_remittance_cut_off_is_completed_by_the_whole_file():
    for number in ("A-1", "A-2", "A-3"):
        make_claim(control_number=number, charge=100)
    others = [
        "CLP*A-2*1*100*60*0*12*I2",
        "CAS*CO*45*40",
        "CLP*A-3*1*100*50*0*12*I3",
        "CAS*CO*45*50",
        "PLB*1234567893*20261231*WO:1*5",
    ]
    post(remittance(*PAID, others[0], amount="175", ends=False))
    assert Remittance.objects.get().is_cut_off
    assert payment(control_number="A-2").state == "held"
    taken = post(remittance(*PAID, *others, amount="175"))
    found = Remittance.objects.get()
    assert (found.is_cut_off, found.imbalance, found.line_imbalances, found.claim_imbalances) == (
        False,
        0,
        0,
        0,
    )
    posted = found.claim_payments.values_list("control_number", "state", "paid").order_by("control_number")
    assert list(posted) == [("A-1", "posted", 70), ("A-2", "posted", 60), ("A-3", "posted", 50)]
    assert [each.is_repeated for each in taken] == [False, True, False, False, False]
    assert_sums_agree()
    assert all(each.is_repeated for each in post(remittance(*PAID, *others, amount="175")))


def test_one_that_is_still_being_read_is_not_completed_by_another_file(claim):
    running = intake(make_import(state="running"))
    content = remittance(*PAID, amount="70")
    post(read(content)[:2], running)
    assert all(each.is_repeated for each in post(content))


def test_equal_remittances_of_one_file_are_posted_and_told(claim):
    content = remittance(*PAID, amount="70")
    taken = post(content + content)
    assert Remittance.objects.count() == 2
    assert standing(claim)[1] == 140
    assert "stands in this file before" in " ".join(warnings(taken))
    assert all(each.is_repeated for each in post(content + content, chunk=3))


def test_the_second_file_of_an_archive_repeats_the_first(claim):
    source, carry_free = make_import(), remittance(*PAID, amount="70")
    post(carry_free, intake(source, file="one.835"))
    taken = post(carry_free, intake(source, file="two.835"))
    assert all(each.is_repeated for each in taken)
    assert Remittance.objects.count() == 1


# Golden files ---------------------------------------------------------------------------------------


def remittance_files() -> list[dict[str, str]]:
    if not SHARED.exists():
        return []
    with (SHARED / "totals.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["sets"] == "835" and row["transactions"]]


def claims_for(records: list) -> None:
    """A claim for each number that a file answers, as its payer knows it."""
    made: set[tuple[str, str]] = set()
    for each in of_kind(records, ClaimPaymentRecord):
        key = (each.control_number, each.payer_claim_number)
        if key not in made:
            made.add(key)
            make_claim(
                control_number=key[0],
                payer_claim_number=key[1],
                rebill_mark=str(len(made)),
                charge=Decimal(each.charge).scaleb(-2),
            )


@needs_shared_samples
@pytest.mark.parametrize("row", remittance_files(), ids=lambda row: row["file"].rpartition("__")[2])
def test_files_of_others_post_to_their_totals(row):
    content = (SHARED / row["file"]).read_bytes()
    records = read(content)
    claims_for(records)
    post(records, chunk=200)
    sums = ClaimPayment.objects.aggregate(charged=Sum("charge"), paid=Sum("paid"))
    assert Remittance.objects.count() == int(row["transactions"])
    assert ClaimPayment.objects.filter(state="posted").count() == int(row["claims"])
    assert ServicePayment.objects.count() == int(row["lines"])
    assert (sums["charged"], sums["paid"]) == (Decimal(row["charged"]), Decimal(row["paid"]))
    assert Claim.objects.aggregate(paid=Sum("paid"))["paid"] == Decimal(row["paid"])
    totals = Remittance.objects.aggregate(bpr=Sum("amount"), plb=Sum("provider_adjusted"))
    assert (totals["bpr"], totals["plb"]) == (Decimal(row["bpr"]), Decimal(row["plb"]))
    assert all(each.imbalance == 0 for each in Remittance.objects.all())
    assert_sums_agree()
    assert_places_are_true(content)
    taken = post(records)
    assert all(each.is_repeated for each in taken)
    assert len(of_kind([each.record for each in taken], RemittanceRecord)) == int(row["transactions"])


def assert_places_are_true(content: bytes) -> None:
    """Each row's place is the segment of the file that says what the row says."""
    text = content.decode()
    element, end = text[3] if text.startswith("ISA") else "*", "~" if "~" in text else "\n"
    segments = [each.strip().split(element) for each in text.split(end)]

    def at(place: int) -> list[str]:
        return segments[place - 1]

    for remittance_row in Remittance.objects.all():
        assert at(remittance_row.place)[0] == "ST"
    for answer in ClaimPayment.objects.all():
        assert at(answer.place)[:3] == ["CLP", answer.control_number, answer.payer_status]
        assert Decimal(at(answer.place)[4]) == answer.paid
    for service in ServicePayment.objects.all():
        assert at(service.place)[0] == "SVC"
        assert Decimal(at(service.place)[3] or 0) == service.paid
    for adjustment in Adjustment.objects.all():
        found = at(adjustment.place)
        assert found[:2] == ["CAS", adjustment.group]
        triplets = {
            (reason, Decimal(amount)) for reason, amount in zip(found[2::3], found[3::3], strict=False)
        }
        assert (adjustment.reason, adjustment.amount) in triplets


def test_services_find_their_lines_and_remarks_go_with_their_adjustments():
    claim = make_claim(control_number="A-1", charge=100, kind="professional")
    lines = [
        ClaimLine.objects.create(
            claim=claim, number=number, procedure=code, charge=charge, reference=reference
        )
        for number, code, charge, reference in [
            (1, "99213", 30, "R1"),
            (2, "99213", 30, "R2"),
            (3, "80053", 40, ""),
        ]
    ]
    post(
        remittance(
            "CLP*A-1*1*100*60*0*12*I",
            "SVC*HC:80054*40*20**1*HC:80053",
            "CAS*CO*97*20",
            "LQ*HE*N19",
            "SVC*HC:99213*30*20",
            "CAS*CO*45*10",
            "REF*6R*R2",
            "SVC*HC:99213*30*20",
            "CAS*CO*45*10",
            "SVC*HC:11111*0*0",
        )
    )
    matched = [each.line for each in ServicePayment.objects.all()]
    assert matched == [lines[2], lines[1], lines[0], None]
    denial = Adjustment.objects.get(is_denial=True)
    assert (denial.reason, denial.remarks, denial.claim, denial.service.line) == (
        "97",
        "N19",
        claim,
        lines[2],
    )
