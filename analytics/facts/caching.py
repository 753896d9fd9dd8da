"""Sums that were worked out before are kept as long as nothing has changed, in each process for itself.

What is kept says which version of the claims it was worked out from, and is right only for that one. So it
needs nobody to throw it away, and no server that all processes share: one that is down could not be missed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.cache import caches
from django.db import connection

from rcm_site import prepared

from ..scopes import CLAIM_FILTERS, FACT_FILTERS, Scope
from .watched import COLUMNS

Found = TypeVar("Found")
Held = TypeVar("Held")

# Of one answer. Longer ones, as of thousands of providers, stand apart, or they would push many out; the
# longest are not kept.
MOST_ROWS, MOST_OF_LONG = 2_000, 20_000

# SQLite counts the changes, one writer after the other.
_COUNTED = "SELECT sum(refreshes), sum(changes) FROM analytics_factstate"
# PostgreSQL appends marks, and notes of new claims, and transactions commit theirs in any order, so the last
# one alone does not tell. It does together with the transactions before it that are open still: what one of
# them has marked is seen when it is gone from the list, and not before. A snapshot tells which are open:
# "from:to:one,another".
_VERSION = {
    "sqlite": _COUNTED,
    "postgresql": f"""
        SELECT counted.*, concat(marks.last, '+', claims.last),
            greatest(marks.written_in, claims.written_in), pg_current_snapshot()::text
        FROM ({_COUNTED}) AS counted,
            (SELECT max(id) AS last, max(written_in) AS written_in FROM analytics_dirtyday) AS marks,
            (SELECT max(id) AS last, max(written_in) AS written_in FROM analytics_newclaim) AS claims
    """,  # noqa: S608 - names of our own
}


def version() -> str:
    """Another one after every change to a claim and every refresh that was committed."""
    with prepared.cursor() as cursor:
        cursor.execute(_VERSION[connection.vendor])
        refreshes, changes, *marks = cursor.fetchone()
    told = (refreshes, changes, *(_marked(*marks) if marks else ()))
    return "-".join(str(value or 0) for value in told)


def _marked(last: str, written_in: int | None, snapshot: str) -> tuple[Any, ...]:
    """The last mark, and which transactions before it may have marks of theirs to come."""
    still_open = snapshot.rpartition(":")[2].split(",")
    return last, written_in, ",".join(each for each in still_open if each and int(each) < (written_in or 0))


@contextmanager
def one_answer() -> Iterator[None]:
    """What is asked for meanwhile is looked up by one version, read when it is first needed.

    It is the answer of that moment or of a later one: what is newly worked out is kept under a version that
    it is no older than.
    """
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)


_held: ContextVar[dict[Any, Any] | None] = ContextVar("held", default=None)


def once(what: Hashable, read: Callable[[], Held]) -> Held:
    """What one answer needs in several places, read where it is first needed; outside of one, each time."""
    held = _held.get()
    if held is None:
        return read()
    if what not in held:
        held[what] = read()
    return cast(Held, held[what])


def remembered(question: tuple[Any, ...], work_out: Callable[[], list[Found]]) -> list[Found]:
    """The answer that was found before and is right still, or else what is worked out now.

    Within a transaction nothing is kept: what it reads may never come to be.
    """
    if not settings.FACTS_CACHE or connection.in_atomic_block:
        return work_out()
    now = once(version, version)  # before anything is read, or older sums could pass for newer ones
    key = digest((CODE, *question))
    for name in ("facts", "long_facts"):
        kept = caches[name].get(key)
        if kept is not None and kept[0] == now:
            return kept[1]
    found = work_out()
    if len(found) <= MOST_OF_LONG:
        caches["facts" if len(found) <= MOST_ROWS else "long_facts"].set(key, (now, found))
    return found


def digest(question: Any) -> str:
    return hashlib.sha256(repr(question).encode()).hexdigest()


# What a version tells --------------------------------------------------------------------------------

_COLUMN_OF = {"kind": "kind", "category": "denial_category"}


def is_told(scope: Scope, by: Iterable[str] = ()) -> bool:
    """Whether every change to what is asked for marks a day; claims have more to them than facts know."""
    asked = {*scope.asked, *({*FACT_FILTERS, *CLAIM_FILTERS} & {*by})}
    return not {*CLAIM_FILTERS} & asked and all(_COLUMN_OF.get(each, each) in _WATCHED for each in asked)


_WATCHED = {each.removesuffix("_id") for each in COLUMNS}


def code_version(*packages: Path) -> str:
    """Another one for every other code: what is counted, and how it is called, stands there."""
    told = hashlib.sha256()
    for package in packages:
        for file in sorted(package.rglob("*.py")):
            told.update(f"{file.relative_to(package)}:".encode() + file.read_bytes())
    return told.hexdigest()[:16]


CODE = code_version(*(settings.BASE_DIR / name for name in ("analytics", "claims")))
