"""Worklists in a real browser: a list is worked with the keyboard, and a rule tells at once what it finds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from playwright.sync_api import expect

from claims.models import OpenWork, Worklist
from claims.worklists import open_work
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = BROWSER


def test_a_biller_takes_a_claim_puts_it_aside_and_takes_the_next(window: Visit) -> None:
    heart, payer = make_department("Heart"), make_payer("Acme", appeal_days=60)
    decided = timezone.localdate() - timedelta(days=50)
    small, large = (
        make_claim(
            charge=Decimal(dollars), department=heart, payer=payer, status="denied", decided_on=decided
        )
        for dollars in ("20.00", "300.00")
    )
    worklist = Worklist.objects.create(name="Denials", filters={"status": "denied"})
    open_work.settle()
    page = window.sign_in(make_user("biller", departments=[heart]))
    window.go(f"/worklists/{worklist.pk}/")
    expect(page.get_by_role("row")).to_have_count(3)
    problems = window.accessibility_problems()
    page.get_by_role("button", name="Work next").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Worth $900.00")).to_be_visible()
    page.get_by_text("Put aside", exact=True).first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Business days").fill("3")
    problems += window.accessibility_problems()
    page.get_by_role("button", name="Put aside").click()
    expect(page.get_by_text(f"{large} rests until")).to_be_visible()
    page.get_by_role("button", name="Work next").click()
    expect(page.get_by_role("heading", name=f"claim {small}")).to_be_visible()
    assert problems == []
    assert set(OpenWork.objects.filter(pended_until__isnull=False).values_list("pk", flat=True)) == {large.pk}


def test_the_next_claim_is_in_sight_on_a_phone(window: Visit) -> None:
    heart = make_department("Heart")
    make_claim(charge=Decimal(50), department=heart)
    Worklist.objects.all().delete()
    Worklist.objects.create(name="Everything", filters={})
    open_work.settle()
    page = window.sign_in(make_user("biller", departments=[heart]))
    page.set_viewport_size({"width": 390, "height": 844})
    window.go("/worklists/")
    expect(page.get_by_role("button", name="Work next")).to_be_in_viewport(ratio=1)
    assert window.accessibility_problems() == []


def test_a_rule_tells_what_it_finds_while_it_is_written(window: Visit) -> None:
    heart = make_department("Heart")
    for dollars in (50, 150):
        make_claim(charge=Decimal(dollars), department=heart)
    page = window.sign_in(make_user("manager", departments=[heart]))
    window.go("/worklists/new/")
    expect(page.get_by_text("2 claims now")).to_be_visible()
    page.get_by_label("From $").fill("100")
    page.get_by_label("To $").focus()
    expect(page.get_by_text("1 claim now")).to_be_visible()
    page.get_by_label("Name").fill("Large ones")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Large ones")).to_be_visible()
    assert window.accessibility_problems() == []
