"""Pages about tasks: what is due for oneself or one's people, planning it, handing it over, and doing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.forms import DayField
from accounts.models import User
from rcm_site.tabs import Tab

from .. import todo
from ..business_days import plus_business_days
from ..models import Claim, Patient, Task
from ..models.tasks import TaskQuerySet
from .filters import NOBODY, colleagues, named
from .masking import MASKED, patient_shown
from .worth import way_to, worked_list

WORK = "claims.change_claim"
LEAD = "accounts.view_team"
RELATED = ("claim", "patient", "owner")
MOST_DONE = 50
FOLLOW_UPS = "follow-ups"  # a page of their own
KINDS = [each for each in Task.Kind.choices if each[0] != Task.Kind.FOLLOW_UP]


class TaskForm(forms.Form):
    kind = forms.ChoiceField(label="What", choices=KINDS)
    due_on = DayField(label="Due on")
    reminder_on = DayField(label="Reminder on", required=False)
    owner = forms.ChoiceField(label="Who")
    text = forms.CharField(
        label="Note", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, user: User, asked: Any = None, task: Task | None = None) -> None:
        super().__init__(asked, auto_id="task_%s", initial=_planned(task) if task else _for_next_day(user))
        self.task = task
        self.people = colleagues(user).active()
        choices = [*named(self.people), (NOBODY, "Nobody yet")]
        is_left = bool(task and task.owner_id and str(task.owner_id) not in dict(choices))
        # Nobody is chosen unseen for somebody who works here no more.
        self.fields["owner"].choices = [*([("", "Choose …")] if is_left else []), *choices]  # type: ignore[attr-defined]
        if task and task.is_follow_up:
            del self.fields["kind"]

    def clean_owner(self) -> User | None:
        asked = self.cleaned_data["owner"]
        return None if asked == NOBODY else self.people.get(pk=asked)

    def clean_due_on(self) -> date:
        due_on = self.cleaned_data["due_on"]
        if due_on < timezone.localdate() and not (self.task and self.task.due_on == due_on):
            raise ValidationError("This day is over: choose today or a later one.")
        return due_on

    def plan(self) -> todo.Plan:
        return todo.Plan(**{"kind": Task.Kind.FOLLOW_UP, **self.cleaned_data})


def _planned(task: Task) -> dict[str, Any]:
    planned = {name: getattr(task, name) for name in ("kind", "due_on", "reminder_on", "text")}
    return planned | {"owner": task.owner_id or NOBODY}


def _for_next_day(user: User) -> dict[str, Any]:
    return {"owner": user.pk, "due_on": plus_business_days(timezone.localdate(), 1)}


# What is due ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A task as a list has it."""

    task: Task
    about: str
    url: str
    text: str
    is_late: bool
    is_reminded: bool


def shown(task: Task, user: User, today: date) -> Shown:
    about, url = "", ""
    if task.claim:
        about, url = str(task.claim), reverse("claim", args=[task.claim.pk])
    if task.patient:
        about, url = patient_shown(task.patient, user), reverse("patient", args=[task.patient.pk])
    text = MASKED if task.text and user.phi_masked else task.text
    is_late = task.done_at is None and task.due_on < today
    return Shown(task, about, url, text, is_late, todo.is_reminded(task, today))


@allow(WORK)
@never_cache
@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """One's own tasks and what is nobody's yet, by due day; those who lead see their people's as well."""
    user, today = person(request), timezone.localdate()
    show = request.GET.get("show", "")
    owner = request.GET.get("owner", "")
    if show == "done":
        rows = list(done_by(user))
        groups = [todo.Group("Done lately", rows, len(rows))] if rows else []
    else:
        groups = todo.by_due_day(asked_for(user, show, owner).select_related(*RELATED), today)
    listed = [
        {"label": each.label, "count": each.count, "tasks": [shown(task, user, today) for task in each.tasks]}
        for each in groups
    ]
    audit.record(user, "tasks.read", request=request, rows=sum(len(each.tasks) for each in groups))
    page = {
        "title": "What has to be done, and until when?",
        "tabs": tabs(user, show),
        "groups": listed,
        "show": show,
        "people": named(colleagues(user)) if show == "team" and may(user, LEAD) else [],
        "chosen_owner": owner,
        "most": todo.MOST_SHOWN,
        "action_url": reverse("new_task"),
        "action_label": "Add a task",
        "action_icon": "tasks",
    }
    return render(request, "claims/tasks.html", page)


def tabs(user: User, show: str) -> list[Tab]:
    page = reverse("tasks")
    leads = [Tab("The team's", f"{page}?show=team", show == "team")] if may(user, LEAD) else []
    return [
        Tab("Mine", page, show not in ("team", "done", FOLLOW_UPS)),
        *leads,
        Tab("Done", f"{page}?show=done", show == "done"),
        Tab("Follow-ups", reverse("follow_ups"), show == FOLLOW_UPS),
    ]


def asked_for(user: User, show: str, owner: str) -> TaskQuerySet:
    if show != "team" or not may(user, LEAD):
        return todo.waiting_for(user)
    tasks = Task.objects.visible_to(user).open()
    if owner == NOBODY:
        return tasks.filter(owner=None)
    is_number = owner.isascii() and owner.isdigit() and len(owner) < 10
    return tasks.filter(owner=int(owner)) if is_number else tasks


def done_by(user: User) -> TaskQuerySet:
    done = Task.objects.visible_to(user).filter(done_by=user, done_at__isnull=False)
    return done.select_related(*RELATED).order_by("-done_at")[:MOST_DONE]


# Planning and doing --------------------------------------------------------------------------------


@allow(WORK)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_task(request: HttpRequest) -> HttpResponse:
    """Plan something for a claim (`?claim=`), for a patient (`?patient=`), or for neither."""
    user = person(request)
    claim, patient = asked_about(request)
    form = TaskForm(user, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            todo.add_task(form.plan(), claim=claim, patient=patient, actor=user, request=request)
        except todo.TaskError as wrong:
            form.add_error("reminder_on" if "reminder" in str(wrong) else "owner", str(wrong))
        else:
            messages.success(request, "The task is planned.")
            return redirect(way_back(request, claim, patient))
    page = {
        "title": "What has to be done?",
        "form": form,
        "about": claim or None,
        "patient": patient,
        "back": way_back(request, claim, patient),
        "worklist": worked_list(request),
    }
    if patient:
        page["about"] = patient_shown(patient, user)
    return render(request, "claims/new_task.html", page)


def asked_about(request: HttpRequest) -> tuple[Claim | None, Patient | None]:
    user = person(request)
    claim, patient = request.GET.get("claim", ""), request.GET.get("patient", "")
    if claim:
        found = Claim.objects.visible_to(user).filter(pk=_uuid(claim)).first()
        return found or refuse(request, "task.added"), None
    if patient:
        is_number = patient.isascii() and patient.isdigit() and len(patient) < 18
        mine = Patient.objects.visible_to(user).filter(pk=int(patient) if is_number else 0)
        return None, mine.first() or refuse(request, "task.added")
    return None, None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as wrong:
        raise Http404 from wrong


def refuse(request: HttpRequest, action: str, **details: Any) -> NoReturn:
    audit.record(person(request), action, request=request, outcome="failed", **details)
    raise Http404


def way_back(request: HttpRequest, claim: Claim | None, patient: Patient | None) -> str:
    if claim:
        return way_to(request, claim.pk, "#tasks")
    return reverse("patient", args=[patient.pk]) if patient else reverse("tasks")


@allow(WORK)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """One task: planning it anew, handing it over, doing it."""
    user = person(request)
    found = visible_task(request, pk, "task.changed" if request.method == "POST" else "task.read")
    form = TaskForm(user, request.POST if request.method == "POST" else None, found)
    if form.is_bound and form.is_valid():
        try:
            todo.change_task(found, form.plan(), actor=user, request=request)
        except todo.AlreadyDone as done:
            messages.info(request, str(done))
            return redirect("task", pk=pk)
        except todo.TaskError as wrong:
            form.add_error("reminder_on" if "reminder" in str(wrong) else "owner", str(wrong))
        else:
            messages.success(request, "The task is changed.")
            return redirect("tasks")
    if request.method != "POST":
        audit.record(user, "task.read", found, request=request)
    page = {
        "title": found.get_kind_display(),
        "form": form,
        "shown": shown(found, user, timezone.localdate()),
    }
    return render(request, "claims/task.html", page)


def visible_task(request: HttpRequest, pk: int, action: str) -> Task:
    visible = Task.objects.visible_to(person(request)).select_related(*RELATED, "done_by", "made_by")
    return visible.filter(pk=pk).first() or refuse(request, action, asked_for=pk)


@allow(WORK)
@require_POST
def finish_task(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_task(request, pk, "task.done")
    outcome = request.POST.get("outcome", "").strip()[:2_000]
    try:
        todo.finish(found, actor=person(request), outcome=outcome, request=request)
    except todo.AlreadyDone as done:
        messages.info(request, str(done))
    except todo.TaskError as wrong:
        messages.error(request, str(wrong))
    else:
        messages.success(request, f"Done: {found.title}.")
    return redirect(way_back(request, found.claim if request.POST.get("back") == "claim" else None, None))


@allow(WORK)
@require_POST
def reopen_task(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_task(request, pk, "task.reopened")
    try:
        todo.reopen(found, actor=person(request), request=request)
    except todo.TaskError as wrong:
        messages.error(request, str(wrong))
    else:
        messages.success(request, f"Open again: {found.title}.")
    return redirect("tasks")


# On the page of what it is about -------------------------------------------------------------------


def tasks_of(about: Claim | Patient, user: User) -> dict[str, Any] | None:
    """The open tasks for a claim or a patient and a form for one more; none for whoever plans nothing."""
    if not may(user, WORK):
        return None
    name = "claim" if isinstance(about, Claim) else "patient"
    open_tasks = Task.objects.open().filter(**{name: about}).select_related(*RELATED)[: todo.MOST_SHOWN]
    return {
        "rows": [shown(each, user, timezone.localdate()) for each in open_tasks if not each.is_follow_up],
        "form": TaskForm(user),
        "url": f"{reverse('new_task')}?{name}={about.pk}",
        "back": name,
    }
