"""An urgent patient, from registration to the closed follow-up, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from claims.models import Task
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window  # noqa: F401
from rcm_site.testing.makers import make_department, make_user

pytestmark = BROWSER


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_urgent_patient_is_registered_and_followed_up(
    open_window: Callable[..., Visit],
    theme: str,
) -> None:
    visit = open_window(color_scheme=theme)
    page = visit.sign_in(make_user("biller", departments=[make_department("Cardiology")], theme=theme))
    visit.go("/patients/")
    assert visit.accessibility_problems() == []
    register = page.get_by_role("region", name="Register a patient")
    register.get_by_label("Patient id").fill("P-1001")
    register.get_by_label("Symptoms").fill("Chest pain since this morning, denies fever")
    register.get_by_role("button", name="Register and assess").click()
    expect(page.get_by_text("Urgent review").first).to_be_visible()
    assert visit.accessibility_problems() == []
    visit.go("/follow-ups/")
    assert visit.accessibility_problems() == []
    page.get_by_role("link", name="P-1001").click()
    page.get_by_label("What was done").fill("Called; on the way in")
    page.get_by_role("button", name="Close the follow-up").click()
    expect(page.get_by_text("Nobody is waiting")).to_be_visible()
    assert Task.objects.open().count() == 0
