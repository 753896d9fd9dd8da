"""One report that people keep: as it answers now, as a file, and who else sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.models import User
from accounts.roles import ROLES
from claims.models import Claim
from rcm_site.charts import Size
from rcm_site.tables import Table

from ..exports.asking import MOST_OF_ONE, TooMany, ask_for
from ..exports.kinds import CONTENT_TYPES
from ..facts.totals import is_catching_up
from ..models import Report, Schedule
from ..questions import FILTERS, PARAMETERS, Question, WrongQuestion
from ..reports import answering, asking, drawing, keeping
from ..reports.asking import ReportQuestion
from ..reports.files import report_file as file_of
from ..reports.runs import KIND
from ..reports.schedules import LOOKING, may_be_told
from ..reports.waiting import claims_read, is_quick, takes_a_while
from .report import QuestionForm, given
from .report_table import MOST_ON_PAGE, report_table, shown_of
from .reports import LOOK, SCHEDULE, roles_of, shared_with

EDIT = "analytics.add_report"
LOOK_NOW = "look"  # in what is asked: that somebody waits for a report that takes a while
FILES = (("CSV", "csv"), ("Excel", "xlsx"), ("PDF", "pdf"))


def visible_report(request: HttpRequest, pk: int) -> Report:
    """What is not shared is as unknown as what does not exist; each vain look is audited."""
    user = person(request)
    found = Report.objects.visible_to(user).select_related("owner").filter(pk=pk).first()
    if found is None:
        audit.record(user, "report.read", request=request, outcome="failed", asked_for=pk)
        raise Http404
    return found


def own_report(request: HttpRequest, pk: int) -> Report:
    """Only its owner changes it: to the others it is there to look at."""
    found = visible_report(request, pk)
    if found.owner_id != person(request).pk:
        raise Http404
    return found


@allow(LOOK)
@never_cache
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Answered as it was kept, or over other days and other claims if the address says so."""
    user, found = person(request), visible_report(request, pk)
    frame = {"title": found.name, "report": found, **around(found, user)}
    definition = definition_asked(request, found)
    try:
        asked = asking.read(definition, user, timezone.localdate())
    except WrongQuestion as wrong:
        form = QuestionForm(given(request), user, in_bar(wrong.problems))
        frame |= {"form": form, "problems": form.untold(is_in_place="HX-Request" in request.headers)}
        return render(request, "analytics/report_kept.html", frame)
    shown = {
        "form": QuestionForm(asked.question.asked, user, {}),
        "question": asked.question,
        "words": asked.words,
        "lead": asked.title if asked.title != found.name else "",
        "chips": chips(request, asked.question),
        "has_claims": Claim.objects.visible_to(user).exists(),
        "send_url": reverse("upload") if may(user, "claims.add_import") else "",
        "is_catching_up": is_catching_up(),
        "asked": asked,
        "files": files(request, found),
        "definitions": asked.numbers,
    }
    return render(request, "analytics/report_kept.html", frame | shown | answered(request, asked))


def answered(request: HttpRequest, asked: ReportQuestion) -> dict[str, Any]:
    """The answer; of what takes a while only once somebody says that they wait for it."""
    if LOOK_NOW not in request.GET and takes_a_while(asked):
        query = request.GET.copy()
        query[LOOK_NOW] = "1"
        return {"claims_read": claims_read(asked), "look_url": f"{request.path}?{query.urlencode()}"}
    answer = answering.rows(asked)
    table = report_table(request, answer)
    more = "" if not is_cut(answer, table) else f"The first {MOST_ON_PAGE:,} rows: files have all of them."
    return {"charts": drawing.charts(answer, size_of(asked)), "more": more, **shown_of(answer, table)}


def size_of(asked: ReportQuestion) -> Size:
    """Several charts of bars stand side by side; the names at the end of lines need their room."""
    return Size.HALF if asked.chart == "bar" and len(asked.numbers) > 1 else Size.WIDE


def around(found: Report, user: User) -> dict[str, Any]:
    """What can be done with it."""
    may_schedule = may(user, SCHEDULE)
    return {
        "is_own": found.owner_id == user.pk,
        "is_pinned": found.pinned_by.filter(pk=user.pk).exists(),
        "shared_with": shared_with(found),
        "may_schedule": may_schedule,
        "schedules": Schedule.objects.visible_to(user).filter(report=found) if may_schedule else [],
    }


def definition_asked(request: HttpRequest, found: Report) -> dict[str, Any]:
    """An address that asks anything of the question asks all of it; the numbers stay the report's."""
    asked = given(request)
    if not asked:
        return dict(found.asked)
    kept = {name: value for name, value in found.asked.items() if name not in (*PARAMETERS, "filters")}
    filters = {name: asked.pop(name) for name in FILTERS if name in asked}
    return kept | asked | {"filters": filters}


def in_bar(problems: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Problems by the fields of the bar."""
    return {name.removeprefix("filters."): said for name, said in problems.items()}


def chips(request: HttpRequest, question: Question) -> list[tuple[str, str]]:
    """The filters that have no field in the bar: in words, and the address without each."""
    found = []
    for name, words in question.filtered.items():
        if name not in QuestionForm.base_fields:
            query = {key: value for key, value in question.asked.items() if key != name}
            found.append((words, f"{request.path}?{urlencode(query)}"))
    return found


def is_cut(answer: answering.ReportTable, table: Table) -> bool:
    return answer.is_long or len(table.queryset) >= MOST_ON_PAGE


def files(request: HttpRequest, found: Report) -> list[tuple[str, str]]:
    """Where all of it is had as a file, asked as the page was."""
    query = given(request)
    address = reverse("report_file", args=[found.pk])
    return [(label, f"{address}?{urlencode({**query, 'format': key})}") for label, key in FILES]


@allow(LOOK)
@never_cache
@require_safe
def report_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All its rows, asked as the page was: at once when that is quick, else made by a worker."""
    user, found, now = person(request), visible_report(request, pk), timezone.now()
    file_format = request.GET.get("format", "")
    if file_format not in dict(FILES).values():
        raise BadRequest(f"A file is one of {', '.join(dict(FILES).values())}.")
    asked = {"report": str(found.pk), "definition": json.dumps(definition_asked(request, found))}
    try:
        file = file_of(user, asked, timezone.localdate(now))
    except WrongQuestion as wrong:
        frame = {"title": "This cannot be taken out as it stands", "problems": wrong.problems}
        return render(request, "analytics/wrong_export.html", frame, status=400)
    if not is_quick(file.parts[0].asked):
        return have_made(request, file_format, asked)
    audit.record(
        user,
        "report.exported",
        found,
        request=request,
        page=audit.page_of(request),
        kind=file_format,
        filters=sorted(given(request)),
    )
    name = f"{slugify(found.name) or 'report'}-{timezone.localtime(now):%Y-%m-%d-%H%M}"
    return StreamingHttpResponse(
        file.chunks(file_format, user, now),
        content_type=CONTENT_TYPES[file_format],
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{file_format}"',
            "Cache-Control": "no-store",
        },
    )


def have_made(request: HttpRequest, file_format: str, asked: Mapping[str, str]) -> HttpResponse:
    try:
        ask_for(person(request), KIND, file_format, asked, request)
    except TooMany:
        messages.error(request, f"You wait for {MOST_OF_ONE} files already: cancel one, or wait.")
    else:
        messages.success(request, "It takes a while: your file stands here as soon as it is made.")
    return redirect("exports")


# Changing it ---------------------------------------------------------------------------------------


class ShareReport(forms.Form):
    roles = forms.MultipleChoiceField(
        required=False,
        label="Everybody who is",
        choices=[(key, ROLES[key].label) for key in LOOKING],
        widget=forms.CheckboxSelectMultiple,
    )
    people = forms.ModelMultipleChoiceField(
        User.objects.none(), required=False, label="These people", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, user: User, found: Report, asked: Any = None) -> None:
        super().__init__(asked, initial={"roles": roles_of(found), "people": list(found.people.all())})
        people: QuerySet[User] = may_be_told(user).exclude(pk=user.pk)
        self.fields["people"].queryset = people  # type: ignore[attr-defined]


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def share_report(request: HttpRequest, pk: int) -> HttpResponse:
    user, found = person(request), own_report(request, pk)
    form = ShareReport(user, found, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        keeping.share_report(
            found,
            people=list(form.cleaned_data["people"]),
            roles=form.cleaned_data["roles"],
            actor=user,
            request=request,
        )
        words = shared_with(found)
        messages.success(request, f"Shared with {words}." if words else "Shared with nobody any more.")
        return redirect("report", found.pk)
    frame = {"title": f"Who else sees “{found.name}”?", "report": found, "form": form}
    return render(request, "analytics/report_shared.html", frame)


@allow(EDIT)
@require_POST
def pin_report(request: HttpRequest, pk: int) -> HttpResponse:
    """On one's own dashboard, or off it again."""
    user, found = person(request), visible_report(request, pk)
    is_pinned = not found.pinned_by.filter(pk=user.pk).exists()
    try:
        keeping.pin_report(found, actor=user, is_pinned=is_pinned, request=request)
    except keeping.TooManyPins:
        messages.error(
            request, f"{keeping.MOST_PINS} reports are on your dashboard already: unpin one first."
        )
    else:
        words = "stands on your dashboard" if is_pinned else "is off your dashboard"
        messages.success(request, f"“{found.name}” {words}.")
    return redirect("report", found.pk)


@allow(EDIT)
@require_POST
def duplicate_report(request: HttpRequest, pk: int) -> HttpResponse:
    copy = keeping.duplicate_report(visible_report(request, pk), actor=person(request), request=request)
    messages.success(request, f"“{copy.name}” is yours.")
    return redirect("edit_report", copy.pk)


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Its schedules go with it, so it says so first."""
    found = own_report(request, pk)
    if request.method == "POST":
        keeping.delete_report(found, actor=person(request), request=request)
        messages.success(request, f"“{found.name}” is deleted.")
        return redirect("reports")
    schedules = found.schedules.count()
    goes_too = f" So is what sends it by itself ({schedules}), with the list of its turns."
    frame = {
        "title": f"Delete “{found.name}”?",
        "text": f"It is gone for everybody whom it is shared with, too.{goes_too if schedules else ''}",
        "verb": "Delete the report",
        "action": request.path,
        "cancel_url": reverse("report", args=[found.pk]),
    }
    return render(request, "analytics/report_delete.html", frame)
