"""Who takes turns with whom in the database is told apart by a number: each lock has its own."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = re.compile(r"^[A-Z_]*LOCK = ([0-9_]+)$", re.MULTILINE)


def test_every_lock_has_a_number_of_its_own() -> None:
    files = [
        file for app in ("accounts", "claims", "analytics", "rcm_site") for file in (ROOT / app).rglob("*.py")
    ]
    numbers = Counter(number for file in files for number in LOCK.findall(file.read_text()))
    assert len(numbers) >= 6
    assert [number for number, times in numbers.items() if times > 1] == []
