"""From a number to its claims, and claims into somebody's hands: in a browser, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Department, User
from claims.models import Claim
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_claim, make_department, make_patient, make_payer, make_user

pytestmark = BROWSER


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def biller(heart: Department) -> User:
    """Somebody with 24 claims of two payers to look at."""
    today = timezone.localdate()
    for number in range(24):
        status = "denied" if number % 4 == 0 else "paid"
        make_claim(
            fees=["120.00"],
            department=heart,
            payer=make_payer("Acme Health" if number % 2 else "Bolt Mutual"),
            patient=make_patient(name=f"Patient, {number}"),
            status=status,
            decided_on=today,
            first_decision=status,
            first_decided_on=today,
            paid_on=today if status == "paid" else None,
            denial_category="coding" if status == "denied" else "",
        )
    return make_user("biller", departments=[heart])


def test_without_scripts_a_card_leads_to_its_claims_and_these_to_a_colleague(
    open_window: Callable[..., Visit], biller: User, heart: Department
) -> None:
    coder = make_user("coder", name="Cody Coder", departments=[heart])
    page = open_window(java_script_enabled=False).sign_in(biller)
    page.get_by_role("link", name="Denial rate (of decided)").click()
    expect(page.locator(".big-number")).to_have_text("25.0%")
    expect(page.get_by_role("heading", name="The claims behind it: 24 claims")).to_be_visible()
    expect(page.locator("#claims tbody tr")).to_have_count(6)
    page.get_by_role("link", name="Bolt Mutual").first.click()
    expect(page.locator(".big-number")).to_have_text("50.0%")
    page.goto(page.url.split("/numbers/")[0] + "/claims/?status=denied")
    first = page.get_by_role("checkbox").nth(1)
    first.check()
    page.get_by_label("Give the selected claims to").select_option("Cody Coder")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("1 claim went to Cody Coder.")).to_be_visible()
    assert "status=denied" in page.url
    assert Claim.objects.filter(assignee=coder).count() == 1


def test_all_claims_of_a_page_are_picked_at_once_by_keyboard(window: Visit, biller: User) -> None:
    window.sign_in(biller)
    page = window.go("/claims/?status=denied")
    page.get_by_label("Select all rows on this page").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("6 selected")).to_be_visible()
    page.locator("tbody input[type=checkbox]").first.uncheck()
    expect(page.get_by_text("5 selected")).to_be_visible()


def test_pages_with_numbers_on_them_are_accessible(window: Visit, biller: User) -> None:
    window.sign_in(biller)
    problems = []
    for path in (
        "/dashboard/",
        "/numbers/",
        "/numbers/denial_rate/",
        "/numbers/open_ar/?by=month",
        "/claims/",
    ):
        window.go(path)
        problems += [f"{path}: {problem}" for problem in window.accessibility_problems()]
    assert "\n".join(problems) == ""
