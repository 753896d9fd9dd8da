"""Rules of alerts on pages: all of them, and the one that somebody writes."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import allow, person
from accounts.models import User
from claims.pages.tasks import refuse
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, moment, number, unbroken

from ..alerts import rules as keeping
from ..alerts.wording import rule_in_words
from ..models import Alert, AlertRule
from .alert_rule_form import OUTSIDE, RuleForm, sections
from .alert_rule_preview import preview
from .alerts import EDIT_RULES, severity_cell, tabs

NAMED = ("payer", "department", "provider")


# All of them ---------------------------------------------------------------------------------------


@allow(EDIT_RULES)
@never_cache
@require_safe
def alert_rules(request: HttpRequest) -> HttpResponse:
    user = person(request)
    mine = AlertRule.objects.visible_to(user).select_related(*NAMED)
    table = Table(
        request,
        mine.annotate(open_alerts=open_alerts()),
        COLUMNS,
        default_sort="name",
        link=lambda rule: reverse("edit_alert_rule", args=[rule.pk]),
        key="rules",
        caption="By name",
        empty_title="Nothing is watched yet",
        empty_text="A rule looks at a number again and again, and tells people when it crosses its limit.",
        empty_url=reverse("new_alert_rule"),
        empty_action="New rule",
    )
    page = {
        "title": "What is watched, and whom does it tell?",
        "tabs": tabs(user, "rules"),
        "table": table,
        "action_url": reverse("new_alert_rule"),
        "action_label": "New rule",
    }
    return render(request, "analytics/alert_rules.html", page)


def open_alerts() -> Coalesce:
    found = Alert.objects.open().filter(rule=OuterRef("pk")).order_by()
    return Coalesce(Subquery(found.values("rule").annotate(alerts=Count("pk")).values("alerts")), 0)


def state_cell(rule: AlertRule) -> Cell:
    if not rule.is_active:
        return Cell("Off", badge="paused")
    return Cell("On", badge="doubt") if rule.problem else Cell("On", badge="done")


COLUMNS = [
    Column("name", "Rule", lambda rule: rule.name, sort="name"),
    Column("when", "Tells when", rule_in_words),
    Column("severity", "Severity", severity_cell),
    Column("open", "Open", lambda rule: number(rule.open_alerts), numeric=True, sort="open_alerts"),
    Column("looked", "Looked at", lambda rule: unbroken(moment(rule.checked_at)), sort="checked_at"),
    Column("state", "State", state_cell),
    Column("problem", "Problem", lambda rule: rule.problem or NOTHING),
]


# One of them ---------------------------------------------------------------------------------------


@allow(EDIT_RULES)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_alert_rule(request: HttpRequest) -> HttpResponse:
    """From nothing, or like another one."""
    user = person(request)
    like = request.GET.get("like", "")
    if not like:
        return edited(request, AlertRule(made_by=user), {})
    found = visible_rule(request, int(like) if like.isascii() and like.isdigit() and len(like) < 18 else 0)
    first = {name: list(getattr(found, name).all()) for name in ("people", "webhooks", "escalates_to")}
    return edited(request, duplicate(found, user), first)


def duplicate(rule: AlertRule, user: User) -> AlertRule:
    twin = AlertRule(made_by=user)
    for name in RuleForm.Meta.fields:
        field = AlertRule._meta.get_field(name)
        if not field.many_to_many and (user.sees_everything or name not in OUTSIDE):
            setattr(twin, name, copy(getattr(rule, name)))
    twin.name = f"{rule.name} (copy)"[:100]
    return twin


@allow(EDIT_RULES)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_alert_rule(request: HttpRequest, pk: int) -> HttpResponse:
    return edited(request, visible_rule(request, pk), {})


def visible_rule(request: HttpRequest, pk: int) -> AlertRule:
    found = AlertRule.objects.visible_to(person(request)).select_related(*NAMED).filter(pk=pk).first()
    return found or refuse(request, "alert_rule.read", asked_for=pk)


def edited(request: HttpRequest, rule: AlertRule, first: Mapping[str, Any]) -> HttpResponse:
    """The form with what its rule would have done, anew as it changes; kept when that is asked."""
    user, name = person(request), rule.name
    form = RuleForm(user, request.POST if request.method == "POST" else None, instance=rule, initial=first)
    if "save" in request.POST and form.is_valid():
        kept = keeping.save_rule(form.instance, actor=user, request=request, **form.chosen)
        messages.success(request, f"“{kept.name}” is saved, and looked at within a minute.")
        return redirect("alert_rules")
    page: dict[str, Any] = {"preview": preview(form, user)}
    if request.headers.get("HX-Request"):
        return render(request, "analytics/_alert_preview.html", page)
    if request.method == "POST" and "save" not in request.POST:
        without_demands(form)
    page |= {
        "title": f"When does “{name}” tell whom?" if rule.pk else "Which number should tell whom, and when?",
        "form": form,
        "sections": sections(form),
        "rule": rule,
        "may_delete": rule.pk is not None and not rule.alerts.exists(),
        "here": request.get_full_path(),
    }
    return render(request, "analytics/edit_alert_rule.html", page)


def without_demands(form: RuleForm) -> None:
    """Whoever only looks need not have filled in everything yet."""
    for name in [name for name in form.errors if name in form.fields and not form[name].data]:
        del form.errors[name]


# Switching, deleting ---------------------------------------------------------------------------------


@allow(EDIT_RULES)
@require_POST
def switch_alert_rule(request: HttpRequest, pk: int) -> HttpResponse:
    rule, user = visible_rule(request, pk), person(request)
    if request.POST.get("is_active") != "yes":
        keeping.switch_off(rule, actor=user, request=request)
        messages.success(request, f"“{rule.name}” is switched off.")
        return redirect("edit_alert_rule", rule.pk)
    rule.is_active = True
    try:
        keeping.save_rule(rule, actor=user, request=request)
    except keeping.WrongRule as wrong:
        messages.error(request, f"First mend this: {next(iter(wrong.problems.values()))[0]}")
    else:
        messages.success(request, f"“{rule.name}” is switched on, and looked at within a minute.")
    return redirect("edit_alert_rule", rule.pk)


@allow(EDIT_RULES)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete_alert_rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Only one without a past; whoever comes meanwhile is told so."""
    rule = visible_rule(request, pk)
    if rule.alerts.exists():
        return not_deleted(request, rule)
    if request.method == "POST":
        try:
            keeping.delete_rule(rule, actor=person(request), request=request)
        except keeping.HasAlerts:
            return not_deleted(request, rule)
        messages.success(request, f"“{rule.name}” is deleted.")
        return redirect("alert_rules")
    page = {
        "title": f"Delete “{rule.name}”?",
        "rule": rule,
        "text": "It has not opened any alert.",
        "verb": "Delete the rule",
        "cancel_url": reverse("edit_alert_rule", args=[pk]),
    }
    return render(request, "analytics/delete_alert_rule.html", page)


def not_deleted(request: HttpRequest, rule: AlertRule) -> HttpResponse:
    messages.error(request, "It has opened alerts, which are kept with it: switch it off instead.")
    return redirect("edit_alert_rule", rule.pk)
