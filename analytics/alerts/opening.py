"""The life of an alert: opened, seen again, looked after by people, and over.

Whatever happens is written down and told in the transaction in which it happens. Whoever looks at a rule
holds its row, so that of two who look at once one opens an alert and the other finds it open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
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
    """Open, see again or resolve the rule's alerts. The caller holds the rule's row."""
    known = {alert.member: alert for alert in _open_ones(rule)}
    resolved = _last_resolved(rule, looks, now)
    seen: list[tuple[Alert, Look]] = []
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
                _open(rule, look, now)
        elif step == Step.SEE:
            seen.append((alert, look))
        elif step == Step.RESOLVE:
            resolve(alert, now, look)
    _see(seen, now)


def _last_resolved(rule: AlertRule, looks: Iterable[Look], now: datetime) -> dict[Member, datetime]:
    """When those that may now be opened were last over, as far as they may still be cooling down."""
    if not rule.cool_down_minutes or all(look.judged.verdict != Verdict.BEYOND for look in looks):
        return {}
    since = now - timedelta(minutes=rule.cool_down_minutes)
    rows = Alert.objects.filter(rule=rule, resolved_at__gt=since).order_by()
    last = rows.values_list("payer", "department", "provider").annotate(at=Max("resolved_at"))
    return {(payer, department, provider): at for payer, department, provider, at in last}


def _open(rule: AlertRule, look: Look, now: datetime) -> None:
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
    happened(alert, What.OPENED, now, value=alert.value)


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


def _see(seen: Sequence[tuple[Alert, Look]], now: datetime) -> None:
    """Write how they are now, and tell of those that have got clearly worse."""
    worse = []
    for alert, look in seen:
        for name, value in _as_seen(look, now).items():
            setattr(alert, name, value)
        if alert.is_worse(alert.value):
            alert.worst = alert.value
            worse.append((alert, look.judged))
    Alert.objects.bulk_update([alert for alert, _ in seen], SEEN)
    for alert, judged in worse:
        if abs(alert.value - _last_told(alert)) >= judged.step:
            happened(alert, What.WORSENED, now, value=alert.value)


def _last_told(alert: Alert) -> Decimal:
    """What it was when it opened, or last got clearly worse: many small steps are a large one, too."""
    told = alert.events.filter(what__in=(What.OPENED, What.WORSENED))
    return told.values_list("value", flat=True).last() or alert.value_at_first


def resolve(alert: Alert, now: datetime, look: Look | None = None) -> None:
    """It is over: once, whoever notices it. The caller holds its rule's row."""
    found = _as_seen(look, now) if look and look.judged.verdict != Verdict.UNKNOWN else {}
    if not Alert.objects.open().filter(pk=alert.pk).update(resolved_at=now, **found):
        return
    for name, value in ({"resolved_at": now} | found).items():
        setattr(alert, name, value)
    happened(alert, What.RESOLVED, now, value=alert.value)


def resolve_all(rule: AlertRule, now: datetime) -> int:
    """Of a rule that is no longer looked at, or asks something else now."""
    alerts = _open_ones(rule)
    for alert in alerts:
        resolve(alert, now)
    return len(alerts)


def _open_ones(rule: AlertRule) -> list[Alert]:
    alerts = list(Alert.objects.open().filter(rule=rule))
    for alert in alerts:
        alert.rule = rule
    return alerts


def happened(
    alert: Alert, what: str, now: datetime, *, actor: User | None = None, text: str = "", value: Any = None
) -> None:
    event = AlertEvent(alert=alert, what=what, at=now, actor=actor, text=text, value=value)
    event.save(force_insert=True)
    tell(event, now=now)


# What people do ------------------------------------------------------------------------------------


@transaction.atomic
def acknowledge(alert: Alert, *, actor: User, now: datetime, request: HttpRequest | None = None) -> None:
    """Say that one knows of it, so that it goes to nobody above; who says so first has done it."""
    _held(alert)
    if alert.acknowledged_at is not None:
        return
    alert.acknowledged_at, alert.acknowledged_by = now, actor
    alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
    audit.record(actor, "alert.acknowledged", alert, request=request)
    happened(alert, What.ACKNOWLEDGED, now, actor=actor)


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
    happened(alert, What.ASSIGNED, now, actor=actor, text=str(to) if to else "Nobody")


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
    happened(alert, What.SNOOZED, now, actor=actor, text=words)


@transaction.atomic
def comment(
    alert: Alert, *, actor: User, text: str, now: datetime, request: HttpRequest | None = None
) -> None:
    audit.record(actor, "alert.commented", alert, request=request)
    happened(alert, What.COMMENTED, now, actor=actor, text=text)


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
    return sum(_escalate(pk, now) for pk in _overdue(now))


def _overdue(now: datetime) -> list[int]:
    waiting = Alert.objects.open().filter(
        acknowledged_at=None, escalated_at=None, rule__is_active=True, rule__escalates_after__isnull=False
    )
    rows = waiting.values_list("pk", "opened_at", "snoozed_until", "rule__escalates_after")
    return [
        pk
        for pk, opened_at, snoozed_until, minutes in rows
        if opened_at + timedelta(minutes=minutes or 0) <= now
        and (snoozed_until is None or snoozed_until <= now)
    ]


@transaction.atomic
def _escalate(pk: int, now: datetime) -> bool:
    """Once, whoever else is at it, and not if somebody acknowledged it meanwhile."""
    unknown = Alert.objects.open().filter(pk=pk, acknowledged_at=None, escalated_at=None)
    if not unknown.update(escalated_at=now):
        return False
    alert = Alert.objects.select_related("rule").get(pk=pk)
    happened(alert, What.ESCALATED, now, value=alert.value)
    return True
