"""What is taken back, worked by hand: every number is what it was before it was booked, live and as kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from analytics.facts.totals import totals
from analytics.kpis import KPIS
from analytics.periods import Period
from analytics.scopes import Scope
from analytics.tasks import keep_balances, refresh_facts
from claims import changes, pay_backs, taking_back
from claims.changes import Change
from claims.models import Claim, ClaimPayment
from claims.pay_backs import Paid
from rcm_site.testing.makers import make_claim, make_payer, make_payment, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
ALL = Scope(None, today=TODAY)
SENT, DENIED, CAME, BACK = (TODAY - timedelta(days=each) for each in (40, 30, 20, 3))
WHOLE = Period(SENT, TODAY)
MEASURES = ["cash", "payments", "decided", "denied", "paid_claims", "days_to_pay", "appeals_decided"]
Keep = Callable[[], None]


def on(day: date) -> Period:
    return Period(day, day)


def sums(period: Period) -> list[int | Decimal]:
    told = totals(ALL, period, MEASURES)[0].sums
    return [told[name] for name in MEASURES]


def kpi(key: str, period: Period) -> Decimal | None:
    return KPIS[key].value(ALL, period).value


def nothing_kept() -> None: ...


def all_kept() -> None:
    refresh_facts()
    keep_balances()


def assert_agreed() -> None:
    said = StringIO()
    call_command("verify_facts", stdout=said, stderr=said)
    assert "to the cent" in said.getvalue()


def take_back(claim: Claim, payment: ClaimPayment | None, who: User) -> None:
    assert payment is not None
    taking_back.take_back(claim=claim, payment=payment.pk, change=Change(who, note="Wrong claim"))


@pytest.mark.parametrize("keep", [nothing_kept, all_kept])
def test_a_payment_that_never_was_counts_on_no_day(keep: Keep) -> None:
    """$100, denied after ten days and appealed; ten days later somebody posts $100 that are another's."""
    claim = make_claim(
        charge=100,
        payer=make_payer("Acme"),
        submitted_on=SENT,
        status="denied",
        denial_category="coding",
        decided_on=DENIED,
        first_decision="denied",
        first_decided_on=DENIED,
    )
    biller = make_user("biller")
    changes.change_status(claim=claim, to="appealed", change=Change(biller))
    changes.post_payment(claim=claim, amount=Decimal(100), paid_on=CAME, change=Change(biller))
    keep()
    assert sums(on(CAME)) == [100, 1, 1, 0, 1, 20, 0]
    assert sums(on(DENIED)) == [0, 0, 0, 0, 0, 0, 0]
    assert sums(on(TODAY)) == [0, 0, 0, 0, 0, 0, 1]  # the appeal was decided when that was posted
    assert [kpi("open_ar", on(day)) for day in (SENT, CAME, TODAY)] == [100, 0, 0]
    take_back(claim, claim.payments.get(), biller)
    for _ in range(2):  # live, and as kept
        assert sums(on(CAME)) == [0, 0, 0, 0, 0, 0, 0]
        assert sums(on(DENIED)) == [0, 0, 1, 1, 0, 0, 0]
        assert sums(on(TODAY)) == [0, 0, 0, 0, 0, 0, 0]
        assert sums(WHOLE) == [0, 0, 1, 1, 0, 0, 0]
        assert kpi("denial_rate", WHOLE) == 100
        assert [kpi("open_ar", on(day)) for day in (SENT, CAME, TODAY)] == [100, 100, 100]
        assert_agreed()
        all_kept()


@pytest.mark.parametrize("keep", [nothing_kept, all_kept])
def test_a_pay_back_that_never_went_leaves_the_credit_on_every_day(keep: Keep) -> None:
    """$100 was charged, $120 came, and $20 that were said to have gone back three days ago did not."""
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
    biller = make_user("biller")
    paid = Paid(amount=Decimal(20), to="payer", way="cheque", paid_on=BACK, reference="1042")
    pay_back = pay_backs.ask(claim=claim, paid=paid, change=Change(biller))
    keep()
    assert (sums(on(BACK))[:2], kpi("credit_balances", on(TODAY))) == ([-20, 1], 0)
    take_back(claim, pay_back.payment, biller)
    for _ in range(2):
        assert sums(on(BACK)) == [0, 0, 0, 0, 0, 0, 0]
        assert sums(WHOLE) == [120, 1, 1, 0, 1, 20, 0]
        assert [kpi("credit_balances", on(day)) for day in (CAME, BACK, TODAY)] == [20, 20, 20]
        assert_agreed()
        all_kept()
