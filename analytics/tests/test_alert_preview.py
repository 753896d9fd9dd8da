"""What a rule would have done: the same that looking at it every evening does."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from analytics.alerts.checking import check
from analytics.alerts.opening import as_kept
from analytics.alerts.preview import evening, replay
from analytics.facts.refreshing import refresh
from analytics.facts.tables import DAYS as DAYS_OF_FACTS
from analytics.models import Alert, AlertRule
from analytics.past.keeping import keep_days, renew_balances
from claims.models import Claim, ClaimPayment
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_provider, make_rule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
UNTIL = date(2026, 6, 30)
DAYS = 20


@pytest.fixture
def history() -> None:
    """Half a year in which two payers' shares of denials go up and down."""
    chance = random.Random(7)
    payers, departments = [make_payer("Good"), make_payer("Bad")], [make_department(), make_department()]
    providers = [make_provider(), make_provider()]
    for n in range(180):
        day = UNTIL - chance.randrange(190) * DAY
        payer = chance.choice([*payers, None])
        wave = 0.25 if (UNTIL - day).days // 9 % 3 else 0.75
        is_denied = chance.random() < (wave if payer == payers[1] else 0.1)
        claim = make_claim(
            charge=Decimal(100 + n),
            payer=payer,
            department=chance.choice(departments),
            provider=chance.choice(providers),
            status="denied" if is_denied else "paid",
            submitted_on=day - chance.randrange(5, 45) * DAY,
            decided_on=day,
            paid_on=None if is_denied else day,
            denial_category="coding" if is_denied else "",
        )
        if not is_denied:
            ClaimPayment.objects.create(claim=claim, state="posted", paid_on=day, paid=claim.charge)
            Claim.objects.filter(pk=claim.pk).update(paid=claim.charge)
    while refresh(DAYS_OF_FACTS) or renew_balances() or keep_days(UNTIL):
        pass


RULES: list[dict[str, Any]] = [
    {"each": "payer", "limit": 25, "clears_at": 20, "window_days": 7, "minimum_n": 4},
    {"each": "payer", "limit": 25, "window_days": 7, "minimum_n": 4, "cool_down_minutes": 4 * 1440},
    {"each": "department", "condition": "rises", "limit": 8, "window_days": 14, "minimum_n": 5},
    {"condition": "unusual", "limit": 2, "window_days": 7, "minimum_n": 5},
    {"each": "provider", "watches": "open_ar", "limit": 2200, "clears_at": 2000},
    {"watches": "gross_charges", "condition": "falls", "limit": 500, "window_days": 10, "minimum_n": 1},
    {
        "watches": "cash_collected",
        "condition": "falls",
        "change_in": "percent",
        "limit": 30,
        "each": "payer",
        "window_days": 7,
        "minimum_n": 3,
    },
    {"watches": "gross_days_in_ar", "condition": "unusual", "limit": 2, "window_days": 30, "minimum_n": 1},
]


@pytest.mark.usefixtures("history")
def test_a_preview_tells_what_fires_when_its_days_are_lived_again() -> None:
    AlertRule.objects.all().delete()
    defaults = {"condition": "above", "cool_down_minutes": 0}
    rules = [make_rule(**(defaults | fields)) for fields in RULES]
    told = {each.pk: replay(each, until=UNTIL, days=DAYS).firings for each in rules}
    for ago in reversed(range(DAYS)):
        check(list(AlertRule.objects.all()), evening(UNTIL - ago * DAY))
    for each in rules:
        lived = [
            (
                *alert.member,
                timezone.localdate(alert.opened_at),
                resolved(alert),
                alert.value_at_first,
                alert.worst,
            )
            for alert in Alert.objects.filter(rule=each)
        ]
        foretold = [
            (one.payer, one.department, one.provider, one.opened, one.resolved, one.value, one.worst)
            for one in told[each.pk]
        ]
        assert sorted(foretold, key=str) == sorted(lived, key=str), each.watches
    fired = [len(told[each.pk]) for each in rules]
    assert all(fired), fired  # each of them shows something
    assert sum(fired) > 2 * len(rules)


def resolved(alert: Alert) -> date | None:
    return timezone.localdate(alert.resolved_at) if alert.resolved_at else None


def test_a_preview_worked_by_hand() -> None:
    """1 of 10 is denied each day, but on three days 4 of 13."""
    for ago in range(10):
        bad = 3 if 3 <= ago <= 5 else 0
        for n in range(10 + bad):
            is_denied = n <= bad
            make_claim(
                status="denied" if is_denied else "paid",
                decided_on=UNTIL - ago * DAY,
                denial_category="coding" if is_denied else "",
                submitted_on=UNTIL - 20 * DAY,
            )
    asked = AlertRule(name="Denials", watches="denial_rate", condition="above", limit=Decimal(20))
    asked.window_days, asked.minimum_n = 1, 5
    found = replay(asked, until=UNTIL, days=10)
    assert found.words == "Would have fired once in the last 10 days"
    (firing,) = found.firings
    assert (firing.opened, firing.resolved) == (UNTIL - 5 * DAY, UNTIL - 2 * DAY)
    assert firing.value == as_kept(Decimal(4) / 13 * 100)
    (course,) = found.courses
    assert [point.is_open for point in course.points] == [False] * 4 + [True] * 3 + [False] * 3
    assert [point.n for point in course.points][3:5] == [10, 13]


def test_a_preview_is_of_the_departments_that_somebody_sees() -> None:
    mine, other = make_department("Mine"), make_department("Other")
    for department in (mine, other):
        make_claim(status="denied", decided_on=UNTIL, department=department, denial_category="coding")
    asked = AlertRule(watches="denial_rate", condition="above", limit=20, each="department", minimum_n=1)
    found = replay(asked, until=UNTIL, days=3, departments=(mine.pk,))
    assert [each.label for each in found.firings] == [each.label for each in found.courses] == ["Mine"]


def test_what_nobody_knows_of_the_past_is_not_tried_on_it() -> None:
    asked = AlertRule(watches="dead_letters", condition="above", limit=0)
    found = replay(asked, until=UNTIL)
    assert found.words.startswith("Nobody knows what “Dead letters” was before")
    assert not found.firings
