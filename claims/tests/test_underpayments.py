"""Where paid claims fell short of what was expected, worked by hand: the parts, and that they add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from claims.changes import Change, ClaimError, post_payment, void
from claims.contracts.causes import CauseKey
from claims.contracts.expecting import expect
from claims.contracts.projects import Progress, latest, progress, pursue, states
from claims.models import Claim, FeeSchedule, Payer, Shortfall
from claims.models.claims import UNDERPAID
from rcm_site.testing.makers import make_department, make_payer, make_user

from .remittances import post, remittance
from .test_fee_schedules import agree, bill

pytestmark = pytest.mark.django_db

MAY = date(2026, 5, 5)


@pytest.fixture
def aetna() -> Payer:
    payer = make_payer("Aetna")
    for procedure, amount in (("99213", "110.00"), ("97110", "40.00"), ("71046", "60.00")):
        agree(payer, procedure, amount)
    return payer


def parts(claim: Claim) -> list[tuple[Any, ...]]:
    """Cause, procedure, modifiers, what was expected and what is missing; together the claim's shortfall."""
    claim.refresh_from_db()
    rows = claim.shortfalls.order_by("line", "cause")
    whole = (claim.expected or 0) - claim.paid - claim.patient_share
    if Claim.objects.filter(UNDERPAID, pk=claim.pk).exists():
        assert rows.aggregate(sum=Sum("amount"))["sum"] == whole
    else:
        assert not rows.exists()
    return [(each.cause, each.procedure, each.modifiers, each.expected, each.amount) for each in rows]


def billed(payer: Payer | None, *lines: tuple[str, ...], **fields: Any) -> Claim:
    claim = bill(payer, *lines, **{"charge": 200, "control_number": "A-1"} | fields)
    expect([claim.pk])
    return claim


def dollars(text: str) -> Decimal:
    return Decimal(text)


def test_a_line_paid_below_its_price_is_short_by_the_difference(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "25", "1"))
    post(
        remittance(
            "CLP*A-1*1*200*76.80*20*12*I", "SVC*HC:99213:25*200*76.80", "CAS*CO*45*103.20", "CAS*PR*2*20"
        )
    )
    # Agreed 110.00; the payer allowed 76.80 and the patient's 20.00.
    assert parts(claim) == [("below", "99213", "25", 110, dollars("13.20"))]


@pytest.mark.parametrize(("paid", "short"), [("90", None), ("89.99", "0.01"), ("91", None)])
def test_paid_as_agreed_is_nothing_and_a_cent_less_is_a_cent(aetna: Payer, paid: str, short: Any) -> None:
    claim = billed(aetna, ("99213", "", "1"))
    rest = 200 - Decimal(paid) - 20
    post(
        remittance(
            f"CLP*A-1*1*200*{paid}*20*12*I", f"SVC*HC:99213*200*{paid}", f"CAS*CO*45*{rest}", "CAS*PR*1*20"
        )
    )
    assert parts(claim) == ([("below", "99213", "", 110, dollars(short))] if short else [])


def test_what_is_as_it_was_is_not_written_again(aetna: Payer) -> None:
    claim = underpay(aetna, "A-1", "90")
    before = list(Shortfall.objects.values_list("pk", "amount"))
    expect([claim.pk])
    assert list(Shortfall.objects.values_list("pk", "amount")) == before
    Shortfall.objects.update(amount=1)
    expect([claim.pk])
    assert [row.amount for row in Shortfall.objects.all()] == [20]


def test_units_count(aetna: Payer) -> None:
    claim = billed(aetna, ("97110", "GP", "3"))
    post(remittance("CLP*A-1*1*200*100*0*12*I", "SVC*HC:97110:GP*200*100**3", "CAS*CO*45*100"))
    assert parts(claim) == [("below", "97110", "GP", 120, 20)]


def test_each_line_is_short_by_its_own_and_one_paid_above_is_set_off(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1", "90"), ("97110", "", "1", "50"), ("71046", "", "1", "60"))
    post(
        remittance(
            "CLP*A-1*1*200*190*0*12*I",
            *("SVC*HC:99213*90*85", "CAS*CO*45*5"),
            *("SVC*HC:97110*50*40", "CAS*CO*45*10"),
            *("SVC*HC:71046*60*65", "CAS*CO*45*-5"),
        )
    )
    assert parts(claim) == [("below", "99213", "", 110, 25), ("below", "71046", "", 60, -5)]


def test_a_line_denied_on_a_paid_claim_is_its_own_cause(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1", "150"), ("97110", "", "1", "50"))
    post(
        remittance(
            "CLP*A-1*1*200*105*0*12*I",
            *("SVC*HC:99213*150*105", "CAS*CO*45*45"),
            *("SVC*HC:97110*50*0", "CAS*CO*97*50"),
        )
    )
    assert parts(claim) == [("below", "99213", "", 110, 5), ("denied", "97110", "", 40, 40)]


def test_what_the_law_keeps_back_is_told_apart(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1"))
    post(
        remittance("CLP*A-1*1*200*98*0*12*I", "SVC*HC:99213*200*98", "CAS*CO*45*100", "CAS*CO*253*2")
    )  # allowed 100, two per cent kept back
    assert parts(claim) == [("below", "99213", "", 110, 10), ("law", "99213", "", 0, 2)]


def test_an_answer_without_lines_speaks_of_the_claim(aetna: Payer) -> None:
    one = billed(aetna, ("99213", "", "1"))
    two = billed(aetna, ("99213", "", "1"), ("97110", "", "1"), control_number="A-2")
    post(
        remittance(
            *("CLP*A-1*1*200*100*0*12*I", "CAS*CO*45*100"), *("CLP*A-2*1*200*100*0*12*J", "CAS*CO*45*100")
        )
    )
    assert parts(one) == [("claim", "99213", "", 110, 10)]
    assert parts(two) == [("claim", "", "", 150, 50)]


def test_a_share_that_stands_at_the_claim_alone_is_the_whole_claims(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1"))
    post(remittance("CLP*A-1*1*200*80*20*12*I", "SVC*HC:99213*200*80", "CAS*CO*45*100"))
    assert parts(claim) == [("claim", "99213", "", 110, 10)]


def test_without_a_schedule_a_claims_own_amount_counts() -> None:
    claim = billed(make_payer("Cigna"), ("99213", "", "1"), expected=Decimal(90))
    post(remittance("CLP*A-1*1*200*60*10*12*I", "SVC*HC:99213*200*60", "CAS*CO*45*130", "CAS*PR*1*10"))
    assert parts(claim) == [("claim", "99213", "", 90, 20)]


def test_nobody_expected_anything_and_nothing_is_missing() -> None:
    claim = billed(make_payer("Cigna"), ("99213", "", "1"))
    post(remittance("CLP*A-1*1*200*1*0*12*I", "CAS*CO*45*199"))
    assert parts(claim) == []


UNDERPAID_ONCE = ("CLP*A-1*1*200*90*0*12*I", "SVC*HC:99213*200*90", "CAS*CO*45*110")
TAKEN_BACK = ("CLP*A-1*22*-200*-90*0*12*I", "SVC*HC:99213*-200*-90", "CAS*CO*45*-110")
PAID_IN_FULL = ("CLP*A-1*1*200*110*0*12*I", "SVC*HC:99213*200*110", "CAS*CO*45*90")


def test_what_was_taken_back_and_paid_again_counts_as_it_stands(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1"))
    post(remittance(*UNDERPAID_ONCE))
    assert parts(claim) == [("below", "99213", "", 110, 20)]
    post(remittance(*TAKEN_BACK, trace="T2", day="20261112"))
    assert parts(claim) == []  # open again: nobody was paid too little
    post(
        remittance(
            "CLP*A-1*1*200*101*0*12*I", "SVC*HC:99213*200*101", "CAS*CO*45*99", trace="T3", day="20261115"
        )
    )
    assert parts(claim) == [("below", "99213", "", 110, 9)]
    post(remittance(*TAKEN_BACK, trace="T4", day="20261116"))
    post(remittance(*PAID_IN_FULL, trace="T5", day="20261117"))
    assert parts(claim) == []


def test_a_corrected_payment_in_one_remittance_counts_as_it_stands(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1"))
    post(remittance(*UNDERPAID_ONCE))
    post(remittance(*TAKEN_BACK, *PAID_IN_FULL, trace="T2", day="20261112"))
    assert parts(claim) == []


def test_what_a_further_payer_adds_counts_towards_what_was_expected(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1"))
    post(remittance(*UNDERPAID_ONCE))
    post(
        remittance(
            *("CLP*A-1*2*200*15*0*12*J", "SVC*HC:99213*200*15", "CAS*OA*23*185"), trace="T2", day="20261112"
        )
    )
    assert parts(claim) == [("below", "99213", "", 110, 5)]


def test_a_claim_of_a_further_payer_is_not_held_against_its_schedule(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1"), responsibility="S")
    post(remittance("CLP*A-1*1*200*20*0*12*I", "SVC*HC:99213*200*20", "CAS*OA*23*180"))
    assert parts(claim) == []


def test_a_void_claim_is_no_underpayment(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1"))
    post(remittance(*UNDERPAID_ONCE))
    claim.refresh_from_db()
    void(claim=claim, change=Change(make_user("admin")))
    assert parts(claim) == []


def test_a_payment_by_hand_makes_up_for_it(aetna: Payer) -> None:
    claim = billed(aetna, ("99213", "", "1"), charge=220)
    post(remittance("CLP*A-1*1*220*90*0*12*I", "SVC*HC:99213*220*90", "CAS*CO*45*110"))
    assert parts(claim) == [("below", "99213", "", 110, 20)]
    post_payment(claim=claim, amount=Decimal(15), paid_on=MAY, change=Change(make_user("admin")))
    assert parts(claim) == [("claim", "99213", "", 110, 5)]


def test_a_schedule_that_comes_later_is_held_against_what_was_paid() -> None:
    payer = make_payer("Cigna")
    claim = billed(payer, ("99213", "", "1"))
    post(remittance(*UNDERPAID_ONCE))
    assert parts(claim) == []
    agree(payer, "99213", "110.00")
    expect([claim.pk])
    assert parts(claim) == [("below", "99213", "", 110, 20)]
    FeeSchedule.objects.update(amount=90)
    expect([claim.pk])
    assert parts(claim) == []
    assert not Shortfall.objects.exists()


# By cause, and as projects ---------------------------------------------------------------------------


def underpay(payer: Payer, control_number: str, paid: str, *, day: str = "20261110", **fields: Any) -> Claim:
    """A claim about 99213, for which its payer agreed to 110.00."""
    claim = billed(payer, ("99213", "", "1"), control_number=control_number, **fields)
    rest = 200 - Decimal(paid)
    clp = f"CLP*{control_number}*1*200*{paid}*0*12*I"
    post(
        remittance(
            clp, f"SVC*HC:99213*200*{paid}", f"CAS*CO*45*{rest}", trace=f"{control_number}{day}", day=day
        )
    )
    return claim


KEY = "99213"


def key_of(payer: Payer, cause: str = "below") -> CauseKey:
    return CauseKey(payer.pk, KEY, "", cause)


def test_a_project_follows_what_is_paid_since_on_its_claims_and_takes_in_new_ones(aetna: Payer) -> None:
    admin = make_user("admin")
    first = underpay(aetna, "A-1", "90")
    project = pursue(key=key_of(aetna), owner=admin, state="open", change=Change(admin, note="Called Ann."))
    assert progress(project, admin) == Progress(1, Decimal(20), Decimal(0))
    later = underpay(aetna, "A-2", "100")
    underpay(aetna, "A-3", "110")
    assert progress(project, admin) == Progress(2, Decimal(30), Decimal(0))
    change = Change(admin)
    Claim.objects.filter(pk__in=[first.pk, later.pk]).update(adjusted=0)
    post_payment(claim=first, amount=Decimal(15), paid_on=MAY, change=change)
    assert progress(project, admin).recovered == 15
    post_payment(claim=later, amount=Decimal(50), paid_on=MAY, change=change)  # more than it was short of
    assert progress(project, admin) == Progress(2, Decimal(30), Decimal(25))
    done = pursue(key=key_of(aetna), owner=admin, state="recovered", change=Change(admin))
    assert (done.pk, done.closed_at is not None) == (project.pk, True)
    again = pursue(key=key_of(aetna), owner=admin, state="open", change=Change(admin))
    assert again.pk != project.pk
    assert latest(key_of(aetna)) == again


def test_what_a_payer_takes_back_is_not_recovered(aetna: Payer) -> None:
    admin = make_user("admin")
    underpay(aetna, "A-1", "90")
    project = pursue(key=key_of(aetna), owner=admin, state="open", change=Change(admin))
    post(remittance(*TAKEN_BACK, trace="T2", day="20261112"))
    assert progress(project, admin).recovered == 0
    post(remittance(*PAID_IN_FULL, trace="T3", day="20261113"))
    assert progress(project, admin).recovered == 20


def test_people_see_a_project_by_the_claims_they_see(aetna: Payer) -> None:
    mine, others = make_department("Mine"), make_department("Others")
    underpay(aetna, "A-1", "90", department=mine)
    underpay(aetna, "A-2", "80", department=others)
    admin, biller = make_user("admin"), make_user("biller", departments=[mine])
    stranger = make_user("biller", departments=[make_department()])
    project = pursue(key=key_of(aetna), owner=biller, state="pursued", change=Change(biller))
    assert progress(project, biller) == Progress(1, Decimal(20), Decimal(0))
    assert progress(project, admin) == Progress(2, Decimal(50), Decimal(0))
    assert states(biller) == states(admin) == {key_of(aetna): "pursued"}
    assert states(stranger) == {}


def test_without_a_payer_there_is_nobody_to_pursue() -> None:
    admin = make_user("admin")
    with pytest.raises(ClaimError, match="no payer"):
        pursue(key=CauseKey(None, KEY, "", "claim"), owner=admin, state="open", change=Change(admin))
