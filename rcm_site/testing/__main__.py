"""The test runner behind `make test` and `make lint`.

The whole suite on SQLite, then on PostgreSQL and Redis, and lint beside them. Everything is run whatever
failed before it; what could not run is said in capitals, and the last line counts both runs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from .limit import finished_within
from .results import Outcomes, closing_line, never_run, read_outcomes
from .services import PROCESSES, CannotRun, environment

LEAST_COVERAGE = 90
MOST_MINUTES = 60  # for one run of the suite, which takes a third of that at most
APPS = ["accounts", "claims", "analytics", "rcm_site"]
LINT = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy", *APPS],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
}


def main() -> int:
    base = plain_environment()
    if "--lint" in sys.argv:
        return 1 if lint(base) else 0
    with ThreadPoolExecutor(1) as beside:
        linting = beside.submit(lint, base)  # it knows one core, and tests often wait for one another
        return test(base, linting)


def test(base: dict[str, str], linting: Future[list[str]]) -> int:
    not_run: list[str] = []
    with tempfile.TemporaryDirectory(prefix="rcm-results-") as made:
        results = Path(made)
        # One of the two runs measures what is covered, which is enough.
        measuring = ["-p", "rcm_site.testing.covered"]
        runs = [run_suite("SQLite", base | {"COVERED": made}, results, "-m", "not served", *measuring)]
        try:
            with environment() as variables:
                runs.append(run_suite("PostgreSQL", base | variables, results, "-m", "not embedded"))
        except CannotRun as reason:
            not_run.append(f"THE SUITE ON POSTGRESQL AND REDIS: {reason}")
            runs.append(run_suite("SQLite, pages and addresses", base, results, "-m", "served"))
        failed_checks = [*linting.result(), *uncovered(results)]

    unfinished = [name for name, outcomes in runs if not outcomes]
    for name in [*failed_checks, *(f"the {name} run did not finish" for name in unfinished)]:
        print(f"FAILED: {name.upper()}")
    for what in [*not_run, *never_run([outcomes for _, outcomes in runs])]:
        print(f"NOT RUN: {what}")
    counts = sum((Counter(each.result for each in outcomes.values()) for _, outcomes in runs), Counter[str]())
    counts["failed"] += len(failed_checks) + len(unfinished)
    print(closing_line(counts), flush=True)
    return 1 if counts["failed"] else 0


def plain_environment() -> dict[str, str]:
    """This process's environment without what configures a site, so that a developer's own plays no part."""
    configures = re.findall(r"^#? ?([A-Z_]+)=", Path(".env.example").read_text(), flags=re.MULTILINE)
    kept = {name: value for name, value in os.environ.items() if name not in configures}
    return kept | {"ENV_FILE": os.devnull}


def lint(env: dict[str, str]) -> list[str]:
    failed = []
    for name, arguments in LINT.items():
        done = subprocess.run(
            [sys.executable, *arguments], env=env, capture_output=True, text=True, check=False
        )
        say(name, done.stdout + done.stderr)  # in one piece, as tests beside it are telling theirs
        if done.returncode:
            failed.append(name)
    return failed


def run_suite(name: str, env: dict[str, str], results: Path, *options: str) -> tuple[str, Outcomes]:
    say(f"tests on {name}")
    report = results / f"{name}.xml"
    pytest = [sys.executable, "-m", "pytest", "-q", f"--numprocesses={PROCESSES}", f"--junitxml={report}"]
    if not finished_within(MOST_MINUTES * 60, [*pytest, *options], env):
        print(f"THE {name.upper()} RUN WAS ENDED AFTER {MOST_MINUTES} MINUTES")
    return name, read_outcomes(report)


def uncovered(results: Path) -> list[str]:
    say("coverage")
    by_workers = [str(path) for path in results.glob("*.json")]
    table = ["-m", "slipcover", "--skip-covered", f"--fail-under={LEAST_COVERAGE}", f"--out={os.devnull}"]
    done = subprocess.run([sys.executable, *table, "--merge", *by_workers], check=False)
    return [f"coverage of {LEAST_COVERAGE} %"] if done.returncode else []


def say(title: str, text: str = "") -> None:
    print(f"\n--- {title} ---\n{text}", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
