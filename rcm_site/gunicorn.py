"""How gunicorn serves the site, embedded and in production.

Used as `gunicorn -c python:rcm_site.gunicorn rcm_site.wsgi`.
"""

from __future__ import annotations

import gc
import os
import socket
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import multiprocess

from rcm_site.checks import refuse_unsafe_start

bind = f"[{settings.HOST}]:{settings.PORT}" if ":" in settings.HOST else f"{settings.HOST}:{settings.PORT}"
worker_class = "rcm_site.gunicorn.FairWorker"
workers = settings.WEB_PROCESSES
threads = settings.WEB_THREADS
timeout = 60
graceful_timeout = 8  # under the ten seconds that the supervisor and a container engine give
loglevel = "warning"
control_socket_disable = True
forwarder_headers = ""  # no header says under which path the site lies: navigation is worked out once for all


class FairWorker(ThreadWorker):
    """Threads that leave a new connection to the process that has fewest.

    Connections are kept, and a process computes on one core. All processes wake for a new one; the first
    to wake would take one after the other, and most of what clients ask from then on would wait for its core.
    """

    WAIT_SECONDS, MOST_WAITS = 0.0001, 10

    def accept(self, listener: socket.socket) -> None:
        if self.cfg.workers > 1:
            time.sleep(self.WAIT_SECONDS * min(self.nr_conns, self.MOST_WAITS))
        super().accept(listener)  # nothing happens where another process was quicker


def on_starting(_server: Any) -> None:
    """Refuse in the first process: a worker that refuses would be started again and again."""
    refuse_unsafe_start()
    if metrics := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        Path(metrics).mkdir(parents=True, exist_ok=True)
        for left_over in Path(metrics).glob("*.db"):
            left_over.unlink()


def post_worker_init(_worker: Any) -> None:
    """In the process that answers, once the site is loaded there."""
    from rcm_site import watch

    _keep_all_loaded()
    watch.begin()


def _keep_all_loaded() -> None:
    """Load every page before the first is asked for, and never again look through them for garbage.

    To look through all that the site consists of stops a process for a tenth of a second.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()


def child_exit(_server: Any, worker: Any) -> None:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.pid)
