"""When what a claim is to bring changed, and what it was from each day on: the claims' past in one go.

It tells of every day what `balances` tells of one, from the same rows: a day of submission, of a payment, of
being settled or given up is where a claim's balance changes, and between two of them it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, DateField, F, Q, QuerySet, Value, When

from claims.models import Adjustment, Claim, ClaimPayment
from claims.models.claims import OPEN

from ..facts.measures import BEGINNING, is_contractual, left_by_contract
from ..facts.parts import Sql
from ..facts.sources import POSTED
from .balances import given_up_on

Status = Claim.Status

FOREVER = date(9999, 12, 31)
LEAST = {"postgresql": "least", "sqlite": "min"}
GREATEST = {"postgresql": "greatest", "sqlite": "max"}

# Everything from a claim's day of submission on, in the order of its days: what was paid later leaves out
# what came on the day itself. A claim on which a payer had paid is settled, unless it is open again; so
# is one that it had decided to pay and had left to the patient.
_TIMELINES = """
WITH chosen AS ({claims}),
booked AS (
    SELECT of_claim, payment, {greatest}(day, submitted) AS day, amount, share * was_to_pay AS share
    FROM chosen JOIN ({payments}) AS payments ON paid_claim = of_claim
),
moves AS (
    SELECT of_claim, submitted AS day, 0 AS paid, 0 AS adjusted, 0 AS shared FROM chosen
    UNION ALL
    SELECT of_claim, open_until, 0, 0, 0 FROM chosen WHERE open_until > submitted AND open_until < %s
    UNION ALL SELECT of_claim, day, amount, 0, share FROM booked WHERE amount <> 0 OR share <> 0
    UNION ALL SELECT of_claim, day, 0, taken_off, 0
    FROM booked JOIN ({adjustments}) AS adjustments ON adjusted_payment = payment
),
points AS (
    SELECT of_claim, day, CAST(sum(paid) AS bigint) AS paid, CAST(sum(adjusted) AS bigint) AS adjusted,
        CAST(sum(shared) AS bigint) AS shared
    FROM moves GROUP BY of_claim, day
),
runs AS (
    SELECT chosen.*, day AS since, coalesce(lag(day) OVER later, %s) AS until,
        CAST(sum(paid) OVER later AS bigint) - paid AS paid_later,
        CAST(sum(adjusted) OVER later AS bigint) - adjusted AS adjusted_later,
        sum(shared) OVER later - shared AS shared_later,
        sum(shared) OVER (PARTITION BY points.of_claim) AS shared_in_all
    FROM points JOIN chosen ON chosen.of_claim = points.of_claim
    WINDOW later AS (PARTITION BY points.of_claim ORDER BY day DESC)
),
stands AS (
    SELECT runs.*, paid_now - paid_later AS paid_then, adjusted_now - adjusted_later AS adjusted_then,
        shared_in_all - shared_later AS shared_then,
        CASE WHEN since < given_up_from THEN 0 ELSE given_up_now END AS given_up
    FROM runs
),
balances AS (
    SELECT stands.*, charged - paid_then - adjusted_then - given_up AS balance,
        {greatest}(due - paid_then - given_up, 0) AS to_come,
        since < open_until AND NOT (paid_then > 0 AND (is_paid = 1 OR paid_later < 0))
            AND NOT (shared_then > 0 AND (is_paid = 1 OR shared_later < 0)) AS is_open
    FROM stands
)
SELECT of_claim, {keys}submitted, since, until, balance, {least}(balance, to_come) AS net
FROM balances WHERE balance < 0 OR (balance > 0 AND is_open)
"""


def timelines(claims: QuerySet[Claim], keys: Mapping[str, str]) -> Sql | None:
    """Each claim's balances with the days from when and until when, and what else to tell of it, by path."""
    named = {f"key_{name}": F(path) for name, path in keys.items()}
    try:
        chosen = claims.order_by().values(**_known(), **named).query.sql_with_params()
    except EmptyResultSet:
        return None
    payments, adjustments = (rows.query.sql_with_params() for rows in (_payments(), _adjustments()))
    statement = _TIMELINES.format(
        claims=chosen[0],
        payments=payments[0],
        adjustments=adjustments[0],
        keys="".join(f"{name}, " for name in named),
        greatest=GREATEST[connection.vendor],
        least=LEAST[connection.vendor],
    )
    return statement, (*chosen[1], *payments[1], FOREVER, *adjustments[1], FOREVER)


def _known() -> dict[str, Any]:
    given_up = given_up_on()
    open_until = Case(
        When(status__in=OPEN, then=Value(FOREVER)),
        When(status=Status.PAID, paid_on__isnull=False, then="paid_on"),
        When(status=Status.WRITTEN_OFF, then=given_up),
        default=Value(BEGINNING),
        output_field=DateField(),
    )
    return {
        "of_claim": F("pk"),
        "submitted": F("submitted_on"),
        "charged": F("charge"),
        "paid_now": F("paid"),
        "adjusted_now": F("adjusted"),
        "given_up_now": F("written_off"),
        "given_up_from": given_up,
        "due": left_by_contract(""),
        "open_until": open_until,
        "is_paid": Case(When(status=Status.PAID, then=Value(1)), default=Value(0)),
        "was_to_pay": Case(When(first_decision=Claim.Decision.PAID, then=Value(1)), default=Value(0)),
    }


def _payments() -> QuerySet[Any]:
    dated = ClaimPayment.objects.filter(state=POSTED, paid_on__isnull=False).order_by()
    names = {"payment": "pk", "paid_claim": "claim_id", "day": "paid_on", "amount": "paid"}
    return dated.values(**{name: F(path) for name, path in names.items()}, share=F("patient_share"))


def _adjustments() -> QuerySet[Any]:
    rows = Adjustment.objects.filter(is_contractual(""), ~Q(amount=0)).order_by()
    return rows.values(adjusted_payment=F("payment_id"), taken_off=F("amount"))
