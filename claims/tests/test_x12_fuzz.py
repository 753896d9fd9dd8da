"""Broken files: whatever stands in them, a reader reads on or says Unreadable."""

import io
import random
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims.imports.records import Problem, Record, Unreadable
from claims.imports.x12 import read_x12

from .x12_samples import SAMPLES, problems_of

pytestmark = pytest.mark.embedded

MUTATIONS = 1_500
SEEDS = [path.read_bytes() for path in sorted(SAMPLES.glob("*.edi"))]
SECRETS = (
    "ADAMS",
    "BAKER",
    "CHEN",
    "DIAZ",
    "RITA",
    "NOAH",
    "M1001",
    "M2002",
    "M3003",
    "M4004",
    "A-1001",
    "H-2001",
)
JUNK = [
    b"~",
    b"*",
    b":",
    b"ISA",
    b"ISA*00*",
    b"ST*835*1~",
    b"CLM*",
    b"HL*9*8*22~",
    b"\x00",
    b"\xff\xfe",
    b"\r\n",
    b"-",
]
JUNK += [
    b"9" * 400,
    "１２".encode(),
    b"SE*1*1~",
    b"LX*1~",
    b"CAS*CO*1*",
    b"1e9",
    b"NaN",
    b"\x1a",
    b"''",
    b"|",
    b" ",
]


def mutated(random_: random.Random) -> bytes:
    content = bytearray(random_.choice(SEEDS))
    for _ in range(random_.randint(1, 6)):
        random_.choice(MUTATORS)(random_, content)
    return bytes(content)


def _overwrite(random_: random.Random, content: bytearray) -> None:
    if content:
        content[random_.randrange(len(content))] = random_.randrange(256)


def _insert(random_: random.Random, content: bytearray) -> None:
    at = random_.randint(0, len(content))
    content[at:at] = random_.choice(JUNK)


def _delete(random_: random.Random, content: bytearray) -> None:
    at = random_.randint(0, len(content))
    del content[at : at + random_.choice((1, 1, 1, 5, 40))]


def _repeat(random_: random.Random, content: bytearray) -> None:
    start = random_.randint(0, len(content))
    at = random_.randint(0, len(content))
    content[at:at] = content[start : start + random_.choice((3, 30, 300))] * random_.choice((1, 2, 30))


def _cut_short(random_: random.Random, content: bytearray) -> None:
    del content[random_.randint(0, len(content)) :]


def _swap(random_: random.Random, content: bytearray) -> None:
    segments = content.split(b"~")
    first, second = random_.randrange(len(segments)), random_.randrange(len(segments))
    segments[first], segments[second] = segments[second], segments[first]
    content[:] = b"~".join(segments)


MUTATORS = [_overwrite, _overwrite, _insert, _insert, _delete, _repeat, _cut_short, _swap]


def read_what_can_be(content: bytes) -> list[Record]:
    records: list[Record] = []
    try:
        for record in read_x12(io.BytesIO(content)):
            records.append(record)
    except Unreadable as refusal:
        records.append(Problem(refusal.place, "", refusal.reason))
    return records


def test_mutated_files_are_read_or_refused_quickly_and_without_telling_secrets():
    random_ = random.Random(835)
    for _ in range(MUTATIONS):
        content = mutated(random_)
        started = time.process_time()
        records = read_what_can_be(content)
        assert time.process_time() - started < 2
        for problem in problems_of(records):
            text = f"{problem.field} {problem.reason}"
            assert problem.place >= 1
            assert len(text) < 200
            assert not any(secret in text for secret in SECRETS)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2_000), st.sampled_from([b"", *(seed[:200] for seed in SEEDS)]))
def test_arbitrary_bytes_are_read_or_refused(content, head):
    read_what_can_be(head + content)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                re.findall(
                    r"\S+",
                    "ST SE GS GE IEA BHT HL NM1 SBR CLM DTP REF HI LX SV1 SV2 SV3 BPR CLP CAS SVC PLB AMT",
                )
            ),
            st.lists(
                st.sampled_from(
                    re.findall(r"\S+", "835 837 20 22 23 82 IL XX -1 0.5 A:B:7 HC:1 D8 20260101 472")
                ),
                max_size=9,
            ),
        ),
        max_size=60,
    ),
    st.sampled_from(["837*1*005010X222A1", "837*1*005010X224A2", "835*1", "277*1*005010X214", "999*1"]),
)
def test_segments_in_any_order_are_read_or_refused(segments, transaction):
    text = f"ST*{transaction}~" + "~".join("*".join([name, *elements]) for name, elements in segments)
    read_what_can_be(text.encode())
