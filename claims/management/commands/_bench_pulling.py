"""The pulling part of the measurements of worklists: people who ask a real server for their next claim."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from accounts.models import Department, User
from claims.models import OpenWork

from ._bench_api import HOST, backends, family, seconds_of, token_of

WARMING = 8  # pulls that do not count: each of the server's processes has its plans and caches then


@dataclass
class Puller:
    """Somebody who pulls, from when until when they had which claim, and how long they waited for each."""

    person: User
    token: str
    had: list[tuple[str, float, float]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    went_wrong: Exception | None = None

    def pull(self, port: int, path: str, pulls: int, pause: float) -> None:
        """So many claims one after the other, the first one some time within a pause."""
        web, given = http.client.HTTPConnection(HOST, port, timeout=60), []
        try:
            time.sleep(random.uniform(0, pause))  # noqa: S311 - nothing secret
            for _ in range(pulls):
                asked = time.perf_counter()
                given.append((self._next(web, path), asked, time.perf_counter()))
                time.sleep(pause)
        except Exception as error:  # noqa: BLE001 - told by whoever waits for all of them
            self.went_wrong = error
        self.waits = [got - asked for _, asked, got in given]
        # Each is theirs at least from the answer until they ask again, the last one for good.
        ends = [asked for _, asked, _ in given[1:]] + [float("inf")]
        self.had = [(pk, got, end) for (pk, _, got), end in zip(given, ends, strict=True) if pk]

    def _next(self, web: http.client.HTTPConnection, path: str) -> str | None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        web.request("POST", path, headers=headers)
        answer = web.getresponse()
        body = answer.read()
        web.close()  # a server does not keep it open while somebody works on a claim
        if answer.status not in (http.HTTPStatus.OK, http.HTTPStatus.NO_CONTENT):
            raise RuntimeError(f"{path} answered {answer.status}")
        return json.loads(body)["claim"]["id"] if body else None


@dataclass(frozen=True)
class Pulled:
    """What came of pulling: milliseconds of each pull are the server's and the database's own work."""

    waits: list[float]
    claims: int
    by_two: int
    seconds: float
    web_ms: float
    database_ms: float


def pull(port: int, server: int, path: str, pullers: Sequence[Puller], pulls: int, pause: float) -> Pulled:
    """Let all of them pull at once."""
    threads = [threading.Thread(target=each.pull, args=(port, path, pulls, pause)) for each in pullers]
    processes = family(server)
    web, database, began = seconds_of(processes), seconds_of(backends()), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    web, database = seconds_of(processes) - web, seconds_of(backends()) - database
    for puller in pullers:
        if puller.went_wrong:
            raise puller.went_wrong
    waits = [wait for puller in pullers for wait in puller.waits]
    claims = sum(len(puller.had) for puller in pullers)
    each = 1000 / len(waits)
    return Pulled(waits, claims, had_by_two(pullers), seconds, web * each, database * each)


def had_by_two(pullers: Sequence[Puller]) -> int:
    """Claims that one person was given while another had them."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for puller in pullers:
        for pk, got, end in puller.had:
            spans[pk].append((got, end))
    return sum(any(later < end for (_, end), (later, _) in pairwise(sorted(each))) for each in spans.values())


@contextmanager
def pullers(count: int) -> Iterator[list[Puller]]:
    """Billers of all departments, who stay here as people who have left: the audit trail speaks of them."""
    people = [
        User.objects.get_or_create(
            email=f"bench-{number}@localhost.invalid", defaults={"name": f"Bench {number}", "role": "biller"}
        )[0]
        for number in range(1, count + 1)
    ]
    mine = User.objects.filter(pk__in=[person.pk for person in people])
    mine.update(is_active=True)
    departments = list(Department.objects.all())
    for person in people:
        person.departments.set(departments)
    try:
        yield [Puller(person, token_of(person)) for person in people]
    finally:
        for who, when in (("held_by", "held_until"), ("passed_by", "passed_at")):
            OpenWork.objects.filter(**{f"{who}__in": people}).update(**{who: None, when: None})
        mine.update(is_active=False)
