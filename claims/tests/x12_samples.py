"""The X12 files that the tests read, and how to change them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from claims.imports.records import Problem, Record
from claims.imports.x12 import read_x12

SAMPLES = Path(__file__).parent / "samples"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "x12"

needs_shared_samples = pytest.mark.skipif(
    not SHARED.exists(), reason=f"no sample files of others in {SHARED}"
)


def sample(name: str) -> str:
    return (SAMPLES / f"{name}.edi").read_text()


def read(text: str | bytes) -> list[Record]:
    return list(read_x12(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def of_kind(records: list[Record], kind: type) -> list:
    return [record for record in records if isinstance(record, kind)]


def problems_of(records: list[Record]) -> list[Problem]:
    return [
        problem
        for record in records
        for problem in ([record] if isinstance(record, Problem) else record.problems)
    ]


def told(records: list[Record], severity: str | None = None) -> list[tuple[int, str]]:
    """Place and field of each problem."""
    return [
        (problem.place, problem.field)
        for problem in problems_of(records)
        if severity is None or problem.severity == severity
    ]
