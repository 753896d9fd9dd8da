"""Whatever payers send, in whatever order and pieces, a claim's sums are those of what was posted on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims.answers.posting import match_waiting, post_payments
from claims.models import Claim, ClaimPayment, Remittance
from rcm_site.testing.makers import make_claim, make_import
from rcm_site.testing.threads import at_once

from .remittances import assert_sums_agree, intake, post, remittance
from .x12_samples import read

NUMBERS = ("A-1", "A-2", "A-3")


@dataclass(frozen=True)
class Answer:
    number: str
    status: str
    paid: int
    contractual: int
    share: int
    denied: int

    def reversed(self) -> Answer:
        return Answer(self.number, "22", -self.paid, -self.contractual, -self.share, -self.denied)

    def segments(self, position: int) -> list[str]:
        charge = self.paid + self.contractual + self.share + self.denied
        parts = (("CO*45", self.contractual), ("PR*2", self.share), ("CO*97", self.denied))
        return [
            f"CLP*{self.number}*{self.status}*{charge}*{self.paid}*{self.share}*12*{self.number}{position}",
            *(f"CAS*{reason}*{amount}" for reason, amount in parts if amount),
        ]


amounts = st.integers(0, 99)
answers = st.builds(
    Answer,
    st.sampled_from(NUMBERS),
    st.sampled_from(["1", "2", "4", "19"]),
    amounts,
    amounts,
    amounts,
    amounts,
)


@st.composite
def histories(draw) -> list[tuple[str, list[Answer]]]:
    """Remittances by their day, some of whose answers take back earlier ones and correct them."""
    days: list[tuple[str, list[Answer]]] = []
    for position, group in enumerate(draw(st.lists(st.lists(answers, min_size=1, max_size=4), max_size=5))):
        sent = list(group)
        before = [each for _, others in days for each in others if each.status != "22"]
        if before and draw(st.booleans()):
            sent.append(draw(st.sampled_from(before)).reversed())
            if draw(st.booleans()):
                sent.insert(draw(st.integers(0, len(sent))), draw(answers))
        days.append((f"202611{position + 1:02}", sent))
    return days


@contextmanager
def undone() -> Iterator[None]:
    """Each example starts from the same empty database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def content_of(position: int, day: str, sent: list[Answer]) -> str:
    segments = [each for index, answer in enumerate(sent) for each in answer.segments(index)]
    return remittance(*segments, amount=str(sum(each.paid for each in sent)), trace=f"T{position}", day=day)


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.randoms(use_true_random=False), st.integers(1, 6), st.integers(0, 5))
def test_sums_agree_whatever_comes_in_whatever_order(history, chance, chunk, arrival):
    files = [content_of(position, day, sent) for position, (day, sent) in enumerate(history)]
    order = [*files, *chance.sample(files, len(files) // 2)]  # some are sent twice
    chance.shuffle(order)
    expected: dict[str, Counter[str]] = {number: Counter() for number in NUMBERS}
    for _, sent in history:
        for each in sent:
            sums = {"paid": each.paid, "adjusted": each.contractual, "patient_share": each.share}
            expected[each.number].update(sums)
    with undone():
        for number in NUMBERS[:2]:
            make_claim(control_number=number, charge=100)
        for position, content in enumerate(order):
            if position == arrival:
                arrive()
            post(content, chunk=chunk)
        if arrival >= len(order):
            arrive()
        assert_sums_agree()
        for claim in Claim.objects.all():
            for name, cents in expected[claim.control_number].items():
                assert getattr(claim, name) == Decimal(cents)
        assert set(ClaimPayment.objects.values_list("state", flat=True)) <= {"posted"}
        assert ClaimPayment.objects.count() == sum(len(sent) for _, sent in history)
        assert all(each.imbalance == 0 for each in Remittance.objects.all())


def arrive() -> None:
    match_waiting([make_claim(control_number="A-3", charge=100).pk])


# Two workers at once --------------------------------------------------------------------------------

needs_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite's writers take turns anyway"
)


def in_transaction(job) -> None:
    with transaction.atomic():
        job()


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_the_same_remittance_from_two_workers_at_once_is_posted_once():
    make_claim(control_number="A-1", charge=100)
    records = read(remittance("CLP*A-1*1*100*70*0*12*I", amount="70"))
    intos = [intake(make_import()) for _ in range(2)]
    at_once(in_transaction, [lambda into=into: post_payments(records, into, {}) for into in intos])
    assert Remittance.objects.count() == ClaimPayment.objects.count() == 1
    assert Claim.objects.get().paid == 70


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_on_the_same_claims_wait_for_each_other_and_lose_nothing():
    numbers = [f"B-{number}" for number in range(40)]
    for number in numbers:
        make_claim(control_number=number, charge=100)
    jobs = []
    for worker in range(4):
        ordered = numbers if worker % 2 else numbers[::-1]
        segments = [f"CLP*{number}*1*100*1*0*12*I{worker}" for number in ordered]
        records, into = read(remittance(*segments, trace=f"W{worker}")), intake(make_import())
        jobs.append(lambda records=records, into=into: post_payments(records, into, {}))
    at_once(in_transaction, jobs)
    assert set(Claim.objects.values_list("paid", flat=True)) == {Decimal(4)}
    assert_sums_agree()
