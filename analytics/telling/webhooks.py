"""What other systems are told: plain JSON, or in the shape that Slack, Teams or PagerDuty reads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from rcm_site.posting import Answer, post, signed

from ..alerts.wording import against_in_words, behind, subject_of
from ..models import AlertEvent, AlertRule, Webhook
from .addresses import connection_to
from .news import News, host, site

What = AlertEvent.What
Severity = AlertRule.Severity
VERSION = 1
MOST_LISTED = 10
WAY = {False: "Open the alert", True: "Open the alerts"}
# What is told of a webhook that somebody only tries out.
TRIED = "This is a test from {site}: alerts will look like this."

COLOURS = {Severity.LOW: "accent", Severity.WARNING: "warning", Severity.CRITICAL: "attention"}
PAGED_AS = {Severity.LOW: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}
PAGED_FOR = {What.RESOLVED: "resolve", What.ACKNOWLEDGED: "acknowledge"}


# Bodies --------------------------------------------------------------------------------------------


def body_of(webhook: Webhook, news: News) -> dict[str, Any]:
    return SHAPES[webhook.shape](news)


def _plain(news: News) -> dict[str, Any]:
    alert, rule = news.alert, news.alert.rule
    return {
        "version": VERSION,
        "event": news.event.what,
        "at": _moment(news.event.at),
        "text": news.headline,
        "alert": {
            "id": alert.pk,
            "about": subject_of(alert),
            "watches": alert.watches,
            "severity": alert.severity,
            "value": _number(alert.value),
            "condition": alert.condition,
            "limit": _number(alert.limit),
            "compared_with": _number(alert.compared_with),
            "n": alert.n,
            "start": alert.start.isoformat(),
            "end": alert.end.isoformat(),
            "opened_at": _moment(alert.opened_at),
            "resolved_at": _moment(alert.resolved_at) if news.is_over and alert.resolved_at else None,
        },
        "rule": {"id": rule.pk, "name": rule.name, "runbook": rule.runbook},
        "url": news.url,
        "behind_url": news.behind_url,
    }


def _slack(news: News) -> dict[str, Any]:
    """Their text is marked up: what stands in names must not be."""
    said = _escaped(news.headline)
    links = [f"<{news.url}|{WAY[bool(news.others)]}>"]
    if news.behind_url:
        links.append(f"<{news.behind_url}|See what is behind it>")
    lines = [
        f"*<{news.url}|{said}>*",
        *(_escaped(line) for line in listed(news)),
        *([_escaped(news.alert.rule.runbook)] if news.alert.rule.runbook and not news.is_over else []),
    ]
    small = f"{news.severity} · {_escaped(news.alert.rule.name)} · {' · '.join(links)}"
    return {
        "text": said,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)[:3000]}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": small[:2000]}]},
        ],
    }


def listed(news: News) -> list[str]:
    """Of several alerts the worst, a line each, as many as a chat shows at a glance."""
    lines = [f"• {each.words}" for each in news.listed[:MOST_LISTED]]
    return [*lines, more] if (more := news.more_than(MOST_LISTED)) else lines


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams(news: News) -> dict[str, Any]:
    colour = "good" if news.is_over else COLOURS[Severity(news.alert.severity)]
    facts = [("Severity", news.severity), ("Rule", news.alert.rule.name)]
    if not news.others:
        facts = [("Now", news.value), ("Against", against_in_words(news.alert)), *facts]
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": _unmarked(news.headline),
            "wrap": True,
            "size": "Medium",
            "weight": "Bolder",
            "color": colour,
        },
        {"type": "FactSet", "facts": [{"title": name, "value": _unmarked(words)} for name, words in facts]},
    ]
    body += [{"type": "TextBlock", "text": _unmarked(line), "wrap": True} for line in listed(news)]
    if news.alert.rule.runbook and not news.is_over:
        body.append({"type": "TextBlock", "text": _unmarked(news.alert.rule.runbook), "wrap": True})
    links = [(WAY[bool(news.others)], news.url), ("See what is behind it", news.behind_url)]
    return _card(body, [(name, url) for name, url in links if url])


def _card(body: list[dict[str, Any]], links: list[tuple[str, str]]) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": name, "url": url} for name, url in links],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _unmarked(text: str) -> str:
    """Cards read a little Markdown: a name is to stand there as it is."""
    return "".join(f"\\{each}" if each in "\\`*_[]#" else each for each in text)


def _pagerduty(news: News) -> dict[str, Any]:
    """Its routing key is the webhook's secret, and joins only on the way."""
    action = PAGED_FOR.get(What(news.event.what), "trigger")
    told: dict[str, Any] = {"event_action": action, "dedup_key": f"{host()}/alerts/{news.alert.pk}"}
    if action != "trigger":
        return told
    alert, rule = news.alert, news.alert.rule
    return told | {
        "payload": {
            "summary": news.headline[:1024],
            "source": host(),
            "severity": PAGED_AS[Severity(alert.severity)],
            "timestamp": _moment(news.event.at),
            "component": alert.watches,
            "group": rule.name,
            "custom_details": {"what to do": rule.runbook, "against": against_in_words(alert)},
        },
        "client": settings.SITE_NAME,
        "client_url": news.url,
        "links": [{"href": news.behind_url, "text": "See what is behind it"}] if behind(alert) else [],
    }


SHAPES: dict[str, Callable[[News], dict[str, Any]]] = {
    Webhook.Shape.JSON: _plain,
    Webhook.Shape.SLACK: _slack,
    Webhook.Shape.TEAMS: _teams,
    Webhook.Shape.PAGERDUTY: _pagerduty,
}


def test_body(webhook: Webhook, now: datetime) -> dict[str, Any]:
    """A message that says it is none."""
    text = TRIED.format(site=settings.SITE_NAME)
    if webhook.shape == Webhook.Shape.SLACK:
        return {"text": _escaped(text)}
    if webhook.shape == Webhook.Shape.TEAMS:
        return _card([{"type": "TextBlock", "text": _unmarked(text), "wrap": True}], [("Open", site("/"))])
    if webhook.shape == Webhook.Shape.PAGERDUTY:
        payload = {"summary": text, "source": host(), "severity": "info", "timestamp": _moment(now)}
        return {"event_action": "trigger", "dedup_key": f"{host()}/test", "payload": payload}
    return {"version": VERSION, "event": "test", "at": _moment(now), "text": text}


def _moment(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _number(value: Decimal | None) -> str | None:
    """As the API writes numbers: in letters, so that none loses a cent."""
    return None if value is None else f"{value.normalize():f}"


# Posting -------------------------------------------------------------------------------------------


def call(webhook: Webhook, delivery_id: str, body: dict[str, Any]) -> Answer:
    """Post to the address that the webhook has now. NotAllowed, OSError or HTTPException: nobody took it."""
    if webhook.shape == Webhook.Shape.PAGERDUTY:
        body = {"routing_key": webhook.secret, **body}
    # In one order: a body that the database gave back must not differ from the one before.
    content = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    connection, path = connection_to(webhook.url)
    try:
        return post(connection, path, content, headers_for(webhook, delivery_id, content, int(time.time())))
    finally:
        connection.close()


def headers_for(webhook: Webhook, delivery_id: str, content: bytes, at: int) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "rcm-alerts/1",
        "Idempotency-Key": delivery_id,
    }
    if webhook.secret and webhook.shape != Webhook.Shape.PAGERDUTY:
        headers |= signed(content, at=at, secret=webhook.secret)
    return headers
