"""The mail about an alert: the number, what it is against, its course, what it comes from, what to do.

About several alerts of a rule it is a list of them, the worst first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from rcm_site.charts.picture import png
from rcm_site.letters import letter
from rcm_site.templatetags.ui import day, number

from ..alerts.contributors import contributors, scope_of
from ..alerts.watched import WATCHED
from ..alerts.wording import condition_in_words, days_in_words, in_words, usual_in_words
from ..models import Alert, AlertEvent, AlertRule, Delivery
from ..overview import change_in
from ..pages.alert_charts import alert_chart
from ..periods import Period
from ..questions import span_in_words
from .news import News
from .places import short


@dataclass(frozen=True)
class Told:
    """What is told of an event: worked out once, however many are told."""

    words: dict[str, Any]
    picture: bytes  # a PNG; empty where there is none
    picture_in_words: str


def told_of(news: News) -> Told:
    alert, rule = news.alert, news.alert.rule
    words = {
        "news": news,
        "alert": alert,
        "rule": rule,
        "runbook": "" if news.is_over else rule.runbook,
    }
    if news.others:
        return Told(words | {"condition": when_told(rule)}, b"", "")
    words |= {"facts": facts_of(news), "contributors": [] if news.is_over else contributors(alert)}
    chart = alert_chart(alert, timezone.localdate(news.event.at))
    return Told(words, png(chart, narrow=True) if chart else b"", chart.description if chart else "")


def letter_of(
    told: Told, delivery: Delivery, headers: dict[str, str], **words: Any
) -> EmailMultiAlternatives:
    news, person = told.words["news"], delivery.person
    pictures = {"course": told.picture} if told.picture else {}
    at = timezone.localtime(news.event.at, person.zone if person else None)
    said = {"at": at, "picture": told.picture_in_words if pictures else "", **told.words, **words}
    name = "alerts" if news.others else "alert"
    return letter(name, said, to=[delivery.address], headers=headers, pictures=pictures)


def when_told(rule: AlertRule) -> str:
    return ", ".join([condition_in_words(rule), *days_in_words(rule)])


def facts_of(news: News) -> list[tuple[str, str]]:
    """The number and what it is held against, each with its name."""
    alert = news.alert
    watched = WATCHED.get(alert.watches)
    is_as_of = watched is None or watched.is_as_of
    period = Period(alert.start, alert.end)
    noun = f" {watched.noun_of_n}" if watched and watched.noun_of_n else ""
    said = [("Now", news.value)]
    if alert.lowest_usual is not None:
        said.append(("Usual", usual_in_words(alert)))
    said += _before(alert, period)
    said.append(("Told when it", when_told(alert.rule)))
    if watched is None or not watched.is_about_site:
        said.append(("As of", day(period.end)) if is_as_of else ("Days", span_in_words(period)))
    if noun:
        said.append(("Made of", f"{number(alert.n)}{noun}"))
    return said


def _before(alert: Alert, period: Period) -> list[tuple[str, str]]:
    """The same of as many days before, and by how much it moved."""
    watched = WATCHED.get(alert.watches)
    if watched is None:
        return []
    was = alert.compared_with
    if was is None and watched.kpi is not None:
        was = watched.kpi.value(scope_of(alert), period.previous()).value
    change = change_in(watched.unit, watched.good, alert.value, was)
    if was is None:
        return []
    return [("Before", f"{in_words(alert.watches, was)}{f' ({change.text})' if change else ''}")]


def ids_of(delivery: Delivery, event: AlertEvent, host: str) -> dict[str, str]:
    """One Message-ID for an alert and a mailbox; whatever is told later hangs on to it."""
    mailbox = f"{short(delivery.address)}@{host}"
    if event.what == AlertEvent.What.OPENED:
        return {"Message-ID": f"<alert-{event.alert_id}.{mailbox}>"}
    first = f"<alert-{first_told(delivery, event)}.{mailbox}>"
    later = f"<alert-{event.alert_id}-{event.pk}.{mailbox}>"
    return {"Message-ID": later, "In-Reply-To": first, "References": first}


def first_told(delivery: Delivery, event: AlertEvent) -> int:
    """The alert whose opening was told there: of several that opened at once, the one that gave its name."""
    openings = Delivery.objects.about_alert(event.alert).filter(event__what=AlertEvent.What.OPENED)
    found = openings.filter(channel=delivery.channel, address__iexact=delivery.address)
    return found.values_list("event__alert", flat=True).first() or event.alert_id
