"""What may be asked of the numbers, read from an address: as pages read it, but no mistake is let pass."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from accounts.access import person
from claims.api.narrowing import refuse_unknown

from ..periods import NAMED, Step
from ..questions import CHOSEN, COMPARED, FILTERS, PARAMETERS, Question, WrongQuestion, ask

API = "accounts.use_api"

STEPS = tuple(str(each) for each in Step)
GROUPS = ("payer", "department", "provider", "kind", "category", *STEPS)
MOST_STEPS = 60  # of how things stood on so many days: each is a question of its own

_WORDS = {
    "payer": "By id or name; `none` for claims without one.",
    "department": "By id or name; one of one's own.",
    "provider": "An NPI, or `none`.",
    "kind": "Professional, institutional or dental.",
    "category": "What people work a denial by.",
    "procedure": "On one of the claim's lines.",
    "reason": "Group and reason of the denial, as in `CO-16`; `none` where no reason was given.",
    "remark": "A remark given with the denial, as in `N382`.",
}
_DAYS = [
    OpenApiParameter(
        "period", str, enum=[*NAMED, CHOSEN], description="One's own from the profile, unless said."
    ),
    OpenApiParameter("start", date, description="The first day, in place of `period`; with `end`."),
    OpenApiParameter("end", date, description="The last day, itself in the period."),
]
_FILTERS = [OpenApiParameter(name, str, description=_WORDS.get(name, "")) for name in FILTERS]
QUESTION = [*_DAYS, *_FILTERS]


def compare(unless_said: str) -> OpenApiParameter:
    words = f"Against as many days before, or the same days a year before; {unless_said}, unless said."
    return OpenApiParameter("compare", str, enum=[*COMPARED], description=words)


def group_by(*groups: str) -> OpenApiParameter:
    return OpenApiParameter("group_by", str, enum=[*groups], description="Tell each of these apart, too.")


def read(request: Request, *, groups: Iterable[str] = (), without: Iterable[str] = ()) -> Question:
    """The question; every parameter that is unknown, empty, given twice or wrong is named."""
    asked = request._request.GET
    known = [name for name in PARAMETERS if name not in without]
    refuse_unknown(asked, (*known, *(["group_by"] if groups else [])))
    problems = {name: ["This parameter is empty."] for name in asked if not asked[name].strip()}
    group = asked.get("group_by", "")
    if group and group not in groups:
        problems["group_by"] = [f"One of {', '.join(groups)}."]
    try:
        question = ask(person(request._request), asked, today=timezone.localdate())
    except WrongQuestion as wrong:
        raise ValidationError(wrong.problems | problems) from wrong
    if problems:
        raise ValidationError(problems)
    return question


def group_of(asked: QueryDict) -> str:
    return asked.get("group_by", "")


def compared_with(question: Question, unless_said: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the periods to compare with."""
    if "compare" not in question.asked:
        return unless_said
    return () if question.compare == "none" else (question.compare,)


def refuse_many_steps(question: Question, step: str) -> None:
    if step in STEPS and sum(1 for _ in question.period.steps(step)) > MOST_STEPS:
        raise ValidationError({"group_by": [f"At most {MOST_STEPS} of them: ask for longer ones."]})
