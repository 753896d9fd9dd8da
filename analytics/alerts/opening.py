"""The life of an alert: opened, seen again, looked after by people, and over.

Whatever happens is written down and told in the transaction in which it happens; what happens to several
alerts of a rule at once is told together. Whoever looks at a rule holds its row, so that of two who look at
once one opens an alert and the other finds it open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import HttpRequest

from accounts import audit
from accounts.models import User
from rcm_site.templatetags.ui import moment

from ..models import Alert, AlertEvent, AlertRule
from ..telling.notices import tell
from .conditions import Step, Verdict, step_of
from .looking import Look, Member
from .recipients import may_see

What = AlertEvent.What
CENTS = Decimal("0.0001")
SEEN = ("seen_at", "start", "end", "value", "worst", "compared_with", "lowest_usual", "highest_usual", "n")


class AlertIsOver(Exception):
    """Nothing is to be done about it any more; only a comment can still be written."""


class MayNotSee(Exception):
    """Whoever is to look after an alert must be somebody who may see it."""


# What a look at its rule does -----------------------------------------------------------------------


def follow(rule: AlertRule, looks: Sequence[Look], now: datetime) -> None:
    """Open, see again or resolve the rule's alerts, and tell all of it at once. The caller holds its row."""
    known = {alert.member: alert for alert in _open_ones(rule)}
    resolved = _last_resolved(rule, looks, now)
    seen: list[tuple[Alert, Look]] = []
    found: list[AlertEvent | None] = []
    for look in looks:
        alert = known.get(look.member)
        step = step_of(
            look.judged.verdict,
            now,
            last_seen=alert.seen_at if alert else None,
            last_resolved=resolved.get(look.member),
            cool_down=timedelta(minutes=rule.cool_down_minutes),
            window=timedelta(days=rule.window_days),
        )
        if alert is None:
            if step == Step.OPEN:
                found.append(opened(rule, look, now))
        elif step == Step.SEE:
            seen.append((alert, look))
        elif step == Step.RESOLVE:
            found.append(closed(alert, now, look))
    found += _see(seen, now)
    tell(*filter(None, found), now=now)


def _last_resolved(rule: AlertRule, looks: Iterable[Look], now: datetime) -> dict[Member, datetime]:
    """When those that may now be opened were last over, as far as they may still be cooling down."""
    if not rule.cool_down_minutes or all(look.judged.verdict != Verdict.BEYOND for look in looks):
        return {}
    since = now - timedelta(minutes=rule.cool_down_minutes)
    rows = Alert.objects.filter(rule=rule, resolved_at__gt=since).order_by()
    last = rows.values_list("payer", "department", "provider").annotate(at=Max("resolved_at"))
    return {(payer, department, provider): at for payer, department, provider, at in last}


def opened(rule: AlertRule, look: Look, now: datetime) -> AlertEvent:
    """Write an alert down. Whoever calls tells of it."""
    payer, department, provider = look.member
    alert = Alert(
        rule=rule,
        payer_id=payer,
        department_id=department,
        provider_id=provider,
        watches=rule.watches,
        severity=rule.severity,
        condition=rule.condition,
        limit=rule.limit,
        opened_at=now,
        **_as_seen(look, now),
    )
    alert.value_at_first = alert.worst = alert.value
    alert.save(force_insert=True)
    return written(alert, What.OPENED, now, value=alert.value)


def _as_seen(look: Look, now: datetime) -> dict[str, Any]:
    judged = look.judged
    band = judged.band
    return {
        "seen_at": now,
        "start": look.period.start,
        "end": look.period.end,
        "value": as_kept(judged.value),
        "n": judged.n,
        "compared_with": as_kept(judged.compared_with),
        "lowest_usual": as_kept(band.lowest if band else None),
        "highest_usual": as_kept(band.highest if band else None),
    }


def as_kept(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(CENTS)


def _see(seen: Sequence[tuple[Alert, Look]], now: datetime) -> list[AlertEvent]:
    """Write how they are now, and which of them have got clearly worse."""
    worse = []
    for alert, look in seen:
        for name, value in _as_seen(look, now).items():
            setattr(alert, name, value)
        if alert.is_worse(alert.value):
            alert.worst = alert.value
            worse.append((alert, look.judged))
    Alert.objects.bulk_update([alert for alert, _ in seen], SEEN)
    return [
        written(alert, What.WORSENED, now, value=alert.value)
        for alert, judged in worse
        if abs(alert.value - _last_told(alert)) >= judged.step
    ]


def _last_told(alert: Alert) -> Decimal:
    """What it was when it opened, or last got clearly worse: many small steps are a large one, too."""
    told = alert.events.filter(what__in=(What.OPENED, What.WORSENED))
    return told.values_list("value", flat=True).last() or alert.value_at_first


def closed(alert: Alert, now: datetime, look: Look | None = None) -> AlertEvent | None:
    """It is over: once, whoever notices it. The caller holds its rule's row, and tells of it."""
    found = _as_seen(look, now) if look and look.judged.verdict != Verdict.UNKNOWN else {}
    if not Alert.objects.open().filter(pk=alert.pk).update(resolved_at=now, **found):
        return None
    for name, value in ({"resolved_at": now} | found).items():
        setattr(alert, name, value)
    return written(alert, What.RESOLVED, now, value=alert.value)


def resolve_all(rule: AlertRule, now: datetime) -> None:
    """Of a rule that is no longer looked at, or asks something else now."""
    tell(*filter(None, [closed(alert, now) for alert in _open_ones(rule)]), now=now)


def _open_ones(rule: AlertRule) -> list[Alert]:
    alerts = list(Alert.objects.open().filter(rule=rule))
    for alert in alerts:
        alert.rule = rule
    return alerts


def written(
    alert: Alert, what: str, now: datetime, *, actor: User | None = None, text: str = "", value: Any = None
) -> AlertEvent:
    """Write down what happened to an alert."""
    event = AlertEvent(alert=alert, what=what, at=now, actor=actor, text=text, value=value)
    event.save(force_insert=True)
    return event


# What people do ------------------------------------------------------------------------------------


@transaction.atomic
def acknowledge(alert: Alert, *, actor: User, now: datetime, request: HttpRequest | None = None) -> None:
    """Say that one knows of it, so that it goes to nobody above; who says so first has done it."""
    if event := _acknowledged(alert, actor, now, request):
        tell(event, now=now)


@transaction.atomic
def acknowledge_all(
    alerts: QuerySet[Alert], *, actor: User, now: datetime, request: HttpRequest | None = None
) -> int:
    """Those that nobody knows of yet; how many they were. What a rule told together is answered together."""
    told: dict[int, list[AlertEvent]] = defaultdict(list)
    waiting = alerts.filter(resolved_at=None, acknowledged_at=None).select_related("rule")
    for alert in waiting.order_by("pk"):
        with suppress(AlertIsOver):
            if event := _acknowledged(alert, actor, now, request):
                told[alert.rule_id].append(event)
    for events in told.values():
        tell(*events, now=now)
    return sum(map(len, told.values()))


def _acknowledged(alert: Alert, actor: User, now: datetime, request: HttpRequest | None) -> AlertEvent | None:
    _held(alert)
    if alert.acknowledged_at is not None:
        return None
    alert.acknowledged_at, alert.acknowledged_by = now, actor
    alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
    audit.record(actor, "alert.acknowledged", alert, request=request)
    return written(alert, What.ACKNOWLEDGED, now, actor=actor)


@transaction.atomic
def assign(
    alert: Alert, *, actor: User, to: User | None, now: datetime, request: HttpRequest | None = None
) -> None:
    """Give it to somebody to look after, or to nobody."""
    _held(alert)
    if to is not None and not (to.is_active and may_see(alert, [to])):
        raise MayNotSee
    alert.assignee = to
    alert.save(update_fields=["assignee"])
    audit.record(actor, "alert.assigned", alert, request=request, to=to.email if to else None)
    written(alert, What.ASSIGNED, now, actor=actor, text=str(to) if to else "Nobody")


@transaction.atomic
def snooze(
    alert: Alert, *, actor: User, until: datetime | None, now: datetime, request: HttpRequest | None = None
) -> None:
    """Tell nobody of it until then; none: from now on again."""
    _held(alert)
    alert.snoozed_until = until
    alert.save(update_fields=["snoozed_until"])
    audit.record(actor, "alert.snoozed", alert, request=request, until=until)
    words = f"until {moment(until)}" if until else "no longer"
    written(alert, What.SNOOZED, now, actor=actor, text=words)


@transaction.atomic
def comment(
    alert: Alert, *, actor: User, text: str, now: datetime, request: HttpRequest | None = None
) -> None:
    audit.record(actor, "alert.commented", alert, request=request)
    written(alert, What.COMMENTED, now, actor=actor, text=text)


def _held(alert: Alert) -> None:
    """As it is now, while nobody else changes it; what is over needs nothing any more."""
    now = Alert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
    for name in ("resolved_at", "acknowledged_at", "assignee_id", "snoozed_until", "escalated_at"):
        setattr(alert, name, getattr(now, name))
    if alert.resolved_at is not None:
        raise AlertIsOver


# When nobody does anything --------------------------------------------------------------------------


def escalate_overdue(now: datetime) -> int:
    """Tell others of alerts that nobody has acknowledged in time; how many those were."""
    return sum(_escalate(pks, now) for pks in _overdue(now).values())


def _overdue(now: datetime) -> dict[int, list[int]]:
    """By their rules."""
    waiting = Alert.objects.open().filter(
        acknowledged_at=None, escalated_at=None, rule__is_active=True, rule__escalates_after__isnull=False
    )
    rows = waiting.values_list("rule", "pk", "opened_at", "snoozed_until", "rule__escalates_after")
    found: dict[int, list[int]] = defaultdict(list)
    for rule, pk, opened_at, snoozed_until, minutes in rows:
        is_late = opened_at + timedelta(minutes=minutes or 0) <= now
        if is_late and (snoozed_until is None or snoozed_until <= now):
            found[rule].append(pk)
    return found


@transaction.atomic
def _escalate(pks: Sequence[int], now: datetime) -> int:
    """Once, whoever else is at it, and not those that somebody acknowledged meanwhile."""
    unknown = Alert.objects.open().filter(acknowledged_at=None, escalated_at=None)
    mine = [pk for pk in sorted(pks) if unknown.filter(pk=pk).update(escalated_at=now)]
    alerts = Alert.objects.filter(pk__in=mine).select_related("rule")
    tell(*(written(alert, What.ESCALATED, now, value=alert.value) for alert in alerts), now=now)
    return len(mine)
