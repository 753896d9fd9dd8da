"""One mail about all alerts for whoever wants that: each morning, or each Monday's.

What was collected by then is gathered into one delivery, named by the person and the day: once, however often
somebody looks. Nothing collected, no mail.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from rcm_site.letters import letter
from rcm_site.templatetags.ui import day

from ..alerts.wording import alert_in_words, subject_of
from ..models import Alert, AlertEvent, AlertRule, Delivery
from .news import site, url_of

AT = time(7)
State = Delivery.State

# Those that matter most come first.
IN_ORDER = {AlertRule.Severity.CRITICAL: 0, AlertRule.Severity.WARNING: 1, AlertRule.Severity.LOW: 2}


def gather(now: datetime) -> int:
    """Put together what is due; how many digests that were."""
    collected = Delivery.objects.filter(state=State.COLLECTED).order_by()
    people = User.objects.filter(pk__in=collected.values("person"))
    return sum(_gather(person, now) for person in people)


@transaction.atomic
def _gather(person: User, now: datetime) -> bool:
    turn = last_turn(person, now)
    rows = Delivery.objects.select_for_update().filter(state=State.COLLECTED, person=person)
    rows = rows.filter(made_at__lt=turn)
    events = sorted({pk for pk in rows.values_list("event", flat=True) if pk})
    if not events:
        return False
    _, is_new = Delivery.objects.get_or_create(
        once=f"digest:{person.pk}:{turn:%Y-%m-%d}",
        defaults={
            "channel": Delivery.Channel.MAIL,
            "about": Delivery.About.DIGEST,
            "person": person,
            "address": person.email,
            "body": {"events": events, "since": (turn - _every(person)).isoformat()},
            "made_at": now,
            "due_at": now,
        },
    )
    if is_new:  # else what came too late for it waits for the next
        rows.update(state=State.SENT, closed_at=now, answer=f"With the digest of {day(turn.date())}.")
    return is_new


def last_turn(person: User, now: datetime) -> datetime:
    """The last moment at which this person's digest was due, by their own clock."""
    here = now.astimezone(person.zone)
    turn = datetime.combine(here.date(), AT, tzinfo=person.zone)
    if turn > here:
        turn = datetime.combine(here.date() - timedelta(days=1), AT, tzinfo=person.zone)
    if _is_weekly(person):
        turn = datetime.combine(turn.date() - timedelta(days=turn.weekday()), AT, tzinfo=person.zone)
    return turn


def _is_weekly(person: User) -> bool:
    """Who wants no digest any more has what was collected the next morning."""
    return person.wants_digest and person.digest_every == User.Digest.WEEK


def _every(person: User) -> timedelta:
    return timedelta(days=7 if _is_weekly(person) else 1)


# Its mail ------------------------------------------------------------------------------------------


def letter_of(delivery: Delivery, headers: dict[str, str], **words: Any) -> EmailMultiAlternatives | None:
    """As things stand when it is written; none where the person may see nothing of it any more."""
    assert delivery.person is not None  # noqa: S101 - a digest is somebody's
    person = delivery.person
    events = AlertEvent.objects.filter(pk__in=delivery.body["events"])
    seen = Alert.objects.visible_to(person).filter(pk__in=events.values("alert"))
    named = seen.select_related("rule", "payer", "department", "provider")
    alerts = sorted(named, key=lambda each: (IN_ORDER[AlertRule.Severity(each.severity)], each.opened_at))
    if not alerts:
        return None
    said = {
        "open": [_line(each, person) for each in alerts if each.is_open],
        "over": [_line(each, person) for each in alerts if not each.is_open],
        "is_weekly": _is_weekly(person),
        "day": timezone.localtime(delivery.made_at, person.zone),
        "person": person,
        **words,
    }
    return letter("digest", said, to=[delivery.address], headers=headers)


def _line(alert: Alert, person: User) -> dict[str, Any]:
    until = timezone.localtime(alert.resolved_at, person.zone) if alert.resolved_at else None
    return {
        "alert": alert,
        "severity": AlertRule.Severity(alert.severity).label,
        "words": alert_in_words(alert) if alert.is_open else subject_of(alert),
        "since": timezone.localtime(alert.opened_at, person.zone),
        "until": until,
        "url": site(url_of(alert)),
    }
