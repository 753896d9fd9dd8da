"""Pages about the review of work: drawing a sample, working through it, and answering what was found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import allow, may, person
from accounts.forms import DayField
from accounts.models import User
from rcm_site.tables import Cell, Column, Table
from rcm_site.templatetags.ui import NOTHING, day, moment, money_brief, number, unbroken

from .. import reviews as reviewing
from ..models import Review, ReviewSample
from .filters import colleagues, named
from .masking import MASKED, patient_shown
from .statement import who
from .tasks import WORK, refuse

REVIEW = "claims.add_review"
LOOK_BACK = timedelta(days=30)
MOST_EVENTS = 12  # of a claim, around what is reviewed
TYPES = [each for each in Review.ErrorType.choices if each[0]]
TEXT = forms.Textarea(attrs={"rows": 3})


class DrawSample(forms.Form):
    way = forms.ChoiceField(label="Which", choices=ReviewSample.Way.choices)
    person = forms.ChoiceField(label="Whose", required=False)
    start = DayField(label="Done from")
    end = DayField(label="To")
    size = forms.IntegerField(label="How many", min_value=1, max_value=reviewing.LARGEST_SAMPLE, initial=20)
    seed = forms.IntegerField(
        label="Seed",
        required=False,
        min_value=0,
        max_value=10**9,
        help_text="A number of your own draws the same again from the same actions.",
    )

    def __init__(self, user: User, asked: Any = None) -> None:
        today = timezone.localdate()
        super().__init__(asked, initial={"start": today - LOOK_BACK, "end": today})
        self.people = colleagues(user).exclude(pk=user.pk)
        self.fields["person"].choices = [("", "Everybody's"), *named(self.people)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        asked["person"] = self.people.filter(pk=asked["person"]).first() if asked.get("person") else None
        if (asked.get("way") == ReviewSample.Way.PERSON) != bool(asked["person"]):
            raise ValidationError("Name somebody to review the work of one person, and nobody otherwise.")
        if asked.get("start") and asked.get("end") and asked["start"] > asked["end"]:
            self.add_error("end", "Ends before it starts: choose a later day.")
        return asked


class Judge(forms.Form):
    verdict = forms.ChoiceField(
        label="What you found",
        choices=[each for each in Review.Verdict.choices if each[0]],
        widget=forms.RadioSelect,
    )
    error_type = forms.ChoiceField(
        label="Kind of error", required=False, choices=[("", "Choose, if it is one"), *TYPES]
    )
    comment = forms.CharField(
        label="Comment",
        required=False,
        max_length=2_000,
        widget=TEXT,
        help_text="The person reads it and can answer.",
    )

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if asked.get("verdict") == Review.Verdict.ERROR and not asked.get("error_type"):
            self.add_error("error_type", "Say what kind of error it was.")
        return asked


class Answer(forms.Form):
    text = forms.CharField(label="What you say to it", max_length=2_000, widget=TEXT)


# Overview ------------------------------------------------------------------------------------------


@allow(WORK)
@never_cache
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """For those who lead, samples and what people answered; for everybody, errors found in their work."""
    user = person(request)
    leads = may(user, REVIEW)
    found = Review.objects.visible_to(user).found_errors().select_related("event__actor", "event__claim")
    own = errors_table(request, found.filter(event__actor=user), "own", "Errors found in your work")
    page: dict[str, Any] = {
        "title": "How good is our work?" if leads else "What was found in my work?",
        "own": own if own.rows or not leads else None,
        "leads": leads,
    }
    if leads:
        answered = found.exclude(answered_at=None).exclude(event__actor=user)
        page |= {
            "form": DrawSample(user),
            "samples": samples_table(request),
            "answered": errors_table(request, answered.order_by("-answered_at"), "answered", "Answers"),
        }
    audit.record(user, "reviews.read", request=request, rows=len(own.rows))
    return render(request, "claims/reviews.html", page)


def samples_table(request: HttpRequest) -> Table:
    samples = ReviewSample.objects.visible_to(person(request)).select_related("person", "made_by")
    return Table(
        request,
        samples.annotate(
            drawn=Count("reviews"),
            done=Count("reviews", filter=~Q(reviews__verdict="")),
            errors=Count("reviews", filter=Q(reviews__verdict="error")),
        ),
        [
            Column("sample", "Sample", lambda each: f"No. {each.pk}"),
            Column("way", "Drawn", lambda each: each.person.name if each.person else each.get_way_display()),
            Column("days", "Done in", lambda each: f"{day(each.start)} – {day(each.end)}"),
            Column("progress", "Reviewed", lambda each: f"{each.done} of {each.drawn}", numeric=True),
            Column("errors", "Errors", lambda each: number(each.errors), numeric=True),
            Column("by", "By", lambda each: each.made_by.name),
        ],
        key="samples",
        link=lambda each: reverse("review_sample", args=[each.pk]),
        caption="Samples, newest first",
        empty_title="No samples yet",
        empty_text="Draw one: it chooses actions of others on claims that you see.",
    )


def errors_table(request: HttpRequest, found: QuerySet[Review], key: str, caption: str) -> Table:
    return Table(
        request,
        found,
        [
            Column("action", "Action", lambda each: each.event.action.capitalize()),
            Column("claim", "Claim", lambda each: str(each.event.claim)),
            Column("at", "When", lambda each: unbroken(moment(each.event.at))),
            Column("who", "Who", lambda each: each.event.actor.name),
            Column("type", "Error", lambda each: each.get_error_type_display()),
            Column("answer", "Answered", lambda each: day(each.answered_at) if each.answered_at else NOTHING),
        ],
        key=key,
        link=lambda each: reverse("review", args=[each.pk]),
        caption=caption,
        empty_title="Nothing was found" if key == "own" else "Nobody has answered yet",
        empty_text="Errors that a reviewer finds in your actions stand here, and you can answer them."
        if key == "own"
        else "What people say to errors found in their work stands here.",
    )


# A sample ------------------------------------------------------------------------------------------


@allow(REVIEW)
@require_POST
def draw_sample(request: HttpRequest) -> HttpResponse:
    form = DrawSample(person(request), request.POST)
    if not form.is_valid():
        wrong = [str(each) for errors in form.errors.values() for each in errors]
        messages.error(request, f"Nothing was drawn. {' '.join(wrong)}")
        return redirect("reviews")
    try:
        drawing = reviewing.Drawing(**form.cleaned_data)
        sample = reviewing.draw(drawing, actor=person(request), request=request)
    except reviewing.ReviewError as wrong:
        messages.error(request, str(wrong))
        return redirect("reviews")
    return redirect("review_sample", pk=sample.pk)


@allow(REVIEW)
@never_cache
@require_safe
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """One sample: how far it is worked through, and what to review next."""
    user = person(request)
    found = ReviewSample.objects.visible_to(user).select_related("person").filter(pk=pk).first()
    if found is None:
        refuse(request, "reviews.read", asked_for=pk)
    drawn = Review.objects.visible_to(user).filter(sample=found)
    following = drawn.to_do().exclude(event__actor=user).order_by("place").first()
    table = drawn_table(request, drawn.select_related("event__actor", "event__claim").order_by("place"))
    audit.record(user, "reviews.read", found, request=request, rows=len(table.rows))
    counts = drawn.order_by().aggregate(
        drawn=Count("pk"),
        done=Count("pk", filter=~Q(verdict="")),
        errors=Count("pk", filter=Q(verdict="error")),
    )
    page = {
        "title": "What is left to review?",
        "lead": in_words(found),
        "counts": counts,
        "following": following,
        "table": table,
    }
    return render(request, "claims/review_sample.html", page)


def in_words(found: ReviewSample) -> str:
    way = f"Of {found.person.name}" if found.person else found.get_way_display()
    return f"{way}, done {day(found.start)} – {day(found.end)}, seed {found.seed}"


VERDICTS = {"": "waiting", "ok": "right", "error": "failed"}


def drawn_table(request: HttpRequest, drawn: QuerySet[Review]) -> Table:
    return Table(
        request,
        drawn,
        [
            Column("action", "Action", lambda each: each.event.action.capitalize()),
            Column("claim", "Claim", lambda each: str(each.event.claim)),
            Column(
                "charge",
                "Charge",
                lambda each: Cell(money_brief(each.event.claim.charge), numeric=True),
                True,
            ),
            Column("who", "Who", lambda each: each.event.actor.name),
            Column("at", "When", lambda each: unbroken(moment(each.event.at))),
            Column(
                "verdict",
                "Found",
                lambda each: Cell(
                    each.get_error_type_display() if each.error_type else each.get_verdict_display(),
                    badge=VERDICTS[each.verdict],
                ),
            ),
        ],
        link=lambda each: reverse("review", args=[each.pk]),
        caption="Drawn actions",
        empty_title="Nothing is left of this sample",
    )


# One review ----------------------------------------------------------------------------------------


@allow(WORK)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """An action with its claim: for the reviewer to judge, for whoever did it to answer."""
    user = person(request)
    found = visible_review(request, pk, "review.judged" if request.method == "POST" else "review.read")
    is_own = found.event.actor_id == user.pk
    form = form_for(request, found, is_own=is_own)
    if form.is_bound and form.is_valid():
        try:
            return answered(request, found, form) if is_own else judged(request, found, form)
        except reviewing.ReviewError as wrong:
            form.add_error(None, str(wrong))
    if request.method != "POST":
        audit.record(user, "review.read", found, request=request, claim=str(found.event.claim_id))
    return render(request, "claims/review.html", shown(found, user) | {"form": form, "is_own": is_own})


def visible_review(request: HttpRequest, pk: int, action: str) -> Review:
    user = person(request)
    related = ("event__actor", "event__claim__payer", "event__claim__patient", "reviewer")
    found = Review.objects.visible_to(user).select_related(*related).filter(pk=pk).first()
    hidden = found is not None and found.event.actor_id == user.pk and found.verdict != Review.Verdict.ERROR
    if found is None or hidden:  # nobody learns that somebody is about to look at their work
        refuse(request, action, asked_for=pk)
    return found


def form_for(request: HttpRequest, found: Review, *, is_own: bool) -> forms.Form:
    asked = request.POST if request.method == "POST" else None
    if is_own:
        return Answer(asked, initial={"text": found.answer})
    fields = ("verdict", "error_type", "comment")
    return Judge(asked, initial={name: getattr(found, name) for name in fields})


def judged(request: HttpRequest, found: Review, form: forms.Form) -> HttpResponse:
    reviewing.judge(found, **form.cleaned_data, actor=person(request), request=request)
    messages.success(request, "Your finding is written down.")
    drawn = Review.objects.visible_to(person(request)).filter(sample=found.sample_id).to_do()
    following = drawn.exclude(event__actor=person(request)).order_by("place").first()
    return redirect("review", pk=following.pk) if following else back_to(found, request)


def answered(request: HttpRequest, found: Review, form: forms.Form) -> HttpResponse:
    reviewing.answer(found, form.cleaned_data["text"], actor=person(request), request=request)
    messages.success(request, "Your answer is written down; the reviewer reads it.")
    return redirect("reviews")


def back_to(found: Review, request: HttpRequest) -> HttpResponse:
    seen = ReviewSample.objects.visible_to(person(request)).filter(pk=found.sample_id).exists()
    return redirect("review_sample", pk=found.sample_id) if seen else redirect("reviews")


@allow(REVIEW)
@require_POST
def take_back_review(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_review(request, pk, "review.taken_back")
    try:
        reviewing.take_back(found, actor=person(request), request=request)
    except reviewing.ReviewError as wrong:
        messages.error(request, str(wrong))
    else:
        messages.success(request, "Your finding is taken back: the action is as it was before.")
    return redirect("review", pk=pk)


def shown(found: Review, user: User) -> dict[str, Any]:
    """The action and what happened to its claim around it, the latest first."""
    claim = found.event.claim
    history = claim.events.select_related("actor", "rule").order_by("-at", "-id")[:MOST_EVENTS]
    place = found.place if may(user, REVIEW) else None
    return {
        "title": "Was this right?" if place and found.event.actor_id != user.pk else "What was found?",
        "review": found,
        "claim": claim,
        "patient": patient_shown(claim.patient, user),
        "progress": f"{place} of {found.sample.reviews.count()}" if place else "",
        "history": [
            {
                "event": each,
                "who": who(each),
                "note": MASKED if each.note and user.phi_masked else each.note,
                "is_this": each.pk == found.event_id,
            }
            for each in history
        ],
    }
