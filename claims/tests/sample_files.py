"""Where the files are that readers are tried on, and how tests read them."""

import io
from datetime import date
from pathlib import Path

import pytest

from claims.imports.rules import Rules

SAMPLES = Path(__file__).parent / "samples"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TODAY = date(2026, 3, 1)
RULES = Rules(TODAY)


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"THE SHARED SAMPLE {name} IS ABSENT")
    return path


def read_bytes(reader, content, rules=RULES):
    return list(reader(io.BytesIO(content), rules))
