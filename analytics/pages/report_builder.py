"""Putting a report together: what it asks is ticked and chosen, and answered beside it as it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import allow, person
from accounts.models import User
from rcm_site.charts import Size

from ..models import Report
from ..questions import WrongQuestion
from ..reports import answering, asking, drawing, keeping
from ..reports.waiting import claims_read, takes_a_while
from .kept_report import LOOK_NOW, visible_report
from .report_form import Builder, definition_of, field_of, filled_in
from .report_table import report_table, shown_of

EDIT = "analytics.add_report"
ROWS_PREVIEWED = 10
STARTED = {"kpis": ["denial_rate"], "group_by": ["payer"], "chart": "bar", "compare": "previous"}


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_report(request: HttpRequest) -> HttpResponse:
    """A page that leads here may say in the address what is asked already."""
    user = person(request)
    started = filled_in(STARTED, "", user)
    if request.GET.get("kpis"):
        started = request.GET.copy()
        started.setdefault("period", user.default_period)
    return built(request, Report(owner=user), started)


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_report(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own is changed; somebody else's can be saved as one's own."""
    found = visible_report(request, pk)
    return built(request, found, filled_in(found.asked, found.name, person(request)))


def built(request: HttpRequest, found: Report, started: QueryDict) -> HttpResponse:
    """The form, beside it what it asks now; kept when somebody says so."""
    user = person(request)
    asked = request.POST if request.method == "POST" else started
    definition = definition_of(asked)
    shown, problems = previewed(request, definition, user, looks=LOOK_NOW in asked)
    if request.headers.get("HX-Request"):
        return render(request, "analytics/_report_preview.html", shown)
    is_own = not found.pk or found.owner_id == user.pk
    saves = "save" in request.POST and is_own
    if saves or "save_as" in request.POST:
        problems = problems | wrong_name(asked.get("name", ""))
        if not problems:
            return keep(request, found if saves else Report(owner=user), asked.get("name", ""), definition)
    frame = {
        "title": f"What is in “{found.name}”?" if found.pk else "What do you want to know?",
        "form": Builder(user, asked, problems),
        "report": found,
        "is_own": is_own,
        "here": request.path,
        "back": reverse("report", args=[found.pk]) if found.pk else reverse("reports"),
    }
    return render(request, "analytics/report_builder.html", frame | shown)


def previewed(
    request: HttpRequest, definition: Mapping[str, Any], user: User, *, looks: bool
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """What a definition answers, as far as it fits beside the form; or what is wrong with it.

    What takes a while is not asked again with each word that changes, but when somebody wants to look.
    """
    try:
        asked = asking.read(definition, user, timezone.localdate())
    except WrongQuestion as wrong:
        return {"wrong": in_words(wrong.problems)}, wrong.problems
    if not looks and takes_a_while(asked):
        return {"asked": asked, "claims_read": claims_read(asked)}, {}
    answer = answering.rows(asked)
    if not answer.is_long:
        rows = list(answer.rows)
        is_cut, charts = len(rows) > ROWS_PREVIEWED, drawing.charts(answer, Size.HALF)
        more = f"The first {ROWS_PREVIEWED} of {len(rows):,} rows." if is_cut else ""
    else:
        charts, more = [], f"The first {ROWS_PREVIEWED} of very many rows."
    table = report_table(request, answer, key="preview", most=ROWS_PREVIEWED, is_sorted=False)
    return {"asked": asked, "charts": charts, "more": more, **shown_of(answer, table)}, {}


def in_words(problems: Mapping[str, list[str]]) -> list[str]:
    """Each problem after the name of its field."""
    found = []
    for path, said in problems.items():
        field = Builder.base_fields[field_of(path)]
        found += [f"{field.label or field_of(path).capitalize()}: {each}" for each in said]
    return found


def wrong_name(name: str) -> dict[str, list[str]]:
    if not name.strip():
        return {"name": ["Give it a name, under which you find it again."]}
    return {} if len(name.strip()) <= 100 else {"name": ["At most 100 letters."]}


def keep(request: HttpRequest, report: Report, name: str, definition: Mapping[str, Any]) -> HttpResponse:
    kept = keeping.save_report(
        report, name=name.strip(), asked=definition, actor=person(request), request=request
    )
    messages.success(request, f"“{kept.name}” is kept.")
    return redirect("report", kept.pk)
