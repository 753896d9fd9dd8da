"""Tells of alerts: rows in the transaction of what happened, which `sending` takes on their way."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils import timezone

from ..models import AlertEvent, AlertRule, Delivery
from .places import Place, places_of

What = AlertEvent.What
State = Delivery.State


def tell(event: AlertEvent, *, now: datetime) -> None:
    """Tell everybody whom it concerns, once each: rows only, nothing here waits for a server."""
    due = when(event, now)
    Delivery.objects.bulk_create(
        [_delivery(event, place, due, now) for place in places_of(event, now)], ignore_conflicts=True
    )


def _delivery(event: AlertEvent, place: Place, due: datetime, now: datetime) -> Delivery:
    return Delivery(
        channel=place.channel,
        about=Delivery.About.ALERT,
        once=f"{event.pk}:{place.key}",
        event=event,
        person=place.person,
        address=place.address,
        webhook=place.webhook,
        state=State.COLLECTED if _is_collected(event, place) else State.WAITING,
        made_at=now,
        due_at=due,
    )


def _is_collected(event: AlertEvent, place: Place) -> bool:
    """Whether it waits for a person's digest; what is critical, or nobody took up, never does."""
    if place.person is None or not place.person.wants_digest:
        return False
    return event.alert.severity != AlertRule.Severity.CRITICAL and event.what != What.ESCALATED


# Quiet hours ---------------------------------------------------------------------------------------


def when(event: AlertEvent, now: datetime) -> datetime:
    """Now, or at the end of the rule's quiet hours, by the site's clock; what is critical never waits."""
    rule = event.alert.rule
    if rule.quiet_from is None or rule.quiet_until is None:
        return now
    if event.alert.severity == AlertRule.Severity.CRITICAL:
        return now
    return end_of_quiet(now, rule.quiet_from, rule.quiet_until)


def end_of_quiet(now: datetime, start: time, end: time) -> datetime:
    """The end of the quiet hours in which a moment lies; else the moment itself. From one hour to the same
    is none."""
    here = timezone.localtime(now)
    clock = here.time()
    is_quiet = start <= clock < end if start <= end else clock >= start or clock < end
    if not is_quiet:
        return now
    day = here.date() + timedelta(days=1 if clock >= end else 0)
    return datetime.combine(day, end, tzinfo=timezone.get_current_timezone())
