"""Times worklists over the claims that are here: pages, pulling by many people at once, valuing anew."""

from __future__ import annotations

import statistics
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from accounts.models import User
from claims.models import Claim, KeptStanding, OpenWork, Worklist
from claims.worklists import counting

from ._bench_api import HOST, web_server
from ._bench_pulling import WARMING, pull, pullers
from ._bench_valuing import value_all

TIMES = 9
WEB_PROCESSES = 2
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class Command(BaseCommand):
    help = "Time the pages of worklists, how people pull claims from them at once, and valuing claims anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=50)
        parser.add_argument("--pulls", type=int, default=4, help="Of each person.")
        parser.add_argument("--pause", type=float, default=3, help="Seconds that a person works on a claim.")
        parser.add_argument("--seconds", type=float, default=300, help="After which valuing is given up.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not OpenWork.objects.exists():
            raise CommandError("There is no claim to work.")
        self.stdout.write(f"{Claim.objects.count():,} claims, {OpenWork.objects.count():,} at work")
        self._time_counting()
        self._time_pages()
        self._time_pulling(options["people"], options["pulls"], options["pause"])
        for told in value_all(options["seconds"]):
            self.stdout.write(told)

    def _time_counting(self) -> None:
        KeptStanding.objects.update(as_of=None)
        began = time.perf_counter()
        lists = counting.count_due()
        self.stdout.write(
            f"counting {lists} lists, as is done each minute: {time.perf_counter() - began:.2f} s"
        )
        worklist = longest_list()
        KeptStanding.objects.filter(worklist=worklist).update(as_of=None)
        began = time.perf_counter()
        counting.count_due()
        self.stdout.write(
            f"counting “{worklist.name}” alone, as when its rule changes: {time.perf_counter() - began:.2f} s"
        )

    def _time_pages(self) -> None:
        """For somebody who sees everything; what is noted of their reading is taken back."""
        with transaction.atomic():
            user = User.objects.create(email=f"{uuid4()}@bench.invalid", name="Bench", role="director")
            client = Client(headers={"host": HOST})
            client.force_login(user, backend=BACKEND)
            self._time_page(client, "all lists", reverse("worklists"))
            for each in Worklist.objects.filter(is_active=True):
                self._time_page(client, each.name, reverse("worklist", args=[each.pk]))
            transaction.set_rollback(True)

    def _time_page(self, client: Client, name: str, path: str) -> None:
        waits, worked = [], []
        for _ in range(TIMES):
            began, work = time.perf_counter(), time.process_time()
            if (status := client.get(path, secure=True).status_code) != 200:
                raise CommandError(f"{path} answered {status}.")
            waits.append(time.perf_counter() - began)
            worked.append(time.process_time() - work)
        own = statistics.median(worked) * 1000
        self.stdout.write(f"page of {name}: {in_words(waits)}, {own:.0f} ms of them at work in Python")

    # Pulling ---------------------------------------------------------------------------------------

    def _time_pulling(self, people: int, pulls: int, pause: float) -> None:
        """From a server of two processes, each person with a sign-in of their own."""
        if connection.vendor != "postgresql":
            self.stdout.write("pulling at once: only on PostgreSQL, as elsewhere writers take turns")
            return
        worklist = longest_list()
        path = reverse("api_next_claim", args=[worklist.pk])
        with pullers(people) as all_of_them, web_server(WEB_PROCESSES) as (port, server):
            one = all_of_them[:1]
            for _ in range(WARMING):
                pull(port, server, path, one, 1, 0)
            alone = pull(port, server, path, one, TIMES, 0)
            self.stdout.write(f"one person pulls from “{worklist.name}”: {in_words(alone.waits)}")
            pulled = pull(port, server, path, all_of_them, pulls, pause)
        self.stdout.write(
            f"{people} people pull {pulls} times each, every {pause:g} s: {pulled.claims} claims in "
            f"{pulled.seconds:.1f} s, {in_words(pulled.waits)}; each {pulled.web_ms:.1f} ms of the web’s own "
            f"time and {pulled.database_ms:.1f} ms of the database’s"
        )
        if pulled.by_two:
            raise CommandError(f"{pulled.by_two} claims were in two people’s hands at once.")
        self.stdout.write("no claim was ever in two people’s hands")


def in_words(seconds: Sequence[float]) -> str:
    ordered = sorted(each * 1000 for each in seconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    return f"median {statistics.median(ordered):.1f} ms, p95 {p95:.1f} ms"


def longest_list() -> Worklist:
    """Of those that people take claims from one by one."""
    pulled = Worklist.objects.filter(is_active=True, hand_out=Worklist.HandOut.PULL)
    found = pulled.annotate(waiting=Sum("standing__parts__claims")).order_by("-waiting").first()
    if found is None:
        raise CommandError("There is no list to pull from.")
    return found
