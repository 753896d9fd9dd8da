"""One alert: what it is about, what is behind it, what has happened, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.models import User
from claims.pages.filters import NOBODY
from claims.pages.masking import MASKED
from claims.pages.tasks import refuse
from rcm_site.tables import Column, Table
from rcm_site.templatetags.ui import moment, number, unbroken

from ..alerts import opening
from ..alerts.contributors import contributors
from ..alerts.recipients import may_see
from ..alerts.watched import WATCHED
from ..alerts.wording import (
    about_in_words,
    alert_in_words,
    behind,
    condition_in_words,
    in_words,
    label_of,
    usual_in_words,
)
from ..models import Alert, AlertEvent, Delivery
from ..periods import Period
from ..questions import span_in_words
from .alert_charts import alert_chart
from .alert_rule_form import TOLD_ALL, who_may_be_told
from .alerts import CHANGE, EDIT_RULES, NAMED, VIEW, state_cell
from .deliveries import answer_of, recipient
from .deliveries import state_cell as delivery_state

VIEW_DELIVERIES = "analytics.view_delivery"
MOST_SHOWN = 200  # events
MOST_OFFERED = 40  # people

TOMORROW_AT = time(8)
SNOOZES: dict[str, tuple[str, Callable[[datetime], datetime]]] = {
    "hour": ("For an hour", lambda now: now + timedelta(hours=1)),
    "tomorrow": ("Until tomorrow, 8 o’clock", lambda now: next_morning(now)),
    "day": ("For a day", lambda now: now + timedelta(days=1)),
    "week": ("For a week", lambda now: now + timedelta(days=7)),
}


def next_morning(now: datetime) -> datetime:
    here = timezone.localtime(now)
    return datetime.combine(here.date() + timedelta(days=1), TOMORROW_AT, tzinfo=here.tzinfo)


class AssignAlert(forms.Form):
    assignee = forms.ChoiceField(label="Who looks after it")

    def __init__(self, alert: Alert, user: User, asked: Any = None) -> None:
        super().__init__(asked, auto_id="assign_%s", initial={"assignee": alert.assignee_id or NOBODY})
        self.people = {str(each.pk): each for each in may_see(alert, near(alert, user))}
        named = [(pk, each.name or each.email) for pk, each in self.people.items()]
        self.fields["assignee"].choices = [(NOBODY, "Nobody"), *named]  # type: ignore[attr-defined]

    def clean_assignee(self) -> User | None:
        return self.people.get(self.cleaned_data["assignee"])


def near(alert: Alert, user: User) -> list[User]:
    """Colleagues in its department, and whoever sees all of them: asked one by one, they are to be few."""
    of_department = Q(departments=alert.department_id) if alert.department_id else Q(pk=None)
    found = who_may_be_told(user).filter(Q(role__in=TOLD_ALL) | of_department)
    return list(found.distinct().order_by("name", "pk")[:MOST_OFFERED])


class SnoozeAlert(forms.Form):
    until = forms.ChoiceField(
        label="Tell nobody about it", choices=[(key, words) for key, (words, _) in SNOOZES.items()]
    )

    def __init__(self, asked: Any = None) -> None:
        super().__init__(asked, auto_id="snooze_%s")


class CommentOnAlert(forms.Form):
    text = forms.CharField(label="Comment", max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, asked: Any = None) -> None:
        super().__init__(asked, auto_id="comment_%s")


def visible_alert(request: HttpRequest, pk: int, action: str) -> Alert:
    """Somebody else's is as unknown as one that does not exist; each vain try is audited."""
    found = (
        Alert.objects.visible_to(person(request))
        .select_related(*NAMED, "rule", "assignee", "acknowledged_by")
        .filter(pk=pk)
        .first()
    )
    return found or refuse(request, action, asked_for=pk)


@dataclass(frozen=True)
class Told:
    """Something that happened to an alert, for whoever reads it."""

    event: AlertEvent
    who: str
    value: str
    text: str


@allow(VIEW)
@never_cache
@require_safe
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    user, now = person(request), timezone.now()
    found = visible_alert(request, pk, "alert.read")
    events = told(found, user)
    audit.record(user, "alert.read", found, request=request, comments=sum(bool(each.text) for each in events))
    page = {
        "title": alert_in_words(found),
        "alert": found,
        "state": state_cell(found, now),
        "is_snoozed": bool(found.snoozed_until and found.snoozed_until > now),
        "label": label_of(found.watches),
        "value": in_words(found.watches, found.value),
        "facts": facts_of(found),
        "contributors": contributors(found),
        "behind": behind(found),
        "chart": alert_chart(found, timezone.localdate(now)),
        "events": events,
        "most": MOST_SHOWN,
        "deliveries": deliveries_table(request, found, user) if may(user, VIEW_DELIVERIES) else None,
        "may_edit_rule": may(user, EDIT_RULES),
        **answers(found, user),
    }
    return render(request, "analytics/alert.html", page)


def facts_of(alert: Alert) -> list[tuple[str, str]]:
    """The number's surroundings, each with its name."""
    watched, rule = WATCHED.get(alert.watches), alert.rule
    period = Period(alert.start, alert.end)
    everything = "The site itself" if watched and watched.is_about_site else "All claims together"
    said = [
        ("Of", about_in_words(alert) or everything),
        ("As of" if watched and watched.is_as_of else "Days", span_in_words(period)),
        ("Told when it", condition_in_words(rule)),
    ]
    if alert.lowest_usual is not None:
        said.append(("Usual", usual_in_words(alert)))
    if alert.compared_with is not None:
        said.append(("Before", in_words(alert.watches, alert.compared_with)))
    said += [
        ("At first", f"{in_words(alert.watches, alert.value_at_first)}, {moment(alert.opened_at)}"),
        ("Worst", in_words(alert.watches, alert.worst)),
        ("Made of", f"{number(alert.n)} {watched.noun_of_n if watched else ''}".strip()),
        ("Last looked at", moment(alert.seen_at)),
    ]
    return said


def answers(alert: Alert, user: User) -> dict[str, Any]:
    """The forms by which somebody takes care of an open alert."""
    if not may(user, CHANGE):
        return {}
    comment = {"comment": CommentOnAlert()}
    if not alert.is_open:
        return comment
    return comment | {"assign": AssignAlert(alert, user), "snooze": SnoozeAlert()}


def told(alert: Alert, user: User) -> list[Told]:
    """Newest first. A comment may tell of a patient."""
    newest = alert.events.select_related("actor").order_by("-at", "-pk")[:MOST_SHOWN]
    return [
        Told(
            each,
            (each.actor.name or each.actor.email) if each.actor else "The site",
            in_words(alert.watches, each.value) if each.value is not None else "",
            MASKED if each.text and each.what == COMMENTED and user.phi_masked else each.text,
        )
        for each in newest
    ]


COMMENTED = AlertEvent.What.COMMENTED


def deliveries_table(request: HttpRequest, alert: Alert, user: User) -> Table:
    """Who was told of it, when, and how it went; what others were told is for those who see everything."""
    found: QuerySet[Delivery] = Delivery.objects.visible_to(user).about_alert(alert)
    return Table(
        request,
        found.select_related("event", "person", "webhook", "mail").order_by("-made_at", "-pk"),
        DELIVERY_COLUMNS,
        key="deliveries",
        link=lambda each: reverse("delivery", args=[each.pk]),
        caption="Who was told" if user.sees_everything else "When you were told",
        empty_title="Nobody was told yet",
        empty_text="Messages go out when an alert opens, is escalated, or is over."
        if user.sees_everything
        else "What others were told is shown to those who see all departments.",
    )


DELIVERY_COLUMNS = [
    Column("who", "Who", recipient),
    Column("about", "About", lambda each: each.event.get_what_display()),
    Column("channel", "By", lambda each: each.get_channel_display()),
    Column("when", "When", lambda each: unbroken(moment(each.made_at))),
    Column("state", "State", delivery_state),
    Column("answer", "Answer", answer_of),
]


# What people do about it ---------------------------------------------------------------------------


@allow(CHANGE)
@require_POST
def acknowledge_alert(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_alert(request, pk, "alert.acknowledged")
    return answered(
        request,
        found,
        lambda: opening.acknowledge(found, actor=person(request), now=timezone.now(), request=request),
        "You know of it: nobody else is asked.",
    )


@allow(CHANGE)
@require_POST
def assign_alert(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_alert(request, pk, "alert.assigned")
    form = AssignAlert(found, person(request), request.POST)
    if not form.is_valid():
        return wrong(request, found, form)
    to = form.cleaned_data["assignee"]
    return answered(
        request,
        found,
        lambda: opening.assign(found, to=to, actor=person(request), now=timezone.now(), request=request),
        f"{to} looks after it now." if to else "Nobody looks after it now.",
    )


@allow(CHANGE)
@require_POST
def snooze_alert(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_alert(request, pk, "alert.snoozed")
    form, now = SnoozeAlert(request.POST), timezone.now()
    if not form.is_valid():
        return wrong(request, found, form)
    until = SNOOZES[form.cleaned_data["until"]][1](now)
    return answered(
        request,
        found,
        lambda: opening.snooze(found, until=until, actor=person(request), now=now, request=request),
        f"Nobody is told about it until {moment(until)}.",
    )


@allow(CHANGE)
@require_POST
def comment_on_alert(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_alert(request, pk, "alert.commented")
    form = CommentOnAlert(request.POST)
    if not form.is_valid():
        return wrong(request, found, form)
    opening.comment(
        found,
        text=form.cleaned_data["text"],
        actor=person(request),
        now=timezone.now(),
        request=request,
    )
    messages.success(request, "Your comment stands below.")
    return back_to(found)


def answered(request: HttpRequest, alert: Alert, write: Callable[[], object], words: str) -> HttpResponse:
    try:
        write()
    except opening.AlertIsOver:
        messages.info(request, "It is over already.")
    except opening.MayNotSee:
        messages.error(request, "They may not see this alert: choose somebody else.")
    else:
        messages.success(request, words)
    return back_to(alert)


def wrong(request: HttpRequest, alert: Alert, form: forms.Form) -> HttpResponse:
    for name, problems in form.errors.items():
        messages.error(request, f"{form.fields[name].label}: {' '.join(map(str, problems))}")
    return back_to(alert)


def back_to(alert: Alert) -> HttpResponse:
    return redirect("alert", alert.pk)
