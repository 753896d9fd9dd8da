"""Keeps an appeal for each time that a claim's history says it was appealed, and what became of it.

The history of statuses is the truth, for the KPIs as well; whatever writes it (a person, a payer's file, a
bulk load) is followed here, and following twice changes nothing. An appeal is decided by the next payment or
denial, whatever stood between them. A claim given up or taken out meanwhile withdraws it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from .answers import denials
from .contracts.shortfalls import in_batches
from .deadlines import APPEAL
from .models import Adjustment, Appeal, Claim, ClaimEvent, ClaimPayment, Payer
from .models.appeals import LEVELS, WITHDRAWN
from .plan_limits import PlanLimits

Status, Outcome = Claim.Status, Appeal.Outcome
NOTHING = Decimal(0)
# Written as the index of these events has it.
FILED = Q(to_status__in=("appealed",)) & ~Q(from_status=F("to_status"))
TOLD = (Status.APPEALED, Status.PAID, Status.DENIED, Status.WRITTEN_OFF, Status.VOID)
GIVEN_UP = (Status.WRITTEN_OFF, Status.VOID)
AT_ONCE = 1_000  # claims


@dataclass(frozen=True, slots=True)
class Event:
    """A claim's status changed."""

    id: int
    at: datetime
    actor: int | None
    action: str
    to: str

    @property
    def day(self) -> date:
        return timezone.localdate(self.at)


@dataclass(slots=True)
class Told:
    """An appeal as a claim's history tells it."""

    filed: Event
    level: int
    denied: Event | None  # the denial before it, where the history has one
    outcome: str = Outcome.WAITING
    decided_on: date | None = None

    def end(self, outcome: str, on: date) -> None:
        self.outcome, self.decided_on = outcome, on


def tell(events: Iterable[Event]) -> list[Told]:
    """The appeals of one claim, from its changes of status in their order."""
    appeals: list[Told] = []
    undecided: Told | None = None
    denied: Event | None = None
    for event in events:
        if event.to == Status.APPEALED:
            if undecided and undecided.outcome == Outcome.WAITING:
                undecided.end(Outcome.WITHDRAWN, event.day)
            undecided = Told(event, _level_after(appeals), denied)
            appeals.append(undecided)
        elif event.to in GIVEN_UP:
            if undecided and undecided.outcome == Outcome.WAITING:
                undecided.end(Outcome.WITHDRAWN, event.day)
        else:
            if undecided:
                undecided.end(_outcome_of(event), event.day)
            undecided = None
            if event.action != WITHDRAWN and event.to == Status.DENIED:
                denied = event
    return appeals


def _level_after(appeals: Sequence[Told]) -> int:
    if not appeals:
        return 1
    return next_level(appeals[-1].level, appeals[-1].outcome) or LEVELS


def next_level(level: int, outcome: str) -> int | None:
    """On which level a claim is appealed next: one level up where the denial was upheld, if there is one."""
    if outcome == Outcome.UPHELD:
        return level + 1 if level < LEVELS else None
    return level if outcome == Outcome.WITHDRAWN else 1


def _outcome_of(event: Event) -> str:
    if event.action == WITHDRAWN:
        return Outcome.WITHDRAWN
    return Outcome.OVERTURNED if event.to == Status.PAID else Outcome.UPHELD


# Kept ------------------------------------------------------------------------------------------------


def follow(ids: Iterable[UUID]) -> None:
    """Bring these claims' appeals to what their histories say. Few claims have any: that is asked first."""
    for batch in in_batches(sorted(set(ids))):
        appealed = set(
            ClaimEvent.objects.filter(FILED, claim__in=batch).order_by().values_list("claim", flat=True)
        )
        if appealed:
            with transaction.atomic():
                _follow(sorted(appealed))


def catch_up() -> int:
    """Follow claims that were loaded past all that follows by itself; how many."""
    missing = ClaimEvent.objects.filter(FILED, appeal=None).order_by().values_list("claim", flat=True)
    found = set(missing[:AT_ONCE])
    follow(found)
    return len(found)


def settle() -> None:
    """All of it at once."""
    while catch_up():
        pass
    catch_up_with_ends()


def catch_up_with_ends() -> None:
    """Decide what still waits although its claim stands otherwise."""
    ended = (Status.PAID, Status.DENIED, *GIVEN_UP)
    late = Appeal.objects.waiting().filter(claim__status__in=ended).order_by()
    follow(late.values_list("claim", flat=True)[:AT_ONCE])


def _follow(ids: Sequence[UUID]) -> None:
    claims = {
        claim.pk: claim
        for claim in Claim.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    }
    kept = {each.event_id: each for each in Appeal.objects.filter(claim__in=ids)}
    told = [(claims[pk], tell(events)) for pk, events in _histories(ids)]
    new = [
        (claim, place, appeals)
        for claim, appeals in told
        for place, each in enumerate(appeals)
        if each.filed.id not in kept
    ]
    for row in _begun(new):
        kept[row.event_id] = row
    before = {pk: _standing(row) for pk, row in kept.items()}
    _decide(told, kept, _paid(ids))
    _save([row for pk, row in kept.items() if row.pk is None or _standing(row) != before[pk]])


def _histories(ids: Sequence[UUID]) -> Iterable[tuple[UUID, list[Event]]]:
    changed = ClaimEvent.objects.filter(claim__in=ids, to_status__in=TOLD).exclude(from_status=F("to_status"))
    rows = changed.order_by("claim", "at", "pk").values_list(
        "claim", "pk", "at", "actor", "action", "to_status"
    )
    for claim, events in groupby(rows, key=lambda row: row[0]):
        yield claim, [Event(*row[1:]) for row in events]


# A new one -------------------------------------------------------------------------------------------

New = tuple[Claim, int, list[Told]]  # its place among the appeals of its claim


def _begun(new: Sequence[New]) -> list[Appeal]:
    limits = dict(
        Payer.objects.filter(pk__in={claim.payer_id for claim, _, _ in new}).values_list("pk", "appeal_days")
    )
    plans = PlanLimits([claim for claim, _, _ in new])
    reasons = _reasons([claim.pk for claim, _, _ in new if not claim.denial_category])
    rows = []
    for claim, place, appeals in new:
        each = appeals[place]
        denied_on = _denied_on(claim, each, is_first=place == 0)
        of_plan = plans.days(claim, APPEAL.of_plan)
        days = limits.get(claim.payer_id or 0) if of_plan is None else of_plan
        rows.append(
            Appeal(
                claim=claim,
                event_id=each.filed.id,
                level=each.level,
                filed_on=each.filed.day,
                filed_by_id=each.filed.actor,
                denied_on=denied_on,
                file_by=denied_on + timedelta(days=days) if denied_on and days is not None else None,
                category=claim.denial_category or _category(reasons.get(claim.pk, ()), each.filed.day),
                due_on=each.filed.day + timedelta(days=settings.APPEAL_ANSWER_DAYS),
            )
        )
    return rows


def _denied_on(claim: Claim, appeal: Told, *, is_first: bool) -> date | None:
    """As the KPI has it (`analytics.facts.sources`): its last decision while no other has followed."""
    day = appeal.filed.day
    if claim.decided_on and claim.decided_on <= day:
        return claim.decided_on
    first = claim.first_decided_on if claim.first_decision == Claim.Decision.DENIED else None
    if is_first and first and first <= day:
        return first
    return appeal.denied.day if appeal.denied else None


Reason = tuple[date | None, Decimal, str]  # when it was given, for how much, of which category


def _reasons(ids: Sequence[UUID]) -> Mapping[UUID, list[Reason]]:
    """Why these claims were denied before they were paid: a paid claim itself does not say so any more."""
    found: dict[UUID, list[Reason]] = defaultdict(list)
    if not ids:
        return found
    rows = Adjustment.objects.filter(
        is_denial=True, amount__gt=0, payment__claim__in=ids, payment__state=ClaimPayment.State.POSTED
    ).order_by()
    for claim, day, amount, group, reason, remarks in rows.values_list(
        "payment__claim", "payment__paid_on", "amount", "group", "reason", "remarks"
    ):
        found[claim].append((day, amount, denials.category_of(group, reason, remarks.split())))
    return found


def _category(reasons: Iterable[Reason], filed_on: date) -> str:
    """That of the largest reason given last before the appeal; nothing where none is known."""
    earlier = [(day, amount, category) for day, amount, category in reasons if day and day <= filed_on]
    return max(earlier)[2] if earlier else ""


# What became of it -----------------------------------------------------------------------------------

Payments = Mapping[UUID, list[tuple[datetime, Decimal]]]


def _paid(ids: Sequence[UUID]) -> Payments:
    paid: dict[UUID, list[tuple[datetime, Decimal]]] = defaultdict(list)
    posted = ClaimPayment.objects.filter(claim__in=ids, state=ClaimPayment.State.POSTED)
    for claim, at, amount in posted.order_by().values_list("claim", "posted_at", "paid"):
        if at:
            paid[claim].append((at, amount))
    return paid


def _decide(told: Iterable[tuple[Claim, list[Told]]], kept: Mapping[int, Appeal], payments: Payments) -> None:
    for claim, appeals in told:
        ends = [each.filed.at for each in appeals[1:]]
        for each, next_at in zip(appeals, [*ends, None], strict=True):
            row = kept[each.filed.id]
            row.level, row.outcome, row.decided_on = each.level, each.outcome, each.decided_on
            row.overturned = None
            if each.outcome == Outcome.UPHELD:
                row.overturned = NOTHING
            elif each.outcome == Outcome.OVERTURNED:
                since = [
                    amount
                    for at, amount in payments.get(claim.pk, ())
                    if at > each.filed.at and (next_at is None or at < next_at)
                ]
                row.overturned = max(sum(since, NOTHING), NOTHING) if since else None
                if since and next_at is None and _is_denied_in_part(claim):
                    row.outcome = Outcome.PARTLY


def _is_denied_in_part(claim: Claim) -> bool:
    """Something is left that neither payer nor patient nor contract accounts for."""
    return claim.charge - claim.paid - claim.adjusted - claim.patient_share > 0


FOLLOWED = ("level", "outcome", "decided_on", "overturned")


def _standing(row: Appeal) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in FOLLOWED)


def _save(rows: Iterable[Appeal]) -> None:
    """What waits comes last: a claim has one that waits at most."""
    ordered = sorted(rows, key=lambda row: row.is_waiting)
    Appeal.objects.bulk_update([row for row in ordered if row.pk], FOLLOWED, batch_size=100)
    Appeal.objects.bulk_create([row for row in ordered if not row.pk], batch_size=500)
