"""The site's settings, read in a sandbox: each test process has files and databases of its own."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import MutableMapping


def separate(env: MutableMapping[str, str], *, var: str, worker: str) -> None:
    """Keep a test process away from the installation's files and from the other test processes."""
    env["VAR_DIR"] = var
    env["ENV_FILE"] = os.devnull
    # Programs that a test starts are not in need of a sandbox in the sandbox.
    env["DJANGO_SETTINGS_MODULE"] = "rcm_site.settings"
    if own := env.get(f"DATABASE_URL_{worker.upper()}"):
        env["DATABASE_URL"] = own
    number = int(worker.removeprefix("gw") or 0)
    for name, database in (("REDIS_URL", 2 * number), ("CELERY_BROKER_URL", 2 * number + 1)):
        if env.get(name, "").startswith("redis://"):
            env[name] = re.sub(r"^(redis://[^/]+).*", rf"\1/{database}", env[name])


_var = tempfile.TemporaryDirectory(prefix="rcm-test-")
separate(os.environ, var=_var.name, worker=os.environ.get("PYTEST_XDIST_WORKER", ""))

from rcm_site.settings import *  # noqa: E402, F403 - they read the environment as it is by now

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick: tests sign in a thousand times
# Look for a static file when it is asked for: each test has a client of its own, which would list them all.
WHITENOISE_AUTOREFRESH = True
# /metrics tells how long each address took by these limits, and tests go to all addresses.
PROMETHEUS_LATENCY_BUCKETS = (1.0, float("inf"))
