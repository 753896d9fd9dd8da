"""What people and other systems were told, where, and how it went."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import allow, may, person
from accounts.forms import DayField
from accounts.models import User
from claims.pages.filters import Filter
from claims.pages.tasks import refuse
from rcm_site.days import midnight
from rcm_site.models import Mail
from rcm_site.tables import Cell, Column, Table
from rcm_site.tabs import Tab
from rcm_site.templatetags.ui import NOTHING, moment, number, unbroken

from ..alerts.wording import subject_of
from ..models import AlertEvent, Delivery
from ..telling import again, news

VIEW, CHANGE_WEBHOOKS = "analytics.view_delivery", "analytics.change_webhook"
LAST_ANSWER = 286  # htmx swaps it in and asks no more
State = Delivery.State
BADGES = {
    State.COLLECTED: "paused",
    State.WAITING: "waiting",
    State.SENT: "done",
    State.FAILED: "failed",
}


class DeliveryFilter(Filter):
    state = forms.ChoiceField(required=False, choices=[("", "Any"), *State.choices])
    channel = forms.ChoiceField(required=False, label="By", choices=[("", "Any"), *Delivery.Channel.choices])
    about = forms.ChoiceField(required=False, choices=[("", "Anything"), *Delivery.About.choices])
    to = forms.CharField(required=False, max_length=254, label="To", help_text="Part of a name or an address")
    start = DayField(required=False, label="From")
    end = DayField(required=False, label="Until")

    lookups: ClassVar = {
        "state": lambda state: Q(state=state),
        "channel": lambda channel: Q(channel=channel),
        "about": lambda about: Q(about=about),
        "to": lambda text: (
            Q(address__icontains=text) | Q(person__name__icontains=text) | Q(webhook__name__icontains=text)
        ),
        "start": lambda day: Q(made_at__gte=midnight(day)),
        "end": lambda day: Q(made_at__lt=midnight(day + timedelta(days=1))),
    }


# All of them ---------------------------------------------------------------------------------------


def tabs(user: User, current: str) -> list[Tab]:
    """Deliveries, and for those who set them up webhooks."""
    found = [Tab("Deliveries", reverse("deliveries"), is_current=current == "deliveries")]
    if may(user, CHANGE_WEBHOOKS):
        found.append(Tab("Webhooks", reverse("webhooks"), is_current=current == "webhooks"))
    return found


@allow(VIEW)
@never_cache
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = DeliveryFilter(request.GET)
    mine = Delivery.objects.visible_to(user)
    table = Table(
        request,
        named(form.narrow(mine)),
        COLUMNS,
        default_sort="-when",
        link=lambda each: reverse("delivery", args=[each.pk]),
        caption="Newest first",
        empty_title="Nothing of this kind" if request.GET else "Nobody was told anything yet",
        empty_text="Empty a filter to see more."
        if request.GET
        else "Alerts, digests and reports that are sent stand here, and how it went.",
    )
    page = {
        "title": "Who was told, and did it arrive?",
        "lead": lead(mine, user),
        "tabs": tabs(user, "deliveries"),
        "form": form,
        "words": form.in_words(),
        "table": table,
    }
    return render(request, "analytics/deliveries.html", page)


def lead(mine: QuerySet[Delivery], user: User) -> str:
    """2 failed in the last 7 days, 4 wait."""
    since = timezone.now() - timedelta(days=7)
    failed = mine.filter(state=State.FAILED, made_at__gte=since).count()
    waiting = mine.waiting().count()  # type: ignore[attr-defined]
    whose = "" if user.sees_everything else "What you were told yourself. "
    return f"{whose}{number(failed)} failed in the last 7 days; {number(waiting)} wait to be sent."


def named(rows: QuerySet[Delivery]) -> QuerySet[Any]:
    """With all that `what_of` names, and how many alerts more each tells of."""
    others: Any = Delivery.others.through.objects.filter(delivery=OuterRef("pk")).order_by()
    more = others.values("delivery").annotate(alerts=Count("pk")).values("alerts")
    # Apart from the events: to plan so many joins at once takes longer than to read what they join.
    events = AlertEvent.objects.select_related(*news.NAMED)
    named = rows.select_related("person", "webhook", "mail").prefetch_related(Prefetch("event", events))
    return named.annotate(more=Coalesce(Subquery(more), 0))


def what_of(delivery: Any) -> str:
    if delivery.event is not None:
        more = f", and {delivery.more:,} more" if delivery.more else ""
        return f"{delivery.event.get_what_display()}: {subject_of(delivery.event.alert)}{more}"
    name = delivery.body.get("name")
    return f"{delivery.get_about_display()}: {name}" if name else delivery.get_about_display()


def recipient(delivery: Delivery) -> str:
    if delivery.person:
        return str(delivery.person)
    return delivery.address or str(delivery.webhook or NOTHING)


def state_cell(delivery: Delivery) -> Cell:
    """A mail that the mail server has refused waits, and yet says why."""
    return Cell(state_in_words(delivery), badge=BADGES[State(delivery.state)])


def state_in_words(delivery: Delivery) -> str:
    if delivery.state == State.WAITING and delivery.due_at > timezone.now():
        return f"Waits until {timezone.localtime(delivery.due_at):%H:%M}"
    return delivery.get_state_display()


def answer_of(delivery: Delivery) -> str:
    if delivery.mail and delivery.state == State.WAITING:
        return delivery.mail.last_error or "In the mail queue"
    return delivery.answer or NOTHING


COLUMNS = [
    Column("when", "When", lambda each: unbroken(moment(each.made_at)), sort="made_at"),
    Column("what", "What", what_of),
    Column("to", "To", recipient),
    Column("by", "By", lambda each: each.get_channel_display()),
    Column("state", "State", state_cell),
    Column("answer", "Answer", answer_of),
]


# One of them ---------------------------------------------------------------------------------------


def visible_delivery(request: HttpRequest, pk: uuid.UUID, action: str) -> Delivery:
    """Somebody else's is as unknown as one that does not exist; each vain try is audited."""
    mine = named(Delivery.objects.visible_to(person(request)))
    return mine.filter(pk=pk).first() or refuse(request, action, asked_for=str(pk))


@allow(VIEW)
@never_cache
@require_safe
def delivery(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What may leave at any moment asks for itself until it is over."""
    found = visible_delivery(request, pk, "delivery.read")
    event = found.event
    is_moving = found.state == State.WAITING and found.due_at <= timezone.now()
    page = {
        "delivery": found,
        "state": state_cell(found),
        "facts": facts_of(found),
        "may_try_again": found.state == State.FAILED,
    }
    if request.headers.get("HX-Request"):
        status = 200 if is_moving else LAST_ANSWER
        return render(request, "analytics/_delivery_state.html", page, status=status)
    page |= {
        "title": what_of(found),
        "is_moving": is_moving,
        "here": request.path,
        "alert_url": reverse("alert", args=[event.alert_id]) if event else "",
        "body": json.dumps(found.body, indent=2, ensure_ascii=False) if found.webhook else "",
    }
    return render(request, "analytics/delivery.html", page)


def facts_of(delivery: Delivery) -> list[tuple[str, str]]:
    to = recipient(delivery)
    if delivery.person and delivery.address:
        to = f"{to}, {delivery.address}"
    mail: Mail | None = delivery.mail
    said = [
        ("To", to),
        ("By", delivery.get_channel_display()),
        ("Told", moment(delivery.made_at)),
        ("Answer", answer_of(delivery)),
        ("Attempts", number(mail.attempts if mail else delivery.attempts)),
    ]
    if delivery.state == State.WAITING:
        said.append(("Next attempt", moment(mail.due_at if mail else delivery.due_at)))
    if delivery.closed_at:
        said.append(("Over", moment(delivery.closed_at)))
    if mail:
        said.append(("Message-ID", mail.message_id))
    return said


@allow(VIEW)
@require_POST
def try_again(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = visible_delivery(request, pk, "delivery.tried_again")
    if again.try_again(found, actor=person(request), now=timezone.now(), request=request):
        messages.success(request, "It is tried again, as if for the first time.")
    else:
        messages.info(request, "There is nothing left to try again.")
    return redirect("delivery", found.pk)
