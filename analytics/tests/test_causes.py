"""Underpayments by cause: worked by hand, kept by day and month, and right at every moment."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.causes import CAUSE, ZERO, Asked, Month, Told, by_cause, by_month, read, settings_now
from analytics.facts.refreshing import refresh
from analytics.facts.tables import DAYS
from analytics.facts.verification import differences
from analytics.models import CauseFact, CauseMonth, DirtyDay, FactState, NewClaim
from analytics.periods import Period
from analytics.scopes import NONE, Scope
from analytics.underpaid import CauseFound, Sums, add_up
from claims.models import Claim, Payer, Shortfall
from claims.tests.test_fee_schedules import agree
from claims.tests.test_underpayments import key_of, underpay
from rcm_site.testing.makers import make_claim, make_department, make_payer

from .histories import LAST, World

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 30)
ALL = Scope(None, today=TODAY)
YEAR = Period(date(2025, 12, 1), TODAY)
DAY = date(2026, 9, 15)
RAGGED = Period(date(2026, 9, 2), date(2026, 11, 15))


@pytest.fixture
def aetna() -> Payer:
    payer = make_payer("Aetna")
    agree(payer, "99213", "110.00")
    return payer


def refresh_all() -> None:
    while refresh(DAYS):
        pass


def added_up() -> tuple[list[CauseFound], Sums]:
    """As the claims say it, and as facts do."""
    payers = dict(Payer.objects.values_list("pk", "name"))
    told = add_up(by_cause(ALL, YEAR), payers, by_law=ZERO)
    refresh_all()
    assert FactState.objects.get().tolerated == settings_now()
    assert add_up(by_cause(ALL, YEAR), payers, by_law=ZERO) == told
    assert not list(differences())
    return told


def test_causes_are_payer_procedure_and_modifiers_and_add_up(aetna: Payer) -> None:
    cigna = make_payer("Cigna")
    agree(cigna, "99213", "100.00")
    underpay(aetna, "A-1", "90", day="20261101")
    underpay(aetna, "A-2", "99", day="20261103")
    underpay(aetna, "A-3", "110")
    underpay(cigna, "C-1", "60", day="20261105")
    found, whole = added_up()
    assert [(each.key, each.payer, each.claims, each.dollars, each.share) for each in found] == [
        (key_of(cigna), "Cigna", 1, 40, Decimal(40) / 100),
        (key_of(aetna), "Aetna", 2, 31, Decimal(31) / 220),
    ]
    assert [(each.first, each.last) for each in found] == [
        (date(2026, 11, 5), date(2026, 11, 5)),
        (date(2026, 11, 1), date(2026, 11, 3)),
    ]
    assert (whole.worth_pursuing, whole.total) == (71, 71)


@pytest.mark.parametrize(
    ("paid", "is_beyond"),
    [
        ("109.00", False),  # short by 1.00, just what is tolerated
        ("108.99", False),  # 1.01 of 110.00 is less than one per cent
        ("108.90", False),  # 1.10 is just one per cent
        ("108.89", True),
    ],
)
def test_what_is_within_either_tolerance_is_not_worth_pursuing(
    aetna: Payer, paid: str, is_beyond: bool, settings: Any
) -> None:
    underpay(aetna, "A-1", paid)
    short = 110 - Decimal(paid)
    found, whole = added_up()
    assert bool(found) == is_beyond
    assert whole.worth_pursuing == (short if is_beyond else 0)
    assert whole.within_tolerance == (0 if is_beyond else short)
    assert whole.total == short
    settings.UNDERPAID_DOLLARS, settings.UNDERPAID_PERCENT = Decimal("0.50"), Decimal("0.9")
    found, _ = added_up()  # facts were kept by others, and are kept by these then
    assert found[0].dollars == short


# Kept ------------------------------------------------------------------------------------------------


def short(payer: Payer | None, cause: str = "below", **fields: Any) -> Claim:
    """Paid 60.00 of 100.00, and why."""
    day = fields.pop("paid_on", DAY)
    claim = make_claim(
        **{"payer": payer, "status": "paid", "submitted_on": day, "paid_on": day, "charge": Decimal(100)}
        | {"expected": Decimal(100), "paid": Decimal(60)}
        | fields
    )
    Shortfall.objects.create(
        claim=claim, line=1, procedure="99213", cause=cause, expected=Decimal(100), amount=Decimal(40)
    )
    return claim


def told(scope: Scope = ALL, period: Period = RAGGED) -> list[Told]:
    return sorted(read(Asked(scope, ("department", "kind", *CAUSE)), period), key=str)


def from_claims(scope: Scope = ALL, period: Period = RAGGED) -> list[Told]:
    asked = Asked(scope, ("department", "kind", *CAUSE))
    return sorted(read(asked, period, from_facts=False), key=str)


def test_days_and_whole_months_are_read_from_what_is_kept(aetna: Payer) -> None:
    for day in (date(2026, 9, 3), date(2026, 10, 1), date(2026, 10, 31)):
        short(aetna, paid_on=day)
    short(aetna, paid_on=date(2026, 9, 1))  # before the period
    refresh_all()
    CauseFact.objects.update(claims=100)
    CauseMonth.objects.update(claims=10_000)
    (row,) = by_cause(ALL, RAGGED)
    assert (row.claims, row.short, row.first, row.last) == (
        *(100 + 10_000, 3 * 40),
        *(date(2026, 9, 3), date(2026, 10, 31)),
    )
    assert [each.claims for each in by_month(ALL, RAGGED, key_of(aetna))] == [100, 10_000]
    (row,) = by_cause(ALL.narrowed(category=""), RAGGED)  # which facts do not tell apart
    assert row.claims == 3


def test_several_parts_of_one_claim_are_one_claim_under_each_cause(aetna: Payer) -> None:
    claim = short(aetna)
    for line, amount in ((2, "20.00"), (3, "0.50"), (4, "-5.00")):
        Shortfall.objects.create(
            claim=claim, line=line, procedure="99213", cause="below", amount=Decimal(amount)
        )
    short(aetna, paid_on=date(2026, 10, 7))
    for _ in range(2):
        worth, not_worth = sorted(by_cause(ALL, RAGGED), reverse=True, key=lambda each: each.key[0])
        assert (worth.claims, worth.short, worth.expected, worth.above) == (2, 100, 200, 0)
        assert (not_worth.claims, not_worth.short, not_worth.above) == (1, Decimal("-4.50"), -5)
        assert by_month(ALL, RAGGED, key_of(aetna)) == [
            Month(date(2026, 9, 1), 1, Decimal(100), Decimal(60)),
            Month(date(2026, 10, 1), 1, Decimal(100), Decimal(40)),
        ]
        refresh_all()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE claims_shortfall SET amount = amount + 1",
        "UPDATE claims_shortfall SET amount = 100",  # which is tolerated
        "UPDATE claims_shortfall SET expected = 0",
        "UPDATE claims_shortfall SET cause = 'denied'",
        "UPDATE claims_shortfall SET cause = 'law'",
        "UPDATE claims_shortfall SET procedure = '99214'",
        "UPDATE claims_shortfall SET modifiers = '25'",
        "DELETE FROM claims_shortfall",
        "UPDATE claims_claim SET status = 'void'",
        "UPDATE claims_claim SET status = 'denied'",
        "UPDATE claims_claim SET paid = 10000",
        "UPDATE claims_claim SET patient_share = 4000",
        "UPDATE claims_claim SET expected = NULL",
        "UPDATE claims_claim SET paid_on = '2026-10-08'",
        "UPDATE claims_claim SET paid_on = NULL",
        "UPDATE claims_claim SET payer_id = NULL",
        "UPDATE claims_claim SET department_id = NULL",
        "UPDATE claims_claim SET kind = 'institutional'",
    ],
)
def test_whatever_is_changed_by_hand_is_told_at_once(aetna: Payer, change: str) -> None:
    claim = short(aetna, department=make_department("Heart"))
    short(aetna, department=claim.department, paid_on=date(2026, 10, 6))
    refresh_all()
    before = told()
    with connection.cursor() as cursor:
        own = "claim_id" if "shortfall" in change else "id"
        where = f"WHERE {own} = (SELECT id FROM claims_claim WHERE number = %s)"
        cursor.execute(f"{change} {where}", [claim.number])
    assert told() == from_claims() != before
    refresh_all()
    assert told() == from_claims() != before


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite marks its days")
def test_claims_that_came_in_are_added_to_what_is_kept_of_their_days(aetna: Payer) -> None:
    short(aetna)
    refresh_all()
    for n in (2, 3):
        short(aetna)
        assert NewClaim.objects.count() == 1
        assert DirtyDay.objects.filter(fact="day", day=DAY).exists()  # by which it is read from the claims
        for _ in range(2):
            (row,) = by_cause(ALL, RAGGED)
            assert (row.claims, row.short) == (n, n * 40)
            refresh_all()
        assert CauseFact.objects.get().claims == n
    assert not list(differences())


def test_each_sees_their_own_and_what_they_ask_for(aetna: Payer) -> None:
    heart, bones = make_department("Heart"), make_department("Bones")
    short(aetna, department=heart)
    short(aetna, department=bones, kind="institutional")
    short(None, department=bones)
    for _ in range(2):
        for scope, payers in (
            (Scope((heart.pk,), today=TODAY), [aetna.pk]),
            (Scope((), today=TODAY), []),
            (ALL.narrowed(department=bones.pk), [None, aetna.pk]),
            (ALL.narrowed(payer=NONE), [None]),
            (ALL.narrowed(kind="institutional"), [aetna.pk]),
            (ALL.narrowed(provider=NONE), [None, aetna.pk]),
            (ALL.narrowed(procedure="D1110"), []),
        ):
            found = by_cause(scope, RAGGED)
            assert sorted((each.key[1] for each in found), key=str, reverse=True) == payers
            assert told(scope) == from_claims(scope)
        refresh_all()


def test_a_cent_too_many_is_found(aetna: Payer) -> None:
    short(aetna)
    refresh_all()
    assert not list(differences())
    for kept in (CauseFact, CauseMonth):
        kept._default_manager.update(short=F("short") + 1)
        (found, *_) = differences()
        assert (found.fact, found.measure, found.told, found.found) == (
            *("cause", "short"),
            *(Decimal("40.01"), Decimal("40.00")),
        )
        kept._default_manager.update(short=F("short") - 1)


# In plain SQL, as the words say it: claims paid less than was expected, by more than a dollar and more than
# one per cent of the part.
PLAIN = """
    SELECT c.payer_id, s.procedure, s.modifiers, s.cause, count(DISTINCT c.id), sum(s.amount), sum(s.expected)
    FROM claims_claim c JOIN claims_shortfall s ON s.claim_id = c.id
    WHERE c.status = 'paid' AND c.paid + c.patient_share < c.expected AND s.cause <> 'law'
    AND s.amount > 100 AND s.amount * 100 > s.expected AND c.paid_on >= %s AND c.paid_on <= %s
    GROUP BY c.payer_id, s.procedure, s.modifiers, s.cause
"""


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**6))
def test_causes_are_what_plain_sql_says_after_any_history(seed: int) -> None:
    with transaction.atomic():
        world = World(seed)
        period = Period(date(2026, 1, 12), LAST)

        def is_right() -> None:
            with connection.cursor() as cursor:
                cursor.execute(PLAIN, [str(period.start), str(period.end)])
                plain = sorted(str((*key, int(n), int(a), int(e))) for *key, n, a, e in cursor.fetchall())
            rows = by_cause(Scope(None, today=LAST), period)
            found = [
                (*each.key[1:], each.claims, int(each.short * 100), int(each.expected * 100))
                for each in rows
                if each.key[0]
            ]
            assert sorted(map(str, found)) == plain

        def between() -> None:
            is_right()
            if world.chance.random() < 0.3:
                refresh(DAYS, most=world.chance.choice([1, 31]))
                is_right()

        for _ in range(12):
            world.fall_short()
        world.live(12, between)
        refresh_all()
        is_right()
        assert not list(differences())
        transaction.set_rollback(True)
