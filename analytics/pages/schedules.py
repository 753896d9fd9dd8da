"""Reports that are sent again and again: all of them, one with what came of its turns, and the form."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.models import User
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, unbroken

from ..exports import handing_over
from ..exports.handing_over import NotKept
from ..models import Schedule, ScheduledRun
from ..reports import schedules, turns
from ..reports.runs import live_url, may_have, run_now, visible_run
from .exports import file_response
from .schedule_form import EditSchedule

EDIT, LOOK = "analytics.add_schedule", "analytics.view_dashboard"
OVERSEES = "accounts.view_operations"
NAMES_SHOWN = 3
TURNS_SHOWN = 3
MORNING = time(8)


# All of them ---------------------------------------------------------------------------------------

COLUMNS = [
    Column("name", "Schedule", str),
    Column("what", "What", lambda each: subject(each)),
    Column("when", "When", lambda each: turns.in_words(each)),
    Column("people", "Goes to", lambda each: people_in_words(each)),
    Column("next", "Next", lambda each: next_in_words(each)),
    Column("last", "Last", lambda each: last_cell(each)),
]
OWNER = Column("owner", "Made by", lambda each: str(each.owner))


@allow(EDIT)
@never_cache
@require_safe
def schedule_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    mine = Schedule.objects.visible_to(user).select_related("owner", "report")
    table = Table(
        request,
        mine.prefetch_related("people", turns.LAST_RUN).order_by("name", "pk"),
        [*COLUMNS, OWNER] if may(user, OVERSEES) else COLUMNS,
        link=lambda each: reverse("schedule", args=[each.pk]),
        caption="Reports that are sent by mail",
        empty_title="Nothing is sent yet",
        empty_text="A schedule sends a report by itself, every day, week or month, to whom you choose.",
        empty_url=reverse("new_schedule"),
        empty_action="Schedule a report",
    )
    frame = {
        "title": "What is sent, when, and to whom?",
        "lead": "Each report is made with the rights of whoever scheduled it, as they are at that moment.",
        "action_url": reverse("new_schedule"),
        "action_label": "New schedule",
        "action_icon": "calendar",
        "table": table,
    }
    return render(request, "analytics/schedules.html", frame)


def subject(schedule: Schedule) -> str:
    """What it sends."""
    return schedule.report.name if schedule.report else schedule.get_standard_display()


def people_in_words(schedule: Schedule) -> str:
    names = [str(each) for each in schedule.people.all()]
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def next_in_words(schedule: Schedule) -> str | Cell:
    if not schedule.is_active:
        return Cell("Switched off", badge="paused")
    return unbroken(turns.on_its_clock(schedule, schedule.due_at))


def last_cell(schedule: Schedule) -> str | Cell:
    run = next(iter(schedule.last_runs), None)  # type: ignore[attr-defined]
    return how_it_went(run) if run else "Not yet"


def how_it_went(run: ScheduledRun) -> Cell:
    if run.told_at:
        return Cell("Sent to some" if run.problem else "Sent", badge="doubt" if run.problem else "done")
    return Cell("Not sent" if run.problem else "Being made", badge="failed" if run.problem else "running")


# One of them ---------------------------------------------------------------------------------------


def visible(request: HttpRequest, pk: int) -> Schedule:
    """Somebody else's is as unknown as one that does not exist; each vain look is audited."""
    user = person(request)
    user = person(request)
    mine = Schedule.objects.visible_to(user).select_related("owner", "report")
    found = mine.filter(pk=pk).first()
    if found is None:
        audit.record(user, "schedule.read", request=request, outcome="failed", asked_for=pk)
        raise Http404
    return found


@allow(EDIT)
@never_cache
@require_safe
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible(request, pk)
    table = Table(
        request,
        found.runs.select_related("export", "schedule").order_by("-due_at"),
        runs_columns(person(request)),
        caption="Its turns, latest first",
        empty_title="It has not been sent yet",
        empty_text="Its first turn is still to come.",
    )
    people = told(found)
    frame = {
        "title": found.name,
        "schedule": found,
        "subject": subject(found),
        "subject_url": live_url(found),
        "when": turns.in_words(found),
        "next": turns.on_its_clock(found, found.due_at),
        "people": people,
        "is_anyone_left_out": any(is_left_out for _, is_left_out in people),
        "table": table,
    }
    return render(request, "analytics/schedule.html", frame)


def told(schedule: Schedule) -> list[tuple[User, bool]]:
    """Whom it goes to, and who of them would get nothing as things stand."""
    people = list(schedule.people.all())
    left_out = {each.pk for each in schedules.who_may_not(schedule, people)}
    return [(each, each.pk in left_out) for each in people]


def runs_columns(user: User) -> list[Column]:
    return [
        Column("turn", "Turn", lambda run: unbroken(turns.on_its_clock(run.schedule, run.due_at))),
        Column("state", "How it went", lambda run: how_it_went(run)),
        Column("problem", "What went wrong", lambda run: run.problem or NOTHING),
        Column("file", "File", lambda run: file_cell(run, user)),
    ]


def file_cell(run: ScheduledRun, user: User) -> str | Cell:
    if run.export is None or not handing_over.is_kept(run.export, timezone.now()):
        return "Not kept" if run.export else "None"
    if not may_have(user, run.export):
        return "Not for you"
    return Cell(f"Download {run.export.get_format_display()}", url=reverse("scheduled_file", args=[run.pk]))


# Changing ------------------------------------------------------------------------------------------


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_schedule(request: HttpRequest) -> HttpResponse:
    """A page that leads here says in the address what is to be sent."""
    user = person(request)
    started = Schedule(owner=user, time_zone=user.zone.key, at=MORNING)
    initial: dict[str, Any] = {"what": request.GET.get("what", ""), "people": [user.pk]}
    return edited(request, started, initial)


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    return edited(request, visible(request, pk), {})


def edited(request: HttpRequest, found: Schedule, initial: dict[str, Any]) -> HttpResponse:
    """The form, which says when its turns would come as it changes."""
    user, now = person(request), timezone.now()
    asked = request.POST if request.method == "POST" else None
    form = EditSchedule(user, asked, instance=found, initial=initial)
    if request.headers.get("HX-Request"):
        return render(request, "analytics/_schedule_turns.html", {"turns": coming(form, now)})
    if asked is not None and "save" in asked and form.save_schedule(actor=user, now=now, request=request):
        messages.success(request, f"“{found.name}” is kept: {turns.in_words(found)}.")
        return redirect("schedule", found.pk)
    frame = {
        "title": f"When is “{found.name}” sent?" if found.pk else "Which report is to be sent, and when?",
        "form": form,
        "turns": coming(form, now),
        "back": reverse("schedule", args=[found.pk]) if found.pk else reverse("schedules"),
        "here": request.path,
    }
    return render(request, "analytics/edit_schedule.html", frame)


def coming(form: EditSchedule, now: datetime) -> list[str]:
    """When the next turns would come, in words; nothing while the form cannot say."""
    if form.is_bound:
        form.is_valid()
        if {"every", "weekday", "day_of_month", "at", "time_zone"} & form.errors.keys():
            return []
    found, moment = [], now
    for _ in range(TURNS_SHOWN):
        moment = turns.next_turn(form.instance, moment)
        found.append(turns.on_its_clock(form.instance, moment))
    return found


@allow(EDIT)
@require_POST
def send_now(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible(request, pk)
    run_now(found, actor=person(request), now=timezone.now(), request=request)
    messages.success(request, "The report is being made, and sent as soon as it is there.")
    return redirect("schedule", found.pk)


@allow(EDIT)
@require_POST
def switch_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """On or off; a turn that passed meanwhile does not come any more."""
    found = visible(request, pk)
    found.is_active = not found.is_active
    people = list(found.people.all())
    schedules.save_schedule(found, people, actor=person(request), now=timezone.now(), request=request)
    messages.success(request, f"“{found.name}” is switched {'on' if found.is_active else 'off'}.")
    return redirect("schedule", found.pk)


@allow(EDIT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible(request, pk)
    if request.method == "POST":
        schedules.delete_schedule(found, actor=person(request), request=request)
        messages.success(request, f"“{found.name}” is deleted: nothing of it is sent any more.")
        return redirect("schedules")
    frame = {
        "title": f"Delete “{found.name}”?",
        "text": "Nothing of it is sent any more, and the list of its turns goes with it. Its report stays, "
        "and so do mails that were sent. Switching it off keeps all of it.",
        "verb": "Delete the schedule",
        "action": request.path,
        "cancel_url": reverse("schedule", args=[found.pk]),
    }
    return render(request, "analytics/report_delete.html", frame)


# Its files -----------------------------------------------------------------------------------------


@allow(LOOK)
@never_cache
@require_safe
def scheduled_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Where a mail leads: the file, for those it was sent to; when it is gone, the report as it stands."""
    user = person(request)
    run = visible_run(pk, user)
    if run is None or run.export is None or not may_have(user, run.export):
        audit.record(user, "schedule.taken", request=request, outcome="failed", asked_for=pk)
        raise Http404
    try:
        content = handing_over.hand_over(run.export, now=timezone.now(), by=user, request=request)
    except NotKept as reason:
        messages.info(request, f"{reason} Here are its numbers as they stand now.")
        return redirect(live_url(run.schedule))
    return file_response(run.export, content)
