"""How things stood at the end of past days, as a table for a statement to add up.

What is kept says it for whole days (`AgingFact`), or claim by claim (`ClaimBalance`) for days that are not
kept and for questions that go further than payers and departments. Neither knows what has happened to the
claims marked since: of these, what is kept is taken out and what they say themselves put in. Whether there
are such claims, and which days are kept, is only known in the statement that asks: so it asks in the belief
that there are none and that all are, says at the same time how it is, and is asked again if that was wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from claims.models import Claim

from ..facts.measures import AGES, BUCKETS, Measure
from ..facts.parts import Sql, as_day
from ..models import AgingFact, ChangedClaim, ClaimBalance
from ..periods import DAY, Period
from ..scopes import Scope
from .balances import claims_then, counted_then
from .timelines import timelines

KEPT_KEYS = {"payer", "department"}
SUMS = ("owed_claims", "owed", "owed_net", "credit_claims", "credits")
YOUNGEST = {place: AGES[bucket][0] for place, bucket in enumerate(BUCKETS)}

# What a statement says of the belief that it was asked in: see `Standings.corrected`.
_SEEN = """
SELECT (
        SELECT count(*) FROM (
            SELECT id FROM analytics_changedclaim WHERE since <= %s ORDER BY id LIMIT 1
        ) AS marks
    ) AS changed,
    (SELECT kept_from FROM analytics_factstate WHERE id = 1) AS kept_from,
    (SELECT kept_until FROM analytics_factstate WHERE id = 1) AS kept_until
"""
_BY_DAY = """
SELECT days.day AS as_of,
    CASE WHEN submitted >= days.age_1 THEN 0 WHEN submitted >= days.age_2 THEN 1
        WHEN submitted >= days.age_3 THEN 2 WHEN submitted >= days.age_4 THEN 3 ELSE 4 END AS age, {keys}
    CASE WHEN balance > 0 THEN {sign} ELSE 0 END AS owed_claims,
    CASE WHEN balance > 0 THEN {sign} * balance ELSE 0 END AS owed,
    CASE WHEN balance > 0 THEN {sign} * net ELSE 0 END AS owed_net,
    CASE WHEN balance < 0 THEN {sign} ELSE 0 END AS credit_claims,
    CASE WHEN balance < 0 THEN {sign} * balance ELSE 0 END AS credits
FROM ({rows}) AS balances JOIN ({days}) AS days ON days.day >= since AND {until}
"""
# One pass over the balances: looked up by the index on their ends, most of them are read again for each day.
_UNTIL = {"postgresql": "days.day <= until - 1", "sqlite": "days.day < until"}


@dataclass(frozen=True)
class Standings:
    """A question about past days, and what is believed of them."""

    scope: Scope
    days: tuple[date, ...]
    keys: Mapping[str, str] = field(default_factory=dict)  # to split by, with the path from a claim
    not_kept: frozenset[date] = frozenset()
    some_changed: bool = False

    def seen(self) -> Sql:
        return _SEEN, (max(self.days),)

    def corrected(self, seen: tuple[Any, ...]) -> Standings | None:
        """The question to ask instead, should this one have been asked in a wrong belief."""
        changed, start, end = seen
        missing = {day for day in self._from_facts if not start or not as_day(start) <= day <= as_day(end)}
        if not missing and (self.some_changed or not changed):
            return None
        not_kept = self.not_kept | missing
        return replace(self, not_kept=not_kept, some_changed=self.some_changed or bool(changed))

    def parts(self) -> list[Sql]:
        """Tables of `as_of`, `age` (a place in `BUCKETS`), the keys and `SUMS`, which together say it all."""
        try:
            return self._parts()
        except EmptyResultSet:  # of a scope without a single department
            return [self._nothing()]

    def _parts(self) -> list[Sql]:
        whole = self._from_facts
        by_claim = [day for day in self.days if day not in whole]
        parts = []
        if whole:
            parts.append(self._facts(whole))
        if by_claim:
            parts.append(self._by_day(self._kept_balances(self._unchanged(), by_claim), by_claim))
        if self.some_changed:
            if whole:
                parts.append(self._by_day(self._kept_balances(self._changed(), whole), whole, sign=-1))
            if live := timelines(self._changed_claims(), self.keys):
                parts.append(self._by_day(live, list(self.days)))
        return parts

    @property
    def are_all_kept(self) -> bool:
        """Whether nothing is to be read claim by claim."""
        return not self.some_changed and self._from_facts == [*self.days]

    @property
    def _from_facts(self) -> list[date]:
        if {*self.keys, *self.scope.asked} <= KEPT_KEYS:
            return [day for day in self.days if day not in self.not_kept]
        return []

    def _facts(self, days: list[date]) -> Sql:
        rows = AgingFact.objects.filter(self.scope.about_facts(), day__in=days).order_by()
        named = {f"key_{name}": F(path) for name, path in self.keys.items()}
        sums = {f"sum_{name}": F(name) for name in SUMS}
        sql, values = rows.values(as_of=F("day"), in_age=F("age"), **named, **sums).query.sql_with_params()
        told = ", ".join(f"sum_{name} AS {name}" for name in SUMS)
        keys = "".join(f"{name}, " for name in named)
        return f"SELECT as_of, in_age AS age, {keys}{told} FROM ({sql}) AS facts", tuple(values)  # noqa: S608

    def _nothing(self) -> Sql:
        keys = "".join(f", NULL AS key_{name}" for name in self.keys)
        sums = ", ".join(f"0 AS {name}" for name in SUMS)
        return f"SELECT CAST(NULL AS date) AS as_of, 0 AS age{keys}, {sums} WHERE 1 = 0", ()

    def _kept_balances(self, which: Q, days: list[date]) -> Sql:
        """As kept by claim for some of these days; beyond payer and department, as the claims have it."""
        is_beyond = bool(self.scope.asked - KEPT_KEYS)
        condition = self.scope.condition("claim__") if is_beyond else self.scope.about_facts()
        during = Q(since__lte=max(days), until__gt=min(days))
        rows = ClaimBalance.objects.filter(condition, which, during).order_by()
        named = {
            f"key_{name}": F(path if name in KEPT_KEYS else f"claim__{path}")
            for name, path in self.keys.items()
        }
        told = ("since", "until", "balance", "net")
        chosen = rows.values(submitted=F("submitted_on"), **named, **{f"of_{name}": F(name) for name in told})
        sql, values = chosen.query.sql_with_params()
        columns = ", ".join(("submitted", *named, *(f"of_{name} AS {name}" for name in told)))
        return f"SELECT {columns} FROM ({sql}) AS kept", tuple(values)  # noqa: S608 - names of our own

    def _marks(self) -> QuerySet[ChangedClaim]:
        return changed_until(max(self.days))

    def _changed(self) -> Q:
        return Q(claim_id__in=self._marks().values("claim_id"))

    def _unchanged(self) -> Q:
        if not self.some_changed:
            return Q()
        return ~Q(Exists(self._marks().filter(claim_id=OuterRef("claim_id"))))

    def _changed_claims(self) -> QuerySet[Claim]:
        changed = self._marks().values("claim_id")
        return self.scope.claims().filter(pk__in=changed, submitted_on__lte=max(self.days))

    def _by_day(self, rows: Sql, days: list[date], sign: int = 1) -> Sql:
        keys = "".join(f"key_{name}, " for name in self.keys)
        ends = [last for _, last in (AGES[bucket] for bucket in BUCKETS) if last]
        given = [(day, *(day - last * DAY for last in ends)) for day in days]
        first = "SELECT %s AS day, %s AS age_1, %s AS age_2, %s AS age_3, %s AS age_4"
        listed = " UNION ALL ".join([first, *["SELECT %s, %s, %s, %s, %s"] * (len(days) - 1)])
        statement = _BY_DAY.format(
            keys=keys, sign=sign, rows=rows[0], days=listed, until=_UNTIL[connection.vendor]
        )
        return statement, (*rows[1], *(value for each in given for value in each))


def changed_until(day: date) -> QuerySet[ChangedClaim]:
    """Marks of claims whose balance may have been another until this day."""
    return ChangedClaim.objects.filter(since__lte=day)


def column(measure: Measure) -> str:
    """What a measure of how things stand comes to in a row of `Standings.parts`."""
    if not measure.ages:
        return measure.kept_in
    first, last = measure.ages
    places = [
        place
        for place, (start, end) in enumerate(AGES[bucket] for bucket in BUCKETS)
        if start >= first and (last is None or (end is not None and end <= last))
    ]
    return f"CASE WHEN age IN ({', '.join(map(str, places))}) THEN {measure.kept_in} ELSE 0 END"


def claims_standing(measure: Measure, scope: Scope, period: Period) -> Iterator[QuerySet[Any, Any]]:
    """The ids of the claims that a measure counts at the end of a past day, as `Standings` adds them up."""
    day, span = period.end, measure.span(period)
    sign = {"balance__lt": 0} if measure.kept_in.startswith("credit") else {"balance__gt": 0}
    kept = ClaimBalance.objects.filter(
        ~Q(Exists(changed_until(day).filter(claim_id=OuterRef("claim_id")))),
        Q(since__lte=day, until__gt=day, submitted_on__gte=span.start, submitted_on__lte=span.end),
        **sign,
    )
    if scope.asked:
        kept = kept.filter(scope.condition("claim__"))
    then = claims_then(scope, day).filter(
        counted_then(measure, period), pk__in=changed_until(day).values("claim_id")
    )
    yield kept.values("claim_id")
    yield then.values("pk")
