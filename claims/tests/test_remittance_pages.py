"""Remittances, their proof, and payments that people match: what pages say, to whom, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Department, User
from claims.models import Adjustment, Claim, ClaimPayment, ProviderAdjustment, Remittance, ServicePayment
from rcm_site.testing.makers import (
    make_claim,
    make_department,
    make_import,
    make_payer,
    make_payment,
    make_remittance,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def biller(sign_in: Callable[..., User]) -> User:
    return sign_in(make_user("biller", departments=[make_department("Cardiology")]))


def own(biller: User) -> Department:
    return biller.departments.get()


def remitted(biller: User, **fields: Any) -> Remittance:
    """One that pays a claim of the biller's department."""
    remittance = make_remittance(**({"source": make_import(biller, kind="x12")} | fields))
    make_payment(remittance=remittance, claim=make_claim(department=own(biller)), charge=100, paid=100)
    return remittance


def page(client: Client, name: str, *args: Any, **asked: str) -> str:
    response = client.get(reverse(name, args=args), asked)
    assert response.status_code == 200
    return response.content.decode()


# Remittances ---------------------------------------------------------------------------------------


def test_the_list_says_which_add_up_and_by_how_much_others_do_not(client: Client, biller: User) -> None:
    remitted(biller)
    remitted(biller, amount=Decimal(100), claims_paid=Decimal("87.50"), method="CHK")
    remitted(biller, claim_imbalances=2)
    remitted(biller, claims_paid=None)
    text = page(client, "remittances")
    for words in ("Balanced", "Check", "Differs by $12.50", "2 claims off", "Being read"):
        assert words in text


def test_the_list_narrows_by_each_filter(client: Client, biller: User) -> None:
    wanted = remitted(
        biller,
        trace_number="T-1",
        payer=make_payer("Aetna"),
        paid_on=date(2026, 3, 5),
        claims_paid=Decimal(90),
    )
    other = remitted(biller, trace_number="T-2", paid_on=date(2026, 4, 5))
    for asked in (
        {"trace": "T-1"},
        {"payer": str(wanted.payer_id)},
        {"balance": "off"},
        {"end": "2026-03-31"},
        {"source": str(wanted.source_id)},
    ):
        text = page(client, "remittances", **asked)
        assert reverse("remittance", args=[wanted.pk]) in text, asked
        assert reverse("remittance", args=[other.pk]) not in text, asked


def test_the_list_asks_the_same_few_questions_of_any_number_of_remittances(
    client: Client, biller: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(15):
        remitted(biller, payer=make_payer(f"Payer {number}"))
    with django_assert_max_num_queries(10):
        page(client, "remittances")


def test_one_department_sees_only_its_claims_rows_but_the_whole_proof(client: Client, biller: User) -> None:
    remittance = remitted(
        biller, amount=Decimal(260), claims_paid=Decimal(300), provider_adjusted=Decimal(40)
    )
    foreign = make_claim(department=make_department("Oncology"), control_number="FOREIGN-1")
    make_payment(remittance=remittance, claim=foreign, charge=200, paid=200)
    Remittance.objects.filter(pk=remittance.pk).update(source=make_import(make_user("biller")))
    ProviderAdjustment.objects.create(
        remittance=remittance, place=9, reason="WO", reference="FOREIGN-1", amount=40
    )
    text = page(client, "remittance", remittance.pk)
    assert "make the payment of $260.00" in text
    assert "$300.00" in text
    assert "Overpayment taken back" in text
    assert "FOREIGN-1" not in text
    assert str(foreign) not in text
    assert AuditEntry.objects.filter(action="remittance.read", outcome="done").exists()


def test_a_remittance_of_other_departments_alone_is_not_there(client: Client, biller: User) -> None:
    remittance = make_remittance(source=make_import(make_user("biller")))
    payment = make_payment(remittance=remittance, claim=make_claim(department=make_department("Oncology")))
    assert client.get(reverse("remittance", args=[remittance.pk])).status_code == 404
    assert client.get(reverse("claim_payment", args=[payment.pk])).status_code == 404
    assert remittance.trace_number not in page(client, "remittances")
    assert AuditEntry.objects.filter(action="remittance.read", outcome="failed").exists()


def test_what_does_not_add_up_is_found_at_once(client: Client, biller: User) -> None:
    remittance = remitted(biller)
    off = make_payment(
        remittance=remittance, claim=make_claim(department=own(biller)), charge=100, paid=50, imbalance=10
    )
    text = page(client, "remittance", remittance.pk, show="off")
    assert off.control_number in text
    assert text.count("/remittances/payments/") == 1
    assert "Differs by $10.00" in text


def test_a_payment_is_proved_to_the_segment(client: Client, biller: User) -> None:
    claim = make_claim(department=own(biller), fees=["100.00"])
    remittance = make_remittance(source=make_import(biller, kind="x12", name="era.835"))
    payment = make_payment(remittance=remittance, claim=claim, charge=100, paid=70, imbalance=5, place=20)
    service = ServicePayment.objects.create(
        payment=payment, place=31, line=claim.lines.get(), procedure="D1110", charge=100, paid=70, imbalance=5
    )
    for of_service, reason, amount, place in ((service, "45", 20, 32), (None, "16", 5, 27)):
        Adjustment.objects.create(
            payment=payment,
            service=of_service,
            claim=claim,
            group="CO",
            reason=reason,
            amount=amount,
            place=place,
        )
    text = page(client, "claim_payment", payment.pk)
    assert "era.835, segment 20" in text
    for place in (27, 31, 32):
        assert f'<td class="numeric">{place}</td>' in text
    assert "Differs by $5.00" in text
    assert "CO-16" in text
    assert "Adjustments of the whole claim" in text


# Payments that wait --------------------------------------------------------------------------------


@pytest.fixture
def waiting(biller: User) -> ClaimPayment:
    remittance = make_remittance(source=make_import(biller, kind="x12"), payer=make_payer("Aetna"))
    payment = make_payment(
        remittance=remittance,
        control_number="ns-1",
        payer_claim_number="ICN-1",
        charge=100,
        paid=70,
        paid_on=date(2026, 3, 5),
    )
    service = ServicePayment.objects.create(payment=payment, place=13, charge=100, paid=70)
    Adjustment.objects.create(payment=payment, service=service, group="CO", reason="45", amount=30, place=14)
    return payment


def test_payments_that_wait_are_listed_with_their_reason(
    client: Client, biller: User, waiting: ClaimPayment
) -> None:
    make_payment(remittance=waiting.remittance, state="held", reason="does not add up", control_number="H-1")
    foreign = make_remittance(source=make_import(make_user("biller")))
    make_payment(remittance=foreign, control_number="FOREIGN-1")
    text = page(client, "unmatched_payments")
    assert "ns-1" in text
    assert "does not add up" in text
    assert "FOREIGN-1" not in text


def test_what_speaks_for_a_claim_is_said_and_only_visible_claims_are_offered(
    client: Client, biller: User, waiting: ClaimPayment
) -> None:
    claim = make_claim(
        department=own(biller),
        control_number="NS-1",
        fees=["100.00"],
        payer=waiting.remittance.payer,  # type: ignore[union-attr]
    )
    foreign = make_claim(department=make_department("Oncology"), payer_claim_number="ICN-1")
    text = page(client, "match_payment", waiting.pk)
    assert f"Choose {claim}" in text
    assert "charge, payer" in text
    assert str(foreign) not in text
    assert "No such claim" in page(client, "match_payment", waiting.pk, number=str(foreign))


def test_a_payment_is_matched_by_hand_once_it_is_confirmed(
    client: Client, biller: User, waiting: ClaimPayment
) -> None:
    claim = make_claim(department=own(biller), fees=["100.00"], status="pending")
    address = reverse("match_payment", args=[waiting.pk])
    assert f"Post $70.00 to claim {claim}?" in page(client, "match_payment", waiting.pk, claim=str(claim.pk))
    response = client.post(address, {"claim": claim.pk, "note": "Payer confirmed by phone"}, follow=True)
    assert response.redirect_chain[-1][0] == reverse("claim", args=[claim.pk])
    claim.refresh_from_db()
    waiting.refresh_from_db()
    assert (claim.paid, claim.adjusted, claim.status) == (70, 30, Claim.Status.PAID)
    assert (waiting.claim, waiting.state) == (claim, "posted")
    assert "Payer confirmed by phone" in response.content.decode()
    again = client.post(address, {"claim": claim.pk}, follow=True).content.decode()
    assert "This payment has its claim already." in again


def test_a_payment_goes_to_no_claim_that_one_does_not_see(
    client: Client, biller: User, waiting: ClaimPayment
) -> None:
    foreign = make_claim(department=make_department("Oncology"), fees=["100.00"])
    response = client.post(reverse("match_payment", args=[waiting.pk]), {"claim": foreign.pk})
    assert response.status_code == 400
    assert str(foreign) not in response.content.decode()
    waiting.refresh_from_db()
    assert waiting.state == "unmatched"


def test_the_pages_ask_the_same_few_questions_of_any_number_of_payments(
    client: Client, biller: User, django_assert_max_num_queries: Any
) -> None:
    remittance = remitted(biller)
    for number in range(15):
        make_payment(remittance=remittance, claim=make_claim(department=own(biller)), place=number)
        make_payment(remittance=make_remittance(source=make_import(biller)), control_number=f"W-{number}")
    with django_assert_max_num_queries(12):
        page(client, "remittance", remittance.pk)
    with django_assert_max_num_queries(9):
        page(client, "unmatched_payments")
