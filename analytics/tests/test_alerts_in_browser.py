"""A manager has a number watched and takes care of what is found: by keyboard, and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Department, User
from analytics.alerts.checking import check_due
from analytics.models import Alert, AlertRule
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_alert, make_claim, make_department, make_rule, make_user

pytestmark = BROWSER


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def manager(heart: Department) -> User:
    """Of a department in which a quarter of 40 claims was denied this week."""
    AlertRule.objects.all().delete()
    for number in range(40):
        status = "denied" if number % 4 == 0 else "paid"
        day = timezone.localdate() - timedelta(days=number % 5)
        make_claim(fees=["120.00"], department=heart, status=status, decided_on=day, submitted_on=day)
    return make_user("manager", name="Mia Manager", departments=[heart])


def fill_in(page: Page, label: str, value: str) -> None:
    """By keyboard alone: what stands there is overwritten; a choice is taken by its first letters."""
    page.get_by_label(label, exact=True).focus()
    page.keyboard.type(value)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")


def test_a_manager_makes_a_rule_by_keyboard_and_takes_care_of_its_alert(
    window: Visit, manager: User, heart: Department
) -> None:
    window.sign_in(manager)
    page = window.go("/alerts/rules/new/")
    fill_in(page, "Name", "Denials of my people")
    fill_in(page, "Watches", "Denial rate (of decided)")
    fill_in(page, "Of the department unless it looks at each", "Heart")
    fill_in(page, "Tells when it", "is above")
    fill_in(page, "Limit", "20")
    page.keyboard.press("Tab")  # which ends what was typed
    expect(page.locator("#preview")).to_contain_text("Would have fired once in the last 90 days.")
    page.get_by_label("Mia Manager").first.focus()
    page.keyboard.press("Space")
    press(page, "Save")
    expect(page.get_by_text("“Denials of my people” is saved")).to_be_visible()
    assert [*AlertRule.objects.get().people.all()] == [manager]

    check_due(timezone.now())
    window.go("/alerts/")
    page.get_by_role("link", name="Denial rate (of decided) of Heart").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".big-number")).to_have_text("25.0%")
    press(page, "Acknowledge")
    expect(page.get_by_text("You know of it: nobody else is asked.")).to_be_visible()
    fill_in(page, "Comment", "The payer changed its portal.")
    press(page, "Comment")
    expect(page.locator(".timeline")).to_contain_text("The payer changed its portal.")
    alert = Alert.objects.get()
    assert alert.acknowledged_by == manager
    page.get_by_role("link", name="What is behind it").click()
    expect(page.locator(".big-number")).to_have_text("25.0%")


def test_without_scripts_a_rule_is_tried_and_an_alert_snoozed(
    open_window: Callable[..., Visit], manager: User, heart: Department
) -> None:
    make_alert(rule := make_rule(name="Denials", department=heart, each="payer"))
    visit = open_window(java_script_enabled=False)
    page = visit.sign_in(manager)
    visit.go(f"/alerts/rules/{rule.pk}/")
    page.get_by_label("Limit", exact=True).fill("90")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Would not have fired in the last 90 days.")).to_be_visible()
    expect(page.get_by_label("Limit", exact=True)).to_have_value("90")
    visit.go(f"/alerts/{Alert.objects.get().pk}/")
    page.get_by_label("Tell nobody about it").select_option("For a week")
    page.get_by_role("button", name="Snooze").click()
    expect(page.get_by_text("Nobody is told about it until")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_alerts_and_rules_are_accessible_whatever_the_room(
    open_window: Callable[..., Visit], manager: User, heart: Department, width: int
) -> None:
    alert = make_alert(make_rule(department=heart, runbook="Call them."))
    visit = open_window(viewport={"width": width, "height": 800})
    visit.sign_in(manager)
    problems = []
    for path in (
        "/alerts/",
        f"/alerts/{alert.pk}/",
        "/alerts/rules/",
        f"/alerts/rules/{alert.rule_id}/",
        f"/alerts/rules/{alert.rule_id}/delete/",
    ):
        page = visit.go(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
        problems += [f"{path}: {problem}" for problem in visit.accessibility_problems()]
    assert "\n".join(problems) == ""
