"""When the database is lost, a file remembers it, and people are told by mail past the queue, which is in it.

Each web process looks once a minute; those of one machine share the file, so people are told once. A database
that is only started anew is back before anybody is told.
"""

from __future__ import annotations

import fcntl
import json
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from .health import Status, database
from .letters import letter

log = structlog.get_logger(__name__)

TELL_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class Outage:
    since: datetime
    until: datetime


@dataclass
class Remembered:
    since: str
    is_told: bool = False


def is_lost() -> bool:
    return database().status != Status.HEALTHY


def notice_loss(now: datetime) -> None:
    """Remember since when, and tell people once it has lasted."""
    with _held() as file:
        if file is None:
            return  # another process is at it
        known = _read(file) or Remembered(now.isoformat())
        since = _moment(known.since)
        if now - since >= TELL_AFTER and not known.is_told:
            log.error("database_lost", seconds=round((now - since).total_seconds()))
            known.is_told = _tell(since)
        _write(file, known)


def notice_return(now: datetime, record: Callable[[Outage], object]) -> None:
    """Have the outage that is over recorded, once, and tell whoever was told of it; not a short one."""
    path = _path()
    if not path.exists() or not path.stat().st_size:
        return
    with _held() as file:
        known = _read(file) if file is not None else None
        if file is None or known is None:
            return
        since = _moment(known.since)
        if now - since >= TELL_AFTER:
            with transaction.atomic():
                record(Outage(since, now))
                if known.is_told and settings.SYSTEM_ALERT_ADDRESSES:
                    _message("database_back", since).send()  # the queue is back, too
        _write(file, None)


# Telling ---------------------------------------------------------------------------------------------


def _tell(since: datetime) -> bool:
    """Whether nobody has to be told any more; the mail server may be away, too."""
    if not settings.SYSTEM_ALERT_ADDRESSES:
        return True
    message = _message("database_lost", since)
    try:
        message.connection = get_connection(settings.MAIL_TRANSPORT)
        message.send()
    except (OSError, smtplib.SMTPException):
        log.warning("mail_server_unreachable", exc_info=True)
        return False
    return True


def _message(name: str, since: datetime) -> EmailMessage:
    link = settings.SITE_URL.rstrip("/") + reverse("alerts")
    return letter(name, {"since": since, "link": link}, to=settings.SYSTEM_ALERT_ADDRESSES)


# The file --------------------------------------------------------------------------------------------


def _path() -> Path:
    return Path(settings.VAR_DIR) / "database-lost.json"


@contextmanager
def _held() -> Iterator[IO[str] | None]:
    """The file, for one process at a time; it is emptied and never removed, or two might hold one each."""
    with _path().open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file


def _read(file: IO[str]) -> Remembered | None:
    file.seek(0)
    text = file.read()
    try:
        return Remembered(**json.loads(text)) if text else None
    except (ValueError, TypeError):  # written by half when the disk was full
        return None


def _write(file: IO[str], known: Remembered | None) -> None:
    file.seek(0)
    file.truncate()
    if known is not None:
        file.write(json.dumps(asdict(known)))
    file.flush()


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    assert found is not None  # noqa: S101 - we wrote it
    return found
