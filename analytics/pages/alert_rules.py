"""Rules of alerts on pages: all of them, and the one that somebody writes, with what it would have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import allow, person
from accounts.models import Department, User, UserQuerySet
from accounts.roles import ROLES, Sees
from claims.models import Claim, Payer, Provider
from claims.pages.tasks import refuse
from rcm_site.charts import Chart
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, moment, number, unbroken

from ..alerts import rules as keeping
from ..alerts.preview import Firing, Replay, replay
from ..alerts.watched import WATCHED
from ..alerts.wording import in_words, rule_in_words
from ..catalogue import Topic
from ..models import Alert, AlertRule, Webhook
from ..periods import Period
from ..questions import span_in_words
from ..scopes import scope_of
from .alert_charts import preview_chart
from .alerts import EDIT_RULES, VIEW, severity_cell, tabs, watched_choices

DAYS = 90  # of a preview
MOST_FIRINGS = 6
NAMED = ("payer", "department", "provider")
OTHER, OF_SITE = "Work and files", "The site itself"
# Who may be told: alerts are for roles that may see them.
TOLD = [key for key, role in ROLES.items() if VIEW in role.permissions]
TOLD_ALL = [key for key in TOLD if ROLES[key].sees == Sees.EVERYTHING]
# Whatever leaves the site for somebody who does not sign in to it.
OUTSIDE = ("addresses", "webhooks", "numbers")


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


class LinesField(forms.CharField):
    """Several entries, each on a line of its own."""

    widget = forms.Textarea(attrs={"rows": 2})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=2_000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (super().to_python(value) or "").replace(",", "\n").splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


class NpiField(forms.CharField):
    """A provider by the number that everybody has at hand; thousands would not fit a list."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            value = Provider.objects.filter(pk=value).first()
        return value.npi if isinstance(value, Provider) else value

    def clean(self, value: Any) -> Any:
        npi = super().clean(value)
        if not npi:
            return None
        provider = Provider.objects.filter(npi=npi).first()
        if provider is None:
            raise forms.ValidationError("There is no provider with this NPI: ten digits, as on a claim.")
        return provider


class RuleForm(forms.ModelForm):
    """A rule in sections; what this person may not choose is not offered."""

    provider = NpiField(required=False, max_length=10, label="Provider", help_text="By NPI")
    kind = forms.ChoiceField(
        required=False, label="Kind of claims", choices=[("", "All kinds"), *Claim.Kind.choices]
    )
    category = forms.ChoiceField(
        required=False,
        label="Denied for",
        choices=[("", "Whatever reason"), *(each for each in Claim.Category.choices if each[0])],
    )
    condition = forms.ChoiceField(
        label="Tells when it", choices=[("", "Choose …"), *AlertRule.Condition.choices]
    )
    roles = forms.MultipleChoiceField(
        required=False,
        label="Everybody who is",
        choices=[(key, ROLES[key].label) for key in TOLD],
        widget=forms.CheckboxSelectMultiple,
    )
    addresses = LinesField(label="Mail addresses of others", help_text="One on each line.")
    numbers = LinesField(label="Text messages to", help_text="Numbers with their country: +13125550123.")

    class Meta:
        model = AlertRule
        fields = (
            *("name", "watches", "each", "department", "payer", "provider", "kind", "category"),
            *("condition", "limit", "change_in", "window_days", "every"),
            *("clears_at", "minimum_n", "cool_down_minutes"),
            *("people", "roles", "tells_managers", "addresses", "webhooks", "numbers"),
            *("escalates_after", "escalates_to"),
            *("severity", "runbook", "by_mail", "quiet_from", "quiet_until"),
        )
        labels: ClassVar = {
            "watches": "Watches",
            "each": "Looks at",
            "payer": "Of the payer",
            "department": "Of the department",
            "change_in": "The limit of a change is in",
            "window_days": "Over days",
            "every": "Looked at",
            "clears_at": "Over when it is back at",
            "minimum_n": "Only from so many on",
            "cool_down_minutes": "Quiet afterwards, minutes",
            "people": "People",
            "tells_managers": "The managers of its department",
            "webhooks": "Webhooks",
            "escalates_after": "Passed on after, minutes",
            "escalates_to": "Passed on to",
            "runbook": "What to do about it",
            "by_mail": "By e-mail",
            "quiet_from": "Quiet from",
            "quiet_until": "Quiet until",
        }
        help_texts: ClassVar = {
            "watches": "",
            "each": "Those that cross the limit at once are told in one message, the worst first.",
            "limit": "As the number is written: 10 for 10%, 40 for 40 days, 5000 for $5,000. "
            "For what is unusual: how many deviations are too many, such as 3.5.",
            "window_days": "Ending today. What tells how things stand has no days.",
            "clears_at": "A little inside the limit keeps an alert from coming and going.",
            "minimum_n": "Fewer claims say too little to tell anybody.",
            "escalates_after": "Without anybody's acknowledging it.",
            "quiet_until": "What comes meanwhile is told at their end; what is critical, at once.",
            "people": "Nobody ticked: it stands under Alerts and goes to nobody.",
            "runbook": "In a few lines; it stands in the mail.",
        }
        widgets: ClassVar = {
            "people": forms.CheckboxSelectMultiple,
            "webhooks": forms.CheckboxSelectMultiple,
            "escalates_to": forms.CheckboxSelectMultiple,
            "runbook": forms.Textarea(attrs={"rows": 6}),
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, user: User, asked: Any = None, **kwargs: Any) -> None:
        super().__init__(asked, **kwargs)
        self.user = user
        people = who_may_be_told(user)
        everything = "All departments" if user.sees_everything else "Choose …"
        self._choose_from("department", Department.objects.visible_to(user), everything)
        if not user.sees_everything:
            self.fields["department"].when_needed = "unless it looks at each"  # type: ignore[attr-defined]
        self._choose_from("payer", Payer.objects.all(), "All payers")
        for name in ("people", "escalates_to"):
            kept = getattr(self.instance, name).values("pk") if self.instance.pk else []
            self._choose_from(name, User.objects.filter(Q(pk__in=people.values("pk")) | Q(pk__in=kept)))
        for name in ("limit", "clears_at"):
            if self.initial.get(name) is not None:
                self.initial[name] = Decimal(self.initial[name]).normalize().__format__("f")
        self.fields["watches"] = forms.ChoiceField(
            label="Watches", choices=[("", "Choose …"), *grouped(user)], initial=self.instance.watches
        )
        if not user.sees_everything:
            for name in OUTSIDE:
                del self.fields[name]

    def _choose_from(self, name: str, rows: QuerySet[Any], nothing: str | None = None) -> None:
        field: Any = self.fields[name]
        field.queryset = rows.order_by("name")
        if nothing is not None:
            field.empty_label = nothing

    def _post_clean(self) -> None:
        """What no field can say alone is said by what also keeps the API's rules right."""
        super()._post_clean()  # type: ignore[misc]
        self.errors.pop(NON_FIELD_ERRORS, None)  # what the database refuses is said by field
        problems = keeping.problems_of(self.instance, self.user, **self.chosen)
        for name, said in problems.items():
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, said)

    @property
    def chosen(self) -> dict[str, Any]:
        """Whom it tells, which a rule that is not kept yet cannot hold; what is not offered stays."""
        names = ("people", "webhooks", "escalates_to")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


def who_may_be_told(user: User) -> UserQuerySet:
    """Colleagues who may see alerts, and whoever sees those of all departments."""
    seen = User.objects.visible_to(user).values("pk")
    found = User.objects.active().filter(role__in=TOLD)
    return found if user.sees_everything else found.filter(Q(pk__in=seen) | Q(role__in=TOLD_ALL))


def grouped(user: User) -> list[tuple[str, list[tuple[str, str]]]]:
    """What may be watched, by topic."""
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in (*Topic, OTHER, OF_SITE)}
    for key, label in watched_choices(user):
        watched = WATCHED[key]
        topic = watched.kpi.topic if watched.kpi else OF_SITE if watched.is_about_site else OTHER
        groups[topic].append((key, label))
    return [(topic, choices) for topic, choices in groups.items() if choices]


@dataclass(frozen=True)
class Section:
    key: str
    heading: str
    fields: list[forms.BoundField]
    more: str
    seldom: list[forms.BoundField]

    @property
    def is_open(self) -> bool:
        """Whether something is wrong among what is seldom asked, or was chosen there."""
        return any(field.errors or is_asked(field) for field in self.seldom)


def is_asked(field: forms.BoundField) -> bool:
    """Whether something else stands in it than in a new rule."""
    default = field.field.initial
    return str(field.value() or "") not in ("", "[]", str(default))


SECTIONS = [
    (
        "what",
        "What",
        ("name", "watches", "each", "department", "payer"),
        "Narrow it further",
        ("provider", "kind", "category"),
    ),
    (
        "when",
        "When",
        ("condition", "limit", "change_in", "window_days", "every"),
        "When it is over, and how often",
        ("clears_at", "minimum_n", "cool_down_minutes"),
    ),
    (
        "whom",
        "Whom it tells",
        ("people", "roles", "tells_managers", *OUTSIDE),
        "If nobody acknowledges it",
        ("escalates_after", "escalates_to"),
    ),
    ("how", "How", ("severity", "runbook", "by_mail"), "Quiet hours", ("quiet_from", "quiet_until")),
]


def sections(form: RuleForm) -> list[Section]:
    has_webhooks = "webhooks" in form.fields and Webhook.objects.exists()

    def offered(names: tuple[str, ...]) -> list[forms.BoundField]:
        shown = (name for name in names if name in form.fields and (has_webhooks or name != "webhooks"))
        return [form[name] for name in shown]

    return [
        Section(key, heading, offered(often), more, offered(seldom))
        for key, heading, often, more, seldom in SECTIONS
    ]


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


# What it would have done -----------------------------------------------------------------------------

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
