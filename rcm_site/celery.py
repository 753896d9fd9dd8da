"""The workers' app: how tasks travel, and the whole schedule.

The database is the truth and Celery only the doorbell: a task that is lost, late or rung twice does no harm,
because each looks up what is missing. So scheduled calls expire soon, and no result is kept.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

import structlog
from celery import Celery, Task, signals
from celery.schedules import crontab
from kombu.transport import TRANSPORT_ALIASES
from structlog.contextvars import bind_contextvars, clear_contextvars

from rcm_site.checks import refuse_unsafe_start
from rcm_site.logs import current_request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rcm_site.settings")
TRANSPORT_ALIASES["filesystem"] = "rcm_site.broker:Transport"

log = structlog.get_logger(__name__)

app = Celery("rcm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Payments and facts have a worker of their own each: none waits behind the others' calls, or falls with them.
# What follows the changes of claims would otherwise wait for the very hands that take in a file of them.
app.conf.task_routes = {
    "claims.tasks.take_payments": {"queue": "payments"},
    "claims.tasks.relay_payments": {"queue": "relay"},
    "claims.tasks.payments_pulse": {"queue": "relay"},
    "analytics.tasks.refresh_facts": {"queue": "facts"},
    "analytics.tasks.keep_balances": {"queue": "facts"},
    "analytics.tasks.facts_pulse": {"queue": "facts"},
}


def _every(seconds: int, task: str) -> dict[str, Any]:
    """A call nobody took within a few turns is worth nothing any more: the next one looks at all there is."""
    return {"task": task, "schedule": timedelta(seconds=seconds), "options": {"expires": 3 * seconds}}


def _nightly(hour: int, minute: int, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": crontab(hour=hour, minute=minute), "options": {"expires": 6 * 3600}}


app.conf.beat_schedule = {
    "pulse": _every(15, "rcm_site.tasks.pulse"),
    "mail": _every(2, "rcm_site.tasks.send_mail"),
    "imports": _every(2, "claims.tasks.load_imports"),
    "payments": _every(1, "claims.tasks.relay_payments"),
    "payments pulse": _every(15, "claims.tasks.payments_pulse"),
    "facts pulse": _every(15, "analytics.tasks.facts_pulse"),
    "audit seal": _every(5, "accounts.tasks.seal_audit_trail"),
    "audit stragglers": _nightly(3, 0, "accounts.tasks.seal_stragglers"),
    "tidying up": _nightly(3, 20, "rcm_site.tasks.tidy_up"),
    "provider fees": _every(5, "claims.tasks.fold_provider_fees"),
    "worklists": _every(2, "claims.tasks.value_claims"),
    "worklists' counts": _every(5, "claims.tasks.count_worklists"),
    "automation": _every(3, "claims.tasks.run_automation"),
    "fee schedules": _every(5, "claims.tasks.follow_fee_schedules"),
    "appeals": _every(60, "claims.tasks.follow_appeals"),
    "expected amounts": _nightly(2, 10, "claims.tasks.expect_everything"),
    "facts": _every(2, "analytics.tasks.refresh_facts"),
    "past balances": _every(2, "analytics.tasks.keep_balances"),
    "snapshots": _every(60, "analytics.tasks.take_snapshots"),
    "alerts": _every(60, "analytics.tasks.check_alerts"),
    "exports": _every(2, "analytics.tasks.make_exports"),
    "scheduled reports": _every(20, "analytics.tasks.send_reports"),
    "exports' files": _every(600, "analytics.tasks.forget_exports"),
    "mails of alerts": _every(5, "analytics.tasks.write_mails"),
    "webhooks": _every(5, "analytics.tasks.tell_others"),
    "digests": _every(60, "analytics.tasks.gather_digests"),
    "old deliveries": _nightly(3, 50, "analytics.tasks.forget_deliveries"),
    "waiting payments": _every(60, "claims.tasks.match_payments"),
    "imports' files": _nightly(3, 30, "claims.tasks.forget_files"),
    "idempotency keys": _nightly(3, 40, "claims.tasks.forget_keys"),
}


# Starting ------------------------------------------------------------------------------------------


@signals.setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """That somebody listens here is what keeps Celery from setting up logs of its own."""


@signals.worker_init.connect
@signals.beat_init.connect
def refuse_unsafe_settings(**_: Any) -> None:
    refuse_unsafe_start()


@signals.worker_ready.connect
def first_pulse(**_: Any) -> None:
    """Show at once that calls arrive, instead of looking dead until beat first asks."""
    for pulse in ("rcm_site.tasks.pulse", "claims.tasks.payments_pulse", "analytics.tasks.facts_pulse"):
        app.send_task(pulse, expires=30)


# A request's id travels with the tasks that it asked for ------------------------------------------


@signals.before_task_publish.connect
def send_request_id(headers: dict[str, Any], **_: Any) -> None:
    if request_id := current_request_id():
        headers["request_id"] = request_id


@signals.task_prerun.connect
def bind_task(task_id: str, task: Task, **_: Any) -> None:
    clear_contextvars()
    bind_contextvars(task=task.name, task_id=task_id)
    if request_id := getattr(task.request, "request_id", None):
        bind_contextvars(request_id=request_id)
    task.request.started = time.perf_counter()


@signals.task_postrun.connect
def log_task(task: Task, state: str | None = None, **_: Any) -> None:
    """One line per task; at debug level for the schedule's many calls that went well."""
    ms = round((time.perf_counter() - task.request.started) * 1000, 1)
    is_routine = state == "SUCCESS" and not current_request_id()
    (log.debug if is_routine else log.info)("task", state=state, ms=ms)
    clear_contextvars()
