"""The review of work: what is drawn, what a finding does to an action, who sees and answers it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Department, User
from claims import reviews
from claims.models import Claim, ClaimEvent, Review
from rcm_site.days import midnight
from rcm_site.testing.makers import make_claim, make_department, make_user

pytestmark = pytest.mark.django_db

NOVEMBER = reviews.Drawing("random", 100, date(2026, 11, 1), date(2026, 11, 30), seed=7)


def act(who: User | None, claim: Claim, day: int = 18, **fields: Any) -> ClaimEvent:
    at = midnight(date(2026, 11, day)) + timedelta(hours=12)
    return ClaimEvent.objects.create(claim=claim, actor=who, at=at, **({"action": "called"} | fields))


@pytest.fixture
def heart() -> Department:
    return make_department("Heart")


@pytest.fixture
def lead(heart: Department) -> User:
    return make_user("manager", departments=[heart])


@pytest.fixture
def ana(heart: Department) -> User:
    return make_user(departments=[heart])


def drawn(lead: User, **wanted: Any) -> list[int]:
    sample = reviews.draw(replace(NOVEMBER, **wanted), actor=lead)
    return list(sample.reviews.order_by("place").values_list("event", flat=True))


def one_review(lead: User, ana: User, **fields: Any) -> Review:
    event = act(ana, make_claim(department=ana.departments.get()), **fields)
    reviews.draw(NOVEMBER, actor=lead)
    return Review.objects.get(event=event)


# Drawing ---------------------------------------------------------------------------------------------


def test_only_what_others_did_to_ones_own_claims_in_these_days_is_drawn(
    heart: Department, lead: User, ana: User
) -> None:
    claim = make_claim(department=heart)
    good = act(ana, claim, day=30)
    act(ana, claim, action="received")
    act(None, claim)  # the site
    act(lead, claim)  # the drawer's own
    act(ana, make_claim(department=make_department("Bones")))
    act(ana, make_claim(department=heart, status="void"))
    ClaimEvent.objects.create(claim=claim, actor=ana, action="called", at=good.at + timedelta(hours=12))
    assert drawn(lead) == [good.pk]
    with pytest.raises(reviews.ReviewError, match="Nothing is left"):
        reviews.draw(NOVEMBER, actor=lead)  # each action once
    assert AuditEntry.objects.get(action="reviews.drawn").details["rows"] == 1


def test_the_same_seed_draws_the_same_and_another_one_others(
    heart: Department, lead: User, ana: User
) -> None:
    claim = make_claim(department=heart)
    for _ in range(40):
        act(ana, claim)
    first = drawn(lead, size=8)
    Review.objects.all().delete()
    again = drawn(lead, size=8)
    Review.objects.all().delete()
    assert (len(set(first)), again) == (8, first)
    assert drawn(lead, size=8, seed=8) != first


def test_by_risk_what_is_given_away_comes_first_and_then_the_dearest(
    heart: Department, lead: User, ana: User
) -> None:
    cheap, dear = (make_claim(department=heart, charge=Decimal(each)) for each in (10, 900))
    called, dear_call = act(ana, cheap), act(ana, dear)
    off = act(ana, cheap, from_status="denied", to_status="written_off")
    dear_off = act(ana, dear, from_status="denied", to_status="written_off")
    back = act(ana, dear, action="paid back $20.00 to the patient")
    undone = act(ana, cheap, action="taken back: payment of $10.00")
    noted = act(ana, make_claim(department=heart), from_status="written_off", to_status="written_off")
    given_away = [dear_off.pk, back.pk, off.pk, undone.pk]
    assert drawn(lead, way="risk", size=6) == [*given_away, dear_call.pk, called.pk]
    assert drawn(lead, way="risk") == [noted.pk]


def test_by_person_only_theirs_are_drawn(heart: Department, lead: User, ana: User) -> None:
    claim, bo = make_claim(department=heart), make_user(departments=[heart])
    act(ana, claim)
    of_bo = act(bo, claim)
    assert drawn(lead, way="person", person=bo) == [of_bo.pk]


# Judging ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("was_marked", [False, True])
def test_an_error_marks_the_action_and_taking_it_back_leaves_it_as_it_was(
    lead: User, ana: User, was_marked: bool
) -> None:
    review = one_review(lead, ana, is_error=was_marked)

    def is_marked() -> bool:
        return ClaimEvent.objects.get(pk=review.event_id).is_error

    reviews.judge(review, "error", error_type="late", comment="c", actor=lead)
    assert is_marked() is True
    reviews.judge(review, "ok", actor=lead)
    assert is_marked() is False
    assert Review.objects.get().error_type == ""
    reviews.judge(review, "error", error_type="note", actor=lead)
    reviews.take_back(review, actor=lead)
    assert is_marked() is was_marked
    assert (Review.objects.get().verdict, Review.objects.get().reviewer) == ("", None)
    told = AuditEntry.objects.filter(action__startswith="review.").order_by("id")
    assert [each.action for each in told] == [*["review.judged"] * 3, "review.taken_back"]


def test_nobody_reviews_their_own_action_and_an_error_says_its_kind(lead: User, ana: User) -> None:
    review = one_review(lead, ana)
    with pytest.raises(reviews.ReviewError, match="their own"):
        reviews.judge(review, "ok", actor=ana)
    with pytest.raises(reviews.ReviewError, match="what kind"):
        reviews.judge(review, "error", actor=lead)
    reviews.judge(review, "error", error_type="code", actor=lead)
    with pytest.raises(reviews.ReviewError, match="their own"):
        reviews.take_back(review, actor=ana)
    assert Review.objects.get().verdict == "error"


def test_only_whoever_did_it_answers_and_only_to_an_error(lead: User, ana: User) -> None:
    review = one_review(lead, ana)
    for who, verdict in ((ana, "ok"), (lead, "error")):
        reviews.judge(review, verdict, error_type="code", comment="Canary-5", actor=lead)
        with pytest.raises(reviews.ReviewError, match="Only whoever did it"):
            reviews.answer(review, "Canary-6", actor=who)
    reviews.answer(review, "Canary-6", actor=ana)
    assert Review.objects.get().answer == "Canary-6"
    with connection.cursor() as cursor:
        cursor.execute("SELECT comment, answer FROM claims_review")
        assert "Canary" not in str(cursor.fetchall())
    assert "Canary" not in str(list(AuditEntry.objects.values("details", "subject_name")))


# Pages -----------------------------------------------------------------------------------------------


def test_a_lead_draws_a_sample_works_through_it_and_reads_the_answer(
    client: Client, sign_in: Any, heart: Department, lead: User, ana: User
) -> None:
    claim = make_claim(department=heart)
    for _ in range(2):
        ClaimEvent.objects.create(claim=claim, actor=ana, action="called", note="As it was")
    sign_in(lead)
    today = timezone.localdate()
    asked = {"way": "random", "size": 5, "start": str(today - timedelta(days=3)), "end": str(today)}
    sample = client.post("/reviews/draw/", asked)["Location"]
    assert "<strong>0 of 2</strong>" in client.get(sample).text
    first, second = Review.objects.order_by("place")
    page = client.get(f"/reviews/{first.pk}/").text
    assert ("As it was" in page, str(claim) in page, "1 of 2" in page) == (True, True, True)
    assert "Say what kind" in client.post(f"/reviews/{first.pk}/", {"verdict": "error"}).text
    found = {"verdict": "error", "error_type": "late", "comment": "Due last week"}
    assert client.post(f"/reviews/{first.pk}/", found)["Location"] == f"/reviews/{second.pk}/"
    assert client.post(f"/reviews/{second.pk}/", {"verdict": "ok"})["Location"] == sample
    assert "<strong>2 of 2</strong>" in client.get(sample).text
    sign_in(ana)
    assert "Too late" in client.get("/reviews/").text
    assert "Due last week" in client.get(f"/reviews/{first.pk}/").text
    client.post(f"/reviews/{first.pk}/", {"text": "The payer was closed"})
    sign_in(lead)
    assert "The payer was closed" in client.get(f"/reviews/{first.pk}/").text
    client.post(f"/reviews/{first.pk}/take-back/")
    assert not ClaimEvent.objects.filter(is_error=True).exists()


def test_nobody_sees_others_reviews_or_that_their_own_work_is_looked_at(
    client: Client, sign_in: Any, heart: Department, lead: User, ana: User
) -> None:
    review = one_review(lead, ana)
    path = f"/reviews/{review.pk}/"
    peer, far_lead = make_user(departments=[heart]), make_user("manager", departments=[make_department()])
    for who in (ana, peer, far_lead):
        sign_in(who)
        assert client.get(path).status_code == 404
        assert client.post(path, {"verdict": "ok", "text": "x"}).status_code == 404
        assert client.get(f"/reviews/samples/{review.sample_id}/").status_code in (403, 404)
    reviews.judge(review, "error", error_type="late", actor=lead)
    for who, status in ((ana, 200), (peer, 404), (far_lead, 404)):
        sign_in(who)
        assert client.get(path).status_code == status
    sign_in(ana)
    client.post(path, {"verdict": "ok"})  # to whoever did it, the form is for an answer
    review.refresh_from_db()
    assert (review.verdict, review.answer) == ("error", "")


def test_a_wrong_drawing_is_told_and_draws_nothing(client: Client, sign_in: Any, lead: User) -> None:
    sign_in(lead)
    asked = {"way": "person", "size": 5, "start": "2026-11-01", "end": "2026-11-30"}
    assert "Name somebody" in client.post("/reviews/draw/", asked, follow=True).text
    assert "Nothing is left" in client.post("/reviews/draw/", asked | {"way": "risk"}, follow=True).text
    assert not Review.objects.exists()
