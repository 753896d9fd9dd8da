"""Looks after the site once a minute, in each web process and apart from any request.

Whether workers live, no worker can tell: so web processes look at the rules about the site, too, and while no
worker takes calls they also see to it that what the rules say is told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
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
    """Look from now on, for as long as this process lives; a look that hangs does not keep the other."""
    for look in (look_at_database, look_at_site):
        threading.Thread(target=_keep_on, args=[look], name="watch", daemon=True).start()


def _keep_on(look: Callable[[datetime], None]) -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        try:
            look(timezone.now())
        except Exception:  # the next look is in a minute, whatever befell this one
            log.error("watch_failed", exc_info=True)
        finally:
            connections.close_all()  # one that is kept may hang on a server that is gone by then


def look_at_database(now: datetime) -> None:
    if lost_database.is_lost():
        lost_database.notice_loss(now)
    else:
        lost_database.notice_return(now, site.record)


def look_at_site(now: datetime) -> None:
    if lost_database.is_lost():
        return  # the other look says so
    request_minutes.write_down(now)
    check_due(now, is_about_site=True)
    if nobody_works(now):
        mails.write_due(now)
        mail.send_due()
        mails.settle(now)
        sending.send_due(now)


def nobody_works(now: datetime) -> bool:
    """No worker, or nobody who rings for it."""
    alive = Heartbeat.objects.filter(name__in=("worker", "beat"), at__gt=now - SILENT_AFTER)
    return alive.count() < 2
