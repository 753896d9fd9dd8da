"""What was known of a day stays what was known, and each day is taken once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analytics import snapshots
from analytics.catalogue import figures, split
from analytics.kpis import KPIS
from analytics.models import Snapshot
from analytics.scopes import Scope
from claims.models import Claim, ClaimPayment
from rcm_site.testing.makers import make_claim, make_department, make_payer, make_provider
from rcm_site.testing.threads import at_once

from .histories import LAST, World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def june(day: int) -> date:
    return date(2026, 6, day)


def night_after(day: date, hour: int = 1) -> datetime:
    return timezone.make_aware(datetime.combine(day + DAY, time(hour)))


def decided(status: str, day: date, **fields: Any) -> Claim:
    decision = {"status": status, "decided_on": day, "first_decision": status, "first_decided_on": day}
    more = {"paid_on": day} if status == "paid" else {"denial_category": "coding"}
    given: dict[str, Any] = {"submitted_on": june(1), "fees": ["100.00"]} | decision | more | fields
    return make_claim(**given)


def kept(kpi: str, of: str = "all", **fields: Any) -> Snapshot:
    return Snapshot.objects.get(kpi=kpi, of=of, **fields)


def days_taken() -> list[date]:
    return sorted(set(Snapshot.objects.values_list("day", flat=True)))


# What is written down ----------------------------------------------------------------------------------


def test_a_day_is_about_the_thirty_days_that_end_on_it() -> None:
    payer, heart = make_payer(), make_department()
    decided("denied", june(30), payer=payer, department=heart)
    decided("paid", june(1), payer=payer)
    decided("paid", june(30))
    decided("denied", date(2026, 5, 31))
    snapshots.take(june(30), night_after(june(30)))
    whole = kept("denial_rate")
    assert (whole.numerator, whole.denominator, whole.n, whole.days) == (1, 3, 3, 30)
    assert (whole.day, whole.is_late, whole.payer_id) == (june(30), False, None)
    of_payer = kept("denial_rate", "payer", payer=payer)
    assert (of_payer.numerator, of_payer.denominator) == (1, 2)
    of_heart = kept("denial_rate", "department", department=heart)
    assert (of_heart.numerator, of_heart.denominator) == (1, 1)
    assert kept("denial_rate", "payer", payer=None).n == 1  # of claims without a payer
    charges = kept("gross_charges")
    assert (charges.numerator, charges.denominator, charges.n) == (Decimal("400.00"), None, 4)


def test_all_that_is_written_down_is_what_the_catalogue_says_of_each() -> None:
    World(11).live(60, lambda: None)
    day = LAST - 2 * DAY
    snapshots.take(day, night_after(day))
    scope = Scope(None, today=LAST)
    period = snapshots.window(day)
    for key, figure in figures(KPIS.values(), scope, period).items():
        assert parts(kept(key)) == rounded(figure), key
    for of in snapshots.MEMBERS:
        for key, members in split(KPIS.values(), scope, period, of).items():
            rows = Snapshot.objects.filter(kpi=key, of=of)
            assert {getattr(row, f"{of}_id"): parts(row) for row in rows} == {
                member.key: rounded(member.figure) for member in members
            }, (key, of)
    # Whoever sees some departments adds up what they were.
    for key in KPIS:
        departments = Snapshot.objects.filter(kpi=key, of="department")
        total = sum((row.denominator or Decimal(0) for row in departments), Decimal(0))
        assert abs(total - (kept(key).denominator or 0)) < Decimal("0.000001"), key
        assert sum(row.numerator for row in departments) == kept(key).numerator, key


def parts(row: Snapshot) -> tuple[Decimal, Decimal | None, int]:
    return row.numerator, row.denominator, row.n


def rounded(figure: Any) -> tuple[Decimal, Decimal | None, int]:
    under = figure.denominator
    return round(figure.numerator, 8), None if under is None else round(under, 8), figure.n


def test_balances_are_as_they_stood_on_the_day_and_not_as_they_are_today() -> None:
    provider, payer = make_provider(), make_payer()
    claim = make_claim(
        fees=["100.00"], status="submitted", submitted_on=june(1), provider=provider, payer=payer
    )
    ClaimPayment.objects.create(claim=claim, state="posted", paid_on=june(20), paid=Decimal("60.00"))
    Claim.objects.filter(pk=claim.pk).update(paid=Decimal("60.00"))
    for day in (june(10), june(25)):
        snapshots.take(day, night_after(june(28)))
    for of, member in (("all", {}), ("payer", {"payer": payer}), ("provider", {"provider": provider})):
        assert kept("open_ar", of, day=june(10), **member).numerator == 100
        assert kept("open_ar", of, day=june(25), **member).numerator == 40


def test_a_later_correction_leaves_it_as_it_was_known() -> None:
    claim = decided("denied", june(10))
    snapshots.take(june(30), night_after(june(30)))
    claim.status = "paid"
    claim.save()
    decided("paid", june(12))
    assert snapshots.take(june(30), night_after(june(30), 5)) == 0
    assert (kept("denial_rate").numerator, kept("denial_rate").n) == (1, 1)


# Which days are taken ----------------------------------------------------------------------------------


def test_each_night_is_taken_once_however_often_beat_rings() -> None:
    decided("denied", june(10))
    assert [snapshots.take_missing(night_after(june(30), hour)) for hour in (1, 1, 2)] == [1, 0, 0]
    assert days_taken() == [june(30)]


def test_days_that_beat_was_away_are_taken_each_once_and_marked_late() -> None:
    decided("denied", june(10))
    snapshots.take_missing(night_after(june(26)))
    back = night_after(june(30))
    assert snapshots.missing_days(back) == [june(30), june(29), june(28), june(27)]
    assert [snapshots.take_missing(back), snapshots.take_missing(back)] == [4, 0]
    late = Snapshot.objects.filter(kpi="denial_rate", of="all", is_late=True)
    assert sorted(late.values_list("day", flat=True)) == [june(27), june(28), june(29)]


def test_a_first_start_takes_yesterday_and_one_without_claims_nothing() -> None:
    now = night_after(june(30))
    assert snapshots.missing_days(now) == []
    decided("denied", june(10))
    assert snapshots.missing_days(now) == [june(30)]


def test_a_day_begins_and_ends_where_the_site_is() -> None:
    decided("denied", june(10))
    snapshots.take_missing(datetime(2026, 7, 1, 3, 59, tzinfo=UTC))  # 23:59 on 30 June in New York
    assert days_taken() == [june(29)]
    snapshots.take_missing(datetime(2026, 7, 1, 4, 1, tzinfo=UTC))
    assert days_taken() == [june(29), june(30)]


def test_how_old_the_last_one_is() -> None:
    assert snapshots.hours_since_last(timezone.now()) is None
    decided("denied", june(10))
    assert snapshots.hours_since_last(timezone.now()) is not None  # never taken, though it could have been
    snapshots.take(june(30), night_after(june(30)))
    assert snapshots.hours_since_last(night_after(june(30), 15)) == 15


# From the shell, and at once ---------------------------------------------------------------------------


def test_a_day_that_is_not_over_is_refused() -> None:
    with pytest.raises(CommandError, match="is not over yet"):
        call_command("take_snapshots", day=timezone.localdate())
    with pytest.raises(CommandError, match="is not a day"):
        call_command("take_snapshots", "--day", "2026-13-01")
    assert not Snapshot.objects.exists()


def test_a_day_is_taken_from_the_shell(capsys: Any) -> None:
    decided("denied", june(10))
    call_command("take_snapshots", "--day", "2026-06-30")
    call_command("take_snapshots", "--day", "2026-06-30")
    said = capsys.readouterr().out.splitlines()
    assert said == [f"2026-06-30: {Snapshot.objects.count()} rows taken.", "2026-06-30 is taken already."]
    assert kept("denial_rate").is_late


@pytest.mark.django_db(transaction=True)
def test_several_at_once_take_a_day_once() -> None:
    World(5).live(15, lambda: None)
    now = night_after(LAST)
    taken = at_once(lambda _: snapshots.take_missing(now), range(4))
    assert sorted(taken) == [0, 0, 0, 1]
    assert Snapshot.objects.filter(of="all").count() == len(KPIS)
