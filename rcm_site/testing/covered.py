"""Which lines and branches the tests go through: a plugin of pytest for the run that measures it.

Modules get their probes as they are imported, and each probe goes when it has been passed: what is run a
thousand times is not slower for it, while a tracer would take half as long again as all tests together.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import slipcover

TO_MEASURE = ["accounts", "claims", "analytics", "rcm_site"]
LEFT_OUT = ["*/tests/*", "*/migrations/*", "rcm_site/testing/*"]
# The package imports them itself, before there can be a plugin in it.
LEFT_OUT += [f"rcm_site/{name}.py" for name in ("__init__", "celery", "checks", "logs")]
_worker = os.environ.get("PYTEST_XDIST_WORKER")  # who runs the workers runs no tests

if _worker:
    _probes = slipcover.Slipcover(
        immediate=True, branch=True, source=TO_MEASURE, omit=LEFT_OUT, exclude_also=["if TYPE_CHECKING:"]
    )
    slipcover.ImportManager(_probes, slipcover.FileMatcher(sources=TO_MEASURE, omit=LEFT_OUT)).__enter__()

    def pytest_sessionfinish() -> None:
        Path(os.environ["COVERED"], f"{_worker}.json").write_text(json.dumps(_probes.get_coverage()))
