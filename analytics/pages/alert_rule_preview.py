"""What a rule of alerts would have done in the last days, had it been there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils import timezone
from django.utils.text import get_text_list

from accounts.models import User
from rcm_site.charts import Chart
from rcm_site.templatetags.ui import day

from ..alerts.preview import Firing, Replay, replay
from ..alerts.watched import WATCHED
from ..alerts.wording import in_words
from ..models import AlertRule
from ..periods import Period
from ..questions import span_in_words
from ..scopes import scope_of
from .alert_charts import preview_chart
from .alert_rule_form import RuleForm

DAYS = 90  # of a preview
MOST_FIRINGS = 6
TRIED = (*AlertRule.ASKS, "cool_down_minutes")


@dataclass(frozen=True)
class Fired:
    """An alert that there would have been, in words."""

    label: str
    days: str
    worst: str


@dataclass(frozen=True)
class Preview:
    words: str
    chart: Chart | None = None
    firings: Sequence[Fired] = ()
    more: int = 0  # firings before these


def preview(form: RuleForm, user: User) -> Preview:
    """Tried when somebody asks, or by itself once the page is there: some rules take a while."""
    if not form.is_bound:
        return Preview(f"Preview shows what it would have done in the last {DAYS} days.")
    form.is_valid()
    wrong = [name for name in form.errors if name in TRIED or name == NON_FIELD_ERRORS]
    missing = [name for name in wrong if name in form.fields and not form[name].data]
    if missing:
        asked = get_text_list([str(form.fields[name].label or name).lower() for name in missing], "and")
        return Preview(f"It can be tried as soon as it says: {asked}.")
    if wrong:
        return Preview("It can be tried as soon as what is marked is mended.")
    departments = scope_of(user).departments
    tried = replay(form.instance, until=timezone.localdate(), days=DAYS, departments=departments)
    return shown(form.instance, tried)


def shown(rule: AlertRule, tried: Replay) -> Preview:
    firings = [fired(rule, each) for each in reversed(tried.firings)]
    chart = None
    if tried.courses:
        first = tried.courses[0]
        most = "the one that fired most" if tried.firings else "the one with most claims"
        caption = f"Of all {rule.each}s, {most}." if rule.each else ""
        chart = preview_chart(WATCHED[rule.watches], rule, first, caption)
    return Preview(f"{tried.words}.", chart, firings[:MOST_FIRINGS], max(len(firings) - MOST_FIRINGS, 0))


def fired(rule: AlertRule, firing: Firing) -> Fired:
    """Aetna, 3 Oct – 12 Oct 2026, 14.2%."""
    days = f"since {day(firing.opened)}"
    if firing.resolved:
        days = span_in_words(Period(firing.opened, firing.resolved))
    return Fired(firing.label, days, in_words(rule.watches, firing.worst))
