"""What is said of an event of an alert, in words that mails, webhooks and text messages share."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from ..alerts.wording import alert_in_words, behind, in_words, subject_of
from ..models import Alert, AlertEvent, AlertRule

What = AlertEvent.What

HEADLINES = {
    What.OPENED: "{words}",
    What.WORSENED: "Got worse: {words}",
    What.ESCALATED: "Nobody has taken it up: {words}",
    What.ACKNOWLEDGED: "Taken up: {words}",
    What.RESOLVED: "Over: {subject}, now {value}",
}


def site(path: str) -> str:
    """An address as it is needed outside: whole."""
    return f"{settings.SITE_URL}{path}" if path.startswith("/") else path


def url_of(alert: Alert) -> str:
    return reverse("alert", args=[alert.pk])


def host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


@dataclass(frozen=True)
class News:
    """An alert as it stood when something happened to it."""

    event: AlertEvent
    alert: Alert

    @property
    def headline(self) -> str:
        return HEADLINES[What(self.event.what)].format(
            words=alert_in_words(self.alert), subject=subject_of(self.alert), value=self.value
        )

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
        return site(url_of(self.alert))

    @property
    def behind_url(self) -> str:
        """The page with the claims or whatever it is about, asked for the same ones."""
        return site(behind(self.alert))


def news_of(event: AlertEvent) -> News:
    """With the value of that moment: the alert itself may have gone on since."""
    alert = event.alert
    if event.value is not None:
        alert.value = event.value
    return News(event, alert)
