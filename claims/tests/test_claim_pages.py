"""The list of claims and the page of one: what they say, to whom, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from claims.changes import Change, change_status
from claims.models import Adjustment, Claim, ClaimEvent, Coverage, ServicePayment
from rcm_site.testing.makers import (
    make_claim,
    make_department,
    make_import,
    make_patient,
    make_payer,
    make_payment,
    make_remittance,
    make_user,
)

pytestmark = pytest.mark.django_db

NAME = "Adams, Rita"


@pytest.fixture
def biller(sign_in: Callable[..., User]) -> User:
    return sign_in(make_user("biller", departments=[make_department("Cardiology")]))


def claim_of(user: User, **fields: Any) -> Claim:
    return make_claim(department=user.departments.get(), **({"fees": ["100.00"]} | fields))


def address(claim: Claim) -> str:
    return reverse("claim", args=[claim.pk])


def listed(client: Client, **asked: str) -> str:
    return client.get(reverse("claims"), asked).content.decode()


def page_of(client: Client, claim: Claim) -> str:
    return client.get(address(claim)).content.decode()


# All claims ----------------------------------------------------------------------------------------


def test_the_list_shows_only_claims_of_ones_departments(client: Client, biller: User) -> None:
    own, foreign = claim_of(biller), make_claim(department=make_department("Oncology"))
    page = listed(client)
    assert address(own) in page
    assert address(foreign) not in page
    assert "Oncology" not in page
    assert AuditEntry.objects.get(action="claims.read").details == {"rows": 1}


def test_the_list_narrows_by_each_filter(client: Client, biller: User) -> None:
    source = make_import(biller)
    wanted = claim_of(
        biller,
        status="denied",
        payer=make_payer("Aetna"),
        control_number="NS-1",
        payer_claim_number="ICN-1",
        submitted_on=date(2026, 3, 5),
        source=source,
    )
    other = claim_of(biller, submitted_on=date(2026, 4, 5))
    for asked in (
        {"status": "denied"},
        {"payer": str(wanted.payer_id)},
        {"number": str(wanted)},
        {"number": f"c{wanted.number}"},
        {"number": "NS-1"},
        {"number": "ICN-1"},
        {"end": "2026-03-31"},
        {"source": str(source.pk)},
    ):
        page = listed(client, **asked)
        assert address(wanted) in page, asked
        assert address(other) not in page, asked
    assert "Only claims from" in listed(client, source=str(source.pk))


def test_a_wrong_filter_shows_nothing_and_says_why(client: Client, biller: User) -> None:
    claim = claim_of(biller)
    page = listed(client, start="2026-03-02", end="2026-03-01")
    assert "Ends before it starts" in page
    assert address(claim) not in page
    assert "No claims match" in listed(client, source="nonsense")


def test_the_list_sorts_by_what_it_offers_and_by_nothing_else(client: Client, biller: User) -> None:
    low, high = claim_of(biller, fees=["10.00"]), claim_of(biller, fees=["500.00"])
    page = listed(client, sort="charge")
    assert page.index(address(low)) < page.index(address(high))
    page = listed(client, sort="patient__name")
    assert page.index(address(high)) < page.index(address(low))


def test_the_list_asks_the_same_few_questions_of_any_number_of_claims(
    client: Client, biller: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(25):
        patient = make_patient(f"P-{number}", departments=[biller.departments.get()])
        claim_of(biller, patient=patient, payer=make_payer(f"Payer {number}"))
    with django_assert_max_num_queries(13):
        listed(client)


def test_an_empty_list_leads_to_the_import(client: Client, biller: User) -> None:
    assert reverse("upload") in listed(client)


# One claim -----------------------------------------------------------------------------------------


def paid_claim(user: User) -> Claim:
    """Charged 100, paid 70 under segment 20, 20 taken off by contract, 10 left to the patient."""
    claim = claim_of(
        user,
        status="paid",
        source=make_import(user, name="march.csv", kind="claims"),
        place=7,
        paid=Decimal(70),
        adjusted=Decimal(20),
        patient_share=Decimal(10),
    )
    remittance = make_remittance(source=make_import(user, kind="x12"), trace_number="EFT-77")
    payment = make_payment(remittance=remittance, claim=claim, charge=100, paid=70, place=20)
    service = ServicePayment.objects.create(
        payment=payment, place=21, line=claim.lines.get(), charge=100, paid=70
    )
    for group, reason, amount, place in (("CO", "45", 20, 22), ("PR", "2", 10, 23)):
        Adjustment.objects.create(
            payment=payment,
            service=service,
            claim=claim,
            group=group,
            reason=reason,
            amount=amount,
            place=place,
        )
    claim.refresh_from_db()
    return claim


def test_every_amount_says_where_it_came_from(client: Client, biller: User) -> None:
    claim = paid_claim(biller)
    page = page_of(client, claim)
    assert "march.csv, line 7" in page
    assert "EFT-77, segment 20" in page
    assert "$20.00 CO-45 · EFT-77, segment 22" in page
    assert "$10.00 PR-2 · EFT-77, segment 23" in page
    assert reverse("claim_payment", args=[claim.payments.get().pk]) in page
    assert "$10.00</dd>" in page  # the balance


def test_the_lines_end_in_their_net_fee_and_its_sum(client: Client, biller: User) -> None:
    page = page_of(client, claim_of(biller, fees=["100.00", "16.85"]))
    assert "Net fee" in page
    assert "$116.85" in page


def test_a_patient_is_shown_to_billers_and_each_look_is_audited(client: Client, biller: User) -> None:
    patient = make_patient("P-9", name=NAME, birth_date="1980-02-03", departments=[biller.departments.get()])
    claim = claim_of(biller, patient=patient, payer=make_payer("Aetna"))
    member = Coverage.objects.create(plan_group="G", subscriber="M-1001")
    claim.lines.update(coverage=member)
    page = page_of(client, claim)
    assert NAME in page
    assert "born 3 Feb 1980" in page
    assert "M-1001" in page
    assert AuditEntry.objects.filter(action="claim.read", subject_id=str(claim.pk)).count() == 1
    assert NAME in listed(client)
    assert f'href="/patients/{patient.pk}/"' in page
    assert f'href="/payers/{claim.payer_id}/"' in page
    assert "/providers/" not in page  # which a biller may not open
    patient.departments.clear()
    assert f'href="/patients/{patient.pk}/"' not in page_of(client, claim)


def test_a_masked_role_reads_neither_patient_nor_notes(client: Client, sign_in: Callable[..., User]) -> None:
    sign_in("analyst")
    claim = make_claim(fees=["10.00"], patient=make_patient("P-SECRET", name=NAME, birth_date="1980-02-03"))
    claim.lines.update(coverage=Coverage.objects.create(plan_group="G", subscriber="M-SECRET"))
    ClaimEvent.objects.create(claim=claim, action="called", note="SECRET note")
    page = page_of(client, claim) + listed(client)
    for secret in ("Adams", "SECRET", "1980"):
        assert secret not in page
    assert "Hidden" in page


def test_an_analyst_reads_where_from_but_is_led_nowhere_closed(
    client: Client, biller: User, sign_in: Callable[..., User]
) -> None:
    claim = paid_claim(biller)
    sign_in("analyst")
    page = page_of(client, claim)
    assert "EFT-77, segment 20" in page
    assert "/remittances/" not in page
    assert "/imports/" not in page
    assert "march.csv" not in page


def test_the_history_tells_who_changed_what_and_why(client: Client, biller: User) -> None:
    claim = claim_of(biller, status="pending")
    change_status(
        claim=claim, to="denied", change=Change(biller, note="Portal says so"), category="authorisation"
    )
    page = page_of(client, claim)
    assert "Pending → Denied" in page
    assert biller.name in page
    assert "Portal says so" in page
    assert "denied for authorisation" in page


def test_a_note_is_only_text(client: Client, biller: User) -> None:
    claim = claim_of(biller)
    ClaimEvent.objects.create(claim=claim, action="<b>x</b>", note="<script>alert(1)</script>")
    page = page_of(client, claim)
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_another_departments_claim_is_not_there_and_the_vain_look_is_audited(
    client: Client, biller: User
) -> None:
    foreign = make_claim(department=make_department("Oncology"))
    assert client.get(reverse("claim", args=[foreign.pk])).status_code == 404
    assert AuditEntry.objects.get(action="claim.read").outcome == "failed"


def test_rebills_lead_to_one_another_within_ones_departments(client: Client, biller: User) -> None:
    first = claim_of(biller, status="void")
    second = claim_of(biller, frequency="7", original=first)
    foreign = make_claim(department=make_department("Oncology"), frequency="7", original=first)
    page = page_of(client, first)
    assert f'Replaced by <a href="{reverse("claim", args=[second.pk])}"' in page
    assert str(foreign.pk) not in page
    assert reverse("claim", args=[first.pk]) in page_of(client, second)


def test_a_claims_page_asks_the_same_few_questions_of_any_number_of_lines_and_payments(
    client: Client, biller: User, django_assert_max_num_queries: Any
) -> None:
    claim = claim_of(biller, fees=[(f"{1_500_000_000 + number}", "10.00") for number in range(20)])
    for number in range(15):
        remittance = make_remittance(source=make_import(biller))
        payment = make_payment(remittance=remittance, claim=claim, paid=1, place=number)
        service = ServicePayment.objects.create(payment=payment, place=1, line=claim.lines.first())
        Adjustment.objects.create(
            payment=payment, service=service, claim=claim, group="CO", reason="45", amount=1
        )
        ClaimEvent.objects.create(claim=claim, action="called", actor=make_user("coder"))
    with django_assert_max_num_queries(26):
        page_of(client, claim)
