"""Is the site well? Pages for the machines (and people) that watch over it.

`live` needs nothing at all, `ready` the database; so an outage of Redis never takes the site out of service.
"""

from __future__ import annotations

import hmac
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

import redis
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connections
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from django_prometheus.middleware import PrometheusAfterMiddleware
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from accounts.access import allow_anyone
from accounts.audit import client_address
from analytics.snapshots import hours_since_last
from claims.models import OutboxMessage

from .logs import METHODS
from .models import Heartbeat, Mail

log = structlog.get_logger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
STALE_AFTER_SECONDS = 60
LATE_MAIL_SECONDS = 300
LATE_PAYMENT_SECONDS = 300
STALE_SNAPSHOT_HOURS = 30
LOW_DISK_SHARE = 0.10
FULL_DISK_SHARE = 0.02


class Status(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True)
class Finding:
    status: Status
    facts: dict[str, float | int | str | None]


Check = Callable[[], Finding]


# Checks ----------------------------------------------------------------------------------------------


def database() -> Finding:
    """Through a connection of its own: one in use may hang on a server that no longer answers."""
    fresh = connections["default"].copy()
    try:
        with fresh.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except (DatabaseError, InterfaceError):
        log.warning("check_failed", check="database", exc_info=True)
        return Finding(Status.UNHEALTHY, {"reachable": 0})
    finally:
        fresh.close()
    return Finding(Status.HEALTHY, {"reachable": 1})


def broker() -> Finding:
    """Pages work without the broker; only what the workers do waits for it."""
    url = settings.CELERY_BROKER_URL
    if url.startswith("filesystem"):
        folder = str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"])
        return _reachable(os.access(folder, os.R_OK | os.W_OK | os.X_OK))
    try:
        with redis.Redis.from_url(url, **settings.IMPATIENT_REDIS) as client:
            client.ping()
    except redis.RedisError:
        log.warning("check_failed", check="broker", exc_info=True)
        return _reachable(False)
    return _reachable(True)


def shared_cache() -> Finding:
    try:
        cache.get("health")
    except redis.RedisError:
        log.warning("check_failed", check="cache", exc_info=True)
        return _reachable(False)
    return _reachable(True)


def _reachable(reachable: bool) -> Finding:
    return Finding(Status.HEALTHY if reachable else Status.DEGRADED, {"reachable": int(reachable)})


def worker() -> Finding:
    return _heartbeat("worker")


def beat() -> Finding:
    return _heartbeat("beat")


def _heartbeat(name: str) -> Finding:
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    age = None if at is None else round((timezone.now() - at).total_seconds(), 1)
    is_fresh = age is not None and age <= STALE_AFTER_SECONDS
    return Finding(Status.HEALTHY if is_fresh else Status.DEGRADED, {"age_seconds": age})


def mail() -> Finding:
    now = timezone.now()
    waiting = Mail.objects.waiting()
    oldest = waiting.aggregate(oldest=Min("queued_at"))["oldest"]
    age = 0 if oldest is None else round((now - oldest).total_seconds())
    failed = Mail.objects.failed_since(now - timedelta(days=1)).count()
    is_well = age <= LATE_MAIL_SECONDS and not failed
    return Finding(
        Status.HEALTHY if is_well else Status.DEGRADED,
        {"waiting": waiting.count(), "oldest_seconds": age, "failed_today": failed},
    )


def disk() -> Finding:
    usage = shutil.disk_usage(settings.VAR_DIR)
    free = usage.free / usage.total
    status = Status.UNHEALTHY if free < FULL_DISK_SHARE else Status.DEGRADED
    return Finding(status if free < LOW_DISK_SHARE else Status.HEALTHY, {"free_share": round(free, 3)})


def payments() -> Finding:
    """Net fees on their way downstream, those that were given up, and how long the oldest has waited."""
    now = timezone.now()
    undelivered = OutboxMessage.objects.undelivered()
    oldest = undelivered.aggregate(oldest=Min("created_at"))["oldest"]
    age = 0 if oldest is None else round((now - oldest).total_seconds())
    dead = OutboxMessage.objects.dead().count()
    is_well = age <= LATE_PAYMENT_SECONDS and not dead
    return Finding(
        Status.HEALTHY if is_well else Status.DEGRADED,
        {"waiting": undelivered.count(), "oldest_seconds": age, "dead": dead},
    )


def payments_worker() -> Finding:
    return _heartbeat("payments")


def facts_worker() -> Finding:
    return _heartbeat("facts")


def snapshots() -> Finding:
    """Whether the last nights' numbers were written down."""
    hours = hours_since_last(timezone.now())
    is_fresh = hours is None or hours <= STALE_SNAPSHOT_HOURS
    return Finding(
        Status.HEALTHY if is_fresh else Status.DEGRADED,
        {"hours": None if hours is None else round(hours, 1)},
    )


CHECKS: dict[str, Check] = {"database": database, "broker": broker, "cache": shared_cache, "disk": disk}
# Asked only while the database answers.
CHECKS_IN_DATABASE: dict[str, Check] = {
    "worker": worker,
    "payments_worker": payments_worker,
    "facts_worker": facts_worker,
    "beat": beat,
    "mail": mail,
    "payments": payments,
    "snapshots": snapshots,
}


def examine() -> dict[str, Finding]:
    findings = {name: check() for name, check in CHECKS.items()}
    if findings["database"].status == Status.HEALTHY:
        findings |= {name: check() for name, check in CHECKS_IN_DATABASE.items()}
    return findings


def overall(findings: Iterable[Finding]) -> Status:
    found = {finding.status for finding in findings}
    return next((status for status in (Status.UNHEALTHY, Status.DEGRADED) if status in found), Status.HEALTHY)


# Pages -----------------------------------------------------------------------------------------------


@allow_anyone
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "alive"})


@allow_anyone
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    is_ready = database().status == Status.HEALTHY
    return JsonResponse({"status": "ready" if is_ready else "not ready"}, status=200 if is_ready else 503)


@allow_anyone
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """The state of all that the site is made of; who may not see the parts gets the sum."""
    findings = examine()
    status = overall(findings.values())
    answer: dict[str, Any] = {"status": status, "timestamp": timezone.now()}
    if _may_see_details(request, findings):
        answer["checks"] = {name: asdict(finding) for name, finding in findings.items()}
    return JsonResponse(answer, status=503 if status == Status.UNHEALTHY else 200)


@allow_anyone
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus: what the web processes counted, and what the site knows of itself."""
    if not _is_watcher(request):
        return JsonResponse({"status": "refused"}, status=403)
    counted = ExportToDjangoView(request)
    counted.content += generate_latest(STATE)
    return counted


for _page in (live, ready, health, metrics):
    # Asking must neither need nor extend anybody's sign-in.
    _page.without_session = True  # type: ignore[attr-defined]


def _may_see_details(request: HttpRequest, findings: dict[str, Finding]) -> bool:
    if _is_watcher(request):
        return True
    if findings["database"].status != Status.HEALTHY:
        return False
    return request.user.has_perm("accounts.view_operations")


def _is_watcher(request: HttpRequest) -> bool:
    """This machine itself, or whoever holds the token."""
    given = request.headers.get("Authorization", "").encode()
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    if settings.METRICS_TOKEN and hmac.compare_digest(given, expected):
        return True
    # A proxy nobody told us of makes the whole world look local.
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if is_forwarded and not settings.TRUSTED_PROXIES:
        return False
    return client_address(request) in LOOPBACK


PROBES = {"/health/live": live, "/health/ready": ready, "/metrics": metrics}


class Probes:
    """Answer the machines that watch before anything else asks for a host name, a session or the database.

    They call by an address or a container's name, which ALLOWED_HOSTS need not hold: it is not used here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return PROBES.get(request.path_info, self.get_response)(request)


class Counted(PrometheusAfterMiddleware):
    """Counts requests without taking a method that somebody made up for a label, which is kept for good."""

    def label_metric(self, metric: Any, request: HttpRequest, response: Any = None, **labels: Any) -> Any:
        if labels.get("method", "GET") not in METHODS:
            labels["method"] = "OTHER"
        return _labelled(metric, *labels.items()) if labels else metric


@lru_cache(maxsize=4_000)
def _labelled(metric: Any, *labels: tuple[str, str]) -> Any:
    """Each request counts under seven such: to check their names anew takes longer than to count."""
    return metric.labels(**dict(labels))


# Our own gauges --------------------------------------------------------------------------------------


class State(Collector):
    """Read when asked, so that all web processes tell the same."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for check, finding in examine().items():
            for fact, value in finding.facts.items():
                if value is not None:
                    yield GaugeMetricFamily(f"rcm_{check}_{fact}", f"{check}: {fact}", value=float(value))


STATE = CollectorRegistry()
STATE.register(State())
