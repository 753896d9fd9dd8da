"""Keeps what claims were to bring on past days: their balances as they change, and the sums of each day.

One transaction a batch, and one keeper at a time: at every moment a day's facts are the sums of the balances
that are kept, and a claim's balances are what it says itself, unless it is marked.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, Max, Min, QuerySet, Value, When

from claims import bulk
from claims.models import Claim
from rcm_site.alone import is_alone

from ..facts.measures import AGES, BUCKETS
from ..models import ChangedClaim, ClaimBalance, FactState
from ..periods import DAY, Period
from .standings import SUMS
from .timelines import GREATEST, LEAST, timelines

KEEPER_LOCK = 7_263_004
# On SQLite nobody else writes meanwhile.
CLAIMS_AT_ONCE = {"postgresql": 30_000, "sqlite": 2_000}
DAYS_AT_ONCE = {"postgresql": 100, "sqlite": 25}
KEPT_DAYS = timedelta(days=800)  # a trend over a year, and the same a year before

_DAY = {"postgresql": "DATE '{}'", "sqlite": "'{}'"}
_PLUS = {"postgresql": "({day} + {days})", "sqlite": "date({day}, ({days}) || ' days')"}
# The days of a level, without looking at all days for each where the database can count.
_EACH_DAY = {
    "postgresql": """
        CROSS JOIN LATERAL (SELECT begins + n AS day FROM generate_series(0, ends - begins - 1) AS n) AS days
    """,
    "sqlite": "JOIN days ON days.day >= begins AND days.day < ends",
}

# A balance is of one age after the other: each of these spans, within the days that are kept, begins and ends
# on a day. What changes on a day adds up to how it stands, and stands until the next change.
_ADD_UP = """
INSERT INTO analytics_agingfact (day, payer_id, department_id, age, {sums})
WITH RECURSIVE balances AS ({balances}),
ages (age, youngest, oldest) AS (VALUES {ages}),
aged AS (
    SELECT balances.*, age, {greatest}(since, {youngest}, {start}) AS begins,
        {least}(until, CASE WHEN oldest IS NULL THEN until ELSE {oldest} END, {after}) AS ends
    FROM balances CROSS JOIN ages
),
spans AS (
    SELECT payer_id, department_id, age, begins, ends,
        CASE WHEN balance > 0 THEN sign ELSE 0 END AS owed_claims,
        CASE WHEN balance > 0 THEN sign * balance ELSE 0 END AS owed,
        CASE WHEN balance > 0 THEN sign * net ELSE 0 END AS owed_net,
        CASE WHEN balance < 0 THEN sign ELSE 0 END AS credit_claims,
        CASE WHEN balance < 0 THEN sign * balance ELSE 0 END AS credits
    FROM aged WHERE begins < ends
),
changes AS (
    SELECT payer_id, department_id, age, day, {totals} FROM (
        SELECT payer_id, department_id, age, begins AS day, {sums} FROM spans
        UNION ALL SELECT payer_id, department_id, age, ends, {negated} FROM spans
    ) AS changed GROUP BY payer_id, department_id, age, day HAVING {some_total}
),
levels AS (
    SELECT payer_id, department_id, age, day AS begins, coalesce(lead(day) OVER so_far, {after}) AS ends,
        {levels}
    FROM changes WINDOW so_far AS (PARTITION BY payer_id, department_id, age ORDER BY day)
),
days (day) AS (SELECT {start} UNION ALL SELECT {next_day} FROM days WHERE day < {end})
SELECT days.day, payer_id, department_id, age, {sums} FROM levels {each_day} WHERE {some}
ON CONFLICT (day, coalesce(payer_id, 0), coalesce(department_id, 0), age) DO UPDATE SET {added}
"""


def begin() -> None:
    """Keep the balances of all claims where none are kept yet, without asking which of them are marked."""
    with transaction.atomic():
        if is_alone(KEEPER_LOCK) and not (ClaimBalance.objects.exists() or _days_kept()):
            ChangedClaim.objects.all().delete()  # first: what is marked from here on is looked at again
            _insert(Claim.objects.exclude(status=Claim.Status.VOID))


def renew_balances(most: int = 0) -> int:
    """Look at marked claims again; how many there were, or 0 when somebody else is at it."""
    with transaction.atomic():
        if not is_alone(KEEPER_LOCK):
            return 0
        most = most or CLAIMS_AT_ONCE[connection.vendor]
        marks = dict(ChangedClaim.objects.order_by("pk").values_list("pk", "claim_id")[:most])
        claims = sorted(set(marks.values()))
        if claims:
            _renew(claims)
            bulk.delete(ChangedClaim, marks)
        return len(claims)


def keep_days(until: date, most: int = 0) -> int:
    """Add up days until this one that are not kept yet, newest first; how many there were."""
    with transaction.atomic():
        if not is_alone(KEEPER_LOCK):
            return 0
        first = Claim.objects.aggregate(first=Min("submitted_on"))["first"]
        if first is None or first > until:
            return 0
        state, _ = FactState.objects.get_or_create(pk=1)
        wanted = Period(max(first, until - KEPT_DAYS), until)
        missing = _missing(state, wanted, most or DAYS_AT_ONCE[connection.vendor])
        if missing is None:
            return 0
        _add_up(missing, ClaimBalance.objects.filter(since__lte=missing.end, until__gt=missing.start))
        FactState.objects.filter(pk=1).update(
            kept_from=min(state.kept_from or missing.start, missing.start),
            kept_until=max(state.kept_until or missing.end, missing.end),
        )
        return missing.days


def _missing(state: FactState, wanted: Period, most: int) -> Period | None:
    """Days next to those that are kept, so that they stay one span."""
    start, end = state.kept_from, state.kept_until
    if start is None or end is None:
        return Period(max(wanted.start, wanted.end - (most - 1) * DAY), wanted.end)
    if end < wanted.end:
        return Period(end + DAY, min(wanted.end, end + most * DAY))
    if start > wanted.start:
        return Period(max(wanted.start, start - most * DAY), start - DAY)
    return None


def _renew(claims: list[uuid.UUID]) -> None:
    """Put these claims' balances as they are now in place of those that are kept, and into the days' sums."""
    newest = ClaimBalance.objects.aggregate(newest=Max("pk"))["newest"] or 0
    ids = bulk.listed("uuid", claims)
    _insert(Claim.objects.filter(pk__in=ids).exclude(status=Claim.Status.VOID))
    rows = ClaimBalance.objects.filter(claim_id__in=ids)
    if days := _days_kept():
        _add_up(days, rows, newest)
    rows.filter(pk__lte=newest).delete()


def _days_kept() -> Period | None:
    kept = FactState.objects.filter(pk=1).values_list("kept_from", "kept_until").first()
    start, end = kept or (None, None)
    return Period(start, end) if start and end else None


def _insert(claims: QuerySet[Claim]) -> None:
    told = timelines(claims, {"payer": "payer_id", "department": "department_id"})
    if told is None:
        return
    _execute(
        "INSERT INTO analytics_claimbalance"  # noqa: S608 - names of our own
        " (claim_id, payer_id, department_id, submitted_on, since, until, balance, net)"
        " SELECT of_claim, key_payer, key_department, submitted, since, until, balance, net"
        f" FROM ({told[0]}) AS told",
        told[1],
    )


def _add_up(days: Period, balances: QuerySet[ClaimBalance], newest_before: int = 0) -> None:
    """Add balances to the sums of these days; those that were there before are taken out of them."""
    sign = Case(When(pk__gt=newest_before, then=Value(1)), default=Value(-1))
    names = ("payer_id", "department_id", "submitted_on", "since", "until", "balance", "net")
    sql, values = balances.order_by().values(*names, sign=sign).query.sql_with_params()
    vendor = connection.vendor
    day, plus = _DAY[vendor], _PLUS[vendor]
    ages = (AGES[bucket] for bucket in BUCKETS)
    statement = _ADD_UP.format(
        balances=sql,
        ages=", ".join(f"({n}, {first}, {last or 'NULL'})" for n, (first, last) in enumerate(ages)),
        greatest=GREATEST[vendor],
        least=LEAST[vendor],
        youngest=plus.format(day="submitted_on", days="youngest"),
        oldest=plus.format(day="submitted_on", days="oldest + 1"),
        each_day=_EACH_DAY[vendor],
        next_day=plus.format(day="day", days="1"),
        start=day.format(days.start),
        end=day.format(days.end),
        after=day.format(days.end + DAY),
        sums=", ".join(SUMS),
        negated=", ".join(f"-{name}" for name in SUMS),
        totals=", ".join(f"sum({name}) AS {name}" for name in SUMS),
        levels=", ".join(f"sum({name}) OVER so_far AS {name}" for name in SUMS),
        some_total=" OR ".join(f"sum({name}) <> 0" for name in SUMS),
        some=" OR ".join(f"{name} <> 0" for name in SUMS),
        added=", ".join(f"{name} = analytics_agingfact.{name} + excluded.{name}" for name in SUMS),
    )
    _execute(statement, values)


def _execute(sql: str, values: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
