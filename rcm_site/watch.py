"""Looks after the site once a minute, in each web process and apart from any request.

Whether workers live, no worker can tell: so web processes look at the rules about the site, too, and while no
worker takes calls they also see to it that what the rules say is told.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import structlog
from django.db import connections
from django.utils import timezone

from analytics.alerts import site
from analytics.alerts.checking import check_due
from analytics.telling import mails, sending

from . import lost_database, mail, request_minutes
from .models import Heartbeat

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60
SILENT_AFTER = timedelta(minutes=3)


def begin() -> None:
    """Look from now on, for as long as this process lives."""
    threading.Thread(target=_watch, name="watch", daemon=True).start()


def _watch() -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        try:
            look(timezone.now())
        except Exception:  # the next look is in a minute, whatever befell this one
            log.error("watch_failed", exc_info=True)
        finally:
            connections.close_all()  # one that is kept may hang on a server that is gone by then


def look(now: datetime) -> None:
    if lost_database.is_lost():
        lost_database.notice_loss(now)
        return
    if outage := lost_database.notice_return(now):
        site.record(outage)
    request_minutes.write_down(now)
    check_due(now, is_about_site=True)
    if nobody_works(now):
        mails.write_due(now)
        mail.send_due()
        sending.send_due(now)


def nobody_works(now: datetime) -> bool:
    """No worker, or nobody who rings for it."""
    alive = Heartbeat.objects.filter(name__in=("worker", "beat"), at__gt=now - SILENT_AFTER)
    return alive.count() < 2
