"""Charts in a real browser: the drawing that fits, and values under pointer and keys without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window  # noqa: F401
from rcm_site.testing.makers import make_user

pytestmark = BROWSER

VISIBLE = "elements => elements.filter(each => getComputedStyle(each).visibility === 'visible').length"


def readouts(chart: Locator) -> int:
    return chart.locator(".readout").evaluate_all(VISIBLE)


@pytest.mark.parametrize(("width", "kind"), [(1280, "wide"), (390, "narrow")])
def test_a_chart_fits_its_room_and_can_be_read_by_everybody(
    open_window: Callable[..., Visit], width: int, kind: str
) -> None:
    visit = open_window(viewport={"width": width, "height": 800})
    visit.sign_in(make_user("admin"))
    page = visit.go("/style/")
    chart = page.locator("#chart-denial-rate")
    shown = chart.locator(".chart-canvas:visible")
    expect(shown).to_have_count(1)
    assert f"is-{kind}" in str(shown.get_attribute("class"))
    letters = shown.locator("text").first.evaluate("each => each.getBoundingClientRect().height")
    assert letters > 11
    for summary in page.locator(".chart-numbers summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "\n".join(visit.accessibility_problems()) == ""


def test_values_show_under_the_pointer_and_by_the_arrow_keys_without_scripts(
    open_window: Callable[..., Visit],
) -> None:
    visit = open_window(java_script_enabled=False)
    visit.sign_in(make_user("admin"))
    page = visit.go("/style/")
    chart = page.locator("#chart-denial-rate")
    places = chart.locator(".is-wide input")
    assert readouts(chart) == 0
    places.nth(20).hover()
    assert readouts(chart) == 1
    page.mouse.move(0, 0)
    assert readouts(chart) == 0
    places.first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(places.nth(3)).to_be_focused()
    assert readouts(chart) == 1
    page.keyboard.press("Tab")  # one stop for the whole chart
    expect(chart.locator("summary")).to_be_focused()


def test_a_bar_leads_to_what_it_counts(open_window: Callable[..., Visit]) -> None:
    visit = open_window()
    visit.sign_in(make_user("admin"))
    page = visit.go("/style/")
    page.locator("#chart-denied-charges").get_by_role(
        "link", name="Aetna: $218,440.75, 12 of 400 claims"
    ).click()
    assert page.url.endswith("/style/#charts")
