"""Books payers' answers on their claims: many at once, each claim's row held until the transaction ends."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Max

from .. import bulk
from ..fields import encrypt
from ..models import Claim, ClaimEvent, ClaimPayment, PayBack
from ..money import cents
from .decisions import Decision, Effect, Standing, apply

T = TypeVar("T")
_BATCH = 900  # values of one statement, which SQLite limits

_AMOUNTS = ("charge", "paid", "adjusted", "written_off", "patient_share", "allowed")
_LOADED = (
    "id",
    "status",
    *_AMOUNTS,
    "payer_claim_number",
    "decided_on",
    "paid_on",
    "first_decision",
    "first_decided_on",
    "denial_category",
)
# What an answer can change, with the type that PostgreSQL is told.
_CHANGED = {
    "status": "text",
    "paid": "bigint",
    "adjusted": "bigint",
    "written_off": "bigint",
    "patient_share": "bigint",
    "allowed": "bigint",
    "payer_claim_number": "text",
    "decided_on": "date",
    "paid_on": "date",
    "first_decision": "text",
    "first_decided_on": "date",
    "denial_category": "text",
}
EVENT_COLUMNS = (
    "claim_id",
    "at",
    "actor_id",
    "action",
    "from_status",
    "to_status",
    "note",
    "is_error",
    "source_id",
    "place",
)


@dataclass(frozen=True, slots=True)
class Hand:
    """A person who books a payment, where it was not a file alone."""

    actor_id: int
    note: str = ""


def settle(
    pairs: Sequence[tuple[Decision, uuid.UUID]], now: datetime, by: Hand | None = None
) -> dict[int, Effect]:
    """Apply answers to claims in this order; what each did, by payment."""
    if not pairs:
        return {}
    standings = _hold({claim_id for _, claim_id in pairs})
    effects: dict[int, Effect] = {}
    events: list[tuple[Any, ...]] = []
    note = encrypt(by.note) if by and by.note else ""
    for decision, claim_id in pairs:
        effect = effects[decision.payment_id] = apply(decision, standings[claim_id])
        action = f"{effect.action}: {effect.doubt}" if effect.doubt else effect.action
        who = by.actor_id if by else None
        told = (claim_id, now, who, action, effect.before, effect.after)
        events.append((*told, note, False, decision.source_id, decision.place))
    _save(standings.values())
    _replace([row for each in standings.values() for row in each.replaced])
    bulk.insert(ClaimEvent, EVENT_COLUMNS, events)
    return effects


def in_batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]


def _hold(ids: set[uuid.UUID]) -> dict[uuid.UUID, Standing]:
    """The claims as they are now, locked in one order, so that two workers never wait for each other."""
    standings: dict[uuid.UUID, Standing] = {}
    for batch in in_batches(sorted(ids)):
        rows = Claim.objects.select_for_update(no_key=True).filter(pk__in=batch).order_by("pk")
        for row in rows.values_list(*_LOADED):
            amounts = (None if amount is None else cents(amount) for amount in row[2:8])
            standings[row[0]] = Standing(row[0], row[1], *amounts, *row[8:])  # type: ignore[arg-type]
    _know_what_came_before(standings)
    return standings


def _know_what_came_before(standings: dict[uuid.UUID, Standing]) -> None:
    answered = [each.id for each in standings.values() if each.paid or each.status != Claim.Status.SUBMITTED]
    for batch in in_batches(answered):
        days = ClaimPayment.objects.filter(claim__in=batch, state=ClaimPayment.State.POSTED, pay_back=None)
        for claim_id, day in days.values_list("claim").annotate(Max("paid_on")).order_by():
            standings[claim_id].answered_on = day
        know_pay_backs(standings, batch)


def know_pay_backs(standings: dict[uuid.UUID, Standing], ids: Sequence[uuid.UUID]) -> None:
    """What somebody wrote down as paid back to the payer: what it takes back may be the same money."""
    booked = PayBack.objects.filter(claim__in=ids, payment__state=ClaimPayment.State.POSTED)
    rows = booked.filter(to=PayBack.To.PAYER).order_by("pk")
    for claim_id, way, payment, amount in rows.values_list("claim", "way", "payment", "amount"):
        if way == PayBack.Way.OFFSET:
            standings[claim_id].offsets[payment] = cents(amount)
        else:
            standings[claim_id].sent_back += cents(amount)


def _replace(rows: list[int]) -> None:
    """These count no longer: the payer's own answer does."""
    if rows:
        ClaimPayment.objects.filter(pk__in=rows).update(
            state=ClaimPayment.State.NOTED, posted_at=None, reason="The payer’s own answer says it since."
        )


def _save(standings: Any) -> None:
    rows = [(*(getattr(each, name) for name in _CHANGED), each.id) for each in standings]
    if connection.vendor == "postgresql":
        _save_at_once(rows)
        return
    table, quote = Claim._meta.db_table, connection.ops.quote_name
    assignments = ", ".join(f"{quote(name)} = %s" for name in _CHANGED)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(table)} SET {assignments} WHERE id = %s",  # noqa: S608 - names of our own
            [tuple(map(_plain, row)) for row in rows],
        )


def _save_at_once(rows: list[tuple[Any, ...]]) -> None:
    table = connection.ops.quote_name(Claim._meta.db_table)
    assignments = ", ".join(f"{name} = new.{name}" for name in _CHANGED)
    arrays = ", ".join(f"%s::{kind}[]" for kind in (*_CHANGED.values(), "uuid"))
    names = ", ".join((*_CHANGED, "id"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS claim SET {assignments}"  # noqa: S608 - names of our own
            f" FROM unnest({arrays}) AS new ({names}) WHERE claim.id = new.id",
            [list(column) for column in zip(*rows, strict=True)],
        )


def _plain(value: Any) -> Any:
    """As Django's own fields write it on SQLite."""
    if isinstance(value, uuid.UUID):
        return value.hex
    return value.isoformat() if isinstance(value, date) else value
