"""Measure how fast pages and API answer with numbers, on the database that the site is set up with."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.urls import reverse

from accounts.models import User
from analytics.benchmark.addresses import Address, addresses
from analytics.benchmark.beside import Beside, answer_in_turn, site_beside
from analytics.benchmark.sites import WEB_PROCESSES, Asked, answers, shared_cache, waits_of
from analytics.benchmark.timing import MemoryWatch, Waits, requests_a_second
from analytics.exports.asking import ask_for
from analytics.exports.making import make_waiting
from analytics.models import ChangedClaim, DirtyDay, ExportPiece
from claims.imports.made_up import write_claim_lines
from claims.management.commands._bench_api import family, web_server
from claims.models import Claim, ClaimEvent, Import
from rcm_site.management.commands.up import FACTS, GIVING_WAY

CACHES = {"cold": "off", "warm": "on"}  # what FACTS_CACHE is meanwhile
CLIENTS, ROUNDS, SECONDS = 8, 5, 2.0
EXPORTED = 100_000  # claims
MOST_TIMES = 1.5  # as long with ten times the claims


@dataclass
class Measured:
    """An address, and how long it took to answer in each state of the cache, here and beside."""

    place: int
    address: Address
    waits: dict[str, Waits] = field(default_factory=dict)
    beside: dict[str, Waits] = field(default_factory=dict)

    def times(self, state: str) -> float:
        """How many times as long as beside."""
        return self.waits[state].median / self.beside[state].median


class Command(BaseCommand):
    help = "Measures how fast pages and API answer with numbers. It reads; --during-import also writes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--requests", type=int, default=40, metavar="N", help="to each address")
        parser.add_argument("--only", default="", metavar="TEXT", help="addresses that hold this text")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
        parser.add_argument(
            "--during-import",
            type=int,
            default=0,
            metavar="LINES",
            help="measure again while a made-up file of so many claim lines is taken in, which stay here",
        )
        parser.add_argument(
            "--beside",
            default="",
            metavar="URL",
            help="of a database with a tenth of the claims, say: ask both in turn, and tell how many times "
            "as long this one takes",
        )
        parser.add_argument("--in-turn", choices=CACHES.values(), help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if not Claim.objects.exists():
            raise CommandError("There are no claims here to measure with: manage.py seed_demo makes some.")
        user, _ = User.objects.get_or_create(
            email="bench@localhost.invalid", defaults={"name": "Bench", "role": "director"}
        )
        if options["in_turn"]:
            answer_in_turn(user, options["in_turn"], options["requests"])
            return
        told: dict[str, Any] = {"size": self._size()}
        measured = [Measured(*each) for each in enumerate(addresses()) if options["only"] in each[1].path]
        with shared_cache() as redis:
            for state, cache in CACHES.items():
                with web_server(WEB_PROCESSES, REDIS_URL=redis, FACTS_CACHE=cache) as (port, server):
                    asked = Asked(port, server, user)
                    measured = [each for each in measured if answers(asked, each.address)]
                    with _beside(options["beside"], cache, options["requests"]) as beside:
                        self._measure(asked, measured, state, options["requests"], beside)
                    told[f"requests_a_second_{state}"] = self._throughput(asked, state)
                    if state == "warm":
                        told["exports"] = self._exports(asked, user)
                        if lines := options["during_import"]:
                            with _workers(redis):
                                self._during_import(asked, measured, lines, options["requests"], user)
        self._show(measured)
        told["addresses"] = {
            each.address.path: {state: asdict(waits) for state, waits in each.waits.items()}
            | {f"{state} beside": asdict(waits) for state, waits in each.beside.items()}
            for each in measured
        }
        if options["beside"]:
            self._show_times(measured)
        if options["json"]:
            options["json"].write_text(json.dumps(told, indent=1))

    def _measure(
        self, asked: Asked, measured: list[Measured], state: str, requests: int, beside: Beside | None
    ) -> None:
        for each in measured:
            each.waits[state] = waits_of(asked, each.address, requests)
            if beside and (waits := beside.waits(each.place)):
                each.beside[state] = waits

    def _size(self) -> dict[str, Any]:
        told = {
            "claims": Claim.objects.count(),
            "actions": ClaimEvent.objects.filter(actor__isnull=False).count(),
            "outdated_days": DirtyDay.objects.values("fact", "day").distinct().count(),
            "changed_claims": ChangedClaim.objects.count(),
            "database": connection.vendor,
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        }
        self.stdout.write(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items()))
        if told["outdated_days"] or told["changed_claims"]:
            self.stdout.write("Facts are outdated: numbers are read from claims, as before a refresh.")
        return told

    def _throughput(self, asked: Asked, state: str) -> float:
        path = reverse("api_dashboard")
        headers = asked.headers(is_api=True)
        rounds = [
            requests_a_second(asked.port, path, headers, clients=CLIENTS, seconds=SECONDS)
            for _ in range(ROUNDS)
        ]
        found, target = statistics.median(rounds), {"cold": 150, "warm": 1_000}[state]
        self.stdout.write(
            f"{path} by {CLIENTS} clients, {state}: {found:,.0f} a second, the middle one of {ROUNDS} rounds "
            f"({min(rounds):,.0f}–{max(rounds):,.0f}; target {target:,})"
        )
        return round(found, 1)

    def _exports(self, asked: Asked, user: User) -> dict[str, dict[str, float]]:
        """Of the newest claims, once they have been read: nor do the first requests of an address count."""
        self._export(asked, user, "csv")
        told = {}
        for kind, target in (("csv", 3), ("xlsx", 6)):
            told[kind] = self._export(asked, user, kind)
            words = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in told[kind].items())
            self.stdout.write(f"export as {kind}: {words} (target {target} s, web grown 64 MB)")
        return told

    def _export(self, asked: Asked, user: User, kind: str) -> dict[str, float]:
        """Made here, as a worker makes it, and handed over by the web."""
        export = ask_for(user, "claims", kind, _newest_claims(EXPORTED))
        with MemoryWatch([os.getpid()]) as making:
            began = time.perf_counter()
            make_waiting(seconds=1)
            seconds = time.perf_counter() - began
        export.refresh_from_db()
        with asked.client(is_api=False) as client, MemoryWatch(family(asked.server)) as handing:
            status, milliseconds, size = client.get(reverse("export_file", args=[export.pk]))
        rows = export.rows_written
        ExportPiece.objects.filter(export=export).delete()
        export.delete()
        if status != 200:
            raise CommandError(f"The measurement is void: the export as {kind} was not made.")
        return {
            "rows": rows,
            "megabytes": round(size / 2**20, 1),
            "made_in_seconds": round(seconds, 2),
            "made_with_mb": round(making.grown_mb, 1),
            "handed_over_in_seconds": round(milliseconds / 1000, 2),
            "web_grown_mb": round(handing.grown_mb, 1),
        }

    def _during_import(
        self, asked: Asked, measured: list[Measured], lines: int, requests: int, user: User
    ) -> None:
        with tempfile.TemporaryDirectory(prefix="rcm-bench-") as made:
            file = Path(made) / "lines.csv"
            write_claim_lines(file, lines)
            taken = [sys.executable, sys.argv[0], "import_claims", str(file), "--user", user.email]
            command = [*GIVING_WAY, *taken]  # as the worker, which takes in what comes by page or API
            before = set(Import.objects.values_list("pk", flat=True))
            with subprocess.Popen([*command, "--again"], stdout=subprocess.DEVNULL) as taking_in:
                while taking_in.poll() is None and not _is_coming_in(before):
                    time.sleep(0.2)
                for each in measured:
                    if taking_in.poll() is None:
                        each.waits["importing"] = waits_of(asked, each.address, requests)
            if taking_in.returncode:
                raise CommandError("The measurement is void: the file was not taken in.")
            if not any("importing" in each.waits for each in measured):
                raise CommandError("The measurement is void: those claims are here since an earlier one.")

    def _show(self, measured: list[Measured]) -> None:
        wide = max((len(each.address.path) for each in measured), default=0)
        states = [state for state in _STATES if any(state in each.waits for each in measured)]
        heads = "".join(f"{state + ' ms':>12} {'p95':>7}" for state in states)
        self.stdout.write(f"{'':<{wide}}{heads}  {'target':>6}")
        for each in measured:
            found = [each.waits.get(state) for state in states]
            figures = "".join(f"{w.median:>12.1f} {w.p95:>7.1f}" if w else f"{'–':>20}" for w in found)
            target = each.address.target
            missed = any(
                w and (w.median > target or w.p95 > 2 * target)
                for state, w in zip(states, found, strict=True)
                if state != "importing"
            )
            mark = "  missed" if missed else ""
            self.stdout.write(f"{each.address.path:<{wide}}{figures}  {target:>6.0f}{mark}")

    def _show_times(self, measured: list[Measured]) -> None:
        for state in CACHES:
            found = sorted(
                (each for each in measured if state in each.beside), key=lambda each: -each.times(state)
            )
            more = [each for each in found if each.times(state) > MOST_TIMES]
            middle = statistics.median(each.times(state) for each in found) if found else 0
            self.stdout.write(
                f"{state}: {len(found)} addresses take {middle:.2f} times as long as beside in the middle, "
                f"{len(more)} of them more than {MOST_TIMES} times"
            )
            for each in more:
                here, there = each.waits[state].median, each.beside[state].median
                self.stdout.write(
                    f"  {each.times(state):.1f}  {there:>7.1f} → {here:>6.1f} ms  {each.address.path}"
                )


_STATES = (*CACHES, "importing")


def _beside(url: str, cache: str, requests: int) -> AbstractContextManager[Beside | None]:
    return site_beside(url, cache, requests) if url else nullcontext()


@contextmanager
def _workers(redis: str) -> Iterator[None]:
    """The site's own, one of which adds up what an import changes while it changes it."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "rcm_site", "worker"]
    env = os.environ | {"REDIS_URL": redis, "LOG_LEVEL": "WARNING"}
    with (
        subprocess.Popen([*GIVING_WAY, *celery, "--beat"], env=env, stdout=subprocess.DEVNULL) as worker,
        subprocess.Popen([*celery, *FACTS, "--concurrency=2"], env=env, stdout=subprocess.DEVNULL) as facts,
    ):
        try:
            yield
        finally:
            worker.terminate()
            facts.terminate()


def _is_coming_in(before: set[Any]) -> bool:
    """Whether the first claims of a new file are here."""
    return Import.objects.exclude(pk__in=before).filter(claims_stored__gt=0).exists()


def _newest_claims(count: int) -> dict[str, str]:
    """The filters of a list that has about so many."""
    days = Claim.objects.order_by("-submitted_on").values_list("submitted_on", flat=True)
    last, first = days[0], days[min(count, Claim.objects.count()) - 1]
    return {"start": str(first), "end": str(last)}
