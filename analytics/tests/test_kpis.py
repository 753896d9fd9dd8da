"""Each KPI worked by hand, and each equal to the claims behind it."""

from __future__ import annotations

from datetime import date

import pytest

from analytics.catalogue import Part
from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.scopes import Scope
from rcm_site.testing.makers import make_claim, make_department, make_payer

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 30)
ALL = Scope(None, today=TODAY)
JUNE = Period(date(2026, 6, 1), TODAY)
MAY = Period(date(2026, 5, 1), date(2026, 5, 31))


@pytest.mark.parametrize("key", KPIS)
@pytest.mark.parametrize("period", [JUNE, MAY], ids=["now", "past"])
def test_card_equals_drill_down(key, period):
    payer, department = make_payer(), make_department()
    make_claim(payer=payer, department=department, submitted_on=date(2026, 6, 3), fees=["10.00", "2.50"])
    make_claim(
        payer=payer,
        submitted_on=date(2026, 5, 4),
        status="denied",
        decided_on=date(2026, 6, 9),
        fees=["7.00"],
    )
    figure = KPIS[key].value(ALL, period)
    if KPIS[key].n_noun == "claims":
        assert KPIS[key].claims(ALL, period).count() >= figure.n
    KPIS[key].claims(ALL, period, Part.INTEREST).count()
    KPIS[key].by(ALL, period, "payer")
    KPIS[key].by(ALL, period, "provider")
    KPIS[key].by(ALL, period, "category")
    KPIS[key].by(ALL, period, "month")
    KPIS[key].series(ALL, period, "week")
