"""Compares what is kept of past days with what the claims say: claim by claim, and then the sums of each day.

Each comparison is one statement, so that it sees claims, balances and sums of one moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from claims.models import Claim
from claims.money import dollars

from ..facts.differences import Difference
from ..facts.parts import together
from ..facts.reading import paths_to
from ..facts.refreshing import EVERYTHING
from ..models import ChangedClaim, ClaimBalance, FactState
from ..periods import Period, Step
from .standings import SUMS, Standings
from .timelines import timelines

_TOLD = ("payer_id", "department_id", "submitted_on", "since", "until", "balance", "net")
_KEYS = {name: path for name, path in paths_to("").items() if name in ("payer", "department")}


def differing_balances(month: Period) -> Iterator[Difference]:
    """Balances of claims that are not marked, against those that the claims have now."""
    within = Q(submitted_on__gte=month.start, submitted_on__lte=month.end)
    claims = Claim.objects.filter(within, ~_is_marked("pk")).exclude(status=Claim.Status.VOID)
    found = timelines(claims, _KEYS)
    assert found is not None  # noqa: S101 - it asks for nothing that cannot be
    kept = ClaimBalance.objects.filter(within, ~_is_marked("claim_id")).order_by()
    told, values = kept.values("claim_id", *_TOLD).query.sql_with_params()
    columns = ("of_claim", "key_payer", "key_department", "submitted", "since", "until", "balance", "net")
    named = ", ".join(columns)
    statement = (
        f"WITH told ({named}) AS ({told}) SELECT of_claim, since, until, balance, sum(n) FROM ("  # noqa: S608
        f"SELECT {named}, 1 AS n FROM told UNION ALL SELECT {named}, -1 FROM ({found[0]}) AS found"
        f") AS both_sides GROUP BY {named} HAVING sum(n) <> 0 ORDER BY of_claim, since"
    )
    for claim, since, until, cents, n in _answer(statement, (*values, *found[1])):
        amount, nothing = dollars(cents) or 0, dollars(0) or 0
        sides = (amount, nothing) if n > 0 else (nothing, amount)
        yield Difference("balance", {"claim": claim, "from": since, "until": until}, "balance", *sides)


def _is_marked(claim: str) -> Exists:
    return Exists(ChangedClaim.objects.filter(claim_id=OuterRef(claim)))


def differing_ages(month: Period) -> Iterator[Difference]:
    """The sums of each day, against the balances that are kept."""
    state = FactState.objects.filter(pk=1).first()
    if not state or not state.kept_from or not state.kept_until:
        return
    days = tuple(
        day.start for day in month.steps(Step.DAY) if state.kept_from <= day.start <= state.kept_until
    )
    if not days:
        return
    sides = (Standings(EVERYTHING, days, _KEYS), Standings(EVERYTHING, days, _KEYS, frozenset(days)))
    parts = [part for side in sides for part in side.parts()]
    keys = "as_of, age, key_payer, key_department"
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    both = together(
        [
            (f"SELECT {n} AS side, {keys}, {sums} FROM ({sql}) AS part GROUP BY {keys}", values)  # noqa: S608
            for n, (sql, values) in enumerate(parts)
        ]
    )
    found: dict[Any, dict[int, Any]] = defaultdict(dict)
    for side, *told in _answer(*both):
        found[tuple(told[:4])][side] = [int(each) for each in told[4:]]
    nothing = [0] * len(SUMS)
    for key in sorted(found, key=str):
        ours, theirs = found[key].get(0, nothing), found[key].get(1, nothing)
        for name, told, counted in zip(SUMS, ours, theirs, strict=True):
            if told != counted:
                named = dict(zip(("day", "age", "payer", "department"), key, strict=True))
                yield Difference("aging", named, name, *_amounts(name, told, counted))


def _amounts(name: str, *told: int) -> Any:
    return told if name.endswith("claims") else [dollars(each) or 0 for each in told]


def _answer(statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
