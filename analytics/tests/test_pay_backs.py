"""A credit balance that is paid back, worked by hand: what came in falls on that day, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from analytics.facts.totals import totals
from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.scopes import Scope
from analytics.tasks import keep_balances, refresh_facts
from claims import pay_backs
from claims.changes import Change
from claims.models import Claim
from claims.pay_backs import Paid
from rcm_site.testing.makers import make_claim, make_payer, make_payment, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
ALL = Scope(None, today=TODAY)
SENT, CAME, BACK = (TODAY - timedelta(days=each) for each in (30, 20, 3))
WHOLE = Period(SENT, TODAY)
MEASURES = ["cash", "payments", "decided", "denied", "paid_claims", "days_to_pay", "appeals_decided"]


def on(day: date) -> Period:
    return Period(day, day)


def sums(period: Period) -> list[int | Decimal]:
    told = totals(ALL, period, MEASURES)[0].sums
    return [told[name] for name in MEASURES]


def kpi(key: str, period: Period) -> Decimal | None:
    return KPIS[key].value(ALL, period).value


@pytest.fixture
def claim() -> Claim:
    """$100 was charged, $120 came ten days later."""
    claim = make_claim(
        charge=100,
        paid=120,
        payer=make_payer("Acme"),
        submitted_on=SENT,
        status="paid",
        decided_on=CAME,
        paid_on=CAME,
        first_decision="paid",
        first_decided_on=CAME,
    )
    make_payment(claim=claim, paid=120, paid_on=CAME)
    return claim


def nothing_kept() -> None: ...


def all_kept() -> None:
    refresh_facts()
    keep_balances()


@pytest.mark.parametrize("keep", [nothing_kept, all_kept])
def test_what_goes_back_counts_as_taken_back_on_its_day(claim: Claim, keep: Callable[[], None]) -> None:
    keep()
    assert kpi("credit_balances", on(TODAY)) == 20
    paid = Paid(amount=Decimal(20), to="payer", way="cheque", paid_on=BACK, reference="1042")
    pay_backs.ask(claim=claim, paid=paid, change=Change(make_user("biller")))
    for _ in range(2):  # live, and as kept
        assert sums(on(CAME)) == [120, 1, 1, 0, 1, 10, 0]
        assert sums(on(BACK)) == [-20, 1, 0, 0, 0, 0, 0]
        assert sums(WHOLE) == [100, 2, 1, 0, 1, 10, 0]
        assert kpi("net_collection_rate", WHOLE) == 100  # (120 − 20) ÷ 100
        assert kpi("average_days_to_pay", WHOLE) == 10
        assert kpi("denial_rate", WHOLE) == 0
        assert [kpi("credit_balances", on(day)) for day in (BACK - timedelta(days=1), BACK, TODAY)] == [
            20,
            0,
            0,
        ]
        assert [kpi("open_ar", on(day)) for day in (SENT, CAME, BACK, TODAY)] == [100, 0, 0, 0]
        said = StringIO()
        call_command("verify_facts", stdout=said, stderr=said)
        assert "to the cent" in said.getvalue()
        all_kept()
