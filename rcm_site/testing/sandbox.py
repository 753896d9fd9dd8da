"""A pytest plugin: each test process gets a var directory and Redis databases of its own.

It works on the environment, on import, so that it comes before the settings are read.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import MutableMapping

_var = tempfile.TemporaryDirectory(prefix="rcm-test-")


def separate(env: MutableMapping[str, str], *, var: str, worker: str) -> None:
    """Keep a test process away from the installation's files and from the other test processes."""
    env["VAR_DIR"] = var
    env["ENV_FILE"] = os.devnull
    number = int(worker.removeprefix("gw") or 0)
    for name, database in (("REDIS_URL", 2 * number), ("CELERY_BROKER_URL", 2 * number + 1)):
        if env.get(name, "").startswith("redis://"):
            env[name] = re.sub(r"^(redis://[^/]+).*", rf"\1/{database}", env[name])


def pytest_unconfigure() -> None:
    _var.cleanup()


separate(os.environ, var=_var.name, worker=os.environ.get("PYTEST_XDIST_WORKER", ""))
