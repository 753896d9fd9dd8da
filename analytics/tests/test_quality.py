"""Reviews in the numbers of people's work: findings are counted at once, kept facts or none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from analytics.facts.refreshing import refresh
from analytics.facts.tables import STAFF
from analytics.periods import Period
from analytics.quality import Reviewed, errors_found, reviewed_by_person
from analytics.questions import Question
from analytics.scopes import scope_of
from analytics.staff import Work, error_rates
from claims import reviews
from claims.models import ClaimEvent, Review
from rcm_site.days import midnight
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def errors(user: User) -> list[tuple[int, int]]:
    question = Question(scope_of(user, today=date(2026, 11, 20)), NOVEMBER)
    return [(each.errors, each.actions) for each in error_rates(user, question)]


def test_the_staff_report_follows_what_reviewers_find_and_take_back() -> None:
    heart = make_department("Heart")
    ana, lead = make_user(departments=[heart]), make_user("manager", departments=[heart])
    claim = make_claim(department=heart)
    at = midnight(date(2026, 11, 18)) + timedelta(hours=12)
    for _ in range(4):
        ClaimEvent.objects.create(claim=claim, actor=ana, action="called", at=at)
    reviews.draw(reviews.Drawing("random", 3, NOVEMBER.start, NOVEMBER.end), actor=lead)
    first, second, _ = Review.objects.order_by("place")
    assert errors(lead) == [(0, 4)]
    for judge, expected in [
        (lambda: reviews.judge(first, "error", error_type="late", actor=lead), (1, 4)),
        (lambda: reviews.judge(second, "error", error_type="late", actor=lead), (2, 4)),
        (lambda: reviews.judge(second, "ok", actor=lead), (1, 4)),
    ]:
        while refresh(STAFF):
            pass
        judge()
        assert errors(lead) == [expected]
    scope = scope_of(lead)
    assert reviewed_by_person(lead, scope, NOVEMBER) == {ana.pk: Reviewed(2, 1)}
    assert [(each.label, each.errors, each.share) for each in errors_found(lead, scope, NOVEMBER)] == [
        ("Too late", 1, Decimal(1))
    ]
    assert errors_found(lead, scope, Period(date(2026, 11, 1), date(2026, 11, 17))) == []
    reviews.take_back(first, actor=lead)
    assert (errors(lead), reviewed_by_person(lead, scope, NOVEMBER)) == ([(0, 4)], {ana.pk: Reviewed(1, 0)})


def test_reviews_of_others_are_in_nobodys_own_report(client: Client, sign_in: Any) -> None:
    heart = make_department("Heart")
    ana, bo = make_user(departments=[heart]), make_user(departments=[heart])
    lead = make_user("manager", departments=[heart])
    claim = make_claim(department=heart)
    ClaimEvent.objects.create(claim=claim, actor=ana, action="called")
    today = timezone.localdate()
    reviews.draw(reviews.Drawing("random", 3, today, today), actor=lead)
    reviews.judge(Review.objects.get(), "error", error_type="code", actor=lead)
    for who, found in ((bo, []), (ana, ["Wrong code or modifier"]), (lead, ["Wrong code or modifier"])):
        sign_in(who)
        table = client.get("/staff/").context["found"]
        assert [row.cells[0].text for row in table.rows] == found


def test_effort_stands_beside_outcome_for_each_action_and_each_result() -> None:
    work = Work(days=2, claims=3, actions=12, errors=1, resolved=4, resolved_amount=Decimal("90.00"))
    assert (work.touches_a_resolution, work.amount_a_touch) == (Decimal(3), Decimal("7.5"))
    assert (Work().touches_a_resolution, Work().amount_a_touch) == (None, None)
    assert Work(actions=5).amount_a_touch == 0
