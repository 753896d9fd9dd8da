"""What a claim's page refuses is told where people look, and paper is to be read: in a real browser."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from rcm_site.testing.browser import BROWSER, chromium, open_window  # noqa: F401
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = BROWSER
PHONE = {"width": 390, "height": 640}


@pytest.mark.parametrize("scripts", [True, False])
def test_what_is_refused_is_told_in_sight(open_window: Any, scripts: bool) -> None:
    heart = make_department("Heart")
    claim = make_claim(charge=Decimal(80), department=heart)
    window = open_window(viewport=PHONE, java_script_enabled=scripts)
    page = window.sign_in(make_user("biller", departments=[heart]))

    window.go(f"/claims/{claim.pk}/")
    page.locator("summary").get_by_text("Add documents", exact=True).click()
    page.locator("input[type=file]").set_input_files(
        {"name": "scan.exe", "mimeType": "application/pdf", "buffer": b"MZ\x90\x00"}
    )
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Document 1 was not taken.")).to_be_in_viewport(ratio=1)

    window.go(f"/claims/{claim.pk}/")
    page.locator("summary").get_by_text("Post a payment", exact=True).click()
    page.get_by_label("Amount", exact=True).fill("81")
    page.get_by_label("Paid on").fill("2026-01-05")
    page.get_by_role("button", name="Post it").click()
    expect(page.get_by_text("The payment is more than the balance of $80.00.")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("alert")).to_be_focused()


@pytest.mark.parametrize("path", ["/claims/{}/", "/claims/"])
def test_paper_has_nothing_to_click(open_window: Any, path: str) -> None:
    heart = make_department("Heart")
    claim = make_claim(charge=Decimal(80), department=heart)
    window = open_window()
    window.sign_in(make_user("biller", departments=[heart]))
    page = window.go(path.format(claim.pk))
    to_click = page.locator(":is(button, summary, select, textarea, input:not([type=hidden])):visible")
    expect(to_click).not_to_have_count(0)
    page.emulate_media(media="print")
    expect(to_click).to_have_count(0)
    expect(page.get_by_text(str(claim)).first).to_be_visible()
