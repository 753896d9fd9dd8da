"""Other systems that are told of alerts: which there are, and whether they answer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import allow, person
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, moment, unbroken

from ..models import Delivery, Webhook
from ..telling import keeping, sending
from .deliveries import CHANGE_WEBHOOKS as CHANGE
from .deliveries import answer_of, named, state_cell, tabs, what_of

State = Delivery.State


class WebhookForm(forms.ModelForm):
    """Address and secret are shown to nobody again: left empty, they stay."""

    url = forms.CharField(label="Address", max_length=2000, required=False)
    secret = forms.CharField(max_length=200, required=False)

    class Meta:
        model = Webhook
        fields = ("name", "shape", "url", "secret", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = {"url": self.instance.url, "secret": self.instance.secret}
        is_new = self.instance.pk is None
        self.initial.update(url="", secret=keeping.new_secret() if is_new else "")
        for name in ("url", "secret"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        self.fields["url"].required = is_new
        stays = f"Leads to {keeping.place_of(self.instance)}; empty, it stays. "
        self.fields["url"].help_text = (
            f"{'' if is_new else stays}Slack and Teams tell it where one adds a webhook there; "
            f"PagerDuty’s is {keeping.PAGERDUTY}."
        )
        self.fields["secret"].help_text = (
            f"{'' if is_new else 'Empty, it stays. '}Signs what is sent, so that the other side can tell it "
            "is ours; for PagerDuty its routing key."
        )

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        for name, kept in self.kept.items():
            asked[name] = asked.get(name) or kept
        if asked["url"] and "shape" in asked:
            given = {name: asked[name] for name in ("shape", "url", "secret")}
            for name, problems in keeping.problems_of(Webhook(**given)).items():
                self.add_error(name, problems)
        return asked


# All of them ---------------------------------------------------------------------------------------


@allow(CHANGE)
@never_cache
@require_safe
def webhooks(request: HttpRequest) -> HttpResponse:
    last = Delivery.objects.filter(webhook=OuterRef("pk")).order_by("-made_at")
    rows = Webhook.objects.annotate(
        last_state=Subquery(last.values("state")[:1]),
        last_at=Subquery(last.values("made_at")[:1]),
        last_answer=Subquery(last.values("answer")[:1]),
    )
    table = Table(
        request,
        rows,
        COLUMNS,
        default_sort="name",
        link=lambda each: reverse("edit_webhook", args=[each.pk]),
        caption="Webhooks",
        empty_title="No webhooks yet",
        empty_text="Slack, Teams, PagerDuty or a program of your own can be told of alerts. "
        "A rule then chooses which of them it tells.",
        empty_url=reverse("new_webhook"),
        empty_action="New webhook",
    )
    page = {
        "title": "Which other systems are told of alerts?",
        "tabs": tabs(person(request), "webhooks"),
        "table": table,
        "action_url": reverse("new_webhook"),
        "action_label": "New webhook",
    }
    return render(request, "analytics/webhooks.html", page)


def last_cell(webhook: Any) -> Cell:
    if webhook.last_state is None:
        return Cell(NOTHING)
    badge = {State.SENT: "done", State.FAILED: "failed"}.get(webhook.last_state, "waiting")
    return Cell(State(webhook.last_state).label, badge=badge, title=webhook.last_answer)


USED = {True: "done", False: "paused"}
COLUMNS = [
    Column("name", "Name", lambda each: each.name, sort="name"),
    Column("shape", "Speaks", lambda each: each.get_shape_display(), sort="shape"),
    Column("place", "Leads to", keeping.place_of),
    Column(
        "use", "In use", lambda each: Cell("In use" if each.is_active else "Off", badge=USED[each.is_active])
    ),
    Column("last", "Last message", last_cell),
    Column("at", "Told", lambda each: unbroken(moment(each.last_at)), sort="last_at"),
]

# One of them ---------------------------------------------------------------------------------------


@allow(CHANGE)
@never_cache
@sensitive_post_parameters("url", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
def new_webhook(request: HttpRequest) -> HttpResponse:
    return edited(request, Webhook())


@allow(CHANGE)
@never_cache
@sensitive_post_parameters("url", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_webhook(request: HttpRequest, pk: int) -> HttpResponse:
    return edited(request, get_object_or_404(Webhook, pk=pk))


def edited(request: HttpRequest, found: Webhook) -> HttpResponse:
    form = WebhookForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        saved = keeping.save_webhook(form.save(commit=False), actor=person(request), request=request)
        messages.success(request, f"“{saved.name}” is saved. Send a test to see whether it answers.")
        return redirect("edit_webhook", saved.pk)
    name = Webhook.objects.filter(pk=found.pk).values_list("name", flat=True).first()
    page = {
        "title": f"Where does “{name}” lead?" if name else "Which system shall be told?",
        "form": form,
        "webhook": found,
        "log": log_table(request, found) if name else None,
        "here": request.path,
    }
    return render(request, "analytics/edit_webhook.html", page)


def log_table(request: HttpRequest, webhook: Webhook) -> Table:
    return Table(
        request,
        named(Delivery.objects.filter(webhook=webhook)).order_by("-made_at"),
        [
            Column("when", "When", lambda each: unbroken(moment(each.made_at))),
            Column("what", "What", what_of),
            Column("state", "State", state_cell),
            Column("answer", "Answer", answer_of),
        ],
        key="log",
        link=lambda each: reverse("delivery", args=[each.pk]),
        caption="What it was told, newest first",
        empty_title="It was told nothing yet",
        empty_text="Send a test to see whether it answers.",
    )


@allow(CHANGE)
@require_POST
def test_webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """Have it called, and show how that goes."""
    found = get_object_or_404(Webhook, pk=pk)
    sent = sending.ask_for_test(found, actor=person(request), now=timezone.now(), request=request)
    return redirect("delivery", sent.pk)
