"""Mails of alerts as they look: narrow and wide, on light ground and dark."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from email.message import Message
from itertools import product
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from accounts.models import User
from analytics.models import Delivery
from analytics.telling import digests
from analytics.tests.test_alert_mails import (  # noqa: F401
    NOW,
    ann,
    arrived,
    happened,
    make_told,
    parts_of,
    text_of,
)
from rcm_site.testing.browser import BROWSER, chromium  # noqa: F401
from rcm_site.testing.makers import make_user
from rcm_site.tests.test_mail import Mailbox, mailbox, server  # noqa: F401

pytestmark = BROWSER


def pages(ann: User, mailbox: Mailbox) -> dict[str, str]:
    """The page of each kind of mail, with its picture in place."""
    digested = make_user("director", wants_digest=True, email="digest@x.example")
    alert = make_told(ann, digested)
    digests.gather(NOW + timedelta(days=2))
    Delivery.objects.update(due_at=NOW)
    arrived(mailbox)
    alert.resolved_at = NOW
    alert.save(update_fields=["resolved_at"])
    happened(alert, "resolved")
    opened, digest, over = arrived(mailbox)
    return {"opened": page_of(opened), "digest": page_of(digest), "over": page_of(over)}


def page_of(message: Message) -> str:
    page = text_of(message, "text/html")
    picture = parts_of(message).get("image/png")
    if picture is not None:
        content: Any = picture.get_payload(decode=True)
        page = page.replace("cid:course", f"data:image/png;base64,{b64encode(content).decode()}")
    return page


def test_mails_fit_narrow_and_wide_clients_in_both_themes(
    ann: User,
    mailbox: Mailbox,
    chromium: Browser,
    tmp_path: Path,
) -> None:
    themes: Any = ("light", "dark")
    arrivals = pages(ann, mailbox)
    for theme in themes:
        with chromium.new_context(color_scheme=theme) as context:
            page = context.new_page()
            for (name, content), width in product(arrivals.items(), (700, 360)):
                page.set_viewport_size({"width": width, "height": 900})
                page.set_content(content)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, name
                page.screenshot(path=str(tmp_path / f"{name}-{width}-{theme}.png"), full_page=True)
                if width == 360 and name != "over":
                    assert problems_of(page) == [], name


def problems_of(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": ["color-contrast", "image-alt", "link-name"]})
    return [
        f"{each['id']}: {node['target'][0]}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]
