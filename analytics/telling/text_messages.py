"""Text messages to telephones, through whichever provider the settings name."""

from __future__ import annotations

import http.client
import re
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

from rcm_site.posting import Answer, post

from .addresses import connection_to
from .news import News

log = structlog.get_logger(__name__)

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # as the world writes them: country first
LONGEST = 300  # two parts of a text message

# Takes a number and what it is told; its answer says whether the message was taken.
Provider = Callable[[str, str], Answer]


def provider() -> Provider:
    return import_string(settings.TEXT_MESSAGES)


def words_of(news: News) -> str:
    """The headline, cut so that the way to the alert fits in."""
    room = LONGEST - len(news.url) - 1
    said = news.headline
    return f"{said if len(said) <= room else said[: room - 1] + '…'} {news.url}"


def to_console(number: str, text: str) -> Answer:
    """For trying out: into the worker's output, and nowhere else."""
    print(f"Text message to {number}: {text}", flush=True)  # noqa: T201 - that is what it is for
    return Answer(200, b"printed")


def over_http(number: str, text: str) -> Answer:
    """A form posted with a name and a password, as Twilio's Messages take it, and many others."""
    content = urlencode({"From": settings.TEXT_FROM, "To": number, "Body": text}).encode()
    key = b64encode(f"{settings.TEXT_ACCOUNT}:{settings.TEXT_TOKEN}".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {key}"}
    connection, path = connection_to(settings.TEXT_URL)
    try:
        return post(connection, path, content, headers)
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from error
    finally:
        connection.close()
