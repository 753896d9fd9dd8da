"""Keeps what each claim at work is worth: marked claims within seconds, all of them once a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from rcm_site.alone import is_alone

from .. import bulk
from ..models import Claim, CollectingRate, OpenWork, WorkMark
from ..models.claims import CREDIT, OWED, UNDERPAID
from . import chances
from .valuing import value_claims

# Any number will do, as long as everybody who values claims asks for the same one.
VALUER_LOCK = 7_263_005
AT_ONCE = 2_000  # claims, whose rows nobody else can take meanwhile


def refresh(today: date | None = None) -> int:
    """Begin the day if nobody has, then value the claims that were marked first; how many."""
    today = today or timezone.localdate()
    if _has_begun(today) and not WorkMark.objects.exists():
        return 0
    with transaction.atomic():
        if not is_alone(VALUER_LOCK):
            return 0
        begin_day(today)
        marks = dict(WorkMark.objects.order_by("pk").values_list("pk", "claim_id")[:AT_ONCE])
        value_claims(set(marks.values()), today)
        bulk.delete(WorkMark, marks)
        return len(marks)


def settle() -> None:
    """All of it at once, for a site that nobody works with yet."""
    while refresh():
        pass


def _has_begun(today: date) -> bool:
    return CollectingRate.objects.filter(reckoned_on=today).exists()


def begin_day(today: date) -> None:
    """With the day chances and deadlines change, and what no mark told of is found."""
    if _has_begun(today):
        return
    chances.reckon(today)
    table = connection.ops.quote_name(WorkMark._meta.db_table)
    sql, values = _claims_of_the_day().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} (claim_id) {sql}", values)


def _claims_of_the_day() -> QuerySet[Any, Any]:
    """What is owed is worth something else each day; of the rest whatever no mark told of."""
    of_owed = OpenWork.objects.filter(at_stake=OpenWork.AtStake.OWED)
    of_paid = OpenWork.objects.exclude(at_stake=OpenWork.AtStake.OWED)
    no_longer_paid = of_paid.exclude(claim__status=Claim.Status.PAID)
    not_valued = Claim.objects.filter(OWED | UNDERPAID | CREDIT, work=None)
    ids = [rows.order_by().values("pk") for rows in (of_owed, no_longer_paid, not_valued)]
    return ids[0].union(*ids[1:], all=True).order_by("pk")
