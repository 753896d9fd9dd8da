"""The spread of days to pay, worked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from analytics.days_to_pay import Spread, by_payer, spread
from analytics.open_claims import largest_open, oldest_open
from analytics.periods import Period
from analytics.scopes import Scope, scope_of
from analytics.tasks import refresh_facts
from claims.models import Payer
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 30)
ALL = Scope(None, today=TODAY)
JUNE = Period(date(2026, 6, 1), TODAY)


def pay_after(days: int, on: date = TODAY, payer: Payer | None = None) -> None:
    make_claim(
        charge=Decimal(10),
        status="paid",
        submitted_on=on - timedelta(days=days),
        decided_on=on,
        paid_on=on,
        payer=payer,
    )


@pytest.mark.parametrize("is_kept", [False, True])
def test_half_and_nine_tenths_are_the_fewest_days_that_hold_so_many(is_kept: bool) -> None:
    for days in (3, 6, 7, 10, 20, 30, 40, 50, 118, 400):
        pay_after(days)
    pay_after(1, on=date(2026, 5, 31))  # in May
    make_claim(charge=Decimal(1), status="denied", decided_on=TODAY, paid_on=TODAY)  # denied since
    if is_kept:
        refresh_facts()
    found = spread(ALL, JUNE)
    assert (found.n, found.p50, found.p90, found.mean) == (10, 20, 118, Decimal("68.4"))
    bins = found.bins()
    assert [(each.low, each.high, each.count) for each in bins[:3]] == [(0, 7, 2), (7, 14, 2), (14, 21, 1)]
    assert (bins[-2].low, bins[-2].high, bins[-2].count) == (112, 119, 1)
    assert (bins[-1].low, bins[-1].high, bins[-1].count) == (119, None, 1)
    assert sum(each.count for each in bins) == 10


def test_nothing_paid_has_no_middle() -> None:
    assert (Spread({}).p50, Spread({}).mean) == (None, None)
    assert sum(each.count for each in spread(ALL, JUNE).bins()) == 0


def test_paid_before_it_was_sent_counts_as_at_once() -> None:
    pay_after(-2)
    assert spread(ALL, JUNE).bins()[0].count == 1


def test_a_payer_that_slows_down_shifts() -> None:
    slow, steady = make_payer("Slow"), make_payer("Steady")
    for days in (10, 12, 14):
        pay_after(days, on=date(2026, 5, 10), payer=slow)
        pay_after(days + 9, payer=slow)
    pay_after(5, payer=steady)
    rows = by_payer(ALL, JUNE)
    assert [(row.label, row.spread.n, row.spread.p50, row.shift) for row in rows] == [
        ("Slow", 3, 21, 9),
        ("Steady", 1, 5, None),
    ]


def test_open_claims_come_largest_or_oldest_first_and_only_ones_own() -> None:
    mine = make_department()
    small = make_claim(charge=Decimal(5), submitted_on=date(2026, 1, 5), department=mine)
    large = make_claim(charge=Decimal(50), submitted_on=date(2026, 2, 5), department=mine)
    theirs = make_claim(charge=Decimal(500), submitted_on=date(2026, 3, 5))
    for status, charge in (("paid", 900), ("void", 900), ("submitted", 0)):
        make_claim(charge=Decimal(charge), status=status, department=mine)
    biller = scope_of(make_user("biller", departments=[mine]), today=TODAY)
    assert [*largest_open(ALL)] == [theirs, large, small]
    assert [*oldest_open(ALL, 2)] == [small, large]
    assert [*largest_open(biller, 1)] == [large]
    assert [*oldest_open(biller)] == [small, large]
