"""Keeps what each claim at work is worth: marked claims within seconds, all of them once a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from ..models import Claim, CollectingRate, OpenWork, WorkMark
from ..models.claims import CREDIT, OWED, UNDERPAID
from . import chances
from .valuing import value_claims

# Any number will do, as long as everybody who values claims asks for the same one.
VALUER_LOCK = 7_263_005
AT_ONCE = 1_000  # claims, whose rows nobody else can take meanwhile


def refresh(today: date | None = None) -> int:
    """Begin the day if nobody has, then value the claims that were marked first; how many."""
    today = today or timezone.localdate()
    if _has_begun(today) and not WorkMark.objects.exists():
        return 0
    with transaction.atomic():
        if not _is_alone():
            return 0
        _begin_day(today)
        marks = list(WorkMark.objects.order_by("pk").values_list("pk", "claim_id")[:AT_ONCE])
        value_claims({claim for _, claim in marks}, today)
        WorkMark.objects.filter(pk__in=[pk for pk, _ in marks]).delete()
        return len(marks)


def settle() -> None:
    """All of it at once, for a site that nobody works with yet."""
    while refresh():
        pass


def _has_begun(today: date) -> bool:
    return CollectingRate.objects.filter(reckoned_on=today).exists()


def _begin_day(today: date) -> None:
    """With the day chances and deadlines change, and what no mark told of is found."""
    if _has_begun(today):
        return
    chances.reckon(today)
    table = connection.ops.quote_name(WorkMark._meta.db_table)
    sql, values = _claims_of_the_day().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} (claim_id) {sql}", values)


def _claims_of_the_day() -> QuerySet[Claim, Any]:
    """What is owed is worth something else each day; of the rest whatever no mark told of."""
    owed, of_owed = Claim.objects.filter(OWED), Claim.objects.filter(work__at_stake=OpenWork.AtStake.OWED)
    paid = Claim.objects.filter(UNDERPAID | CREDIT, work=None)
    closed = Claim.objects.filter(work__isnull=False).exclude(status=Claim.Status.PAID)
    ids = [claims.order_by().values("pk") for claims in (owed, of_owed, paid, closed)]
    return ids[0].union(*ids[1:])


def _is_alone() -> bool:
    """On SQLite writers take turns anyway."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [VALUER_LOCK])
        return bool(cursor.fetchone()[0])
