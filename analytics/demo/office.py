"""What the demo's people have on their desks: tasks, reviews, claims that were filed late, rules to try."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from django.db.models import QuerySet

from accounts.demo import SIGN_INS
from accounts.models import User
from claims.automation import rules
from claims.automation.deeds import Deeds
from claims.models import AutomationRule, Claim, ClaimEvent, ClaimLine, Review, ReviewSample, Task
from claims.models.claims import OWED, UNANSWERED
from claims.reviews import reviewable
from rcm_site.days import midnight

from ..periods import DAY

# What, in how many days (a day that is over is overdue), with a reminder how many days before, and the note.
PLANS: list[tuple[str, int, int | None, str]] = [
    ("call", -2, None, "They promised to look at it again: ask for the reference."),
    ("documents", 0, None, "The operative report is with medical records."),
    ("appeal", 1, 1, ""),
    ("check", 4, 2, "Was the corrected claim accepted?"),
    ("authorisation", 9, 3, "Ask the practice for the number before the next visit."),
]
DESKS = ("biller", "coder", "ar_agent", "manager")
REVIEWED, DRAWN, ERRORS = 14, 20, 5  # of each sample
LOOK_BACK = 45
COMMENTS = {
    "late": "The payer's answer lay here for two weeks.",
    "note": "Nobody can tell from this what the payer said.",
    "step": "A corrected claim would have been quicker than an appeal.",
    "code": "The modifier was missing again after the correction.",
}
# Of claims that were filed late and that no intake has taken, so many days are left to file them again.
LATE = (5, 12, 24)
# What it is called, what it waits for, of which claims, and what it does. None is on: whoever tries the demo
# switches them on.
RULES: list[tuple[str, str, dict[str, str], dict[str, str]]] = [
    (
        "Authorisation denials are appealed within three days",
        "category",
        {"category": "authorisation"},
        {"tag": "Authorisation", "task": "appeal", "task_days": "3"},
    ),
    ("Small rests are written off", "amount", {"balance_to": "5"}, {"write_off": "small"}),
]
ANSWER = "I was away that week; it was handed over the day I came back."


def furnish(rng: Random, today: date) -> None:
    """A few tasks for those who sign in, and a sample of each manager's people, most of it reviewed."""
    people = User.objects.filter(email__in=[email for _, email, _ in SIGN_INS], role__in=DESKS)
    for person in people.order_by("pk"):
        _plan(rng, person, today)
    for lead in User.objects.filter(role="manager").order_by("pk"):
        _review(rng, lead, today)
        _file_late(lead, today)
    for lead in people.filter(role="manager"):
        _write_rules(lead, midnight(today))


def _plan(rng: Random, person: User, today: date) -> None:
    denied = Claim.objects.visible_to(person).filter(status=Claim.Status.DENIED, balance__gt=0)
    claims = list(denied.order_by("-number")[:40])
    stuck = rng.sample(claims, min(len(PLANS), len(claims)))
    Task.objects.bulk_create(
        Task(
            kind=kind,
            text=text,
            claim=claim,
            owner=person,
            made_by=person,
            due_on=today + timedelta(days=days),
            reminder_on=today + timedelta(days=days - before) if before is not None else None,
        )
        for claim, (kind, days, before, text) in zip(stuck, PLANS, strict=False)
    )


def _file_late(lead: User, today: date) -> None:
    """Their service lies so far back that their payers' limits are near."""
    waiting = Claim.objects.visible_to(lead).filter(OWED, UNANSWERED, payer__isnull=False)
    late = list(waiting.select_related("payer").order_by("submitted_on", "number")[: len(LATE)])
    for claim, left in zip(late, LATE, strict=False):
        if claim.payer is None or claim.service_from is None:
            continue
        served = today + timedelta(days=left - claim.payer.timely_filing_days)
        if served < claim.service_from:
            Claim.objects.filter(pk=claim.pk).update(service_from=served, service_to=served)
            ClaimLine.objects.filter(claim=claim).update(service_date=served)


def _write_rules(lead: User, now: datetime) -> None:
    for name, on, filters, then in RULES:
        deeds = Deeds.kept(lead, then)
        if deeds.is_valid():
            said = rules.Said(name, [on], filters, deeds)
            rule = rules.save(AutomationRule(made_by=lead), said, actor=lead)
            rules.rehearse(rule, actor=lead, now=now)


def _review(rng: Random, lead: User, today: date) -> None:
    """What is found follows what the actions are marked as, so that no number of the demo changes."""
    done = reviewable(lead).filter(at__gte=midnight(today - LOOK_BACK * DAY), at__lt=midnight(today))
    wrong = _some(rng, done.filter(is_error=True), ERRORS)
    events = wrong + _some(rng, done.filter(is_error=False), DRAWN - len(wrong))
    if not events:
        return
    rng.shuffle(events)
    events.sort(key=lambda event: not event.is_error and rng.random() < 0.4)  # errors are among the reviewed
    sample = ReviewSample.objects.create(
        way=ReviewSample.Way.RANDOM,
        start=today - LOOK_BACK * DAY,
        end=today - DAY,
        seed=rng.randrange(10**6),
        made_by=lead,
    )
    Review.objects.bulk_create(
        _reviewed(rng, Review(event=event, sample=sample, place=place), lead)
        if place <= REVIEWED
        else Review(event=event, sample=sample, place=place)
        for place, event in enumerate(events, 1)
    )


def _reviewed(rng: Random, review: Review, lead: User) -> Review:
    review.reviewer, review.reviewed_at = lead, review.event.at + timedelta(hours=20)
    review.verdict = Review.Verdict.ERROR if review.event.is_error else Review.Verdict.OK
    if review.event.is_error:
        review.error_type = rng.choice([*COMMENTS])
        review.comment = COMMENTS[review.error_type]
        if review.error_type == "late":
            review.answer, review.answered_at = ANSWER, review.reviewed_at + timedelta(hours=3)
    return review


def _some(rng: Random, done: QuerySet[ClaimEvent], most: int) -> list[ClaimEvent]:
    keys = list(done.order_by("pk").values_list("pk", flat=True))
    found = ClaimEvent.objects.in_bulk(rng.sample(keys, min(most, len(keys))))
    return [found[key] for key in sorted(found)]
