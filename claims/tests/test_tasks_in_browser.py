"""A day's tasks, a claim's documents and the review of work, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

from django.utils import timezone
from playwright.sync_api import expect

from claims import attachments, reviews, todo
from claims.models import ClaimEvent, Review, Task
from rcm_site.testing.browser import BROWSER, Visit, chromium, open_window, window  # noqa: F401
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = BROWSER


def test_without_scripts_on_a_phone_a_task_is_planned_on_its_claim_and_done(
    open_window: Callable[..., Visit],
) -> None:
    heart = make_department("Heart")
    claim = make_claim(department=heart, status="denied")
    visit = open_window(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    visit.sign_in(make_user(departments=[heart]))
    page = visit.go(f"/claims/{claim.pk}/")
    page.get_by_text("Add a task").click()
    page.get_by_label("What", exact=True).select_option("appeal")
    page.get_by_label("Due on", exact=True).fill(str(timezone.localdate()))
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_text("The task is planned.")).to_be_visible()
    visit.go("/tasks/")
    done = page.get_by_role("button", name=f"Done: Appeal, {claim}")
    expect(done).to_be_in_viewport()
    done.click()
    expect(page.get_by_text("Nothing has to be done")).to_be_visible()
    assert Task.objects.get().done_at


def test_pages_full_of_work_are_accessible(window: Visit) -> None:
    heart, today = make_department("Heart"), timezone.localdate()
    ana, lead = make_user(departments=[heart]), make_user("manager", departments=[heart])
    claim = make_claim(department=heart)
    for days in (-1, 0, 1, 30):
        plan = todo.Plan("call", today + timedelta(days=max(days, 0)), lead, today, "Ask for the remit")
        task = todo.add_task(plan, claim=claim, actor=lead)
        Task.objects.filter(pk=task.pk).update(due_on=today + timedelta(days=days), reminder_on=None)
    attachments.attach(claim, BytesIO(b"%PDF-1.7\n%%EOF"), "referral.pdf", actor=ana)
    for _ in range(2):
        ClaimEvent.objects.create(claim=claim, actor=ana, action="called", note="No answer")
    sample = reviews.draw(reviews.Drawing("random", 5, today, today), actor=lead)
    first, second = Review.objects.order_by("place")
    reviews.judge(first, "error", error_type="late", comment="By a week", actor=lead)
    window.sign_in(lead)
    paths = ["/tasks/?show=team", f"/tasks/{task.pk}/", f"/claims/{claim.pk}/", "/reviews/", "/staff/"]
    paths += [f"/reviews/samples/{sample.pk}/", f"/reviews/{first.pk}/", f"/reviews/{second.pk}/"]
    problems = []
    for path in paths:
        page = window.go(path)
        problems += [f"{path}: {problem}" for problem in window.accessibility_problems()]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert "\n".join(problems) == ""
