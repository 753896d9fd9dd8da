"""Net fees arrive exactly once, whatever is killed, frozen or forgets: with real processes."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
import redis
from django.db import connection, transaction

from claims.downstream import ledger, outbox
from claims.models import Claim, ClaimLine, LedgerEntry, OutboxMessage
from claims.numbers import next_numbers
from claims.tests.payment_programs import Programs, is_alive, kill, nursery
from rcm_site.testing.makers import make_claim, make_provider
from rcm_site.testing.services import CannotRun, Redis, running

pytestmark = pytest.mark.django_db(transaction=True)

NPIS = ("1234567893", "1000000004")
PATIENCE_SECONDS = 120


@transaction.atomic
def make_told_claims(count: int) -> Decimal:
    """So many claims with two lines each, and their messages; what they are owed."""
    providers = [make_provider(npi) for npi in NPIS]
    numbers = next_numbers(count)
    claims = Claim.objects.bulk_create(
        [Claim(number=number, kind="dental", control_number=f"P-{number}", charge=0) for number in numbers]
    )
    ClaimLine.objects.bulk_create(
        ClaimLine(
            claim=claim,
            number=number,
            provider=provider,
            provider_fees=Decimal(claim.number % 977 + number) / 100,
            allowed_fees=0,
            coinsurance=0,
            copay=0,
        )
        for claim in claims
        for number, provider in enumerate(providers)
    )
    shares = {claim.pk: [(npi, claim.number % 977 + at) for at, npi in enumerate(NPIS)] for claim in claims}
    cents = {pk: sum(share for _, share in each) for pk, each in shares.items()}
    OutboxMessage.objects.bulk_create(
        OutboxMessage(claim=claim, net_fee=Decimal(cents[claim.pk]) / 100, shares=shares[claim.pk])
        for claim in claims
    )
    return Decimal(sum(cents.values())) / 100


def wait_until(is_true: Callable[[], bool], *, meanwhile: Callable[[], None] = lambda: None) -> float:
    started = time.monotonic()
    while not is_true():
        assert time.monotonic() - started < PATIENCE_SECONDS, "it did not come about in time"
        meanwhile()
        time.sleep(0.05)
    return time.monotonic() - started


def all_delivered() -> bool:
    return not OutboxMessage.objects.exclude(state="delivered").exists()


def assert_booked_once(owed: Decimal, messages: int) -> None:
    proof = ledger.verify()
    assert proof.holds
    assert (proof.total.owed, proof.total.booked) == (owed, owed)
    assert (
        LedgerEntry.objects.count() == LedgerEntry.objects.values("message_id").distinct().count() == messages
    )


class Killer:
    """Kills relays and consumers now and then, and starts others in their place."""

    def __init__(self, programs: Programs, *, consumers: int) -> None:
        self.programs, self.left = programs, consumers
        self.chance = random.Random(21)
        self.kinds = itertools.cycle(["dies_before_its_commit", "dies_after_its_commit", "consumer"])
        self.relays = [programs.start("relay") for _ in range(2)]
        self.consumer = programs.start(next(self.kinds))
        self.killed_relays = 0
        self.next_at = 0.0

    def __call__(self) -> None:
        if not is_alive(self.consumer):
            self.left -= 1
            self.consumer = self.programs.start(next(self.kinds) if self.left > 0 else "consumer")
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + self.chance.uniform(0.1, 0.8)
        kill(self.relays.pop(0))
        self.killed_relays += 1
        self.relays.append(self.programs.start("relay"))
        if self.left > 0 and self.chance.random() < 0.3:
            kill(self.consumer)


def test_killed_before_and_after_commits_each_message_is_booked_once() -> None:
    owed = make_told_claims(1_000)
    with nursery(connection.settings_dict, PAYMENTS_RESEND_SECONDS="1") as programs:
        killer = Killer(programs, consumers=6)
        wait_until(all_delivered, meanwhile=killer)
    assert killer.killed_relays > 2
    assert killer.left <= 4  # one died before its commit, and one after
    assert_booked_once(owed, 1_000)


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="one of the two runs is enough")
def test_a_redis_that_hangs_or_forgets_all_loses_nothing_and_delays_nobody() -> None:
    try:
        with running(Redis) as (broker,):
            freeze_and_flush(broker)  # type: ignore[arg-type]
    except CannotRun as reason:
        pytest.skip(str(reason))


def freeze_and_flush(broker: Redis) -> None:
    env = {"CELERY_BROKER_URL": broker.url, "PAYMENTS_RESEND_SECONDS": "2"}
    with nursery(connection.settings_dict, **env) as programs:
        for kind in ("relay", "relay", "consumer"):
            programs.start(kind)
        owed = make_told_claims(500)
        wait_until(all_delivered)

        broker.freeze()
        started = time.monotonic()
        owed += make_told_claims(500)
        outbox.tell(make_claim(fees=["1.00"]), OutboxMessage.Reason.ACCEPTED)
        assert time.monotonic() - started < 2
        time.sleep(8)  # long enough for both sides to lose their connection
        assert not all_delivered()
        broker.thaw()
        assert wait_until(all_delivered) < 60

        owed += make_told_claims(1_000)
        client = redis.Redis.from_url(broker.url)

        def forget_all() -> None:
            with suppress(redis.RedisError):
                client.flushall()

        wait_until(lambda: OutboxMessage.objects.filter(state="sent").exists() or all_delivered())
        forget_all()
        wait_until(all_delivered)
    assert_booked_once(owed + 1, 2_001)
