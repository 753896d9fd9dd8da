"""Fills an empty site with a made-up history of claims."""

from __future__ import annotations

import gc
import json
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from random import Random

from django.db import connection, transaction

from accounts import audit
from accounts.models import User
from claims.models import Claim, Expectation
from claims.numbers import next_numbers

from .ahead import made_ahead
from .bulk_loading import know_sizes, loading
from .cast import make_cast
from .contracts import expect_what_was_agreed, make_schedules
from .days import Days
from .files import Files
from .lives import Lives
from .office import furnish
from .reporting import keep_reports
from .truth import Truth
from .watching import watch
from .writing import Batch

CLAIMS_A_BATCH = 8_000
_CLAIMS_A_PATIENT, _FEWEST_PATIENTS, _MOST_PATIENTS = 6, 60, 40_000


class CannotSeed(Exception):
    """Why the demo's claims are not made here."""


def refuse_lived_in_site() -> None:
    """Made-up claims never mix with real ones, nor come to real people."""
    if Claim.objects.exists():
        raise CannotSeed("This site has claims already: demo claims are only made for an empty one.")
    if User.objects.exclude(email__endswith="@demo.example").exists():
        raise CannotSeed("This site has people of its own: demo claims are only made for the demo's people.")


@transaction.atomic
def seed(*, claims: int, months: int, seed: int, today: date, truth_file: Path | None = None) -> int:
    """Make so many claims, submitted over so many months until yesterday, with all that hangs on them."""
    refuse_lived_in_site()
    rng = Random(f"{seed} {today}")  # noqa: S311 - to be the same again, not to be unguessable
    days = Days(today, months)
    patients = min(max(claims // _CLAIMS_A_PATIENT, _FEWEST_PATIENTS), _MOST_PATIENTS)
    cast = make_cast(rng, patients, today)
    make_schedules(cast.payers, days.dates[0])
    truth = Truth(days, cast.provider_factors)
    files = Files(days, rng, cast.payers)
    _check_as_we_go()
    files.open()
    lives = Lives(days, cast, files, truth, rng, next_numbers(claims))
    written = 0
    with _never_looking_for_cycles(), loading(*Batch.tables(), Expectation) as has_triggers:
        with closing(_told(lives, claims)) as told:
            for number, (batch, files_by_then) in enumerate(told, 1):
                written += batch.write()
                files = files_by_then
                if has_triggers and number.bit_count() == 1:  # the first, second, fourth, eighth …
                    know_sizes()
        files.close()
        expect_what_was_agreed()
    furnish(Random(f"{seed} office"), today)  # noqa: S311 - as above
    watch()
    keep_reports()
    if truth_file:
        truth_file.write_text(json.dumps(truth.as_json(seed, today), indent=1))
    audit.record("seed_demo", "demo.claims_seeded", claims=written, months=months)
    return written


def _check_as_we_go() -> None:
    """Check foreign keys with each statement: those of a million claims would fill the memory at the end."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _told(lives: Lives, claims: int) -> Generator[tuple[Batch, Files]]:
    """While a server stores one batch, the next is made up. SQLite is no server: there it would only cost."""
    told = lives.batches(CLAIMS_A_BATCH)
    is_worth_it = connection.vendor == "postgresql" and claims > CLAIMS_A_BATCH
    return made_ahead(told) if is_worth_it else told


@contextmanager
def _never_looking_for_cycles() -> Iterator[None]:
    """Of millions of rows none leads back to itself: to look for such is a quarter of making them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
