"""Ids that grow with time, so that what is stored together lies together in an index."""

from __future__ import annotations

import random
import time
import uuid


def new_id() -> uuid.UUID:
    """A UUID of version 7: milliseconds first, then chance.

    An id is no secret, whoever knows it still passes the gate; so chance need not come from the system, whose
    calls would cost an import of a million lines half a minute. A forked process is seeded anew.
    """
    milliseconds = time.time_ns() // 1_000_000
    chance = random.getrandbits(80)
    value = (milliseconds & (1 << 48) - 1) << 80 | chance
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)
