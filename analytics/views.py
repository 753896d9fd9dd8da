"""The landing page: where a person's day begins."""

from __future__ import annotations

from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import allow, allow_signed_in, may, person
from accounts.models import User
from claims.models import Claim, FollowUp
from rcm_site.navigation import landing_page
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import moment

from .cards import Card
from .kpis import KPIS
from .overview import kpi_cards
from .periods import LABELS
from .questions import ask
from .team import sign_in_cards

SHOWN = [
    KPIS[key]
    for key in (
        "claims_submitted",
        "cash_collected",
        "denial_rate",
        "average_days_to_pay",
        "first_pass_resolution",
        "net_collection_rate",
        "open_ar",
        "gross_days_in_ar",
        "aged_ar_over_90",
    )
]


@allow_signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect(landing_page(request.user))


@allow("analytics.view_dashboard")
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    user = person(request)
    leads = may(user, "accounts.view_team")
    has_claims = Claim.objects.visible_to(user).exists()
    question = ask(user, {}, today=timezone.localdate())
    return render(
        request,
        "analytics/dashboard.html",
        {
            "title": "How do we stand?" if has_claims else "What is there to do today?",
            "lead": scope_in_words(user),
            "action_url": reverse("claims") if has_claims else "",
            "action_label": "All claims",
            "period": LABELS[user.default_period],
            "kpis": kpi_cards(question, SHOWN, with_course=True) if has_claims else [],
            "cards": cards(user, leads=leads),
            "team": team_table(request) if leads else None,
            "send_url": reverse("upload") if may(user, "claims.add_import") else "",
        },
    )


def cards(user: User, *, leads: bool) -> list[Card]:
    to_do = [follow_up_card(user)] if may(user, "claims.assess_patients") else []
    return to_do + (sign_in_cards(user, today=timezone.localdate()) if leads else [])


def follow_up_card(user: User) -> Card:
    waiting = FollowUp.objects.open().visible_to(user)
    oldest = waiting.aggregate(oldest=Min("opened_at"))["oldest"]
    return Card(
        "Open follow-ups",
        f"{waiting.count():,}",
        url=reverse("follow_ups"),
        definition="Urgent assessments on which nobody has acted yet.",
        n=f"the oldest since {moment(oldest)}" if oldest else "nobody is waiting",
    )


def scope_in_words(user: User) -> str:
    """Whose numbers these are, said on the page so that nobody takes a part for the whole."""
    if user.sees_everything:
        return "All departments"
    return (
        ", ".join(department.name for department in user.departments.all())
        or "You belong to no department yet"
    )


TEAM_COLUMNS = [
    Column("name", "Name", lambda person: person.name, sort="name"),
    Column("role", "Role", lambda person: person.role_now.label, sort="role"),
    Column("departments", "Departments", lambda person: ", ".join(map(str, person.departments.all())) or "–"),
    Column("seen", "Last sign-in", lambda person: moment(person.last_login), sort="last_login"),
    Column("state", "State", lambda person: state_of(person)),
]


def state_of(person: User) -> Cell:
    if not person.is_active:
        return Cell("Disabled", badge="void")
    if not person.has_usable_password():
        return Cell("Invited", badge="pending")
    return Cell("Active", badge="done")


def team_table(request: HttpRequest) -> Table:
    return Table(
        request,
        User.objects.visible_to(person(request)).prefetch_related("departments"),
        TEAM_COLUMNS,
        default_sort="name",
        caption="The team",
        empty_title="Nobody here yet",
        empty_text="An administrator invites people in the admin.",
    )
