"""What an address asks: the same words for pages, API and exports, and every wrong one named."""

from datetime import date
from typing import Any

import pytest

from accounts.models import User
from analytics.periods import Period, Step
from analytics.questions import Question, WrongQuestion, ask, span_in_words
from rcm_site.testing.makers import make_department, make_payer, make_provider, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 21)


def asked(user: User, **words: str) -> Question:
    return ask(user, words, today=TODAY)


def wrong(user: User, **words: str) -> dict[str, list[str]]:
    with pytest.raises(WrongQuestion) as caught:
        asked(user, **words)
    return caught.value.problems


def test_without_a_word_it_is_ones_own_period_and_all_that_one_sees() -> None:
    heart = make_department("Heart")
    question = asked(make_user("manager", departments=[heart], default_period="last_30_days"))
    assert question.period == Period(date(2026, 10, 23), TODAY)
    assert question.scope.departments == (heart.pk,)
    assert question.words == "23 Oct – 21 Nov 2026, all payers, all departments, against the days before"


def test_the_period_before_is_as_long_and_the_year_before_is_the_same_days() -> None:
    director = make_user("director")
    days = {"start": "2026-10-01", "end": "2026-10-31"}
    before = asked(director, **days)
    assert before.against == Period(date(2026, 8, 31), date(2026, 9, 30))
    year = asked(director, **days, compare="year")
    assert year.against == Period(date(2025, 10, 1), date(2025, 10, 31))
    assert asked(director, **days, compare="none").against is None


def test_filters_are_found_by_id_and_by_name() -> None:
    director, aetna = make_user("director"), make_payer("Aetna")
    provider = make_provider("1234567893")
    for named in (str(aetna.pk), "aetna"):
        assert asked(director, payer=named).scope.payer == aetna.pk
    question = asked(director, payer="Aetna", provider="1234567893", kind="dental", category="coding")
    assert (question.scope.provider, question.scope.kind) == (provider.pk, "dental")
    assert "Aetna, all departments" in question.words
    assert asked(director, payer="none").scope.payer == "none"
    denials = asked(director, procedure="99214", reason="CO-16", remark="N382").scope
    assert (denials.procedure, denials.reason, denials.remark) == ("99214", "CO-16", "N382")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"payer": "Nobody"}, {"payer"}),
        ({"payer": "9999999999999999999999"}, {"payer"}),
        ({"department": "Elsewhere"}, {"department"}),
        ({"provider": "12"}, {"provider"}),
        ({"kind": "animal"}, {"kind"}),
        ({"category": "mood"}, {"category"}),
        ({"procedure": "a procedure's name"}, {"procedure"}),
        ({"reason": "16"}, {"reason"}),
        ({"remark": "because"}, {"remark"}),
        ({"compare": "yesterday"}, {"compare"}),
        ({"period": "forever"}, {"period"}),
        ({"period": "days"}, {"start", "end"}),
        ({"start": "2026-02-31", "end": "2026-03-01"}, {"start"}),
        ({"start": "2026-03-02", "end": "2026-03-01"}, {"end"}),
        ({"start": "2026-03-02"}, {"end"}),
        ({"start": "0001-01-01", "end": "0001-01-02"}, {"start", "end"}),
        ({"start": "2015-01-01", "end": "2026-01-01"}, {"start"}),
        ({"period": "last_30_days", "start": "2026-03-01", "end": "2026-03-02"}, {"period"}),
        ({"payer": "Nobody", "end": "tomorrow"}, {"payer", "start", "end"}),
    ],
)
def test_whatever_makes_no_sense_is_named(words: dict[str, str], named: set[str]) -> None:
    assert set(wrong(make_user("director"), **words)) == named


def test_another_department_does_not_exist_for_whoever_may_not_see_it() -> None:
    heart, bones = make_department("Heart"), make_department("Bones")
    biller = make_user("biller", departments=[heart])
    assert asked(biller, department=str(heart.pk)).scope.department == heart.pk
    assert wrong(biller, department=str(bones.pk)) == wrong(biller, department="99999")
    assert set(wrong(biller, department="none")) == {"department"}


def test_a_link_asks_the_same_but_for_what_it_changes() -> None:
    question = asked(make_user("director"), period="last_month", compare="year", kind="dental")
    assert question.url("denials") == "/denials/?period=last_month&compare=year&kind=dental"
    assert question.url("denials", kind=None, payer=3) == "/denials/?period=last_month&compare=year&payer=3"
    one_day: dict[str, Any] = {"start": TODAY, "end": TODAY}
    assert question.url("denials", kind=None, **one_day) == (
        "/denials/?compare=year&start=2026-11-21&end=2026-11-21"
    )


@pytest.mark.parametrize(
    ("start", "step"), [(15, Step.DAY), (1, Step.WEEK)], ids=["two weeks or less", "more"]
)
def test_a_trend_is_cut_so_that_it_can_be_read(start: int, step: Step) -> None:
    days = {"start": f"2026-10-{start:02}", "end": "2026-10-28"}
    assert asked(make_user("director"), **days).step == step


def test_days_are_written_as_people_say_them() -> None:
    assert span_in_words(Period(TODAY, TODAY)) == "21 Nov 2026"
    assert span_in_words(Period(date(2025, 12, 1), TODAY)) == "1 Dec 2025 – 21 Nov 2026"
