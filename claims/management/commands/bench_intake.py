"""Measure how fast files come in, and against what the database itself could do: in an empty database.

It runs as a process of its own, so that the memory it tells is that of taking files in. Other parts add what
they measure to `MEASUREMENTS`.
"""

from __future__ import annotations

import json
import os
import resource
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction

from accounts.models import User
from claims.imports.loading import load
from claims.imports.made_up import write_837, write_claim_lines
from claims.imports.uploads import UploadOptions, receive
from claims.imports.x12.segments import SegmentStream
from claims.models import Claim, ClaimEvent, ClaimLine, Coverage, Import, OutboxMessage

from ._bench_api import send_claims, time_top_ten

# In the order in which their foreign keys need them.
COPIED: tuple[type[models.Model], ...] = (Coverage, Claim, ClaimLine, ClaimEvent, OutboxMessage)
BLOCK = 1 << 20


@dataclass(frozen=True)
class Figure:
    """One thing that was measured."""

    name: str
    value: float
    unit: str
    target: str = ""


@dataclass
class Bench:
    """Where and how large measuring is, and what is known already."""

    directory: Path
    lines: int
    actor: User
    csv_seconds: float = 0.0

    def take_in(self, path: Path) -> tuple[Import, float, float]:
        """The import, and the seconds of receiving it and of taking it in."""
        begun = time.perf_counter()
        with path.open("rb") as file:
            source = receive(file, path.name, asked=UploadOptions(), actor=self.actor)
        received = time.perf_counter()
        load(source)
        if source.state != Import.State.DONE or source.refused or source.duplicates:
            raise CommandError(f"The measurement is void: {source} is {source.state}. {source.reason}")
        return source, received - begun, time.perf_counter() - received


def csv_lines(bench: Bench) -> list[Figure]:
    """Claim lines from CSV, validated and stored with everything that belongs to them."""
    path = bench.directory / "lines.csv"
    write_claim_lines(path, bench.lines)
    source, receiving, bench.csv_seconds = bench.take_in(path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    sqlite = connection.vendor == "sqlite"
    return [
        Figure("lines stored", source.lines_stored, "lines"),
        Figure("keeping the file", receiving, "s"),
        Figure("taking it in", bench.csv_seconds, "s", "180 a million" if sqlite else "60 a million"),
        Figure("lines a second", source.lines_stored / bench.csv_seconds, "lines/s"),
        Figure("this process's own time", used.ru_utime + used.ru_stime, "s"),
        Figure("most memory", used.ru_maxrss / 1024, "MB", "400"),
    ]


def bare_copy(bench: Bench) -> list[Figure]:
    """COPY of the very same rows into the same tables, emptied: indexes and keys, but not our triggers."""
    if connection.vendor != "postgresql":
        return []
    for model in COPIED:
        _copy_out(model, bench.directory / model._meta.db_table)
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in COPIED)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")
    _switch_triggers("DISABLE")
    begun = time.perf_counter()
    with transaction.atomic():
        for model in COPIED:
            _copy_in(model, bench.directory / model._meta.db_table)
    seconds = time.perf_counter() - begun
    _switch_triggers("ENABLE")
    return [
        Figure("bare COPY of the same rows", seconds, "s"),
        Figure("taking in against bare COPY", bench.csv_seconds / seconds, "times", "4"),
    ]


def x12_claims(bench: Bench) -> list[Figure]:
    path = bench.directory / "claims.837"
    lines = bench.lines // 4
    segments = write_837(path, lines)
    begun = time.perf_counter()
    with path.open("rb") as file:
        count = sum(1 for _ in SegmentStream(file))
    tokenizing = time.perf_counter() - begun
    if count != segments:
        raise CommandError(f"The measurement is void: {count:,} segments were found of {segments:,}.")
    _, _, storing = bench.take_in(path)
    return [
        Figure("segments of an 837", count, "segments"),
        Figure("tokenized", count / tokenizing, "segments/s", "300,000"),
        Figure("stored", count / storing, "segments/s", "50,000"),
    ]


def api(bench: Bench) -> list[Figure]:
    """Claims of four lines that eight clients send at once, to a server of two processes."""
    told = send_claims(bench.actor, claims=max(200, bench.lines // 200))
    if told["refused"]:
        raise CommandError(f"The measurement is void: {told['refused']:,} claims were refused.")
    return [
        Figure("claims sent at once", told["claims_per_second"], "claims/s", "250"),
        Figure("half of them answered within", told["median_ms"], "ms"),
        Figure("all but 5 % within", told["p95_ms"], "ms"),
        Figure("the web's own time for each", told["web_cpu_ms"], "ms"),
        Figure("the database's", told["database_cpu_ms"], "ms"),
    ]


def top_ten(bench: Bench) -> list[Figure]:
    """The ten providers with the most net fees of all the lines above."""
    told = time_top_ten(bench.actor)
    return [
        Figure("the top ten, nothing added up yet", told["unfolded_ms"], "ms"),
        Figure("the top ten", told["median_ms"], "ms", "5"),
    ]


MEASUREMENTS: dict[str, Callable[[Bench], list[Figure]]] = {
    "csv": csv_lines,
    "copy": bare_copy,
    "x12": x12_claims,
    "api": api,
    "top10": top_ten,
}


def _switch_triggers(how: str) -> None:
    """Those of foreign keys stay on: they are the database's own."""
    with connection.cursor() as cursor:
        for model in COPIED:
            cursor.execute(
                f"ALTER TABLE {connection.ops.quote_name(model._meta.db_table)} {how} TRIGGER USER"
            )


def _columns(model: type[models.Model]) -> str:
    """All that are written; the database makes the others."""
    written = [field for field in model._meta.concrete_fields if not field.generated]
    return ", ".join(connection.ops.quote_name(field.column or field.name) for field in written)


def _copy_out(model: type[models.Model], path: Path) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"COPY {table} ({_columns(model)}) TO STDOUT"
    with connection.cursor() as cursor, path.open("wb") as file, cursor.copy(statement) as copy:
        for block in copy:
            file.write(block)


def _copy_in(model: type[models.Model], path: Path) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"COPY {table} ({_columns(model)}) FROM STDIN"
    with connection.cursor() as cursor, path.open("rb") as file, cursor.copy(statement) as copy:
        while block := file.read(BLOCK):
            copy.write(block)


class Command(BaseCommand):
    help = "Measures how fast files come in. Fills the database: give it an empty one of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--lines", type=int, default=1_000_000, help="claim lines, four to a claim")
        parser.add_argument("--only", choices=MEASUREMENTS, action="append", metavar="NAME")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")

    def handle(self, *args: Any, **options: Any) -> None:
        if Claim.objects.exists():
            raise CommandError("There are claims in this database: measure in an empty one.")
        actor, _ = User.objects.get_or_create(
            email="bench@localhost.invalid", defaults={"name": "Bench", "role": "director"}
        )
        figures: list[Figure] = []
        with tempfile.TemporaryDirectory(prefix="rcm-bench-") as made:
            bench = Bench(Path(made), options["lines"], actor)
            for name in options["only"] or MEASUREMENTS:
                found = MEASUREMENTS[name](bench)
                self._show(found)
                figures += found
        load_average = os.getloadavg()[0]
        self.stdout.write(f"on {connection.vendor}, {os.cpu_count()} cores, load {load_average:.1f}")
        if options["json"]:
            told = {each.name: {"value": each.value, "unit": each.unit} for each in figures}
            options["json"].write_text(json.dumps(told | {"load": load_average}, indent=1))

    def _show(self, figures: list[Figure]) -> None:
        for each in figures:
            target = f"  (target {each.target})" if each.target else ""
            value = f"{each.value:,.1f}" if each.value < 1_000 else f"{each.value:,.0f}"
            self.stdout.write(f"{each.name:<32} {value:>12} {each.unit}{target}")
