"""The API's documentation in a real browser: readable and usable under the content security policy."""

from playwright.sync_api import expect

from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_user

pytestmark = BROWSER


def test_the_documentation_shows_and_tries_every_operation(window: Visit) -> None:
    user = make_user("director")
    page = window.sign_in(user)
    page.wait_for_url("**/dashboard/")

    window.go("/api/docs")

    expect(page.locator(".opblock")).to_have_count(90)
    change = page.locator("#operations-users-change_profile")
    change.locator(".opblock-summary-control").click()
    change.get_by_role("button", name="Try it out").click()
    change.get_by_role("button", name="Execute").click()
    expect(change.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    user.refresh_from_db()
    assert user.theme == "dark"
