import json
import shutil
import socket
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.utils import timezone

from claims.downstream import outbox
from rcm_site import health
from rcm_site.models import Heartbeat, Mail
from rcm_site.testing.makers import make_claim

STRANGER = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture
def no_database(monkeypatch):
    def refuse(*_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", refuse)


@pytest.fixture
def alive(db):
    for part in ("worker", "payments", "facts", "beat"):
        Heartbeat.objects.beat(part)


def checks(client) -> dict:
    return json.loads(client.get("/health").content)["checks"]


def test_live_needs_no_database_no_session_and_no_known_host(client, settings, no_database):
    settings.ALLOWED_HOSTS = ["rcm.example.org"]
    client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32

    response = client.get("/health/live", headers={"host": "127.0.0.1:8000"})

    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_probes_are_not_redirected_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/health/live").status_code == 200


def test_other_pages_still_refuse_a_host_that_is_not_ours(client, settings):
    settings.ALLOWED_HOSTS = ["rcm.example.org"]

    assert client.get("/sign-in/", headers={"host": "127.0.0.1:8000"}).status_code == 400


@pytest.mark.django_db
def test_ready_says_whether_the_database_answers(client):
    assert client.get("/health/ready").status_code == 200


def test_ready_is_503_without_the_database(client, no_database):
    assert client.get("/health/ready").status_code == 503


def test_health_without_the_database_is_unhealthy_and_still_answers(client, settings, no_database):
    client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32

    answer = client.get("/health")
    told_to_a_stranger = client.get("/health", **STRANGER)

    assert answer.status_code == told_to_a_stranger.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert "worker" not in answer.json()["checks"]
    assert set(told_to_a_stranger.json()) == {"status", "timestamp"}


def test_all_well_is_healthy(client, alive):
    answer = client.get("/health").json()

    assert answer["status"] == "healthy"
    assert {name: check["status"] for name, check in answer["checks"].items()} == dict.fromkeys(
        [
            *("database", "broker", "cache", "disk"),
            *("worker", "payments_worker", "facts_worker", "beat", "mail", "payments", "snapshots"),
        ],
        "healthy",
    )


@pytest.mark.parametrize(
    ("name", "part"),
    [("worker", "worker"), ("payments_worker", "payments"), ("facts_worker", "facts"), ("beat", "beat")],
)
def test_a_silent_part_degrades_the_site_but_keeps_it_in_service(client, alive, name, part):
    Heartbeat.objects.filter(name=part).update(at=timezone.now() - timedelta(minutes=2))

    answer = client.get("/health")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"][name]["facts"]["age_seconds"] >= 120


def test_a_part_that_never_showed_life_has_no_age(client, db):
    assert checks(client)["worker"] == {"status": "degraded", "facts": {"age_seconds": None}}


def test_mail_that_waits_long_or_failed_today_shows(client, alive):
    long_ago = timezone.now() - timedelta(hours=1)
    Mail.objects.create(message_id="<1@x>", recipients=[], queued_at=long_ago)
    Mail.objects.create(message_id="<2@x>", recipients=[], state="failed", closed_at=timezone.now())

    found = checks(client)["mail"]

    assert found["status"] == "degraded"
    assert (found["facts"]["waiting"], found["facts"]["failed_today"]) == (1, 1)
    assert found["facts"]["oldest_seconds"] >= 3600


def test_payments_that_wait_long_or_were_given_up_show(client, alive):
    waiting = outbox.tell(make_claim(fees=["10.00"]), "accepted")
    assert checks(client)["payments"] == {
        "status": "healthy",
        "facts": {"waiting": 1, "oldest_seconds": 0, "dead": 0},
    }

    waiting.created_at = timezone.now() - timedelta(hours=1)
    waiting.save()
    late = checks(client)["payments"]
    assert (late["status"], late["facts"]["oldest_seconds"]) == ("degraded", 3600)

    waiting.state = "dead"
    waiting.save()
    given_up = checks(client)["payments"]
    assert given_up == {"status": "degraded", "facts": {"waiting": 0, "oldest_seconds": 0, "dead": 1}}


@pytest.mark.parametrize(("free", "status"), [(50, "healthy"), (5, "degraded"), (1, "unhealthy")])
def test_a_full_disk_shows(monkeypatch, free, status):
    usage = shutil._ntuple_diskusage(100, 100 - free, free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    assert health.disk().status == status


def test_a_hung_broker_and_cache_cost_under_a_second_and_only_degrade(client, alive, settings):
    with socket.create_server(("127.0.0.1", 0), backlog=50) as hung:
        address = f"redis://127.0.0.1:{hung.getsockname()[1]}/0"
        settings.CELERY_BROKER_URL = address
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": address,
                "OPTIONS": settings.IMPATIENT_REDIS,
            }
        }
        started = time.monotonic()
        answer = client.get("/health")

    assert time.monotonic() - started < 1
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["broker"]["facts"] == {"reachable": 0}
    assert answer.json()["checks"]["cache"]["facts"] == {"reachable": 0}


@pytest.mark.parametrize(("role", "sees"), [("admin", True), ("biller", False)])
def test_only_operators_see_the_parts_from_afar(client, alive, sign_in, role, sees):
    sign_in(role)

    assert ("checks" in client.get("/health", **STRANGER).json()) is sees


def test_a_stranger_sees_the_sum_only(client, alive):
    assert set(client.get("/health", **STRANGER).json()) == {"status", "timestamp"}


# Metrics -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "proxies", "headers", "token", "status"),
    [
        ("127.0.0.1", 0, {}, "", 200),
        ("::1", 0, {}, "", 200),
        ("203.0.113.9", 0, {}, "", 403),
        ("203.0.113.9", 0, {"authorization": "Bearer open sesame"}, "open sesame", 200),
        ("203.0.113.9", 0, {"authorization": "Bearer wrong"}, "open sesame", 403),
        ("203.0.113.9", 0, {"authorization": "Bearer "}, "", 403),
        ("203.0.113.9", 0, {"authorization": "Bearer é"}, "open sesame", 403),
        # A local proxy hands on what a stranger asks.
        ("127.0.0.1", 1, {"x-forwarded-for": "203.0.113.9"}, "", 403),
        ("127.0.0.1", 0, {"x-forwarded-for": "203.0.113.9"}, "", 403),
        ("127.0.0.1", 1, {"x-forwarded-for": "127.0.0.1, 203.0.113.9"}, "", 403),
        ("127.0.0.1", 1, {"x-forwarded-for": "203.0.113.9, 127.0.0.1"}, "", 200),
    ],
)
def test_metrics_are_for_this_machine_or_the_token(settings, db, address, proxies, headers, token, status):
    settings.TRUSTED_PROXIES, settings.METRICS_TOKEN = proxies, token

    assert Client(REMOTE_ADDR=address).get("/metrics", headers=headers).status_code == status


def test_metrics_tell_of_requests_and_of_the_sites_own_state(client, alive):
    client.get("/sign-in/")

    text = client.get("/metrics").content.decode()

    assert "django_http_requests_total_by_view_transport_method_total" in text
    assert "rcm_worker_age_seconds" in text
    assert "rcm_mail_waiting 0.0" in text
    assert "rcm_payments_dead 0.0" in text
    assert "rcm_database_reachable 1.0" in text


def test_metrics_survive_the_loss_of_the_database(client, no_database):
    response = client.get("/metrics")

    assert response.status_code == 200
    assert "rcm_database_reachable 0.0" in response.content.decode()


@pytest.mark.parametrize("address", ["/health", "/health/live", "/health/ready", "/metrics"])
def test_a_watchers_pages_only_answer_questions_and_are_never_kept(client, db, address):
    assert client.post(address).status_code == 405
    assert "no-store" in client.get(address)["Cache-Control"]


@pytest.mark.django_db
def test_a_method_that_somebody_made_up_is_no_label(client) -> None:
    client.generic("CANARY", "/sign-in/")

    assert b"CANARY" not in client.get("/metrics").content
