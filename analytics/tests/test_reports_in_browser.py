"""Reports in a real browser: ask, look, follow a figure to its claims, and take them along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from claims.models import Payer
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = BROWSER


def decide(payer: Payer, status: str, charge: str) -> None:
    day = timezone.localdate() - timedelta(days=3)
    make_claim(
        payer=payer,
        status=status,
        charge=Decimal(charge),
        submitted_on=day - timedelta(days=9),
        decided_on=day,
        first_decided_on=day,
        first_decision=status,
        denial_category="coding" if status == "denied" else "",
    )


def card_of(page: Page, label: str) -> Locator:
    return page.get_by_role("article").filter(has=page.get_by_role("link", name=label, exact=True))


def test_from_a_filter_by_a_chart_to_the_claims_and_out(window: Visit) -> None:
    aetna, cigna = make_payer("Aetna"), make_payer("Cigna")
    for payer, status, charge in [
        (aetna, "denied", "120.00"),
        (aetna, "paid", "80.00"),
        (cigna, "denied", "70.00"),
    ]:
        decide(payer, status, charge)
    page = window.sign_in(make_user("director", departments=[make_department("Heart")]))
    window.go("/denials/")
    card = card_of(page, "Denied charges")
    expect(card).to_contain_text("$190.00")

    page.get_by_label("Payer", exact=True).select_option("Aetna")  # asks at once
    expect(card).to_contain_text("$120.00")
    assert f"payer={aetna.pk}" in page.url
    with page.expect_response(page.url):  # pressed all the same: the history has the address once
        page.get_by_role("button", name="Apply").click()
    page.go_back()
    expect(card).to_contain_text("$190.00")
    page.go_forward()
    expect(card).to_contain_text("$120.00")

    chart = page.locator("#chart-heat")
    expect(chart).to_contain_text("Most is Aetna × coding or bundling: $120.00 on 1 claim")
    chart.get_by_role("link", name="Aetna, Coding").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Denial rate (of decided)")
    claims = page.get_by_role("region", name="Claims denied")
    expect(claims.get_by_role("row")).to_have_count(2)  # with the heading
    expect(claims).to_contain_text("$120.00")

    page.go_back()
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV: Denials by payer").click()
    lines = taken.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].startswith("Aetna,1,120.00")
    assert not window.accessibility_problems()
    window.go("/receivables/")
    assert not window.accessibility_problems()


def test_a_report_answers_without_scripts(open_window: Callable[..., Visit]) -> None:
    decide(make_payer("Aetna"), "denied", "120.00")
    decide(make_payer("Cigna"), "denied", "70.00")
    visit = open_window(java_script_enabled=False)
    page = visit.sign_in(make_user("director"))
    visit.go("/denials/")
    page.get_by_label("Payer", exact=True).select_option("Cigna")
    page.get_by_role("button", name="Apply").click()
    expect(card_of(page, "Denied charges")).to_contain_text("$70.00")
    page.get_by_role("navigation", name="Split by").get_by_role("link", name="Category").click()
    expect(page.get_by_role("region", name="Denials by category")).to_contain_text("$70.00")
    assert "payer=" in page.url
