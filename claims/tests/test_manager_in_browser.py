"""Two mornings in a real browser: a manager's, who leads, and a biller's, who works by keyboard alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from playwright.sync_api import expect

from claims import changes, write_offs
from claims.changes import Change
from claims.models import Appeal, Claim, Review, Worklist
from claims.worklists import open_work
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_payment, make_user

pytestmark = BROWSER


def test_a_manager_reassigns_a_claim_approves_a_write_off_and_reviews_a_sample(window: Visit) -> None:
    heart = make_department("Heart")
    make_user(departments=[heart], name="Ana Ruiz")
    biller = make_user(departments=[heart], name="Ben Cole")
    denied, late = (make_claim(charge=Decimal(n), department=heart, status="denied") for n in (300, 80))
    change = Change(biller, note="Its limit is over")
    changes.reassign(claims=[denied], assignee=biller, change=change)
    write_offs.ask(claim=late, reason="too_late", change=change)
    worklist = Worklist.objects.create(name="Denials", filters={"status": "denied"})
    open_work.settle()
    page = window.sign_in(make_user("manager", departments=[heart], name="Max Lind"))
    problems = []

    window.go(f"/worklists/{worklist.pk}/")
    page.get_by_role("row", name=str(denied)).get_by_role("checkbox").check()
    page.get_by_label("Give the selected claims to").select_option("Ana Ruiz")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("1 claim went to Ana Ruiz.")).to_be_visible()
    problems += window.accessibility_problems()

    window.go("/write-offs/")
    waiting = page.get_by_role("article", name=f"Claim {late}")
    waiting.get_by_label("Your answer").fill("Agreed")
    waiting.get_by_role("button", name=f"Write off {late}").click()
    expect(page.get_by_text(f"$80.00 of {late} was written off.")).to_be_visible()
    problems += window.accessibility_problems()

    window.go("/reviews/")
    page.get_by_role("button", name="Draw").click()
    page.get_by_role("link", name="Begin").click()
    page.get_by_label("An error").check()
    page.get_by_label("Kind of error").select_option(index=1)
    page.get_by_label("Comment").fill("Ask first")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("Right", exact=True).check()
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("2 of 2 reviewed")).to_be_visible()
    problems += window.accessibility_problems()

    assert problems == []
    denied.refresh_from_db()
    late.refresh_from_db()
    assert denied.assignee is not None
    assert (denied.assignee.name, late.status) == ("Ana Ruiz", "written_off")
    assert sorted(Review.objects.values_list("verdict", flat=True)) == ["error", "ok"]


def test_a_biller_appeals_one_claim_calls_about_another_and_puts_a_third_aside_by_keyboard(
    window: Visit,
) -> None:
    heart, payer = make_department("Heart"), make_payer("Acme", appeal_days=60)
    yesterday = timezone.localdate() - timedelta(days=1)
    denied: dict[str, Any] = {
        "status": "denied",
        "decided_on": yesterday,
        "payer": payer,
        "department": heart,
    }
    appealed, rests = (
        make_claim(charge=Decimal(dollars), denial_category=category, **denied)
        for dollars, category in ((900, "medical_necessity"), (100, "documentation"))
    )
    asked = make_claim(charge=Decimal(500), department=heart, payer=payer)
    worklist = Worklist.objects.create(name="Everything", filters={"status": "open"})
    open_work.settle()
    page = window.sign_in(make_user("biller", departments=[heart]))
    problems = []

    window.go(f"/worklists/{worklist.pk}/")
    page.get_by_role("button", name="Work next").press("Enter")
    expect(page.get_by_role("heading", name=f"claim {appealed}")).to_be_visible()
    page.get_by_role("link", name="Appeal", exact=True).press("Enter")
    page.get_by_label("Sent by").select_option("fax")
    page.get_by_label("What the appeal says").fill("The records show why it was needed.")
    page.get_by_role("button", name="File it").press("Enter")
    expect(page.get_by_role("heading", name="Appeals")).to_be_visible()
    problems += window.accessibility_problems()

    window.go(f"/worklists/{worklist.pk}/")
    page.get_by_role("button", name="Work next").press("Enter")
    expect(page.get_by_role("heading", name=f"claim {asked}")).to_be_visible()
    page.get_by_text("Call", exact=True).press("Enter")
    page.get_by_label("Their reference").fill("R-77")
    page.get_by_role("button", name="Write the call down").press("Enter")
    expect(page.get_by_text("The call is written down.")).to_be_visible()

    page.get_by_role("button", name="Work next").press("Enter")
    expect(page.get_by_role("heading", name=f"claim {rests}")).to_be_visible()
    page.get_by_text("Put aside", exact=True).first.press("Enter")
    page.get_by_label("Business days").fill("4")
    page.get_by_role("button", name="Put aside").press("Enter")
    expect(page.get_by_text(f"{rests} rests until")).to_be_visible()
    problems += window.accessibility_problems()

    assert problems == []
    assert Appeal.objects.get().claim == appealed
    assert asked.events.filter(action="called the payer").exists()
    assert Claim.objects.filter(work__pended_until__isnull=False).get() == rests


def test_a_biller_pays_a_credit_balance_back_by_keyboard_alone(window: Visit) -> None:
    heart = make_department("Heart")
    came = timezone.localdate() - timedelta(days=9)
    claim = make_claim(charge=100, paid=120, department=heart, status="paid", decided_on=came, paid_on=came)
    make_payment(claim=claim, paid=120, paid_on=came)
    worklist = Worklist.objects.create(name="Paid too much", filters={"money": "credit"})
    open_work.settle()
    page = window.sign_in(make_user("biller", departments=[heart]))

    window.go(f"/worklists/{worklist.pk}/")
    page.get_by_role("button", name="Work next").press("Enter")
    expect(page.get_by_role("heading", name=f"claim {claim}")).to_be_visible()
    page.get_by_text("Paid back", exact=True).first.press("Enter")
    expect(page.get_by_label("Amount", exact=True)).to_have_value("20.00")
    problems = window.accessibility_problems()
    keys = page.keyboard
    keys.press("Tab")  # to the amount, as it stands there
    for downs in (1, 2):  # to the payer; by an electronic transfer
        keys.press("Tab")
        for _ in range(downs):
            keys.press("ArrowDown")
    keys.press("Tab")
    keys.type("E-77")
    for _ in range(20):
        keys.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Write it down":
            break
    keys.press("Enter")
    expect(page.get_by_text("$20.00 was paid back.")).to_be_visible()
    expect(page.get_by_role("cell", name="Paid back to the payer")).to_be_visible()
    problems += window.accessibility_problems()

    assert problems == []
    went_back = claim.paybacks.get()
    assert (went_back.amount, went_back.to, went_back.way, went_back.reference) == (
        20,
        "payer",
        "electronic",
        "E-77",
    )
    claim.refresh_from_db()
    assert (claim.status, claim.paid, claim.balance) == ("paid", 100, 0)
