"""A real browser for tests: pages that complain of anything in their console fail the test.

A module of browser tests imports these fixtures and marks itself with `pytestmark = BROWSER`.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.signals import request_finished, request_started
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from accounts.models import User

from .makers import PASSWORD

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
BROWSER = [
    pytest.mark.browser,
    pytest.mark.served,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
    pytest.mark.django_db(transaction=True),
]
ANSWER_SECONDS = 30  # a busy machine takes its time, and to be patient costs nothing
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=1000 * ANSWER_SECONDS)
# Playwright drives the browser from an event loop, inside which Django would refuse to query.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@dataclass
class Visit:
    """One person at one browser window."""

    page: Page
    site: str
    complaints: list[str]

    def go(self, path: str) -> Page:
        self.page.goto(self.site + path)
        return self.page

    def sign_in(self, user: User, password: str = PASSWORD) -> Page:
        self.go("/sign-in/")
        self.page.get_by_label("E-mail").fill(user.email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        return self.page

    def accessibility_problems(self) -> list[str]:
        """What axe finds; in the other theme nothing but the contrasts of colours can be different."""
        heard = len(self.complaints)
        dark = self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        self.page.emulate_media(reduced_motion="reduce")  # what is just fading in has no contrast yet
        problems = self._ask_axe()
        self._choose("light" if dark else "dark")
        problems += self._ask_axe(runOnly=["color-contrast"])
        self._choose("dark" if dark else "light")
        self.page.emulate_media(reduced_motion="no-preference")
        del self.complaints[heard:]  # axe tries things that the page's own policy forbids
        return problems

    def _choose(self, theme: Literal["light", "dark"]) -> None:
        self.page.emulate_media(color_scheme=theme)
        self.page.evaluate("Promise.allSettled(document.getAnimations().map(change => change.finished))")

    def _ask_axe(self, **options: Any) -> list[str]:
        found = Axe().run(self.page, options={"resultTypes": ["violations"], **options})
        return [
            f"{each['id']} ({each['help']}): {', '.join(node['target'][0] for node in each['nodes'][:3])}"
            for each in found.response["violations"]
        ]


@cache
def driver() -> Playwright:
    """One for the whole process: a second one cannot start beside it."""
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    return playwright


@cache
def only_browser() -> Browser:
    """One for the whole process, too: a fixture would be one for each module that imports it."""
    return driver().chromium.launch(executable_path=str(CHROMIUM), args=QUIET)


@pytest.fixture
def chromium() -> Browser:
    return only_browser()


@contextmanager
def answered_to_the_end() -> Iterator[None]:
    """Wait for answers that nobody reads any more, lest they query tables that are being emptied."""
    under_way: list[bool] = []

    def begin(**_: Any) -> None:
        under_way.append(True)

    def end(**_: Any) -> None:
        under_way.pop()

    request_started.connect(begin)
    request_finished.connect(end)
    yield
    deadline = time.monotonic() + ANSWER_SECONDS
    while under_way and time.monotonic() < deadline:
        time.sleep(0.01)
    request_started.disconnect(begin)
    request_finished.disconnect(end)
    if under_way:
        pytest.fail(f"a request was not answered within {ANSWER_SECONDS} seconds after its browser had left")


@pytest.fixture
def open_window(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Visit]]:
    """Open a window, or several; in the end none of them may have complained of anything."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def open_one(**options: Any) -> Visit:
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        context.set_default_timeout(1000 * ANSWER_SECONDS)
        contexts.append(context)
        visit = Visit(context.new_page(), live_server.url, [])
        visit.page.on("console", lambda message: _hear(visit, message))
        visit.page.on("pageerror", lambda error: visit.complaints.append(f"script error: {error}"))
        visits.append(visit)
        return visit

    with answered_to_the_end():
        yield open_one
        for context in contexts:
            context.close()
    if complaints := [complaint for visit in visits for complaint in visit.complaints]:
        pytest.fail("\n".join(complaints))


def _hear(visit: Visit, message: ConsoleMessage) -> None:
    """A page that the test asked for may be refused; every other error in the console counts."""
    if message.type == "error" and "the server responded with a status of 4" not in message.text:
        visit.complaints.append(f"{visit.page.url}: {message.type}: {message.text}")


@pytest.fixture
def window(open_window: Callable[..., Visit]) -> Visit:
    return open_window()
