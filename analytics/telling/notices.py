"""Tells of alerts: rows in the transaction of what happened, which `sending` takes on their way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from ..models import AlertEvent, AlertRule, Delivery
from .news import worst_first
from .places import Place, places_of

What = AlertEvent.What
State = Delivery.State


def tell(*events: AlertEvent, now: datetime) -> None:
    """Tell everybody whom it concerns, once each: rows only, nothing here waits for a server.

    What happened to several alerts of a rule at once is one message, about those that this place may hear of.
    """
    rows: list[Delivery] = []
    others: dict[UUID, list[AlertEvent]] = {}
    for place, told in _by_place(events, now):
        row = _delivery(told[0], place, now)
        rows.append(row)
        others[row.pk] = told[1:]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    if any(others.values()):
        _tell_together(others)


def _by_place(events: Sequence[AlertEvent], now: datetime) -> Iterator[tuple[Place, list[AlertEvent]]]:
    """What is told in one message: of one kind, the worst first."""
    together: dict[tuple[str, str], tuple[Place, list[AlertEvent]]] = {}
    for event in worst_first(events):
        for place in places_of(event, now):
            if place.keeps_incidents or _is_collected(event, place):
                yield place, [event]
            else:
                together.setdefault((event.what, place.key), (place, []))[1].append(event)
    yield from together.values()


def _tell_together(others: Mapping[UUID, Sequence[AlertEvent]]) -> None:
    """Of what was told before, nothing was made anew."""
    made = Delivery.objects.filter(pk__in=others).values_list("pk", flat=True)
    through = Delivery.others.through
    through.objects.bulk_create(
        through(delivery_id=pk, alertevent_id=event.pk) for pk in made for event in others[pk]
    )


def _delivery(event: AlertEvent, place: Place, now: datetime) -> Delivery:
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
        due_at=when(event, now),
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
