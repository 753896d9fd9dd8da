"""Money: exact in the database and in Python, and never rounded behind anybody's back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q, Sum, Value
from hypothesis import given
from hypothesis import strategies as st

from claims.models import Claim, ClaimLine
from claims.money import MoneyField, cents, dollars
from rcm_site.testing.makers import make_claim


@given(st.decimals("-99999999999999.99", "99999999999999.99", places=2))
def test_an_amount_survives_the_way_to_cents_and_back(amount: Decimal) -> None:
    assert dollars(cents(amount)) == amount


@pytest.mark.parametrize("amount", [Decimal("0.001"), Decimal("1.005")])
def test_a_fraction_of_a_cent_is_refused_not_rounded(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="two decimals"):
        cents(amount)


def test_floats_are_no_money() -> None:
    with pytest.raises(TypeError):
        cents(0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", ["1.234", "abc", "NaN", "Infinity", "1" * 16, "1E+20"])
def test_a_form_refuses_what_is_no_amount(typed: str) -> None:
    with pytest.raises(ValidationError):
        MoneyField().to_python(typed)


@pytest.mark.django_db
def test_a_thousand_dimes_are_a_hundred_dollars() -> None:
    claim = make_claim()
    ClaimLine.objects.bulk_create(
        ClaimLine(claim=claim, number=number, charge=Decimal("0.10")) for number in range(1, 1001)
    )
    assert ClaimLine.objects.aggregate(total=Sum("charge"))["total"] == Decimal("100.00")


@pytest.mark.django_db
def test_the_database_reckons_and_compares_in_dollars() -> None:
    make_claim(fees=["100.10"], paid=Decimal("30.05"), adjusted=Decimal("20.00"), written_off=Decimal("0.05"))
    assert Claim.objects.get().balance == Decimal("50.00")
    open_amount = F("charge") - F("paid") + Value(Decimal("1.00"), output_field=MoneyField())
    assert Claim.objects.annotate(x=open_amount).get().x == Decimal("71.05")
    assert Claim.objects.filter(balance__gte=Decimal("50.00")).exists()
    assert not Claim.objects.filter(Q(balance__gt=Decimal("50.00")) | Q(balance__in=[Decimal(5000)])).exists()


@pytest.mark.django_db
def test_a_lines_net_fee_is_known_only_when_all_its_parts_are() -> None:
    claim = make_claim()
    parts = {"provider_fees": Decimal("100.00"), "coinsurance": Decimal("5.50"), "copay": Decimal("10.00")}
    ClaimLine.objects.create(claim=claim, number=1, allowed_fees=Decimal("120.00"), **parts)
    ClaimLine.objects.create(claim=claim, number=2, **parts)
    assert list(claim.lines.values_list("net_fee", flat=True)) == [Decimal("-4.50"), None]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "impossible",
    [
        {"charge": Decimal("-0.01")},
        {"status": "paid", "decided_on": None},
        {"first_decision": "paid"},
        {"service_from": "2026-11-02", "service_to": "2026-11-01"},
        {"control_number": "A-1"},
    ],
)
def test_the_database_itself_refuses_a_claim_that_cannot_be(impossible: dict[str, Any]) -> None:
    make_claim(control_number="A-1")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_claim(**({"control_number": "A-2"} | impossible))
