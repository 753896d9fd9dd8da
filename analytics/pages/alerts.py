"""What needs attention: all alerts that a person may see, and the gravest of them on the dashboard."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import allow, may, person
from accounts.models import Department, User
from claims.pages.filters import ME, NOBODY, Filter
from rcm_site.tables import Cell, Column, Table
from rcm_site.tabs import Tab
from rcm_site.templatetags.ui import NOTHING, moment, unbroken

from ..alerts import opening
from ..alerts.watched import WATCHED
from ..alerts.wording import against_in_words, alert_in_words, in_words, subject_of
from ..models import Alert, AlertRule

VIEW, CHANGE, EDIT_RULES = (
    "analytics.view_alert",
    "analytics.change_alert",
    "analytics.change_alertrule",
)
Severity = AlertRule.Severity
NAMED = ("payer", "department", "provider", "rule__payer", "rule__department", "rule__provider")
OPEN, WAITING, SNOOZED, OVER, ALL = "", "waiting", "snoozed", "over", "all"
ON_DASHBOARD = 5

SEVERITY = Case(
    *(When(severity=each, then=place) for place, each in enumerate(reversed(Severity.values))),
    output_field=IntegerField(),
)
FIRST_OPEN = Case(When(resolved_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())


def in_order(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """Open ones first, the gravest of them first, and then the newest."""
    return alerts.order_by(FIRST_OPEN, SEVERITY, "-opened_at", "-pk")


# All of them ---------------------------------------------------------------------------------------


def standing(state: str) -> Q:
    """Open ones, unless something else is asked for."""
    now = timezone.now()
    is_open = Q(resolved_at=None)
    return {
        WAITING: is_open & Q(acknowledged_at=None),
        SNOOZED: is_open & Q(snoozed_until__gt=now),
        OVER: ~is_open,
        ALL: Q(),
    }.get(state, is_open)


class AlertFilter(Filter):
    state = forms.ChoiceField(
        required=False,
        choices=[
            (OPEN, "Open"),
            (WAITING, "Open, not acknowledged"),
            (SNOOZED, "Snoozed"),
            (OVER, "Over"),
            (ALL, "Open and over"),
        ],
    )
    severity = forms.ChoiceField(required=False, choices=[("", "Any"), *reversed(Severity.choices)])
    watches = forms.ChoiceField(required=False, label="What")
    department = forms.ModelChoiceField(Department.objects.none(), required=False, empty_label="Any")
    rule = forms.ModelChoiceField(AlertRule.objects.none(), required=False, empty_label="Any rule")
    assignee = forms.ChoiceField(
        required=False, label="With", choices=[("", "Anybody"), (ME, "Me"), (NOBODY, "Nobody")]
    )

    lookups: ClassVar = {
        "severity": lambda severity: Q(severity=severity),
        "watches": lambda watches: Q(watches=watches),
        "department": lambda department: Q(department=department),
        "rule": lambda rule: Q(rule=rule),
        "assignee": lambda pk: Q(assignee=None) if pk == NOBODY else Q(assignee=pk),
    }

    def __init__(self, asked: Any, user: User) -> None:
        super().__init__(asked)
        self.user = user
        self.fields["department"].queryset = Department.objects.visible_to(user)  # type: ignore[attr-defined]
        rules = AlertRule.objects.filter(pk__in=Alert.objects.visible_to(user).order_by().values("rule"))
        self.fields["rule"].queryset = rules  # type: ignore[attr-defined]
        self.fields["watches"].choices = [("", "Anything"), *watched_choices(user)]  # type: ignore[attr-defined]

    def clean_assignee(self) -> str:
        asked = self.cleaned_data["assignee"]
        return str(self.user.pk) if asked == ME else asked

    def narrow(self, rows: QuerySet[Alert]) -> QuerySet[Alert]:  # type: ignore[override]
        rows = super().narrow(rows)
        return rows.filter(standing(self.cleaned_data["state"])) if self.is_valid() else rows

    def _words(self, name: str, value: Any) -> str:
        return self.user.name if name == "assignee" and value != NOBODY else super()._words(name, value)


def watched_choices(user: User) -> list[tuple[str, str]]:
    """What may be watched, the site's own numbers for those who run it."""
    runs = may(user, "accounts.view_operations")
    return [(key, each.label) for key, each in WATCHED.items() if runs or not each.is_about_site]


@allow(VIEW)
@never_cache
@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    user = person(request)
    mine = Alert.objects.visible_to(user)
    form = AlertFilter(request.GET, user)
    table = Table(
        request,
        in_order(form.narrow(mine.select_related(*NAMED, "assignee", "acknowledged_by"))),
        columns(timezone.now()),
        link=lambda each: reverse("alert", args=[each.pk]),
        key="alerts",
        caption="The gravest first",
        **nothing_to_do(request, user),
    )
    page = {
        "title": "What needs attention?",
        "lead": counts_in_words(mine),
        "tabs": tabs(user, "alerts"),
        "form": form,
        "words": form.in_words(),
        "table": table,
    }
    if may(user, CHANGE):
        waiting = form.narrow(mine).filter(standing(WAITING))
        page |= waiting.aggregate(waiting=Count("pk"), newest=Max("pk"))
    return render(request, "analytics/alerts.html", page)


@allow(CHANGE)
@require_POST
def acknowledge_alerts(request: HttpRequest) -> HttpResponse:
    """Acknowledge what the list showed as waiting; what has opened since is still to be looked at."""
    user, seen = person(request), request.POST.get("newest", "")
    asked = request.GET.urlencode()
    form = AlertFilter(request.GET, user)
    known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 18 else 0
    shown = form.narrow(Alert.objects.visible_to(user)).filter(pk__lte=known)
    done = opening.acknowledge_all(shown, actor=user, now=timezone.now(), request=request)
    if done:
        messages.success(request, f"You know of {done:,} more: nobody else is asked.")
    else:
        messages.info(request, "Nothing waits there any more.")
    return redirect(f"{reverse('alerts')}?{asked}" if asked else "alerts")


def tabs(user: User, current: str) -> list[Tab]:
    """Alerts, and for those who may change them the rules."""
    found = [Tab("Alerts", reverse("alerts"), is_current=current == "alerts")]
    if may(user, EDIT_RULES):
        found.append(Tab("Rules", reverse("alert_rules"), is_current=current == "rules"))
    return found


def counts_in_words(alerts: QuerySet[Alert]) -> str:
    """3 open: 1 critical, 2 warning."""
    by_severity = dict(
        alerts.open().order_by().values_list("severity").annotate(alerts=Count("pk"))  # type: ignore[attr-defined]
    )
    if not by_severity:
        return "Nothing is open."
    said = [
        f"{by_severity[each]:,} {Severity(each).label.lower()}"
        for each in reversed(Severity.values)
        if each in by_severity
    ]
    return f"{sum(by_severity.values()):,} open: {', '.join(said)}."


def nothing_to_do(request: HttpRequest, user: User) -> dict[str, Any]:
    if request.GET:
        return {
            "empty_title": "No alerts of this kind",
            "empty_text": "Empty a filter to see more.",
            "empty_url": request.path,
            "empty_action": "All open alerts",
        }
    said = {
        "empty_title": "Nothing needs attention",
        "empty_text": "Every number that is watched stands within its limit.",
    }
    if may(user, EDIT_RULES):
        said |= {"empty_url": reverse("alert_rules"), "empty_action": "See what is watched"}
    return said


def columns(now: datetime) -> list[Column]:
    return [
        Column("what", "What", subject_of),
        Column("value", "Now", lambda each: in_words(each.watches, each.value), numeric=True),
        Column("against", "Against", against_in_words),
        Column("worst", "Worst", lambda each: in_words(each.watches, each.worst), numeric=True),
        Column("severity", "Severity", severity_cell),
        Column("since", "Since", lambda each: unbroken(moment(each.opened_at)), sort="opened_at"),
        Column("state", "State", lambda each: state_cell(each, now)),
        Column("with", "With", lambda each: str(each.assignee or each.acknowledged_by or NOTHING)),
    ]


def severity_cell(alert: Alert | AlertRule) -> Cell:
    return Cell(alert.get_severity_display(), badge=alert.severity)


def state_cell(alert: Alert, now: datetime) -> Cell:
    if alert.resolved_at:
        return Cell("Over", badge="done", title=f"since {moment(alert.resolved_at)}")
    if alert.snoozed_until and alert.snoozed_until > now:
        return Cell("Snoozed", badge="paused", title=f"until {moment(alert.snoozed_until)}")
    if alert.acknowledged_at:
        return Cell("Acknowledged", badge="noted", title=f"since {moment(alert.acknowledged_at)}")
    if alert.escalated_at:
        return Cell("Escalated", badge="urgent", title=f"since {moment(alert.escalated_at)}")
    return Cell("New", badge="new")


# On the dashboard ----------------------------------------------------------------------------------


def panel(request: HttpRequest) -> Table | None:
    """The gravest open alerts in a few rows, from one query; none where nothing is open or may be seen."""
    user = person(request)
    if not may(user, VIEW):
        return None
    gravest = list(in_order(Alert.objects.visible_to(user).open().select_related(*NAMED))[: ON_DASHBOARD + 1])
    if not gravest:
        return None
    return Table(
        request,
        gravest[:ON_DASHBOARD],
        [
            Column("what", "What", alert_in_words),
            Column("severity", "Severity", severity_cell),
            Column("since", "Since", lambda each: unbroken(moment(each.opened_at))),
            Column("state", "State", lambda each: state_cell(each, timezone.now())),
        ],
        key="alerts",
        link=lambda each: reverse("alert", args=[each.pk]),
        caption="Needs attention"
        if len(gravest) <= ON_DASHBOARD
        else f"Needs attention: the first {ON_DASHBOARD}",
    )
