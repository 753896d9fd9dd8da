"""What came of the tests, read from pytest's JUnit reports."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    result: str  # passed, failed or skipped
    reason: str = ""


Outcomes = dict[str, Outcome]


def read_outcomes(report: Path) -> Outcomes:
    """Each test's outcome by its name; none at all where pytest did not get as far as a report."""
    if not report.exists():
        return {}
    outcomes: Outcomes = {}
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        # A test that passed and then failed to clean up is reported twice.
        if outcomes.get(name, Outcome("passed")).result != "failed":
            outcomes[name] = _outcome(case)
    return outcomes


def _outcome(case: ET.Element) -> Outcome:
    if case.find("failure") is not None or case.find("error") is not None:
        return Outcome("failed")
    if (skipped := case.find("skipped")) is not None:
        return Outcome("skipped", skipped.get("message", ""))
    return Outcome("passed")


def never_run(runs: list[Outcomes]) -> list[str]:
    """The tests that no run could run, counted by the reason each gave."""
    outcomes = [item for run in runs for item in run.items()]
    ran = {name for name, outcome in outcomes if outcome.result != "skipped"}
    reasons = {name: outcome.reason for name, outcome in outcomes if name not in ran}
    counts = Counter(reasons.values())
    return [f"{count} {'TEST' if count == 1 else 'TESTS'}: {reason}" for reason, count in counts.items()]


def closing_line(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts.get(result, 0)} {result}" for result in ("passed", "failed", "skipped"))
