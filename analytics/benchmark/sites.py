"""The site that is measured, and whoever asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import CommandError
from django.test import Client as SigningIn

from accounts.models import User
from claims.management.commands._bench_api import token_of
from rcm_site.testing.services import CannotRun, Redis, running

from .addresses import Address
from .timing import Client, Headers, Waits

WEB_PROCESSES = 2
UNASKED = 3  # requests before the first that counts: plans, templates, connections


class Asked:
    """Who asks, of which server."""

    def __init__(self, port: int, server: int, user: User) -> None:
        self.port, self.server, self._user = port, server, user
        browser = SigningIn()
        browser.force_login(user, settings.AUTHENTICATION_BACKENDS[-1])
        self._cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value

    def headers(self, *, is_api: bool) -> Headers:
        """A new token each time: they do not live long."""
        if is_api:
            return {"Authorization": f"Bearer {token_of(self._user)}"}
        return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={self._cookie}"}

    @contextmanager
    def client(self, *, is_api: bool) -> Iterator[Client]:
        client = Client(self.port, self.headers(is_api=is_api))
        yield client
        client.close()


def answers(asked: Asked, address: Address) -> bool:
    """Whether it is one that answers with something: not one to send to, nor one that leads elsewhere."""
    with asked.client(is_api=address.is_api) as client:
        try:
            status = client.get(address.path)[0]
        except OSError as error:
            raise CommandError(f"The measurement is void: {address.path} does not answer.") from error
    if status >= 500:
        raise CommandError(f"The measurement is void: {address.path} answers {status}.")
    return status == 200


def waits_of(asked: Asked, address: Address, requests: int) -> Waits:
    with asked.client(is_api=address.is_api) as client:
        for _ in range(UNASKED):
            client.get(address.path)
        return client.waits(address.path, requests)


@contextmanager
def shared_cache() -> Iterator[str]:
    """The site's Redis, or one of our own: several web processes share a cache."""
    if settings.REDIS_URL:
        yield settings.REDIS_URL
        return
    try:
        with running(Redis) as (redis,):
            yield redis.url
    except CannotRun as why:
        raise CommandError(f"Measuring needs a Redis: set REDIS_URL ({why}).") from None
