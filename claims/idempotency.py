"""Requests that name themselves (`Idempotency-Key`) and when sent again get their answer, no second effect.

The key is kept in the transaction of what was asked for, so that after a crash there are both or neither. Of
several that come at once one is answered, and the others are told that it is still at work.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User

from . import bulk
from .models import IdempotencyKey

KEPT = timedelta(days=7)
FORGOTTEN_AT_ONCE = 5_000
KEY = re.compile("[!-~]{1,200}")


class KeyRefused(Exception):
    """Why a request cannot go by this key."""


class BadKey(KeyRefused):
    """It is no name that a request can have."""


class KeyInUse(KeyRefused):
    """The first request of this name is still at work."""


class KeyOfAnother(KeyRefused):
    """The name was given to a request that asked for something else."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    is_replayed: bool = False


def once(user: User, key: str | None, asked: bytes, answer: Callable[[], Answer]) -> Answer:
    """Answer a request in one transaction, or as it was answered before; one without a key is always new.

    `asked` is all that the request says, byte for byte. An answer that is an exception is not kept.
    """
    if key is None:
        with transaction.atomic():
            return answer()
    if not KEY.fullmatch(key):
        raise BadKey
    fingerprint = hmac.new(settings.PHI_INDEX_KEY.encode(), asked, hashlib.sha256).hexdigest()
    with transaction.atomic():
        kept = _held(user, key)
        if kept is None:
            given = answer()
            row = (user.pk, key, fingerprint, given.status, json.dumps(given.body), timezone.now())
            bulk.insert(IdempotencyKey, ("user_id", "key", "fingerprint", "status", "answer", "at"), [row])
            return given
    if not hmac.compare_digest(kept[0], fingerprint):
        raise KeyOfAnother
    return Answer(kept[1], json.loads(kept[2]), is_replayed=True)


_KEPT = "SELECT fingerprint, status, answer FROM claims_idempotencykey WHERE user_id = %s AND key = %s"


def _held(user: User, key: str) -> bulk.Row | None:
    """What is kept by this key, with nobody else at it until the transaction ends."""
    kept = _KEPT, [user.pk, key]
    if connection.vendor != "postgresql":  # SQLite's writers take turns anyway
        return next(iter(bulk.together([kept])[0]), None)
    name = hashlib.blake2b(f"{user.pk}:{key}".encode(), digest_size=8).digest()
    lock = "SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name, "big", signed=True)]
    # The second statement begins when the key is ours, so that it sees what the one before us kept.
    ((is_ours,),), found = bulk.together([lock, kept])
    if not is_ours:
        raise KeyInUse
    return next(iter(found), None)


def forget_old(now: datetime) -> int:
    """Forget keys that nobody will send again; how many."""
    forgotten = 0
    while True:
        old = IdempotencyKey.objects.filter(at__lt=now - KEPT).values_list("pk", flat=True)
        deleted, _ = IdempotencyKey.objects.filter(pk__in=list(old[:FORGOTTEN_AT_ONCE])).delete()
        forgotten += deleted
        if deleted < FORGOTTEN_AT_ONCE:
            return forgotten
