import json
import socket
import sys
import time
from collections.abc import Iterator

import django.db
import pytest
from django.conf import settings as site_settings
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.test import Client
from django.urls import path

from accounts.access import allow_anyone
from rcm_site import outages, urls

ANSWER_WITHIN_SECONDS = 1.0


@allow_anyone
def reads_the_cache(request):
    cache.get("anything")
    raise AssertionError("there is no Redis in this test")


@allow_anyone
def loses_the_database(request):
    raise django.db.OperationalError("Failing row contains (Jane)")


urlpatterns = [
    path("reads-cache/", reads_the_cache),
    path("api/reads-cache", reads_the_cache),
    path("loses-database/", loses_the_database),
    *urls.urlpatterns,
]
handler500 = urls.handler500


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def refused_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


@pytest.fixture
def hung_address() -> Iterator[str]:
    """A server that lets everybody in and never says a word, as a stopped Redis does."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture(params=["refused_address", "hung_address"])
def redis_away(request, monkeypatch) -> None:
    cache = RedisCache(request.getfixturevalue(request.param), {"OPTIONS": site_settings.IMPATIENT_REDIS})
    monkeypatch.setattr(sys.modules[__name__], "cache", cache)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("address", ["/reads-cache/", "/api/reads-cache"])
def test_without_redis_the_answer_is_503_at_once(browser, redis_away, address):
    started = time.monotonic()
    response = browser.get(address)

    assert time.monotonic() - started < ANSWER_WITHIN_SECONDS
    assert response.status_code == 503
    assert response["Retry-After"] == str(outages.RETRY_AFTER_SECONDS)


@pytest.mark.urls(__name__)
def test_the_api_says_so_in_its_own_shape(browser, redis_away):
    error = json.loads(browser.get("/api/reads-cache").content)["error"]

    assert error == {"code": "unavailable", "message": outages.MESSAGE, "fields": {}}


@pytest.mark.urls(__name__)
def test_without_the_database_the_answer_is_503_and_tells_nothing(browser):
    response = browser.get("/loses-database/")

    assert response.status_code == 503
    assert "Jane" not in response.content.decode()


@pytest.mark.urls(__name__)
def test_a_session_that_cannot_be_read_is_a_503_too(browser):
    """Without the django_db mark every query fails: here in a middleware, before any view."""
    browser.cookies[site_settings.SESSION_COOKIE_NAME] = "x" * 32
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(django.db.backends.base.base.BaseDatabaseWrapper, "connect", _refuse)
        patch.setattr(django.db.backends.base.base.BaseDatabaseWrapper, "ensure_connection", _refuse)
        response = browser.get("/profile/")

    assert response.status_code == 503


def _refuse(*_: object) -> None:
    raise django.db.OperationalError("connection refused")


def test_a_mistake_in_the_program_is_no_outage():
    assert not outages.is_outage(django.db.IntegrityError())
    assert not outages.is_outage(None)
