"""Facts say what the claims say, at every moment."""

from __future__ import annotations

from datetime import date

import pytest

from analytics.facts import claim_totals, totals
from analytics.periods import Period
from analytics.reading import DAYS, PROVIDERS
from analytics.refreshing import refresh
from analytics.scopes import Scope
from rcm_site.testing.makers import make_claim, make_department, make_payer

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 30)
ALL = Scope(None, today=TODAY)
JUNE = Period(date(2026, 6, 1), TODAY)


def test_totals():
    payer, department = make_payer(), make_department()
    make_claim(payer=payer, department=department, submitted_on=date(2026, 6, 3), fees=["10.00", "2.50"])
    make_claim(
        payer=payer,
        submitted_on=date(2026, 6, 4),
        status="denied",
        decided_on=date(2026, 6, 9),
        fees=["7.00"],
    )
    for by in ((), ("payer",), ("payer", "department"), ("provider",), ("kind",), ("category",)):
        assert totals(ALL, JUNE, by=by) == claim_totals(ALL, JUNE, by=by)
    print(totals(ALL, JUNE))
    while refresh(DAYS):
        pass
    while refresh(PROVIDERS):
        pass
    for by in (
        (),
        ("payer",),
        ("payer", "department"),
        ("provider",),
        ("kind",),
        ("category",),
        ("age", "payer"),
    ):
        print(totals(ALL, JUNE, by=by))
        assert sorted(map(str, totals(ALL, JUNE, by=by))) == sorted(map(str, claim_totals(ALL, JUNE, by=by)))
