"""A report in a real browser: put together, kept, scheduled, sent, opened again and pinned."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from playwright.sync_api import expect

from analytics.exports import making
from analytics.models import Report
from analytics.reports.runs import run_due
from rcm_site.models import Mail
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_claim, make_payer, make_user

pytestmark = BROWSER


def test_a_report_is_built_kept_scheduled_sent_and_opened(window: Visit) -> None:
    day = timezone.localdate() - timedelta(days=3)
    for name, charge in (("Aetna", "120.00"), ("Cigna", "70.00")):
        make_claim(
            payer=make_payer(name),
            status="denied",
            charge=Decimal(charge),
            decided_on=day,
            denial_category="coding",
        )
    director = make_user("director", name="Dana Director")
    page = window.sign_in(director)
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="New report").click()

    page.get_by_role("checkbox", name="Denied charges").check()  # the answer follows at once
    preview = page.get_by_role("region", name="by payer").first
    expect(preview).to_contain_text("$120.00")
    page.get_by_role("checkbox", name="Denial rate (of decided)").uncheck()
    page.get_by_label("Payer", exact=True).select_option("Cigna")
    expect(preview).not_to_contain_text("$120.00")
    expect(preview).to_contain_text("$70.00")
    page.get_by_label("Name").fill("What Cigna denies")
    assert not window.accessibility_problems()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What Cigna denies")
    expect(page.get_by_role("region", name="by payer").first).to_contain_text("$70.00")
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV: What Cigna denies").click()
    assert "Cigna,70.00" in taken.value.path().read_text(encoding="utf-8-sig")
    assert not window.accessibility_problems()

    page.get_by_role("link", name="Schedule", exact=True).click()
    expect(page.get_by_label("What is sent")).to_contain_text("What Cigna denies")
    page.get_by_label("Name").fill("Cigna, monthly")
    page.get_by_label("How often").select_option("Every month")
    page.get_by_label("On day").fill("31")
    page.get_by_label("As", exact=True).select_option("Excel")
    expect(page.locator("#turns li")).to_have_count(3)
    assert not window.accessibility_problems()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("Every month on its last day at 08:00")
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("main")).to_contain_text("Being made")

    making.make_waiting(seconds=30)  # as the workers do
    run_due(timezone.now())
    page.reload()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Sent")
    assert not window.accessibility_problems()
    mail, report = Mail.objects.get(), Report.objects.get()
    assert mail.recipients == [director.email]
    assert f"/reports/{report.pk}/" in mail.message["body"]
    with page.expect_download() as sent:
        page.get_by_role("link", name="Download Excel").click()
    assert sent.value.path().read_bytes().startswith(b"PK")

    page.get_by_role("link", name="What Cigna denies").click()
    page.get_by_role("button", name="Pin to the dashboard").click()
    window.go("/dashboard/")
    expect(page.get_by_role("article", name="What Cigna denies")).to_be_visible()
    assert not window.accessibility_problems()
