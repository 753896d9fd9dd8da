"""Times worklists over the claims that are here: pages, pulling by many people at once, valuing anew."""

from __future__ import annotations

import statistics
import threading
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Department, User
from claims.models import Claim, KeptStanding, OpenWork, Worklist
from claims.worklists import counting
from claims.worklists.open_work import AT_ONCE
from claims.worklists.pulling import next_claim
from claims.worklists.valuing import value_claims

from ._bench_api import HOST

TIMES = 9
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass
class Puller:
    """Somebody who pulls, from when until when they had which claim, and how long they waited for each."""

    person: User
    had: list[tuple[UUID, float, float]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    went_wrong: BaseException | None = None

    def pull(self, worklist: Worklist, pulls: int, pause: float, start: threading.Barrier) -> None:
        try:
            start.wait()
            given = [self._next(worklist, pause) for _ in range(pulls)]
            ends = [asked for _, asked, _ in given[1:]] + [float("inf")]
            self.had = [(pk, got, end) for (pk, _, got), end in zip(given, ends, strict=True) if pk]
            self.waits = [got - asked for _, asked, got in given]
        except BaseException as error:  # noqa: BLE001 - told by whoever waits for all of them
            self.went_wrong = error
        finally:
            connection.close()

    def _next(self, worklist: Worklist, pause: float) -> tuple[UUID | None, float, float]:
        time.sleep(pause)
        asked = time.perf_counter()
        claim = next_claim(user=self.person, worklist=worklist)
        return claim.pk if claim else None, asked, time.perf_counter()


class Command(BaseCommand):
    help = "Time the pages of worklists, how people pull claims from them at once, and valuing claims anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=50)
        parser.add_argument("--pulls", type=int, default=5, help="Of each person.")
        parser.add_argument("--pause", type=float, default=0, help="Seconds before each pull.")
        parser.add_argument("--value", type=int, default=20_000, help="How many claims are valued anew.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not OpenWork.objects.exists():
            raise CommandError("There is no claim to work.")
        self.stdout.write(f"{Claim.objects.count():,} claims, {OpenWork.objects.count():,} at work")
        self._time_counting()
        self._time_pages()
        self._time_pulling(options["people"], options["pulls"], options["pause"])
        self._time_valuing(options["value"])

    def _time_counting(self) -> None:
        KeptStanding.objects.update(as_of=None)
        began = time.perf_counter()
        lists = counting.count_due()
        self.stdout.write(
            f"counting {lists} lists, as is done each minute: {time.perf_counter() - began:.2f} s"
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
        if connection.vendor != "postgresql":
            self.stdout.write("pulling at once: only on PostgreSQL, as elsewhere writers take turns")
            return
        worklist, pullers = longest_list(), make_pullers(people)
        try:
            alone = [self._pulled_alone(worklist, pullers[0].person) for _ in range(TIMES)]
            self.stdout.write(f"one person pulls from “{worklist.name}”: {in_words(alone)}")
            seconds = pull_at_once(pullers, worklist, pulls, pause)
        finally:
            take_back([puller.person for puller in pullers])
        waits = [wait for puller in pullers for wait in puller.waits]
        had = sum(len(puller.had) for puller in pullers)
        self.stdout.write(
            f"{people} people pull {pulls} times each: {had} claims in {seconds:.1f} s, {in_words(waits)}"
        )
        if twice := had_by_two(pullers):
            raise CommandError(f"{twice} claims were in two people's hands at once.")
        self.stdout.write("no claim was ever in two people's hands")

    def _pulled_alone(self, worklist: Worklist, person: User) -> float:
        began = time.perf_counter()
        next_claim(user=person, worklist=worklist)
        return time.perf_counter() - began

    # Valuing ---------------------------------------------------------------------------------------

    def _time_valuing(self, most: int) -> None:
        """As of tomorrow, when what is owed is worth something else; taken back."""
        ids = list(OpenWork.objects.order_by("pk").values_list("pk", flat=True)[:most])
        tomorrow = timezone.localdate() + timedelta(days=1)
        began, work = time.perf_counter(), time.process_time()
        with transaction.atomic():
            for first in range(0, len(ids), AT_ONCE):
                value_claims(ids[first : first + AT_ONCE], tomorrow)
            seconds, own = time.perf_counter() - began, time.process_time() - work
            transaction.set_rollback(True)
        whole = seconds / len(ids) * OpenWork.objects.count()
        self.stdout.write(
            f"valuing {len(ids):,} claims anew: {seconds:.1f} s, {own:.1f} s of them in Python; "
            f"all that are at work: {whole:.0f} s"
        )


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


def make_pullers(count: int) -> list[Puller]:
    """Billers of all departments."""
    departments = list(Department.objects.all())
    people = [
        User(email=f"{uuid4()}@bench.invalid", name=f"Bench {number}", role="biller")
        for number in range(count)
    ]
    User.objects.bulk_create(people)
    for person in people:
        person.departments.set(departments)
    return [Puller(person) for person in people]


def pull_at_once(pullers: Sequence[Puller], worklist: Worklist, pulls: int, pause: float) -> float:
    """Each with a connection of their own, all from the same moment on; how many seconds it took."""
    start = threading.Barrier(len(pullers))
    threads = [
        threading.Thread(target=puller.pull, args=(worklist, pulls, pause, start)) for puller in pullers
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for puller in pullers:
        if puller.went_wrong:
            raise puller.went_wrong
    return time.perf_counter() - began


def had_by_two(pullers: Sequence[Puller]) -> int:
    """Claims that one person was given while another had them."""
    spans: dict[UUID, list[tuple[float, float]]] = defaultdict(list)
    for puller in pullers:
        for pk, got, end in puller.had:
            spans[pk].append((got, end))
    return sum(any(later < end for (_, end), (later, _) in pairwise(sorted(each))) for each in spans.values())


def take_back(people: Sequence[User]) -> None:
    for who, when in (("held_by", "held_until"), ("passed_by", "passed_at")):
        OpenWork.objects.filter(**{f"{who}__in": people}).update(**{who: None, when: None})
    User.objects.filter(pk__in=[person.pk for person in people]).delete()
