"""What claims are expected to bring, filled in from their payers' fee schedules, as far as these price them.

The schedule goes before what a file said; what somebody types over it later stays. Where a schedule no longer
prices a claim, what the claim said itself comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from ..models import Claim, ContractChange, Expectation, FeeSchedule, Payer, Shortfall
from ..models.claims import UNDERPAID
from ..money import cents
from .schedules import note_change, prices
from .shortfalls import AT_ONCE, in_batches, split

# A further payer owes what the first has left, not what its contract says of the service.
FURTHER_PAYERS = ("S", "T")


@dataclass(slots=True)
class Held:
    """A claim as it is, and what it says of its expected amount."""

    id: UUID
    payer: int | None
    is_further: bool
    day: date | None
    expected: Decimal | None
    filled: Decimal | None  # by the schedule before
    stated: Decimal | None

    @property
    def is_typed_over(self) -> bool:
        return self.filled is not None and self.filled != self.expected

    @property
    def own(self) -> Decimal | None:
        return self.expected if self.filled is None else self.stated


def expect(ids: Iterable[UUID]) -> None:
    """Hold these claims against their payers' fee schedules, and then against what was paid on them."""
    for batch in in_batches(list(ids)):
        if concerned := _concerned(batch):
            with transaction.atomic():
                _fill(_held(concerned))
                split(concerned)


def _concerned(ids: Sequence[UUID]) -> list[UUID]:
    """Those that a schedule prices, or that are short of something; of most claims that come in, none."""
    has_fees = Exists(FeeSchedule.objects.filter(payer=OuterRef("payer")))
    has_been_filled = Exists(Expectation.objects.filter(claim=OuterRef("pk")))
    was_short = Exists(Shortfall.objects.filter(claim=OuterRef("pk")))
    asked = Q(has_fees) | Q(has_been_filled) | UNDERPAID | Q(was_short)
    return list(Claim.objects.filter(asked, pk__in=ids).order_by("pk").values_list("pk", flat=True))


def _held(ids: Sequence[UUID]) -> list[Held]:
    """As they are now, locked in one order, as for payers' answers."""
    claims = Claim.objects.filter(pk__in=ids).order_by("pk")
    rows = list(
        claims.select_for_update(no_key=True, of=("self",)).values_list(
            "pk", "payer", "responsibility", "service_from", "expected"
        )
    )
    filled = {
        pk: (amount, stated)
        for pk, amount, stated in Expectation.objects.filter(claim__in=[row[0] for row in rows]).values_list(
            "claim", "amount", "stated"
        )
    }
    return [
        Held(pk, payer, turn in FURTHER_PAYERS, day, expected, *filled.get(pk, (None, None)))
        for pk, payer, turn, day, expected in rows
    ]


def _fill(claims: Sequence[Held]) -> None:
    priced = [each for each in claims if not each.is_typed_over]
    asked = [(each.id, each.payer, each.day) for each in priced if each.payer and not each.is_further]
    known = prices(asked)
    changed: list[tuple[UUID, Decimal | None]] = []
    kept: list[Expectation] = []
    gone: list[UUID] = []
    for each in priced:
        amount = _whole(known.get(each.id, {}))
        wanted = each.own if amount is None else amount
        if wanted != each.expected:
            changed.append((each.id, wanted))
        if amount is None and each.filled is not None:
            gone.append(each.id)
        elif amount is not None and amount != each.filled:
            kept.append(Expectation(claim_id=each.id, amount=amount, stated=each.own))
    _write(changed)
    Expectation.objects.filter(claim__in=gone).delete()
    Expectation.objects.bulk_create(
        kept, update_conflicts=True, unique_fields=["claim"], update_fields=["amount", "stated"]
    )


def _whole(lines: dict[int, Decimal | None]) -> Decimal | None:
    """A claim is priced when all of its lines are."""
    amounts = [amount for amount in lines.values() if amount is not None]
    return sum(amounts, Decimal(0)) if amounts and len(amounts) == len(lines) else None


def _write(changed: Sequence[tuple[UUID, Decimal | None]]) -> None:
    if not changed:
        return
    table = connection.ops.quote_name(Claim._meta.db_table)
    rows = [(None if amount is None else cents(amount), pk) for pk, amount in changed]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"UPDATE {table} AS claim SET expected = new.expected"  # noqa: S608 - our own names
                " FROM unnest(%s::bigint[], %s::uuid[]) AS new (expected, id) WHERE claim.id = new.id",
                [list(column) for column in zip(*rows, strict=True)],
            )
        else:
            statement = f"UPDATE {table} SET expected = %s WHERE id = %s"  # noqa: S608 - our own names
            cursor.executemany(statement, [(amount, pk.hex) for amount, pk in rows])


# A schedule changed ----------------------------------------------------------------------------------


def catch_up(most: int) -> int:
    """Hold claims of payers whose schedules changed against them, until so many are done; how many were.

    What is done is kept batch by batch: whoever comes after a worker that was stopped goes on from there.
    """
    done = 0
    while done < most and (count := _one_batch()) is not None:
        done += count
    return done


@transaction.atomic
def _one_batch() -> int | None:
    """One worker at a change: another takes the next one, or nothing."""
    change = ContractChange.objects.select_for_update(skip_locked=True).order_by("id").first()
    if change is None:
        return None
    batch = _next(change)
    expect(batch)
    if len(batch) < AT_ONCE:
        change.delete()
    else:
        change.reached = batch[-1]
        change.save(update_fields=["reached"])
    return len(batch)


def _next(change: ContractChange) -> list[UUID]:
    claims = Claim.objects.filter(payer=change.payer_id).order_by("pk")
    if change.reached:
        claims = claims.filter(pk__gt=change.reached)
    return list(claims.values_list("pk", flat=True)[:AT_ONCE])


def look_at_everything() -> None:
    """Have all claims held against all schedules: what went past us once is put right."""
    note_change(Payer.objects.all())
    expect(Claim.objects.filter(UNDERPAID, payer=None).values_list("pk", flat=True))
