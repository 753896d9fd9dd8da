"""The page of payments in a real browser: it reads well, refreshes itself, and sends again."""

from __future__ import annotations

from playwright.sync_api import expect

from claims.downstream import outbox
from claims.models import OutboxMessage
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_claim, make_user

pytestmark = BROWSER


def test_an_administrator_sees_what_was_given_up_and_sends_it_again(window: Visit) -> None:
    outbox.tell(make_claim(fees=["10.00"]), OutboxMessage.Reason.ACCEPTED)
    OutboxMessage.objects.update(state="dead", attempts=3, last_error="DataError")
    page = window.sign_in(make_user("admin"))
    window.go("/payments/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Do net fees arrive downstream?")
    expect(page.get_by_role("cell", name="DataError")).to_be_visible()
    OutboxMessage.objects.update(last_error="IntegrityError")
    expect(page.get_by_role("cell", name="IntegrityError")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Send the message of claim").click()
    expect(page.get_by_text("1 message is on the way once more.")).to_be_visible()
    expect(page.get_by_text("Nothing was given up")).to_be_visible()
    assert OutboxMessage.objects.get().state == "waiting"
