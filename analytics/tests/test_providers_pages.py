"""The pages of providers: who earns, who is denied, for those who may know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics.periods import DAY
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def earned() -> dict[str, Any]:
    """Thirty providers who rendered a line each; the claims are all of one of them."""
    heart, day = make_department("Heart"), timezone.localdate() - 3 * DAY
    billing = make_provider("1999999990", name="Dr Ida Heron")
    for place in range(30):
        make_provider(f"10000000{place:02}", name=f"Dr Number {place:02}")
        make_claim(
            fees=[(f"10000000{place:02}", f"{place + 1}.50")],
            submitted_on=day,
            service_from=day,
            provider=billing,
            department=heart,
            payer=make_payer("Aetna"),
        )
    return {"heart": heart, "billing": billing}


def test_providers_are_found_sorted_and_paged_through(client: Client, sign_in: Any, earned: Any) -> None:
    sign_in("director")
    table = client.get("/providers/").context["providers"]
    assert table.caption.startswith("31 providers")
    assert table.rows[0].cells[0].text == "Dr Number 29 (1000000029)"
    assert table.rows[0].url == "/providers/1000000029/"
    assert (len(table.rows), bool(table.next_url)) == (25, True)
    assert table.totals[1].text == "$480.00"
    following = client.get(f"/providers/{table.next_url}").context["providers"]
    assert len(following.rows) == 6
    assert following.rows[-1].cells[1].text == "–"  # who bills, but rendered nothing


def test_the_net_fee_of_whoever_rendered_and_the_claims_of_whoever_billed(
    client: Client, sign_in: Any, earned: Any
) -> None:
    sign_in("manager", departments=[earned["heart"]])
    table = client.get("/providers/?search=heron").context["providers"]
    assert [[cell.text for cell in row.cells[:3]] for row in table.rows] == [
        ["Dr Ida Heron (1999999990)", "–", "30"]
    ]
    page = client.get("/providers/1000000007/")
    assert page.context["cards"][0].value == "$8.50"
    assert [row.cells[0].text for row in page.context["rendered"].rows] == ["D1110"]
    fee = client.get(page.context["rendered"].rows[0].url)
    assert fee.context["value"] == "$8.50"
    assert len(fee.context["claims"].rows) == 1


def test_a_search_is_kept_in_the_bar_and_finds_by_npi(client: Client, sign_in: Any, earned: Any) -> None:
    sign_in("analyst")
    page = client.get("/providers/?search=1000000011")
    assert [row.cells[0].text for row in page.context["providers"].rows] == ["Dr Number 11 (1000000011)"]
    assert 'value="1000000011"' in page.text
    assert "No provider is called so" in client.get("/providers/?search=nobody").text


def test_only_those_who_may_see_providers_totals(client: Client, sign_in: Any, earned: Any) -> None:
    sign_in("biller", departments=[earned["heart"]])
    assert client.get("/providers/").status_code == 403
    assert client.get("/providers/1000000007/").status_code == 403


def test_a_manager_of_another_department_sees_none_of_it(client: Client, sign_in: Any, earned: Any) -> None:
    bones = make_department("Bones")
    make_claim(department=bones, charge=Decimal(1))
    sign_in("manager", departments=[bones])
    assert [row.cells[0].text for row in client.get("/providers/").context["providers"].rows] == [
        "No provider"
    ]
    assert client.get("/providers/1000000007/").context["cards"][0].value == "$0.00"


def test_nobody_has_this_npi(client: Client, sign_in: Any) -> None:
    sign_in("director")
    assert client.get("/providers/0000000000/").status_code == 404


def test_a_files_rows_are_all_providers_and_queries_are_few(
    client: Client, sign_in: Any, earned: Any, django_assert_max_num_queries: Any
) -> None:
    sign_in("director")
    lines = client.get("/providers/?export=providers&format=csv").getvalue()
    assert len(lines.splitlines()) == 32
    with django_assert_max_num_queries(15):
        client.get("/providers/?providers-size=100")
    with django_assert_max_num_queries(26):
        client.get("/providers/1000000007/")
