"""What happens when several write, refresh and read at once, on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import date, datetime, time
from decimal import Decimal
from time import sleep

import pytest
from django.db import connection, transaction
from django.utils import timezone

from analytics.facts.caching import version
from analytics.facts.refreshing import look, refresh
from analytics.facts.tables import DAYS, STAFF
from analytics.facts.totals import totals, touched_by_facts
from analytics.facts.verification import differences
from analytics.models import CauseFact, DayFact, DirtyDay
from analytics.periods import Period
from analytics.scopes import Scope
from claims.models import Claim, ClaimEvent, ClaimPayment, Shortfall
from rcm_site.testing.makers import make_claim, make_department, make_line, make_payer, make_user
from rcm_site.testing.threads import in_thread

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's writers take turns"),
]
DAY = date(2026, 6, 3)
ALL = Scope(None, today=date(2026, 6, 30))
JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))


def refresh_all() -> None:
    for fact in (DAYS, STAFF):
        while refresh(fact):
            pass


def test_reads_are_exact_while_others_write_and_refresh() -> None:
    """Each transaction moves a dollar from one claim to another: whoever looks sees the same sum."""
    claims = [make_claim(charge=Decimal("1000.00"), submitted_on=DAY.replace(day=day)) for day in (3, 17)]
    done = threading.Event()

    def move() -> None:
        for n in range(120):
            with transaction.atomic():
                for each, amount in zip(claims, (1, -1) if n % 3 else (-1, 1), strict=True):
                    Claim.objects.filter(pk=each.pk).update(charge=1000 + amount * (n % 7))
        done.set()

    def keep_refreshing() -> None:
        while not done.is_set():
            refresh(DAYS)

    workers = [in_thread(move), in_thread(keep_refreshing), in_thread(keep_refreshing)]
    sums = []
    while not done.is_set():
        sums.append(totals(ALL, JUNE, ["charges", "owed"])[0].sums)
    for each in workers:
        each.join()
    assert len(sums) > 5
    assert {each["charges"] for each in sums} == {Decimal(2000)}
    assert {each["owed"] for each in sums} == {Decimal(2000)}
    refresh_all()
    assert not list(differences())


def test_a_mark_that_comes_while_its_day_is_refreshed_stays() -> None:
    claim = make_claim(charge=Decimal("10.00"), submitted_on=DAY)
    with transaction.atomic():
        assert refresh(DAYS)
        in_thread(lambda: Claim.objects.filter(pk=claim.pk).update(charge=20)).join()
    assert DirtyDay.objects.filter(fact="day", day=DAY).exists()
    assert DayFact.objects.get(day=DAY).charges == 10  # outdated, and known to be
    assert totals(ALL, JUNE, ["charges"])[0].sums["charges"] == 20


def test_a_second_refresher_leaves_it_to_the_first() -> None:
    make_claim(charge=Decimal("10.00"), submitted_on=DAY)
    found: list[int] = []
    with transaction.atomic():
        assert refresh(DAYS)
        in_thread(lambda: found.append(refresh(DAYS))).join()
    assert found == [0]
    refresh_all()
    assert DayFact.objects.filter(day=DAY, submitted=1).count() == 1
    assert not list(differences())


def come_in(claim: Claim) -> None:
    ClaimPayment.objects.create(claim=claim, state="posted", paid_on=DAY, paid=Decimal("5.00"))
    ClaimEvent.objects.create(claim=claim, actor=make_user(), action="called payer")


@pytest.mark.parametrize("who_waits", ["what comes in", "who moves the claim"])
def test_what_comes_in_for_a_claim_that_moves_counts_for_its_new_payer(who_waits: str) -> None:
    """Neither sees what the other has not committed; nor may a refresh between them hide it."""
    claim = make_claim(charge=Decimal("10.00"), submitted_on=DAY, payer=make_payer())
    payer, department = make_payer(), make_department()
    refresh_all()

    def move() -> None:
        Claim.objects.filter(pk=claim.pk).update(payer=payer, department=department)

    first, second = (move, lambda: come_in(claim))
    if who_waits == "who moves the claim":
        first, second = second, first
    begun = threading.Event()

    def later() -> None:
        with transaction.atomic():
            second()
            begun.set()

    with transaction.atomic():
        first()
        thread = in_thread(later)
        begun.wait(0.5)
        thread.join(0.5)
        in_thread(refresh_all).join()
    refresh_all()
    thread.join()
    refresh_all()
    assert not DirtyDay.objects.exists()
    assert not list(differences())
    assert totals(ALL.narrowed(payer=payer.pk), JUNE, ["cash"])[0].sums["cash"] == 5


def test_what_a_claim_lacks_counts_on_the_day_on_which_it_is_paid_by_then() -> None:
    """Its day of payment is changed while that comes in, unseen as yet."""
    claim = make_claim(status="paid", paid_on=DAY, expected=Decimal("10.00"), submitted_on=DAY)
    later = DAY.replace(day=17)
    refresh_all()
    with transaction.atomic():
        Shortfall.objects.create(claim=claim, cause="law", amount=Decimal("2.00"))
        Shortfall.objects.create(claim=claim, cause="claim", amount=Decimal("8.00"))
        moving = in_thread(lambda: Claim.objects.filter(pk=claim.pk).update(paid_on=later))
        moving.join(0.5)
        in_thread(refresh_all).join()
    moving.join()
    refresh_all()
    assert DayFact.objects.get(day=later, paid_claims=1).kept_by_law == 2
    assert CauseFact.objects.get(day=later).short == 8
    assert not list(differences())


def test_repeated_marks_that_go_leave_no_version_from_before_they_came() -> None:
    """The one to be committed first began first, and has marked the same day after the other."""
    claims = [make_claim(charge=Decimal("10.00"), submitted_on=DAY) for _ in range(2)]
    refresh_all()
    has_begun, has_marked = threading.Event(), threading.Event()

    def raise_charge(claim: Claim) -> None:
        Claim.objects.filter(pk=claim.pk).update(charge=20)

    def begin_first() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()")
            has_begun.set()
            has_marked.wait(10)
            raise_charge(claims[0])

    first = in_thread(begin_first)
    has_begun.wait(10)
    with transaction.atomic():
        raise_charge(claims[1])
        has_marked.set()
        first.join()
        before: list[str] = []
        in_thread(lambda: before.append(version())).join()
    look()
    assert version() != before[0]


def test_claims_that_come_in_while_others_are_counted_are_counted_once() -> None:
    """Each brings a dollar and a line of a dollar; some get a second line from somebody else."""
    done = threading.Event()

    def take_in() -> None:
        for n in range(40):
            with transaction.atomic():
                claim = make_claim(charge=Decimal("1.00"), submitted_on=DAY, fees=["1.00"], service_from=DAY)
            if n % 4 == 0:
                make_line(claim, "1.00", number=2, service_date=DAY)
        done.set()

    def keep_counting() -> None:
        while not done.is_set():
            refresh(DAYS)

    workers = [in_thread(take_in), in_thread(keep_counting)]
    seen = []
    while not done.is_set():
        sums = totals(ALL, JUNE, ["submitted", "charges", "net_fees"])[0].sums
        assert sums["charges"] == sums["submitted"]
        assert sums["net_fees"] >= sums["submitted"]
        seen.append(sums["submitted"])
    for each in workers:
        each.join()
    assert seen == sorted(seen)
    assert not list(differences())
    refresh_all()
    assert totals(ALL, JUNE, ["charges", "net_fees"])[0].sums == {"charges": 40, "net_fees": 50}
    assert not list(differences())


def test_a_day_stays_marked_until_the_claims_are_counted_that_it_is_marked_for() -> None:
    """One comes in and is decided while marks are about to be read: its note says nothing of the decision."""
    make_claim(charge=Decimal("1.00"), status="denied", submitted_on=DAY, decided_on=DAY)
    refresh_all()
    Claim.objects.update(charge=2)  # so that there is a day to be added up
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE analytics_dirtyday IN ACCESS EXCLUSIVE MODE")
        refreshing = in_thread(lambda: refresh(DAYS))
        while not _somebody_waits_for_marks():
            sleep(0.01)
        claim = make_claim(charge=Decimal("5.00"), submitted_on=DAY)
        Claim.objects.filter(pk=claim.pk).update(status="denied", decided_on=DAY)
    refreshing.join()
    for _ in range(2):
        sums = totals(ALL, JUNE, ["decided", "denied_charges"])[0].sums
        assert sums == {"decided": 2, "denied_charges": 7}
        assert not list(differences())
        refresh_all()


def _somebody_waits_for_marks() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks WHERE relation = 'analytics_dirtyday'::regclass AND NOT granted"
        )
        return bool(cursor.fetchall())


def test_a_line_that_comes_while_its_claim_is_counted_marks_its_day() -> None:
    claim = make_claim(charge=Decimal("10.00"), submitted_on=DAY)
    with transaction.atomic():
        assert refresh(DAYS) == 1
        in_thread(lambda: make_line(claim, "3.00", service_date=DAY)).join()
    assert totals(ALL, JUNE, ["submitted", "net_fees"])[0].sums == {"submitted": 1, "net_fees": 3}
    refresh_all()
    assert totals(ALL, JUNE, ["submitted", "net_fees"])[0].sums == {"submitted": 1, "net_fees": 3}


def test_two_who_write_one_persons_work_on_a_claim_know_of_each_other() -> None:
    """The later day was added up before the earlier one was known."""
    claim, ana = make_claim(submitted_on=DAY), make_user()
    refresh_all()
    begun, refreshed = threading.Event(), threading.Event()

    def work(day: int) -> None:
        at = timezone.make_aware(datetime.combine(DAY.replace(day=day), time(12)))
        ClaimEvent.objects.create(claim=claim, actor=ana, action="called payer", at=at)

    def earlier() -> None:
        with transaction.atomic():
            begun.set()
            work(3)
            refreshed.wait(5)

    with transaction.atomic():
        work(12)
        thread = in_thread(earlier)
        begun.wait()
        thread.join(0.5)
    in_thread(refresh_all).join()
    refreshed.set()
    thread.join()
    refresh_all()
    assert not DirtyDay.objects.exists()
    assert not list(differences())
    assert touched_by_facts(ALL.narrowed(staff=ana.pk), JUNE) == 1
