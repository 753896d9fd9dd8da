"""The site in a real browser: signing in, finding one's way, idling, and pages that everybody can read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts import people
from accounts.models import AuditEntry, User
from accounts.roles import ROLES
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_department, make_user

pytestmark = BROWSER

CLAIMS = ["Claims", "Imports", "Remittances"]
PEOPLE = ["Tasks", "Reviews", "Patients", "Exports"]
REPORTS = ["Dashboard", "Worklists", "Denials", "A/R", "Payers", "Underpayments", "Staff", "Reports"]
REPORTS_OF_LEADS = [
    "Dashboard",
    "Alerts",
    "Worklists",
    "Denials",
    "A/R",
    "Payers",
    "Underpayments",
    "Providers",
    "Staff",
    "Reports",
]
NAVIGATION = {
    "biller": [*REPORTS, *CLAIMS, *PEOPLE, "Profile"],
    "coder": [*REPORTS, *CLAIMS, *PEOPLE, "Profile"],
    "ar_agent": [*REPORTS, *CLAIMS, *PEOPLE, "Profile"],
    "manager": [*REPORTS_OF_LEADS, *CLAIMS, *PEOPLE, "Deliveries", "API", "Profile"],
    "director": [*REPORTS_OF_LEADS, *CLAIMS, *PEOPLE, "Deliveries", "Net fees", "API", "Profile"],
    "analyst": ["Dashboard", "Alerts", *REPORTS_OF_LEADS[3:], "Claims", "Exports", "API", "Profile"],
    "admin": [
        *REPORTS_OF_LEADS,
        *CLAIMS,
        *PEOPLE,
        "Deliveries",
        "Net fees",
        "Admin",
        "API",
        "Style",
        "Profile",
    ],
    "auditor": ["Audit trail", "Profile"],
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_signs_in_and_finds_only_what_it_may_use(window: Visit, role: str) -> None:
    user = make_user(role, departments=[make_department("Cardiology")])
    page = window.sign_in(user)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    links = page.get_by_role("navigation", name="Main").get_by_role("link")
    assert [link.inner_text().strip() for link in links.all()] == NAVIGATION[role]
    for link in links.all():
        response = page.request.get(window.site + str(link.get_attribute("href")))
        assert response.status == 200


def test_a_wrong_password_is_told_and_the_right_one_lets_in(window: Visit) -> None:
    user = make_user()
    page = window.sign_in(user, "wrong")
    expect(page.get_by_role("alert").first).to_be_visible()
    window.sign_in(user)
    expect(page).to_have_url(window.site + "/dashboard/")


def test_signing_out_leaves_nothing_behind_the_back_button(window: Visit) -> None:
    page = window.sign_in(make_user())
    page.get_by_role("button", name="Person").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(window.site + "/sign-in/")
    page.go_back()
    expect(page).to_have_url(window.site + "/sign-in/?next=%2Fdashboard%2F")


def test_the_warning_comes_before_the_idle_limit_and_staying_extends_it(window: Visit, settings: Any) -> None:
    settings.SESSION_IDLE_LIMIT = timedelta(seconds=64)
    page = window.sign_in(make_user())
    stay = page.get_by_role("button", name="Stay signed in")
    expect(stay).to_be_hidden()
    expect(stay).to_be_visible(timeout=15_000)
    stay.click()
    expect(stay).to_be_hidden()
    assert page.request.get(window.site + "/session/").json()["seconds_left"] > 60


def test_an_idle_page_goes_to_the_sign_in_by_itself(window: Visit, settings: Any) -> None:
    settings.SESSION_IDLE_LIMIT = timedelta(seconds=4)
    page = window.sign_in(make_user())
    page.wait_for_url("**/sign-in/**", timeout=20_000)
    expect(page.get_by_text("without activity")).to_be_visible()


def test_without_scripts_people_still_sign_in_work_and_sign_out(open_window: Callable[..., Visit]) -> None:
    visit = open_window(java_script_enabled=False)
    page = visit.sign_in(make_user("auditor"))
    page.get_by_label("Action").fill("sign_in")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Profile").first.click()
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    visit.go("/sign-out/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(visit.site + "/sign-in/")


def test_the_auditor_filters_sorts_and_opens_an_entry(window: Visit) -> None:
    make_user("biller")
    page = window.sign_in(make_user("auditor"))
    page.get_by_label("Action").fill("sign_in")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="When").click()
    assert "sort=at" in page.url
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_text("Details")).to_be_visible()


PAGES_OF = {
    "admin": [
        "/dashboard/",
        "/alerts/",
        "/alerts/?severity=critical",
        "/alerts/rules/",
        "/alerts/rules/new/",
        "/reports/",
        "/reports/new/",
        "/reports/new/?kpis=denial_rate&group_1=month&chart=on",
        "/schedules/",
        "/schedules/new/",
        "/deliveries/",
        "/deliveries/?state=failed",
        "/webhooks/",
        "/webhooks/new/",
        "/worklists/new/",
        "/automation/",
        "/automation/new/",
        "/write-offs/",
        "/pay-backs/",
        "/providers/",
        "/style/",
        "/profile/",
        "/password/change/",
        "/sign-out/",
        "/no-such-page/",
        "/audit/",  # refused
        "/payments/",
        "/admin/",
        "/admin/accounts/user/",
        "/admin/accounts/user/add/",
        "/admin/accounts/auditentry/",
        "/admin/claims/claim/",
        "/admin/claims/payer/import/",
    ],
    "biller": [
        "/dashboard/",
        "/denials/",
        "/denials/?period=forever",
        "/appeals/",
        "/receivables/",
        "/payers/",
        "/underpayments/",
        "/staff/",
        "/numbers/",
        "/numbers/denial_rate/",
        "/claims/",
        "/claims/?start=2026-02-31",
        "/claims/?waiting=30",
        "/worklists/",
        "/imports/",
        "/imports/new/",
        "/remittances/",
        "/remittances/unmatched/",
        "/tasks/",
        "/tasks/new/",
        "/reviews/",
        "/follow-ups/",
        "/patients/",
        "/exports/",
    ],
    "auditor": ["/audit/", "/audit/?start=2026-02-31", "/audit/?action=nothing"],
    "": [
        "/sign-in/",
        "/password/reset/",
        "/password/reset/sent/",
        "/password/reset/1-bad/",
        "/invitation/bad/",
    ],
}


@pytest.mark.parametrize("role", PAGES_OF, ids=lambda role: role or "signed out")
def test_every_page_is_accessible_and_within_the_content_policy(window: Visit, role: str) -> None:
    if role:
        window.sign_in(make_user(role, departments=[make_department("Cardiology")]))
    problems = []
    for path in PAGES_OF[role]:
        page = window.go(path)
        if not path.startswith("/admin/"):
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                f"{path} scrolls sideways"
            )
        problems += [f"{path}: {problem}" for problem in window.accessibility_problems()]
    assert "\n".join(problems) == ""


def test_no_page_scrolls_sideways_on_a_phone(open_window: Callable[..., Visit]) -> None:
    visit = open_window(viewport={"width": 360, "height": 740})
    page = visit.sign_in(make_user("admin"))
    for path in ["/dashboard/", "/worklists/", "/claims/", "/profile/", "/style/"]:
        visit.go(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_an_invited_person_joins(window: Visit) -> None:
    user = make_user(email="nia@clinic.example", password=None)
    page = window.go(f"/invitation/{people.invitation_token(user)}/")
    for label in ("New password", "New password confirmation"):
        page.get_by_label(label, exact=True).fill("a-password-of-my-own")
    page.get_by_role("button").first.click()
    window.sign_in(User.objects.get(), "a-password-of-my-own")
    expect(page).to_have_url(window.site + "/dashboard/")


def test_an_admin_invites_somebody_in_the_admin(window: Visit) -> None:
    make_department("Imaging")
    page = window.sign_in(make_user("admin"))
    window.go("/admin/accounts/user/add/")
    page.get_by_label("Name:").fill("Nia New")
    page.get_by_label("E-mail:").fill("nia@clinic.example")
    page.get_by_label("Role:").select_option("biller")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("An invitation is on its way to nia@clinic.example.")).to_be_visible()
    assert AuditEntry.objects.filter(action="user.invited").exists()
