"""Tasks: planning what has to be done by a day, handing it over, and saying that it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User

from .models import Assessment, Claim, Patient, Task
from .models.tasks import TaskQuerySet


class TaskError(Exception):
    """Why a task cannot be planned or finished like that, in words for whoever asked."""


class AlreadyDone(TaskError):
    """A colleague was faster."""


@dataclass(frozen=True)
class Plan:
    """What has to be done, by whom and until when. Without an owner it is anybody's who sees its claim."""

    kind: str
    due_on: date
    owner: User | None = None
    reminder_on: date | None = None
    text: str = ""


@transaction.atomic
def add_task(
    plan: Plan,
    *,
    claim: Claim | None = None,
    patient: Patient | None = None,
    assessment: Assessment | None = None,
    actor: User | None,
    request: HttpRequest | None = None,
) -> Task:
    """Write down what has to be done, for a claim, for a patient or for neither."""
    task = Task(claim=claim, patient=patient, assessment=assessment, made_by=actor, **vars(plan))
    _refuse_impossible(task)
    task.save(force_insert=True)
    about: dict[str, Any] = {"claim": task.claim_id, "patient": task.patient_id, "owner": task.owner_id}
    audit.record(actor, "task.added", task, request=request, kind=task.kind, **about)
    return task


@transaction.atomic
def change_task(task: Task, plan: Plan, *, actor: User, request: HttpRequest | None = None) -> Task:
    """Plan anew what is still open; another owner is how it is handed over."""
    task = _held(task)
    if task.done_at:
        raise AlreadyDone("This task is done already.")
    wanted = vars(plan) if not task.is_follow_up else vars(plan) | {"kind": Task.Kind.FOLLOW_UP}
    changed = audit.changes(task, wanted)
    if not changed:
        return task
    for field, value in wanted.items():
        setattr(task, field, value)
    _refuse_impossible(task)
    _save(task, *changed)
    audit.record(actor, "task.changed", task, request=request, changes=changed)
    return task


@transaction.atomic
def finish(task: Task, *, actor: User, outcome: str = "", request: HttpRequest | None = None) -> Task:
    """Say that a task is done; of two people who do at once, one is told that it is done already."""
    task = _held(task)
    if task.done_at:
        raise AlreadyDone("A colleague has done this already.")
    if task.is_follow_up and not outcome:
        raise TaskError("Say what was done before you close a follow-up.")
    task.done_at, task.done_by, task.outcome = timezone.now(), actor, outcome
    _save(task, "done_at", "done_by", "outcome")
    audit.record(actor, "follow_up.closed" if task.is_follow_up else "task.done", task, request=request)
    return task


@transaction.atomic
def reopen(task: Task, *, actor: User, request: HttpRequest | None = None) -> Task:
    """Take back that a task is done. A closed follow-up stays closed: a new assessment opens a new one."""
    task = _held(task)
    if not task.done_at:
        return task
    if task.is_follow_up:
        raise TaskError("A closed follow-up stays closed: have the patient assessed again.")
    task.done_at = task.done_by = None
    _save(task, "done_at", "done_by")
    audit.record(actor, "task.reopened", task, request=request)
    return task


def _held(task: Task) -> Task:
    """The task as it is now, which nobody else changes before this transaction ends."""
    held = Task.objects.select_for_update(of=("self",)).select_related("claim", "patient", "owner")
    return held.get(pk=task.pk)


def _save(task: Task, *fields: str) -> None:
    task.changed_at = timezone.now()
    task.save(update_fields=[*fields, "changed_at"])


def _refuse_impossible(task: Task) -> None:
    if task.reminder_on and task.reminder_on > task.due_on:
        raise TaskError("The reminder comes on the due day at the latest.")
    if task.owner and not (task.owner.is_active and _sees(task.owner, task)):
        raise TaskError(f"{task.owner.name} does not see what this task is about.")


def _sees(user: User, task: Task) -> bool:
    if task.claim:
        return Claim.objects.visible_to(user).filter(pk=task.claim.pk).exists()
    return task.patient is None or Patient.objects.visible_to(user).filter(pk=task.patient.pk).exists()


# What there is to do -----------------------------------------------------------------------------------

MOST_SHOWN = 200  # of tasks on one page: more is nobody's day


def waiting_for(user: User) -> TaskQuerySet:
    """One's own open tasks, and those that nobody has taken on yet."""
    return Task.objects.visible_to(user).open().filter(Q(owner=user) | Q(owner=None))


@dataclass(frozen=True)
class Group:
    """Tasks that are due about the same time; `count` says how many there are, also of those not shown."""

    label: str
    tasks: list[Task]
    count: int


def by_due_day(tasks: TaskQuerySet, today: date) -> list[Group]:
    """What is overdue, for today, for this week and later; weeks end on Sunday. Empty ones are left out."""
    sunday = today + timedelta(days=6 - today.weekday())
    spans = {
        "Overdue": Q(due_on__lt=today),
        "Today": Q(due_on=today),
        "This week": Q(due_on__gt=today, due_on__lte=sunday),
        "Later": Q(due_on__gt=max(today, sunday)),
    }
    counts = tasks.order_by().aggregate(
        **{str(number): Count("pk", filter=span) for number, span in enumerate(spans.values())}
    )
    groups, room = [], MOST_SHOWN
    for number, (label, span) in enumerate(spans.items()):
        shown = list(tasks.filter(span).order_by("due_on", "pk")[:room]) if counts[str(number)] else []
        room -= len(shown)
        if counts[str(number)]:
            groups.append(Group(label, shown, counts[str(number)]))
    return groups


def is_reminded(task: Task, today: date) -> bool:
    """Whether its reminder has come while its day has not."""
    return bool(task.reminder_on and task.reminder_on <= today < task.due_on)
