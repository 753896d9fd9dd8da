"""Turns of schedules: each comes once, makes its file with its owner's rights and tells whoever may have it.

Whatever calls `run_due` and how often, a turn is one row. Turns that were missed while the site was off come
as one, the latest. The file is an export like any other, so a worker makes it and it is kept for a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.access import may
from accounts.models import User

from ..exports import asking, handing_over
from ..exports.handing_over import NotKept
from ..exports.kinds import WrongExport
from ..exports.rights import rights_of
from ..models import Export, Report, Schedule, ScheduledRun
from ..telling import mails
from .turns import last_turn, next_turn

log = structlog.get_logger(__name__)

SCHEDULE = "analytics.add_schedule"
KIND = "report"
LARGEST_ATTACHMENT = 5 << 20  # larger files are linked: base64 makes a third more of them, for each person


def run_due(now: datetime) -> int:
    """Begin the turns that have come, and end those whose file is there; how many of both."""
    due = Schedule.objects.filter(is_active=True, due_at__lte=now).values_list("pk", flat=True)
    open_runs = ScheduledRun.objects.filter(told_at=None, problem="").values_list("pk", flat=True)
    begun = sum(_logged(begin, pk, now) for pk in list(due))
    return begun + sum(_logged(end, pk, now) for pk in list(open_runs))


def _logged(step: Callable[[int, datetime], bool], pk: int, now: datetime) -> bool:
    """A task's boundary: one broken schedule is logged, and the others have their turns."""
    try:
        return step(pk, now)
    except Exception:
        log.exception("schedule_broken", id=str(pk), step=step.__name__)
        return False


# Beginning -----------------------------------------------------------------------------------------


@transaction.atomic
def begin(schedule_pk: int, now: datetime) -> bool:
    """Have the file of the latest turn made; whether it was this caller who did."""
    due = Schedule.objects.filter(pk=schedule_pk, is_active=True, due_at__lte=now)
    schedule = due.select_for_update(skip_locked=True).first()
    if schedule is None:
        return False
    turn = max(last_turn(schedule, now), schedule.due_at)
    schedule.due_at = next_turn(schedule, now)
    schedule.save(update_fields=["due_at"])
    run, is_new = ScheduledRun.objects.get_or_create(schedule=schedule, due_at=turn)
    if is_new:
        order(run)
    return is_new


@transaction.atomic
def run_now(schedule: Schedule, *, actor: User, now: datetime, request: HttpRequest | None = None) -> None:
    """A turn out of turn; the next one comes when it would have."""
    run = ScheduledRun.objects.create(schedule=schedule, due_at=now)
    audit.record(actor, "schedule.run", schedule, request=request, run=run.pk)
    order(run)


def order(run: ScheduledRun) -> None:
    """Ask for the file as of the day of the turn, with what its owner may see now; or say why not."""
    schedule = run.schedule
    run.problem = why_not(schedule)
    if not run.problem:
        asked = {"report": str(schedule.report_id)} if schedule.report_id else {"standard": schedule.standard}
        try:
            run.export = asking.ask_for(
                schedule.owner,
                KIND,
                schedule.format,
                asked,
                today=timezone.localdate(run.due_at),
                is_limited=False,
            )
        except WrongExport:
            run.problem = "What the report asks for is not there any more: open it and mend it."
    run.save(update_fields=["problem", "export"])


def why_not(schedule: Schedule) -> str:
    """Why its owner may not have this sent any more; nothing when they may."""
    owner = schedule.owner
    if not owner.is_active:
        return f"{owner} is locked out, whose rights it is made with."
    if not may(owner, SCHEDULE):
        return f"{owner} may not schedule reports any more."
    if schedule.report_id and not Report.objects.visible_to(owner).filter(pk=schedule.report_id).exists():
        return f"The report is not shared with {owner} any more."
    return ""


# Ending --------------------------------------------------------------------------------------------


@transaction.atomic
def end(run_pk: int, now: datetime) -> bool:
    """Tell people of a file that is made, or say why it was not; whether there was something to say."""
    runs = ScheduledRun.objects.filter(pk=run_pk, told_at=None, problem="").select_related("export")
    run = runs.select_for_update(skip_locked=True, of=("self",)).first()
    if run is None or (run.export is not None and not run.export.is_over):
        return False
    try:
        tell(run, now)
    except NotKept as reason:
        run.problem = str(reason)
    run.save(update_fields=["told_at", "problem"])
    return True


def tell(run: ScheduledRun, now: datetime) -> None:
    export, schedule = run.export, run.schedule
    if export is None:
        raise NotKept("Its file was deleted.")
    if export.state != Export.State.DONE:
        raise NotKept(export.reason or f"Its file was {export.get_state_display().lower()}.")
    if why := why_not(schedule):
        raise NotKept(why)
    handing_over.refuse_unkept(export, now)
    everybody = list(schedule.people.order_by("pk"))
    told = [each for each in everybody if may_have(each, export)]
    content = attachment(schedule, export, told, now)
    url = file_url(run) if content is None else live_url(schedule)
    for each in told:
        mails.mail_report(run, person=each, content=content, url=url, now=now)
    run.told_at = now
    run.problem = left_out(len(everybody), len(told))
    audit.record(
        schedule.owner,
        "schedule.sent",
        schedule,
        run=run.pk,
        export=str(export.pk),
        people=[each.pk for each in told],
        attached=content is not None,
    )


def may_have(user: User, export: Export) -> bool:
    """Whether all that is in a file may be seen by somebody, whoever had it made."""
    rights = rights_of(user.pk, export.kind)
    return rights is not None and rights.cover(export)


def left_out(everybody: int, told: int) -> str:
    if told == everybody:
        return ""
    return f"Sent to {told} of {everybody}: the others may not see all that is in it."


def attachment(schedule: Schedule, export: Export, told: Sequence[User], now: datetime) -> bytes | None:
    """The file itself, if it may leave the site: what tells of single claims stays behind the sign-in."""
    is_small = export.size <= LARGEST_ATTACHMENT
    if not (told and schedule.is_attached and is_aggregate(export) and is_small):
        return None
    return b"".join(handing_over.hand_over(export, now=now))


def is_aggregate(export: Export) -> bool:
    """Whether it holds sums alone: nothing that tells of one claim."""
    return export.kind == KIND and not export.has_patients


def file_url(run: ScheduledRun) -> str:
    return reverse("scheduled_file", args=[run.pk])


def live_url(schedule: Schedule) -> str:
    """Where its numbers stand as they are now, with the claims behind them."""
    if schedule.report_id is None:
        return reverse(schedule.standard)  # a page of the same name
    return reverse("report", args=[schedule.report_id])


# Fetching ------------------------------------------------------------------------------------------


def visible_run(pk: int, user: User) -> ScheduledRun | None:
    """One whose file this person was to have, or had made."""
    runs = ScheduledRun.objects.select_related("schedule", "export")
    run = runs.filter(pk=pk).first()
    if run is None:
        return None
    is_theirs = run.schedule.owner_id == user.pk or run.schedule.people.filter(pk=user.pk).exists()
    return run if is_theirs else None
