"""What is measured, and how it is timed."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from analytics.benchmark.addresses import Address, addresses
from analytics.benchmark.timing import Waits
from analytics.kpis import KPIS
from rcm_site.testing.makers import make_claim, make_payer, make_provider

pytestmark = pytest.mark.django_db


def test_every_page_and_answer_with_numbers_is_measured() -> None:
    payer, provider = make_payer(), make_provider("1234567893")
    claim = make_claim(payer=payer, provider=provider, fees=["10.00"])
    found = {each.path for each in addresses()}
    assert {"/dashboard/", "/denials/", "/receivables/", "/api/dashboard/kpis", "/api/claims/"} <= found
    assert {f"/numbers/{key}/" for key in KPIS} | {f"/api/kpis/{key}" for key in KPIS} <= found
    assert {f"/payers/{payer.pk}/", f"/providers/{provider.npi}/", f"/claims/{claim.pk}/"} <= found
    assert "/dashboard/?period=last_12_months" in found
    assert not [path for path in found if "<" in path or "export" in path]


def test_the_api_has_to_be_quicker_than_pages() -> None:
    assert Address("/api/kpis/", is_api=True).target < Address("/dashboard/", is_api=False).target


def test_waits_are_told_by_their_middle_and_their_tail() -> None:
    assert Waits.of([float(each) for each in range(100, 0, -1)]) == Waits(50.5, 96.0)


def test_nothing_is_measured_without_claims() -> None:
    with pytest.raises(CommandError, match="no claims"):
        call_command("bench_reports")
