"""Ids of rows that name one another before they are written, and ids that come out the same every time."""

from __future__ import annotations

from random import Random

from django.db import connection, models

from claims.answers.payment_rows import next_ids


def reserve(model: type[models.Model], count: int) -> int:
    """The first of so many ids that nobody else is given. Gaps among them do no harm."""
    first = next_ids(model, 1)[0]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, first + count]
            )
    return first


def id_at(moment: int, rng: Random) -> str:
    """A UUID of version 7, as both databases read it, that chance and clock have no part in."""
    chance = rng.getrandbits(74)
    low = chance & ((1 << 62) - 1) | 1 << 63
    return f"{moment * 1000:012x}7{chance >> 62:03x}{low:016x}"
