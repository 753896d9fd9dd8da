"""Exactly so many requests a period: at once, across windows, per person; and none without a count."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.core.cache.backends.redis import RedisCache
from django.test import Client, RequestFactory
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens
from accounts.access import SIGNED_IN
from accounts.models import User
from rcm_site import rate_limit
from rcm_site.rate_limit import limited
from rcm_site.testing.makers import make_user
from rcm_site.testing.services import CannotRun, Redis, Service, running
from rcm_site.testing.threads import at_once

PERIOD = 1


class TenAMinute(APIView):
    access = SIGNED_IN

    @limited(10)
    def get(self, request: Request) -> Response:
        return Response({"passed": True})


class ThreeASecond(APIView):
    access = SIGNED_IN

    @limited(3, seconds=PERIOD)
    def get(self, request: Request) -> Response:
        return Response({"passed": True})


class OneInTwoSeconds(APIView):
    access = SIGNED_IN

    @limited(1, seconds=2)
    def get(self, request: Request) -> Response:
        return Response({"passed": True})


urlpatterns = [
    path("api/ten", TenAMinute.as_view()),
    path("api/three", ThreeASecond.as_view()),
    path("api/one", OneInTwoSeconds.as_view()),
    path("", include("rcm_site.urls")),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def caller(user: User) -> dict[str, str]:
    pair = tokens.issue(user=user, request=RequestFactory().post("/"))
    return {"Authorization": f"Bearer {pair.access}"}


def ask(headers: dict[str, str], url: str = "/api/ten", **extra: str) -> Any:
    return Client(raise_request_exception=False).get(url, headers=headers | extra)


def test_the_eleventh_in_a_minute_is_told_when_to_come_back() -> None:
    headers = caller(make_user())
    statuses = [ask(headers).status_code for _ in range(10)]
    refused = ask(headers)

    assert statuses == [200] * 10
    assert refused.status_code == 429
    assert 50 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["error"]["code"] == "throttled"
    assert refused["Cache-Control"] == "no-store"


def test_two_people_behind_one_address_have_ten_each() -> None:
    first, second = caller(make_user()), caller(make_user())
    passed = [ask(headers).status_code for headers in [first, second] * 11]

    assert Counter(passed) == {200: 20, 429: 2}


def test_addresses_made_up_on_the_way_win_nothing(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    headers = caller(make_user())
    statuses = [ask(headers, **{"X-Forwarded-For": f"203.0.113.{each}"}).status_code for each in range(15)]

    assert Counter(statuses) == {200: 10, 429: 5}


def test_a_session_and_a_token_of_one_person_share_ten(sign_in: Any, client: Client) -> None:
    user = sign_in()
    statuses = [client.get("/api/ten").status_code for _ in range(6)]
    statuses += [ask(caller(user)).status_code for _ in range(6)]

    assert Counter(statuses) == {200: 10, 429: 2}


def test_other_addresses_have_counts_of_their_own() -> None:
    headers = caller(make_user())
    for _ in range(10):
        ask(headers)

    assert ask(headers, "/api/one").status_code == 200


def test_in_no_period_wherever_it_begins_do_more_get_past() -> None:
    """Asked without a pause over several windows, whose edges thus lie somewhere in between."""
    headers = caller(make_user())
    passed = []
    end = time.monotonic() + 3.5 * PERIOD
    while time.monotonic() < end:
        began = time.monotonic()
        if ask(headers, "/api/three").status_code == 200:
            passed.append((began, time.monotonic()))

    # The fourth after another can have been counted one period later at the earliest.
    assert all(later[1] - earlier[0] >= PERIOD for earlier, later in zip(passed, passed[3:], strict=False))
    assert len(passed) >= 9  # and whoever may pass does, in every period


def test_whoever_waits_as_told_gets_past() -> None:
    headers = caller(make_user())
    ask(headers, "/api/one")
    wait = int(ask(headers, "/api/one")["Retry-After"])
    time.sleep(wait)

    assert wait <= 2
    assert ask(headers, "/api/one").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_hundred_at_once_ten_get_past() -> None:
    headers = caller(make_user())

    def ask_ten_times(_: int) -> Counter[int]:
        return Counter(ask(headers).status_code for _ in range(10))

    assert sum(at_once(ask_ten_times, range(20)), Counter()) == {200: 10, 429: 190}


# Without Redis ---------------------------------------------------------------------------------------


@pytest.fixture
def own_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A real server of this test's own, which it may stop and freeze."""
    try:
        with running(Redis) as (server,):
            its_cache = RedisCache(server.url, {"OPTIONS": site_settings.IMPATIENT_REDIS})
            monkeypatch.setattr(rate_limit, "cache", its_cache)
            monkeypatch.setattr("django_ratelimit.core.caches", {"default": its_cache})
            yield server
    except CannotRun as reason:
        pytest.skip(str(reason))


def answer_without_redis(headers: dict[str, str]) -> None:
    began = time.monotonic()
    response = ask(headers)
    took = time.monotonic() - began

    assert response.status_code == 503
    assert int(response["Retry-After"]) >= 1
    assert response.json()["error"]["code"] == "unavailable"
    assert took < 1


def test_a_redis_that_is_gone_or_hangs_costs_a_moment_and_is_no_way_past(own_redis: Service) -> None:
    headers = caller(make_user())
    assert [ask(headers).status_code for _ in range(9)] == [200] * 9

    own_redis.freeze()
    answer_without_redis(headers)
    answer_without_redis(headers)
    own_redis.thaw()
    assert [ask(headers).status_code for _ in range(2)] == [200, 429]

    own_redis.stop()
    answer_without_redis(headers)
    own_redis.start()
    assert ask(headers).status_code == 200
