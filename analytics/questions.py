"""What somebody asks of the numbers: over which days, against which others, of whose claims.

Pages, API and exports read it from the same words in an address, so a link says the same to all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from django.http import QueryDict
from django.urls import reverse

from accounts.models import Department, User
from claims.asking import Wrong, day, named, one_of
from claims.models import Claim, Payer, Provider
from rcm_site.templatetags.ui import day as day_in_words

from .periods import NAMED, Period, Step
from .periods import named as named_period
from .scopes import NONE, Scope, scope_of

LONGEST = 5 * 366  # days of a period: more is nobody's question, and costs whoever asks after us
DAYS_BY_DAY, DAYS_BY_WEEK = 14, 184  # the longest periods whose trend is drawn by day, by week

CHOSEN = "days"  # the period that its first and last day say
COMPARED: dict[str, str] = {
    "previous": "Period before",
    "year": "Year before",
    "none": "Nothing",
}
WORDS_COMPARED = {"previous": "against the days before", "year": "against the year before", "none": ""}


class WrongQuestion(Exception):
    """A question that cannot be answered as it stands: what is wrong, by the name of the parameter."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Question:
    scope: Scope
    period: Period
    compare: str = "previous"
    asked: Mapping[str, str] = field(default_factory=dict)  # as it stands in an address
    filtered: Mapping[str, str] = field(default_factory=dict)  # each filter in words

    @property
    def against(self) -> Period | None:
        """The period to compare with."""
        if self.compare == "none":
            return None
        return self.period.year_before() if self.compare == "year" else self.period.previous()

    @property
    def against_in_words(self) -> str:
        """As a sentence goes on: "3.1 points more than …"."""
        return "a year before" if self.compare == "year" else f"in the {self.period.days} days before"

    @property
    def step(self) -> Step:
        """How its trend is cut."""
        if self.period.days <= DAYS_BY_DAY:
            return Step.DAY
        return Step.WEEK if self.period.days <= DAYS_BY_WEEK else Step.MONTH

    @property
    def period_in_words(self) -> str:
        return span_in_words(self.period)

    @property
    def words(self) -> str:
        """The whole question, for paper and for exports."""
        filters = [self.filtered.get(name, every) for name, every in ALWAYS_SAID.items()]
        more = [words for name, words in self.filtered.items() if name not in ALWAYS_SAID]
        said = [self.period_in_words, *filters, *more, WORDS_COMPARED[self.compare]]
        return ", ".join(each for each in said if each)

    def narrowed(self, **filters: Any) -> Question:
        """The same of fewer claims, for a part of a page."""
        return replace(self, scope=self.scope.narrowed(**filters))

    def over(self, period: Period) -> Question:
        return replace(self, period=period)

    def url(self, name: str, *args: Any, **changes: Any) -> str:
        """A page that is asked the same, but for some parameters: None leaves one out."""
        query = {**self.asked, **changes}
        if {"start", "end"} & changes.keys():
            query["period"] = None
        text = "&".join(
            f"{key}={_quoted(str(value))}" for key, value in query.items() if value not in (None, "")
        )
        return f"{_address(name, args)}{'?' if text else ''}{text}"


# A page has hundreds of links to the same few pages, asked the same but for one word.
_quoted = lru_cache(4096)(quote_plus)


@lru_cache(1024)
def _address(name: str, args: tuple[Any, ...]) -> str:
    return reverse(name, args=args)


ALWAYS_SAID = {"payer": "all payers", "department": "all departments"}


def span_in_words(period: Period) -> str:
    """1 Sep – 30 Nov 2026."""
    start, end = period.start, period.end
    if start == end:
        return day_in_words(start)
    first = f"{start.day} {start:%b}" if start.year == end.year else day_in_words(start)
    return f"{first} – {day_in_words(end)}"


# Reading -------------------------------------------------------------------------------------------

# Each reads what was written, for this person: what the scope is narrowed by, and how that is called.
Read = Callable[[str, User], tuple[Any, str]]


def _payer(text: str, _: User) -> tuple[Any, str]:
    if text == NONE:
        return NONE, "no payer"
    payer = named(Payer.objects.all(), text)
    return payer.pk, payer.name


def _department(text: str, user: User) -> tuple[Any, str]:
    if text == NONE and user.sees_everything:
        return NONE, "no department"
    department = named(Department.objects.visible_to(user), text)
    return department.pk, department.name


def _provider(text: str, _: User) -> tuple[Any, str]:
    if text == NONE:
        return NONE, "no provider"
    provider = Provider.objects.filter(npi=text).first()
    if provider is None:
        raise Wrong("There is no provider with this NPI.")
    return provider.pk, str(provider)


def _kind(text: str, _: User) -> tuple[Any, str]:
    return one_of(text, Claim.Kind.values), Claim.Kind(text).label


def _category(text: str, _: User) -> tuple[Any, str]:
    if text == NONE:
        return "", "not denied"
    known = [each for each in Claim.Category.values if each]
    return one_of(text, known), f"denied for {Claim.Category(text).label.lower()}"


def _procedure(text: str, _: User) -> tuple[Any, str]:
    if text == NONE:
        return "", "lines without a procedure"
    return code(text, PROCEDURE, "A procedure is a code such as 99214 or D1110."), f"procedure {text}"


def _reason(text: str, _: User) -> tuple[Any, str]:
    if text == NONE:
        return NONE, "denied without a reason"
    return code(text, REASON, "A reason is a group and its code, as CO-16."), f"denied for {text}"


def _remark(text: str, _: User) -> tuple[Any, str]:
    return code(text, REMARK, "A remark is a code such as N382."), f"denied with remark {text}"


# As codes are, and as payers and senders wrote them here, unknown ones too.
PROCEDURE = re.compile(r"[!-~]{1,20}")
REASON = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,5}")
REMARK = re.compile(r"[A-Z]{1,3}[0-9]{1,4}")


def code(text: str, known: re.Pattern[str], wrong: str) -> str:
    if not known.fullmatch(text):
        raise Wrong(wrong)
    return text


FILTERS: dict[str, Read] = {
    "payer": _payer,
    "department": _department,
    "provider": _provider,
    "kind": _kind,
    "category": _category,
    "procedure": _procedure,
    "reason": _reason,
    "remark": _remark,
}
PARAMETERS = ("period", "start", "end", "compare", *FILTERS)


def ask(user: User, asked: QueryDict | Mapping[str, str], *, today: date) -> Question:
    """The question that an address asks; everything in it that makes no sense is named."""
    given = {name: str(asked[name]).strip() for name in PARAMETERS if asked.get(name)}
    problems: dict[str, list[str]] = {}
    filters, words = _filters(user, given, problems)
    period = _period(user, given, today, problems)
    compare = given.get("compare", "previous")
    if compare not in COMPARED:
        problems["compare"] = [f"One of {', '.join(COMPARED)}."]
    if problems or period is None:
        raise WrongQuestion(problems)
    return Question(scope_of(user, **filters, today=today), period, compare, given, words)


def _filters(
    user: User, given: Mapping[str, str], problems: dict[str, list[str]]
) -> tuple[dict[str, Any], dict[str, str]]:
    filters, words = {}, {}
    for name, read in FILTERS.items():
        if name in given:
            try:
                filters[name], words[name] = read(given[name], user)
            except Wrong as wrong:
                problems[name] = [str(wrong)]
    return filters, words


def _period(
    user: User, given: Mapping[str, str], today: date, problems: dict[str, list[str]]
) -> Period | None:
    """From the first to the last day asked for; without them the named period, or the person's own."""
    if given.get("period") != CHOSEN and not {"start", "end"} & given.keys():
        name = given.get("period", user.default_period)
        if name not in NAMED:
            problems["period"] = [f"One of {', '.join(NAMED)}, {CHOSEN}."]
            return None
        return named_period(name, today)
    if given.get("period", CHOSEN) != CHOSEN:
        problems["period"] = ["Either a period or its first and last day, not both."]
    days: dict[str, date] = {}
    for name, missing in (("start", "The first day is missing."), ("end", "The last day is missing.")):
        try:
            if name not in given:
                raise Wrong(missing)
            days[name] = in_calendar(day(given[name]))
        except Wrong as wrong:
            problems[name] = [str(wrong)]
    return _between(days, problems) if len(days) == 2 else None


def _between(days: Mapping[str, date], problems: dict[str, list[str]]) -> Period | None:
    start, end = days["start"], days["end"]
    if start > end:
        problems["end"] = ["Ends before it starts: choose a later day."]
        return None
    if (end - start).days >= LONGEST:
        problems["start"] = ["At most five years at once: choose a later day."]
        return None
    return Period(start, end)


def in_calendar(value: date) -> date:
    """A day that comparing with a year before cannot push over the calendar's edge."""
    if not 1910 <= value.year <= 2999:
        raise Wrong("A day between 1910 and 2999.")
    return value
