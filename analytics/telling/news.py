"""What is said of an event of an alert, in words that mails, webhooks and text messages share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from ..alerts.watched import EACH, WATCHED
from ..alerts.wording import (
    about_in_words,
    against_in_words,
    alert_in_words,
    behind,
    in_words,
    label_of,
    narrowed_to,
    subject_of,
)
from ..models import Alert, AlertEvent, AlertRule, Delivery

What = AlertEvent.What
NAMED = ("alert__rule", *(f"alert__{each}" for each in EACH), *(f"alert__rule__{each}" for each in EACH))

HEADLINES = {
    What.OPENED: "{words}",
    What.WORSENED: "Got worse: {words}",
    What.ESCALATED: "Nobody has taken it up: {words}",
    What.ACKNOWLEDGED: "Taken up: {words}",
    What.RESOLVED: "Over: {subject}, now {value}",
}
HEADLINES_OF_SEVERAL = {
    What.OPENED: "{subject}, most of all {words}",
    What.WORSENED: "Got worse: {subject}, most of all {words}",
    What.ESCALATED: "Nobody has taken them up: {subject}, most of all {words}",
    What.RESOLVED: "Over: {subject}",
}


def site(path: str) -> str:
    """An address as it is needed outside: whole."""
    return f"{settings.SITE_URL}{path}" if path.startswith("/") else path


def url_of(alert: Alert) -> str:
    return reverse("alert", args=[alert.pk])


def host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


MOST_LISTED = 20


@dataclass(frozen=True)
class News:
    """An alert as it stood when something happened to it, with others to which the same happened at once."""

    event: AlertEvent
    alert: Alert
    others: tuple[News, ...] = ()  # less bad than this one

    @property
    def key(self) -> tuple[int, ...]:
        """The events that it tells of."""
        return (self.event.pk, *(each.event.pk for each in self.others))

    @property
    def headline(self) -> str:
        if self.others:
            headline = HEADLINES_OF_SEVERAL[What(self.event.what)]
            return headline.format(subject=self.subject, words=self.words)
        return HEADLINES[What(self.event.what)].format(
            words=alert_in_words(self.alert), subject=self.subject, value=self.value
        )

    @property
    def subject(self) -> str:
        """What it is about: Denial rate of Aetna; Denial rate of 34 payers."""
        if not self.others:
            return subject_of(self.alert)
        rule, count = self.alert.rule, len(self.others) + 1
        who = f"{label_of(self.alert.watches)} of {count} {rule.each}s" if rule.each else f"{count} alerts"
        return ", ".join([who, *narrowed_to(rule)])

    @property
    def value(self) -> str:
        return in_words(self.alert.watches, self.alert.value)

    @property
    def severity(self) -> str:
        return AlertRule.Severity(self.alert.severity).label

    @property
    def is_over(self) -> bool:
        return self.event.what == What.RESOLVED

    @property
    def url(self) -> str:
        """The alert; of several the page with all of them."""
        if not self.others:
            return site(url_of(self.alert))
        asked = {"rule": self.alert.rule_id} | ({"state": "over"} if self.is_over else {})
        return site(f"{reverse('alerts')}?{urlencode(asked)}")

    @property
    def behind_url(self) -> str:
        """The page with the claims or whatever it is about, asked for the same ones."""
        return "" if self.others else site(behind(self.alert))

    @property
    def listed(self) -> tuple[News, ...]:
        """Of several, the worst."""
        return (News(self.event, self.alert), *self.others)[:MOST_LISTED] if self.others else ()

    def more_than(self, listed: int) -> str:
        """And 14 more."""
        rest = len(self.others) + 1 - listed
        return f"And {rest:,} more" if self.others and rest > 0 else ""

    @property
    def more(self) -> str:
        return self.more_than(MOST_LISTED)

    @property
    def words(self) -> str:
        """Aetna: 14.2%, limit 10.0%; where it is over, what it is now."""
        about = about_in_words(self.alert) or subject_of(self.alert)
        return f"{about}: {self.value}" + ("" if self.is_over else f", {against_in_words(self.alert)}")


def news_of(event: AlertEvent, *others: AlertEvent) -> News:
    """With the value of that moment: the alert itself may have gone on since."""
    for each in (event, *others):
        if each.value is not None:
            each.alert.value = each.value
    first, *rest = worst_first([event, *others])
    return News(first, first.alert, tuple(News(each, each.alert) for each in rest))


def news_told_by(delivery: Delivery) -> News | None:
    """What a message tells; to a person only what they may still see."""
    told = Q(pk=delivery.event_id) | Q(pk__in=delivery.others.values("pk"))
    events = AlertEvent.objects.filter(told).order_by("pk").select_related(*NAMED)
    if delivery.person is not None:
        events = events.filter(alert__in=Alert.objects.visible_to(delivery.person).values("pk"))
        if not delivery.person.has_perm("analytics.view_alert"):
            return None
    found = list(events)
    return news_of(*found) if found else None


def worst_first(events: Iterable[AlertEvent]) -> list[AlertEvent]:
    """By how far they are beyond the limit; a share or a mean counts for as many as it tells of."""
    return sorted(events, key=lambda event: -_weight(event.alert))


def _weight(alert: Alert) -> Decimal:
    watched = WATCHED.get(alert.watches)
    return alert.beyond * (alert.n if watched is not None and watched.is_ratio else 1)
