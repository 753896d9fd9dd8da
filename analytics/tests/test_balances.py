"""What was owed on past days: as kept, as the claims tell it, and while both are written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.aging import AGING, aging_trend
from analytics.drilldown import claims_of
from analytics.facts.differences import Difference
from analytics.facts.reading import Row
from analytics.facts.totals import claim_totals, standings, totals
from analytics.facts.verification import months
from analytics.kpis import KPIS
from analytics.models import AgingFact, ChangedClaim, ClaimBalance, FactState
from analytics.past.keeping import keep_days, renew_balances
from analytics.past.verification import differing_ages, differing_balances
from analytics.periods import Period
from analytics.scopes import NONE, Scope
from analytics.tasks import keep_balances
from claims.models import Claim, ClaimPayment
from rcm_site.testing.makers import make_claim, make_department, make_payer
from rcm_site.testing.threads import in_thread

from .histories import LAST, World

pytestmark = pytest.mark.django_db

ALL = Scope(None, today=LAST)
STANDING = [*AGING, "owed_over_90", "owed_claims_31_60"]
PAST = tuple(LAST - timedelta(days=each) for each in (1, 2, 30, 31, 90, 122, 199))
DAY = date(2026, 6, 3)


def day(of_june: int) -> Period:
    return Period(date(2026, 6, of_june), date(2026, 6, of_june))


def keep_all(until: date = LAST - timedelta(days=1)) -> None:
    while renew_balances():
        pass
    while keep_days(until):
        pass


def past_differences() -> list[Difference]:
    return [each for month in months() for each in (*differing_balances(month), *differing_ages(month))]


def in_order(rows: list[Row]) -> list[str]:
    return sorted(str(row) for row in rows if any(row.sums.values()))


def assert_right(scope: Scope, by: tuple[str, ...], days: tuple[date, ...]) -> None:
    """However it is asked, and whatever is kept: as the claims say it one by one."""
    told = standings(scope, days, STANDING, by)
    for each in days:
        at = Period(each, each)
        found = in_order(claim_totals(scope, at, STANDING, by))
        assert in_order(told[each]) == found
        assert in_order(totals(scope, at, STANDING, by)) == found


def assert_all_right(world: World) -> None:
    department = tuple(each.pk for each in world.departments[:1] if each)
    assert_right(ALL, ("payer", "department", "age"), PAST[::3])
    assert_right(Scope(department, today=LAST), ("age",), PAST[1:2])
    assert_right(ALL.narrowed(payer=NONE), (), PAST[5:6])
    assert_right(ALL.narrowed(kind="dental"), ("provider",), PAST[3:4])
    for measure in ("owed_over_90", "credits"):
        counted = claims_of([measure], ALL, Period(PAST[4], PAST[4])).count()
        key = {"credits": "credit_claims"}.get(measure, "owed_claims_over_90")
        assert counted == totals(ALL, Period(PAST[4], PAST[4]), [key])[0].sums[key]


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**6), often=st.sampled_from([1, 3, 7]))
def test_past_days_are_told_as_the_claims_have_them_after_any_history(seed: int, often: int) -> None:
    with transaction.atomic():
        world = World(seed)
        world.live(20, sometimes_keeping(world, often))
        assert_all_right(world)
        keep_all()
        assert not ChangedClaim.objects.exists()
        assert_all_right(world)
        assert not past_differences()
        transaction.set_rollback(True)


def sometimes_keeping(world: World, often: int) -> Callable[[], None]:
    def between() -> None:
        if world.chance.randrange(often) == 0:
            renew_balances(world.chance.choice([1, 3, 100]))
            keep_days(world.chance.choice(PAST), world.chance.choice([1, 10, 200]))
            assert_right(ALL, ("payer",), (world.chance.choice(PAST),))

    return between


def pay(claim: Claim, amount: str, on: date) -> None:
    ClaimPayment.objects.create(claim=claim, state="posted", paid_on=on, paid=Decimal(amount))
    claim.paid += Decimal(amount)
    claim.save(update_fields=["paid"])


def owed(on: Period, scope: Scope = ALL) -> Decimal:
    return Decimal(totals(scope, on, ["owed"])[0].sums["owed"])


def test_a_payment_changes_nothing_before_its_day() -> None:
    payer = make_payer()
    claim = make_claim(charge=Decimal("100.00"), submitted_on=DAY, payer=payer)
    keep_all()
    kept = AgingFact.objects.count()
    assert kept == 27  # a payer, a department and an age on each day from the third to the 29th
    pay(claim, "30.00", date(2026, 6, 20))
    assert (owed(day(19)), owed(day(20))) == (100, 70)
    renew_balances()
    assert (owed(day(19)), owed(day(20)), owed(day(2))) == (100, 70, 0)
    spans = ClaimBalance.objects.order_by("since").values_list("since", "until", "balance")
    end = date(9999, 12, 31)
    assert list(spans) == [(DAY, date(2026, 6, 20), Decimal(100)), (date(2026, 6, 20), end, Decimal(70))]
    assert AgingFact.objects.count() == kept


def test_a_claim_that_moves_takes_its_past_along() -> None:
    before, after = make_department(), make_department()
    claim = make_claim(charge=Decimal("100.00"), submitted_on=DAY, department=before)
    keep_all()
    Claim.objects.filter(pk=claim.pk).update(department=after)
    for _ in range(2):
        assert [owed(day(10), Scope((each.pk,), today=LAST)) for each in (before, after)] == [0, 100]
        renew_balances()


def test_the_trend_of_aging_tells_each_of_its_days() -> None:
    make_claim(charge=Decimal("10.00"), submitted_on=date(2026, 4, 1))
    make_claim(charge=Decimal("2.00"), submitted_on=DAY)
    keep_all()
    days = [date(2026, 4, 30), date(2026, 5, 31), LAST]  # the last one is today
    trend = aging_trend(ALL, days)
    assert [at for at, _ in trend] == days
    owed_by_age = [[bucket["owed"] for bucket in buckets] for _, buckets in trend]
    assert owed_by_age == [[10, 0, 0, 0, 0], [0, 10, 0, 0, 0], [2, 0, 10, 0, 0]]
    assert set(trend[0][1][0]) == set(AGING)


def test_a_series_of_past_days_equals_each_of_them() -> None:
    claim = make_claim(charge=Decimal("310.00"), submitted_on=date(2026, 4, 10))
    pay(claim, "100.00", date(2026, 5, 5))
    half_a_year = Period(date(2026, 3, 1), LAST)
    for _ in range(2):
        for at, figure in KPIS["gross_days_in_ar"].series(ALL, half_a_year, "month"):
            assert figure == KPIS["gross_days_in_ar"].value(ALL, at)
        keep_all()


def test_whoever_has_no_department_yet_sees_no_past_either() -> None:
    make_claim(charge=Decimal("310.00"), submitted_on=DAY)
    nobody = Scope((), today=LAST)
    for _ in range(2):
        assert not any(totals(nobody, day(10), STANDING)[0].sums.values())
        assert totals(nobody, day(10), STANDING, by=("payer", "age")) == []
        [(_, buckets)] = aging_trend(nobody, [day(10).end])
        assert [bucket["owed"] for bucket in buckets] == [0, 0, 0, 0, 0]
        for by in ("day", "week", "month"):
            assert not any(row.sums["charges"] for row in totals(nobody, day(10), ["charges"], by=(by,)))
        keep_all()


def test_days_are_kept_newest_first_and_each_new_one_at_once() -> None:
    make_claim(charge=Decimal("10.00"), submitted_on=DAY)
    renew_balances()

    def kept() -> tuple[date | None, date | None]:
        state = FactState.objects.get(pk=1)
        return state.kept_from, state.kept_until

    assert keep_days(date(2026, 6, 20), most=5) == 5
    assert kept() == (date(2026, 6, 16), date(2026, 6, 20))
    assert keep_days(date(2026, 6, 21), most=5) == 1
    assert keep_days(date(2026, 6, 21), most=5) == 5
    assert kept() == (date(2026, 6, 11), date(2026, 6, 21))
    assert keep_days(date(2026, 6, 21), most=50) == 8
    assert kept()[0] == DAY
    assert keep_days(date(2026, 6, 21)) == 0
    assert [owed(day(each)) for each in (2, 3, 12, 21, 25)] == [0, 10, 10, 10, 10]


def test_a_cent_too_many_in_the_past_is_found() -> None:
    make_claim(charge=Decimal("10.00"), submitted_on=DAY)
    keep_all()
    assert not past_differences()
    ClaimBalance.objects.update(balance=F("balance") + 1)  # cents
    AgingFact.objects.filter(day=DAY).update(owed_net=F("owed_net") + 1)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_facts", stdout=said, stderr=said)
    assert "balance is told as 10.01, the claims say 0" in said.getvalue()
    assert "owed_net is told as 10.01, the claims say 10" in said.getvalue()
    assert "owed is told as 10.00, the claims say 10.01" in said.getvalue()


def test_the_worker_leaves_nothing_to_do() -> None:
    make_claim(charge=Decimal("10.00"), submitted_on=timezone.localdate() - timedelta(days=3))
    assert keep_balances() == 4  # a claim and three days
    assert keep_balances() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's writers take turns")
def test_the_past_is_exact_while_others_write_and_keep_it() -> None:
    """Each transaction books a dollar on one claim and asks a dollar more for another: the sum stays."""
    paid, charged = (make_claim(charge=Decimal("1000.00"), submitted_on=DAY) for _ in range(2))
    keep_all()
    done = threading.Event()

    def book() -> None:
        for n in range(60):
            with transaction.atomic():
                pay(paid, "1.00", date(2026, 6, 3 + n % 20))
                Claim.objects.filter(pk=charged.pk).update(charge=1001 + n)
        done.set()

    def keep() -> None:
        while not done.is_set():
            renew_balances()

    workers = [in_thread(book), in_thread(keep), in_thread(keep)]
    sums = []
    while not done.is_set():
        sums += [owed(day(24)), owed(day(29))]
    for worker in workers:
        worker.join()
    assert len(sums) > 10
    assert set(sums) == {Decimal(2000)}
    keep_all()
    assert not past_differences()
