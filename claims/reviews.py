"""Reviewing work: drawing what is looked at, judging it, and letting the person answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from rcm_site.days import midnight

from .models import Claim, ClaimEvent, Review, ReviewSample

Way = ReviewSample.Way
Verdict = Review.Verdict
LARGEST_SAMPLE = 100
GIVEN_AWAY = Q(to_status=Claim.Status.WRITTEN_OFF) & ~Q(from_status=Claim.Status.WRITTEN_OFF)
GIVEN_AWAY |= Q(action__startswith="paid back") | Q(action__startswith="taken back: ")
RECEIVED = "received"  # sending a claim in is no work on it


class ReviewError(Exception):
    """Why something cannot be reviewed like that, in words for whoever asked."""


@dataclass(frozen=True)
class Drawing:
    """Which actions a sample is drawn from, and how."""

    way: str
    size: int
    start: date
    end: date
    person: User | None = None
    seed: int | None = None


# Drawing -----------------------------------------------------------------------------------------------


def reviewable(user: User) -> QuerySet[ClaimEvent]:
    """What others did to claims that this person sees, and nobody has drawn yet."""
    done = ClaimEvent.objects.filter(actor__isnull=False, review=None).exclude(action=RECEIVED)
    done = done.exclude(actor=user).exclude(claim__status=Claim.Status.VOID)
    return (
        done if user.sees_everything else done.filter(claim__in=Claim.objects.visible_to(user).values("pk"))
    )


@transaction.atomic
def draw(drawing: Drawing, *, actor: User, request: HttpRequest | None = None) -> ReviewSample:
    """Choose actions to be reviewed. An action is drawn once; where two draw at once, the first has it."""
    seed = secrets.randbelow(10**9) if drawing.seed is None else drawing.seed
    chosen = _chosen(drawing, seed, actor)
    sample = ReviewSample.objects.create(
        way=drawing.way,
        person=drawing.person,
        start=drawing.start,
        end=drawing.end,
        seed=seed,
        made_by=actor,
    )
    Review.objects.bulk_create(
        [Review(event_id=event, sample=sample, place=place) for place, event in enumerate(chosen, 1)],
        ignore_conflicts=True,
    )
    drawn = sample.reviews.count()
    if not drawn:
        raise ReviewError("Nothing is left to be reviewed in these days: choose others.")
    person = drawing.person.pk if drawing.person else None
    audit.record(
        actor, "reviews.drawn", sample, request=request, rows=drawn, way=drawing.way, seed=seed, person=person
    )
    return sample


def _chosen(drawing: Drawing, seed: int, actor: User) -> list[int]:
    done = reviewable(actor).filter(
        at__gte=midnight(drawing.start), at__lt=midnight(drawing.end + timedelta(days=1))
    )
    if drawing.person:
        done = done.filter(actor=drawing.person)
    if drawing.way == Way.RISK:
        riskiest = done.alias(is_given_away=GIVEN_AWAY).order_by("-is_given_away", "-claim__charge", "pk")
        return list(riskiest.values_list("pk", flat=True)[: drawing.size])
    keys = list(done.order_by("pk").values_list("pk", flat=True))
    # To be the same again for the same seed, not to be unguessable.
    return Random(seed).sample(keys, min(drawing.size, len(keys)))  # noqa: S311


# Judging -----------------------------------------------------------------------------------------------


@transaction.atomic
def judge(
    review: Review,
    verdict: str,
    *,
    error_type: str = "",
    comment: str = "",
    actor: User,
    request: HttpRequest | None = None,
) -> Review:
    """Say whether an action was right; an error is marked on the action, and counted against its person."""
    review = _held(review)
    if review.event.actor_id == actor.pk:
        raise ReviewError("Nobody reviews their own action.")
    if verdict == Verdict.ERROR and not error_type:
        raise ReviewError("Say what kind of error it was.")
    if not review.verdict:
        review.was_marked = review.event.is_error
    found = {
        "verdict": verdict,
        "error_type": error_type if verdict == Verdict.ERROR else "",
        "comment": comment,
    }
    changed = audit.changes(review, found)
    for field, value in found.items():
        setattr(review, field, value)
    review.reviewer, review.reviewed_at = actor, timezone.now()
    review.save(update_fields=[*found, "reviewer", "reviewed_at", "was_marked"])
    _mark(review, is_error=verdict == Verdict.ERROR)
    audit.record(actor, "review.judged", review, request=request, event=review.event_id, changes=changed)
    return review


@transaction.atomic
def take_back(review: Review, *, actor: User, request: HttpRequest | None = None) -> Review:
    """Leave the action as it was before it was reviewed. What the person answered stays written down."""
    review = _held(review)
    if not review.verdict:
        return review
    if review.event.actor_id == actor.pk:
        raise ReviewError("Nobody reviews their own action.")
    before = review.verdict
    review.verdict, review.error_type, review.comment = "", "", ""
    review.reviewer = review.reviewed_at = None
    review.save(update_fields=["verdict", "error_type", "comment", "reviewer", "reviewed_at"])
    _mark(review, is_error=review.was_marked)
    audit.record(actor, "review.taken_back", review, request=request, event=review.event_id, verdict=before)
    return review


@transaction.atomic
def answer(review: Review, text: str, *, actor: User, request: HttpRequest | None = None) -> Review:
    """What the person concerned says to an error that was found in their work."""
    review = _held(review)
    if review.event.actor_id != actor.pk or review.verdict != Verdict.ERROR:
        raise ReviewError("Only whoever did it answers, and only to an error.")
    review.answer, review.answered_at = text, timezone.now()
    review.save(update_fields=["answer", "answered_at"])
    audit.record(actor, "review.answered", review, request=request, event=review.event_id)
    return review


def _held(review: Review) -> Review:
    """The review as it is now, which nobody else changes before this transaction ends."""
    held = Review.objects.select_for_update(of=("self",)).select_related("event")
    return held.get(pk=review.pk)


def _mark(review: Review, *, is_error: bool) -> None:
    """The database notes that the action changed, and the numbers of its day are added up anew."""
    if review.event.is_error != is_error:
        review.event.is_error = is_error
        review.event.save(update_fields=["is_error"])
