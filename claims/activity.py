"""Stores what staff did to claims outside this site, as events of those claims."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from accounts.models import User

from . import bulk
from .answers.settling import EVENT_COLUMNS, in_batches
from .imports.records import ActivityRecord, Problem, Severity
from .intake import Intake, Taken
from .models import Claim, ClaimEvent

UNKNOWN_STAFF = "is nobody who works here: give the e-mail with which they sign in, or their user id"
UNKNOWN_CLAIM = "is no claim that you may see: give our number (such as C-1001) or its control number"
SEVERAL_CLAIMS = "is the number of several claims: write ours, such as C-1001"
NO_MOMENT = "is missing: say when it was done"

OUR_NUMBER = re.compile(r"(C-)?([0-9]{1,18})", re.IGNORECASE | re.ASCII)

Done = tuple[uuid.UUID, int, str, datetime]  # claim, actor, action, moment


def store_actions(records: Sequence[ActivityRecord], intake: Intake) -> list[Taken]:
    """Store the actions whose claim and actor are known, each once, however often a file is sent."""
    taken = [Taken(record) for record in records]
    staff = _staff(records)
    find_claim = _claim_finder(records, intake)
    known = []
    for each, record in zip(taken, records, strict=True):
        done = _read(each, record, staff, find_claim)
        if done and not any(problem.severity == Severity.ERROR for problem in record.problems):
            known.append((each, record, done))
    here = _stored_before([done for _, _, done in known], intake)
    source_id = intake.source.pk if intake.source else None
    events = []
    for each, record, done in known:
        each.claim_id = done[0]
        each.is_repeated = done in here
        if not each.is_repeated:
            claim_id, actor_id, action, at = done
            events.append(
                (claim_id, at, actor_id, action, "", "", "", record.is_error, source_id, record.place)
            )
        else:
            reason = "is here already from another file; it is not counted twice"
            each.problems.append(Problem(record.place, "", reason, Severity.WARNING))
    bulk.insert(ClaimEvent, EVENT_COLUMNS, events)
    return taken


def _read(
    taken: Taken, record: ActivityRecord, staff: dict[str, int], find_claim: Callable[[str], uuid.UUID | str]
) -> Done | None:
    """Who did what to which claim, or what is wrong with the row."""

    def refuse(field: str, reason: str) -> None:
        taken.problems.append(Problem(record.place, field, reason))

    actor_id = staff.get(record.staff.casefold())
    if actor_id is None:
        refuse("staff e-mail", UNKNOWN_STAFF)
    claim_id = find_claim(record.claim)
    if isinstance(claim_id, str):
        refuse("claim", claim_id)
    if record.at is None:
        refuse("moment", NO_MOMENT)
    if actor_id is None or isinstance(claim_id, str) or record.at is None:
        return None
    return claim_id, actor_id, record.action, record.at


def _staff(records: Sequence[ActivityRecord]) -> dict[str, int]:
    """Ids of users by what the rows call them: their e-mail in any case, or the id itself."""
    named = {record.staff.casefold() for record in records}
    return {
        each: pk
        for pk, email in User.objects.values_list("pk", "email").order_by()
        for each in (email.casefold(), str(pk))
        if each in named
    }


def _claim_finder(records: Sequence[ActivityRecord], intake: Intake) -> Callable[[str], uuid.UUID | str]:
    """Tells the claim that a text names, or why it cannot; those that the sender may not see do not exist."""
    texts = {record.claim for record in records}
    ours = {text: int(match[2]) for text in texts if (match := OUR_NUMBER.fullmatch(text))}
    by_number: dict[int, Claim] = {}
    by_control_number: dict[str, list[Claim]] = defaultdict(list)
    visible = Claim.objects.all() if intake.actor is None else Claim.objects.visible_to(intake.actor)
    claims = visible.only("number", "control_number", "sender", "status").order_by()
    for numbers in in_batches(sorted(set(ours.values()))):
        by_number |= {claim.number: claim for claim in claims.filter(number__in=numbers)}
    for batch in in_batches(sorted(texts - {""})):
        for claim in claims.filter(control_number__in=batch).exclude(control_number=""):
            by_control_number[claim.control_number].append(claim)

    def find(text: str) -> uuid.UUID | str:
        claim = by_number.get(ours.get(text, 0))
        if text[:2].upper() == "C-" and claim:
            return claim.pk
        found = _newest_of_each_sender(by_control_number.get(text, []), intake.sender)
        found |= {claim.pk} if claim else set()
        if len(found) > 1:
            return SEVERAL_CLAIMS
        return found.pop() if found else UNKNOWN_CLAIM

    return find


def _newest_of_each_sender(claims: list[Claim], sender: str) -> set[uuid.UUID]:
    """Rebills share their claim's number: the newest that is not void is meant."""
    if len({claim.sender for claim in claims}) > 1:
        claims = [claim for claim in claims if claim.sender == sender] or claims
    newest: dict[str, Claim] = {}
    for claim in sorted(claims, key=lambda claim: (claim.status != Claim.Status.VOID, claim.number)):
        newest[claim.sender] = claim
    return {claim.pk for claim in newest.values()}


def _stored_before(actions: Sequence[Done], intake: Intake) -> set[Done]:
    """Those that an earlier file brought; within one file, the same thing may be done twice."""
    found: set[Done] = set()
    for batch in in_batches(sorted({claim_id for claim_id, *_ in actions})):
        events = ClaimEvent.objects.filter(claim__in=batch, actor__isnull=False, source__isnull=False)
        if intake.source:
            events = events.exclude(source=intake.source)
        found |= set(events.values_list("claim", "actor", "action", "at").order_by())
    return found & set(actions)
