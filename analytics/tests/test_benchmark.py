"""What is measured, and how it is timed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.core.management import CommandError, call_command

from analytics.benchmark.addresses import Address, addresses
from analytics.benchmark.beside import Beside
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


@pytest.fixture
def says() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a process that answers as it is told to."""
    begun: list[subprocess.Popen[str]] = []

    def begin(program: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program]
        begun.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return begun[-1]

    yield begin
    for each in begun:
        each.communicate(timeout=10)


def test_a_site_beside_measures_the_address_it_is_told_to(
    says: Callable[[str], subprocess.Popen[str]],
) -> None:
    waits = f"""
print({len(addresses())}, flush=True)
print('{{"median": 1.0, "p95": ' + str(float(input())) + '}}', flush=True)
input()
print('null', flush=True)
"""
    beside = Beside(says(waits))
    assert beside.waits(7) == Waits(1.0, 7.0)
    assert beside.waits(8) is None


def test_nothing_is_compared_with_other_addresses(says: Callable[[str], subprocess.Popen[str]]) -> None:
    with pytest.raises(CommandError, match="same addresses"):
        Beside(says(f"print({len(addresses()) + 1})"))


def test_a_site_beside_that_ends_is_told(says: Callable[[str], subprocess.Popen[str]]) -> None:
    with pytest.raises(CommandError, match="has ended"):
        Beside(says("pass"))
