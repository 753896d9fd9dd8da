"""The landing page: where a person's day begins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import allow, allow_signed_in, may
from accounts.models import AuditEntry, User
from rcm_site.navigation import landing_page
from rcm_site.tables import Cell, Column, Table

DAYS = 7


@allow_signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect(landing_page(request.user))


@allow("analytics.view_dashboard")
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    user = request.user
    lead = may(user, "accounts.view_team")
    context: dict[str, Any] = {
        "title": "Who is at work, and can they get in?" if lead else f"What is there to do, {user.get_short_name()}?",
        "cards": [signed_in_card(user), refused_card(user)] if lead else [],
        "table": team_table(request) if lead else None,
        "departments": user.departments.all(),
        "sees_everything": user.sees_everything,
        "can_import": may(user, "accounts.use_admin"),
    }
    return render(request, "analytics/dashboard.html", context)
