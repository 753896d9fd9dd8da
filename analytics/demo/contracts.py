"""The demo's fee schedules: what each payer agreed to, and the claims held against that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import connection

from claims.contracts.shortfalls import AT_ONCE, split
from claims.models import Claim, Expectation, FeeSchedule
from claims.models.claims import UNDERPAID

from .bills import agreed
from .care import WARDS, Kind
from .payers import PAYERS

_EXPECTED = """
INSERT INTO {expectation} (claim_id, amount, stated) SELECT id, expected, NULL FROM {claim}
"""


def make_schedules(payers: Sequence[int], first_day: date) -> None:
    """One row a procedure of whoever pays for its kind, from the year in which the demo begins."""
    FeeSchedule.objects.bulk_create(
        [
            FeeSchedule(
                payer_id=payer,
                procedure=procedure,
                valid_from=date(first_day.year, 1, 1),
                amount=Decimal(cents).scaleb(-2),
            )
            for payer, habit in zip(payers, PAYERS, strict=True)
            for procedure, cents in {
                service.procedure: agreed(service, habit)
                for ward in WARDS
                if (ward.kind == Kind.DENTAL) == habit.is_dental
                for service in ward.services
            }.items()
        ],
        batch_size=500,
    )


def hold_against_schedules() -> None:
    """Claims were made with the amounts of the schedules: say so, and where payers fell short of them."""
    quote = connection.ops.quote_name
    names = {"expectation": quote(Expectation._meta.db_table), "claim": quote(Claim._meta.db_table)}
    with connection.cursor() as cursor:
        cursor.execute(_EXPECTED.format(**names))
    short = list(Claim.objects.filter(UNDERPAID).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(short), AT_ONCE):
        split(short[start : start + AT_ONCE])
