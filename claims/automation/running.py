"""Looks at what happened to claims and lets rules act, once about each change.

The database notes each event of a claim (`event_triggers`). What no rule is about is forgotten many at once;
of the rest each is a transaction of its own: the claim is held, all rules look at it as it stands before any
of them acts, and the note goes with what they did. So two workers never act twice, and nothing is lost.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from ..changes import ClaimError
from ..models import AutomationMark, AutomationRule, AutomationRun, Claim
from ..todo import TaskError
from .doing import Acting, do
from .matching import Ready, matched, usable

log = structlog.get_logger(__name__)

Outcome = AutomationRun.Outcome
LONGEST_PROBLEM = 300
AT_ONCE = 500  # events
# Between two acts: on SQLite whoever saves something meanwhile must find the database free.
PAUSE = 0.01 if connection.vendor == "sqlite" else 0.0
UNEXPECTED = "Something went wrong that nobody expected; the site's operators find it in the log."


def run_waiting(*, seconds: float, now: datetime | None = None) -> int:
    """Look at what happened for so long at most; how many changes rules acted on."""
    began, after, acted = time.monotonic(), 0, 0
    while time.monotonic() - began < seconds:
        found = AutomationMark.objects.filter(pk__gt=after).order_by("pk")[:AT_ONCE]
        marks = dict(found.values_list("pk", "event_id"))
        if not marks:
            break
        after = max(marks)
        acted += _look_at(marks, now)
    return acted


def _look_at(marks: dict[int, int], now: datetime | None) -> int:
    rules, by_event = _rules(), {event: mark for mark, event in marks.items()}
    wanted: dict[tuple[UUID, int], list[Ready]] = defaultdict(list)
    for rule in rules:
        for event, claim in matched(rule, by_event):
            wanted[claim, event].append(rule)
    _forget(marks.keys() - {by_event[event] for _, event in wanted})
    acted = 0
    for claim, event in sorted(wanted):
        acted += _act(by_event[event], claim, event, wanted[claim, event], now or timezone.now())
        time.sleep(PAUSE)
    return acted


def _rules() -> list[Ready]:
    """Those that can act. One that cannot says why on its page, and keeps nobody else from acting."""
    rules = list(AutomationRule.objects.switched_on().select_related("made_by").order_by("pk"))
    good, broken = usable(rules)
    for rule in rules:
        problem = broken.get(rule.pk, "")[:LONGEST_PROBLEM]
        if problem != rule.problem and (problem or rule.problem != UNEXPECTED):
            AutomationRule.objects.filter(pk=rule.pk).update(problem=problem)
    return good


def _forget(marks: Collection[int]) -> None:
    """What another worker holds is that one's to forget."""
    with transaction.atomic():
        free = AutomationMark.objects.filter(pk__in=marks).select_for_update(skip_locked=True)
        AutomationMark.objects.filter(pk__in=list(free.values_list("pk", flat=True))).delete()


@transaction.atomic
def _act(mark: int, claim_id: UUID, event: int, rules: Sequence[Ready], now: datetime) -> int:
    """What the rules that still fit do about one change; the mark goes with it."""
    if not AutomationMark.objects.select_for_update(skip_locked=True).filter(pk=mark).first():
        return 0
    claim = Claim.objects.select_for_update().filter(pk=claim_id).first()
    done = set(AutomationRun.objects.filter(event=event).values_list("rule", flat=True))
    fitting = [each for each in rules if each.rule.pk not in done and matched(each, [event])]
    if claim:
        for each in fitting:
            _run(each, claim, event, now)
    AutomationMark.objects.filter(pk=mark).delete()
    return len(fitting)


def _run(ready: Ready, claim: Claim, event: int, now: datetime) -> None:
    """All that the rule says, or nothing of it and why."""
    run = AutomationRun(rule=ready.rule, event_id=event, claim=claim, at=now)
    try:
        with transaction.atomic():
            run.did = do(Acting(ready, claim, now))
    except OperationalError:  # of the database, which the next call finds again
        raise
    except (ClaimError, TaskError) as why:
        run.outcome, run.problem = Outcome.FAILED, str(why)[:LONGEST_PROBLEM]
    except Exception as error:
        # A task's boundary: whatever is wrong with one rule must not keep the others from acting.
        log.exception("automation_failed", id=ready.rule.pk, error=type(error).__name__)
        AutomationRule.objects.filter(pk=ready.rule.pk).update(problem=UNEXPECTED)
        run.outcome, run.problem = Outcome.FAILED, UNEXPECTED
    run.is_to_tell = run.outcome == Outcome.DONE and bool(ready.deeds.cleaned_data["tell"])
    run.save(force_insert=True)
