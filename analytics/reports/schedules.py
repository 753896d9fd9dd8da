"""What people change of schedules, who may be sent what, and how one is said."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User, UserQuerySet, known_time_zone
from accounts.roles import ROLES

from ..models import Export, Report, Schedule
from ..questions import WrongQuestion
from ..scopes import NONE, Scope, scope_of
from . import asking
from .runs import KIND, may_have
from .turns import next_turn

LOOK = "analytics.view_dashboard"
LOOKING = tuple(key for key, role in ROLES.items() if LOOK in role.permissions)
KEPT = (
    *("name", "report", "standard", "every", "weekday", "day_of_month", "at", "time_zone"),
    *("format", "is_attached", "is_active"),
)

Problems = dict[str, list[str]]


def may_be_told(user: User) -> UserQuerySet:
    """The people whom somebody may have a report sent to: colleagues who look at numbers."""
    people = User.objects.visible_to(user).active().filter(role__in=LOOKING)
    return people.order_by("name", "pk")


# Whether it may be so ------------------------------------------------------------------------------


def problems_of(schedule: Schedule, people: Collection[User]) -> Problems:
    """What is wrong with a schedule, by the name of the field; nothing when it can be kept."""
    problems: Problems = {}
    if schedule.report is None and not schedule.standard:
        problems["report"] = ["Choose what is sent."]
    elif schedule.report is not None and schedule.standard:
        problems["report"] = ["Either a report of yours or a standard one."]
    elif schedule.report and not _may_see(schedule.owner, schedule.report):
        problems["report"] = ["There is no such report."]
    try:
        known_time_zone(schedule.time_zone)
    except ValidationError as wrong:
        problems["time_zone"] = wrong.messages
    if not people:
        problems["people"] = ["Choose at least one person."]
    if not problems and (left_out := who_may_not(schedule, people)):
        names = ", ".join(map(str, left_out))
        problems["people"] = [f"{names} may not see all that is in it: choose others, or narrow the report."]
    return problems


def _may_see(user: User, report: Report) -> bool:
    return Report.objects.visible_to(user).filter(pk=report.pk).exists()


def who_may_not(schedule: Schedule, people: Iterable[User]) -> list[User]:
    """Those to whom nothing would be sent, as things stand."""
    asked = {"standard": schedule.standard}
    try:
        scope = scope_of(schedule.owner)
        if schedule.report is not None:
            question = asking.read(schedule.report.asked, schedule.owner, timezone.localdate())
            scope, asked = question.question.scope, {"definition": json.dumps(question.definition)}
    except WrongQuestion:
        return []  # its owner learns that from each turn
    departments = departments_in(scope)
    would_be = Export(
        kind=KIND,
        asked=json.dumps(asked),
        departments=None if departments is None else sorted(departments),
    )
    return [each for each in people if not may_have(each, would_be)]


def departments_in(scope: Scope) -> set[int] | None:
    """The departments whose claims are in a scope; none means everybody's."""
    if scope.department is not None and scope.department != NONE:
        return {int(scope.department)}
    return None if scope.departments is None else set(scope.departments)


# Keeping -------------------------------------------------------------------------------------------


@transaction.atomic
def save_schedule(
    schedule: Schedule,
    people: Collection[User],
    *,
    actor: User,
    now: datetime,
    request: HttpRequest | None = None,
) -> Schedule:
    """Keep a schedule that has no problems; its next turn is told anew."""
    before = Schedule.objects.filter(pk=schedule.pk).first()
    old = _kept(before, before.people.all()) if before else {}
    schedule.due_at = next_turn(schedule, now)
    schedule.save()
    schedule.people.set(people)
    new = _kept(schedule, people)
    audit.record(
        actor,
        "schedule.changed" if before else "schedule.added",
        schedule,
        request=request,
        changed={name: [old.get(name), value] for name, value in new.items() if old.get(name) != value},
    )
    return schedule


def _kept(schedule: Schedule, people: Iterable[User]) -> dict[str, object]:
    """As the audit trail says it: people by their ids."""
    values = {name: getattr(schedule, name) for name in KEPT if name != "report"}
    said = {name: value if isinstance(value, bool | int) else str(value) for name, value in values.items()}
    return said | {"report": schedule.report_id, "people": sorted(each.pk for each in people)}


@transaction.atomic
def delete_schedule(schedule: Schedule, *, actor: User, request: HttpRequest | None = None) -> None:
    audit.record(actor, "schedule.deleted", schedule, request=request, name=schedule.name)
    schedule.delete()
