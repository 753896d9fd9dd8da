"""A report's rows: its numbers told apart by up to two dimensions, beside what they are compared with.

Rows are made of sums, never of other rows' averages, and so are totals. A row that stands for a day, a week
or a month is compared as if it alone had been asked for: with as many days right before it, or a year before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise
from typing import Any

from django.db.models import Model

from accounts.models import Department
from claims.models import Payer, Provider
from rcm_site.templatetags.ui import day as day_in_words

from ..catalogue import FEW, Figure, needed
from ..codes import code_totals
from ..facts.measures import MEASURES
from ..facts.reading import Amount
from ..facts.totals import standings, totals
from ..periods import DAY, LAST_OF, Period, Step
from .asking import ReportQuestion
from .dimensions import Dimension, Member, member_of_time, members_of

Key = tuple[Any, ...]  # one place a dimension, in the order asked for; a time is its first day
Sums = dict[str, Amount]

LONG = 20_000  # rows from which on they are read a stretch of days at a time, in the order of days
STRETCH = 31  # steps read at once then
FEW_SPANS = 4  # that are read one by one


@dataclass(frozen=True)
class ReportRow:
    members: tuple[Member, ...]  # none in the totals
    period: Period
    now: tuple[Figure, ...]  # one a number, in the order asked for
    then: tuple[Figure, ...] | None  # of the days to compare with

    @property
    def narrows(self) -> dict[str, str] | None:
        """How an address asks for this row alone, where a page can be narrowed to it."""
        if any(each.narrows is None for each in self.members):
            return None
        return {name: value for each in self.members for name, value in (each.narrows or {}).items()}


@dataclass(frozen=True)
class ReportTable:
    """The rows can be read once when they are many (`is_long`), and as often as one likes otherwise."""

    asked: ReportQuestion
    rows: Iterable[ReportRow]
    total: ReportRow | None  # none where the one row is the total
    notes: tuple[str, ...]
    is_long: bool


def rows(asked: ReportQuestion) -> ReportTable:
    """The answer to a report's question."""
    if is_long(asked):
        return ReportTable(asked, _stretches(asked), _asked_total(asked), notes(asked), is_long=True)
    now, then = _answered(asked, list(_steps(asked)))
    found = _rows(asked, now, then)
    total = None
    if asked.groups:
        # A claim counts under each of its codes, so their rows add up to more than there is.
        total = _asked_total(asked) if asked.code else _added_total(asked, now, then)
    return ReportTable(asked, found, total, notes(asked), is_long=False)


def notes(asked: ReportQuestion) -> tuple[str, ...]:
    """What a reader has to know of the rows so as not to misread them."""
    said = []
    if asked.code:
        said.append(
            f"A claim counts once under each {asked.code.label.lower()} that it has: "
            "rows add up to more than the total."
        )
    if asked.time and any(each.is_as_of for each in asked.numbers):
        end = day_in_words(asked.question.period.end)
        said.append(f"How things stand is as of each row's last day, in the total as of {end}.")
    if asked.time and asked.question.against:
        against = (
            "the same days a year before" if asked.question.compare == "year" else "as many days right before"
        )
        said.append(f"Each row is compared with {against} it.")
    return tuple(said)


FEW_NOTE = f"* fewer than {FEW}: too few to say so."


# The sums ------------------------------------------------------------------------------------------


def _measures(asked: ReportQuestion) -> list[str]:
    return needed(asked.numbers)


def _steps(asked: ReportQuestion) -> Iterator[Period]:
    return asked.question.period.steps(asked.time.key) if asked.time else iter(())


def _answered(asked: ReportQuestion, steps: list[Period]) -> tuple[dict[Key, Sums], dict[Key, Sums] | None]:
    """The sums of these steps (of the whole period, without any), and of what each is compared with."""
    question, against = asked.question, asked.question.against
    if not asked.time:
        now = _at_once(asked, question.period)
        return now, _at_once(asked, against) if against else None
    now = _over(asked, {each.start: each for each in steps})
    return now, _over(asked, {each.start: _before(asked, each) for each in steps}) if against else None


def _before(asked: ReportQuestion, step: Period) -> Period:
    return step.year_before() if asked.question.compare == "year" else step.previous()


def _at_once(asked: ReportQuestion, period: Period, measures: Sequence[str] | None = None) -> dict[Key, Sums]:
    """Of one period, told apart by everything but time."""
    groups = [each.key for each in asked.groups if not each.is_time]
    scope, code, chosen = asked.question.scope, asked.code, measures or _measures(asked)
    if code is None:
        return {row.key: row.sums for row in totals(scope, period, chosen, by=tuple(groups))}
    others = [each for each in groups if each != code.key]
    found = {}
    for row in code_totals(scope, period, code.key, by=tuple(others)):
        told = dict(zip((code.key, *others), row.key, strict=True))
        found[tuple(told[each] for each in groups)] = row.sums
    return found


# Over time -----------------------------------------------------------------------------------------


def _over(asked: ReportQuestion, spans: Mapping[date, Period]) -> dict[Key, Sums]:
    """Of spans of days, each under the first day of its row."""
    if asked.code:
        told = {span: _at_once(asked, span) for span in set(spans.values())}
        return _by_row(asked, spans, told)
    found = _by_row(asked, spans, _came_in(asked, sorted(set(spans.values()))))
    for key, sums in _by_row(asked, spans, _stood(asked, sorted(set(spans.values())))).items():
        found.setdefault(key, {}).update(sums)
    return found


def _by_row(
    asked: ReportQuestion, spans: Mapping[date, Period], told: Mapping[Period, Mapping[Key, Sums]]
) -> dict[Key, Sums]:
    place = _place_of_time(asked)
    return {
        (*key[:place], start, *key[place:]): dict(sums)
        for start, span in spans.items()
        for key, sums in told.get(span, {}).items()
    }


def _stood(asked: ReportQuestion, spans: Sequence[Period]) -> dict[Period, dict[Key, Sums]]:
    """How things stood at the end of each span, in one statement."""
    as_of = [each for each in _measures(asked) if MEASURES[each].as_of]
    if not as_of:
        return {}
    by = tuple(each.key for each in asked.groups if not each.is_time)
    stood = standings(asked.question.scope, [each.end for each in spans], as_of, by=by)
    return {span: {row.key: row.sums for row in stood[span.end]} for span in spans}


def _came_in(asked: ReportQuestion, spans: Sequence[Period]) -> dict[Period, dict[Key, Sums]]:
    """What came in over each span: those that a calendar cuts in one statement, others from their days."""
    flows = [each for each in _measures(asked) if not MEASURES[each].as_of]
    if not flows:
        return {}
    kind = Step(str(asked.time and asked.time.key))
    whole = [each for each in spans if _is_whole(kind, each)]
    if list(spans) == list(Period(spans[0].start, spans[-1].end).steps(kind)):
        whole = list(spans)
    odd = [each for each in spans if each not in whole]
    found = _cut(asked, whole, kind, flows) if whole else {}
    if len(odd) > FEW_SPANS:
        return found | _from_days(asked, odd, flows)
    return found | {each: _at_once(asked, each, flows) for each in odd}


def _is_whole(kind: Step, span: Period) -> bool:
    """Whether a calendar would cut the days at both its ends, too."""
    begins = {Step.DAY: True, Step.WEEK: span.start.weekday() == 0, Step.MONTH: span.start.day == 1}
    return begins[kind] and LAST_OF[kind](span.start) == span.end


def _cut(
    asked: ReportQuestion, spans: Sequence[Period], kind: Step, flows: Sequence[str]
) -> dict[Period, dict[Key, Sums]]:
    """As the calendar cuts the days from the first of these to the last."""
    whole = Period(spans[0].start, spans[-1].end)
    by_start = {each.start: each for each in spans}
    found: dict[Period, dict[Key, Sums]] = {}
    by = (*(each.key for each in asked.groups if not each.is_time), str(kind))
    for row in totals(asked.question.scope, whole, flows, by=by):
        span = by_start.get(max(row.key[-1], whole.start))
        if span:
            found.setdefault(span, {})[row.key[:-1]] = row.sums
    return found


def _from_days(
    asked: ReportQuestion, spans: Sequence[Period], flows: Sequence[str]
) -> dict[Period, dict[Key, Sums]]:
    days = list(Period(spans[0].start, max(each.end for each in spans)).steps(Step.DAY))
    told = _cut(asked, days, Step.DAY, flows)
    found: dict[Period, dict[Key, Sums]] = {}
    for span in spans:
        sums = found.setdefault(span, {})
        for day in span.steps(Step.DAY):
            for key, each in told.get(day, {}).items():
                _add(sums.setdefault(key, {}), each)
    return found


def _add(to: Sums, sums: Mapping[str, Amount]) -> None:
    for name, amount in sums.items():
        to[name] = to.get(name, 0) + amount


def _place_of_time(asked: ReportQuestion) -> int:
    return next(place for place, each in enumerate(asked.groups) if each.is_time)


# The rows ------------------------------------------------------------------------------------------


def _rows(
    asked: ReportQuestion,
    now: dict[Key, Sums],
    then: dict[Key, Sums] | None,
    *,
    steps: Iterable[Period] | None = None,
    is_by_time: bool = False,
) -> list[ReportRow]:
    cut = {each.start: each for each in (steps if steps is not None else _steps(asked))}
    nothing: Sums = dict.fromkeys(_measures(asked), 0)
    keys = {key for sums in (now, then or {}) for key, each in sums.items() if any(each.values())}
    if not asked.groups:
        keys = {()}
    elif asked.time and len(asked.groups) == 1:
        keys = {(start,) for start in cut}
    members = _members(asked.groups, keys, cut)
    ordered = _ordered(asked, keys, now, members, is_by_time=is_by_time)
    place = _place_of_time(asked) if asked.time else None
    found = []
    for key in ordered:
        period = cut[key[place]] if place is not None else asked.question.period
        named = tuple(each[part] for each, part in zip(members, key, strict=True))
        before = _figures(asked, nothing | then.get(key, {}), period) if then is not None else None
        found.append(ReportRow(named, period, _figures(asked, nothing | now.get(key, {}), period), before))
    return found


def _figures(asked: ReportQuestion, sums: Sums, period: Period) -> tuple[Figure, ...]:
    return tuple(each.figure(sums, period.days) for each in asked.numbers)


def _members(
    groups: Sequence[Dimension], keys: set[Key], steps: Mapping[date, Period]
) -> list[dict[Any, Member]]:
    found = []
    for place, each in enumerate(groups):
        parts = {key[place] for key in keys}
        if each.is_time:
            found.append({start: member_of_time(each, steps[start]) for start in parts})
        else:
            found.append(members_of(each, parts))
    return found


def _ordered(
    asked: ReportQuestion,
    keys: set[Key],
    now: dict[Key, Sums],
    members: list[dict[Any, Member]],
    *,
    is_by_time: bool,
) -> list[Key]:
    """Days in their order, all else by how many the first number is about, the most first."""
    counted = asked.numbers[0].n_of
    sizes: dict[Key, Any] = {}
    for key, sums in now.items():
        for end in range(1, len(key) + 1):
            sizes[key[:end]] = sizes.get(key[:end], 0) + sums.get(counted, 0)

    def place_of(key: Key) -> list[Any]:
        places: list[Any] = []
        for place, group in enumerate(asked.groups):
            part = key[place]
            if group.is_time:
                places.append((part,))
            else:
                places.append((-sizes.get(key[: place + 1], 0), members[place][part].label, str(part)))
        return sorted(places, key=len) if is_by_time else places

    return sorted(keys, key=place_of)


# Totals --------------------------------------------------------------------------------------------


def _added_total(asked: ReportQuestion, now: dict[Key, Sums], then: dict[Key, Sums] | None) -> ReportRow:
    """From the very sums that the rows are made of, so that they agree."""
    period, against = asked.question.period, asked.question.against
    before = None
    if then is not None:
        before = _added(asked, then, period) if _tells_all(asked) else _asked_figures(asked, against)
    return ReportRow((), period, _added(asked, now, period), before)


def _tells_all(asked: ReportQuestion) -> bool:
    """Whether what the rows are compared with is, day by day, what their total is."""
    spans = [_before(asked, each) for each in _steps(asked)]
    if not spans:
        return True
    is_gapless = all(each.end + DAY == after.start for each, after in pairwise(spans))
    return is_gapless and Period(spans[0].start, spans[-1].end) == asked.question.against


def _added(asked: ReportQuestion, sums: dict[Key, Sums], period: Period) -> tuple[Figure, ...]:
    """What came in adds up over all rows; things stand as they do at the end of the last one."""
    place = _place_of_time(asked) if asked.time else 0
    last = max((each.start for each in _steps(asked)), default=None)
    whole: Sums = dict.fromkeys(_measures(asked), 0)
    standing = {each for each in whole if MEASURES[each].as_of}
    for key, each in sums.items():
        is_last = last is None or key[place] == last
        _add(whole, each if is_last else {name: each[name] for name in each.keys() - standing})
    return _figures(asked, whole, period)


def _asked_total(asked: ReportQuestion) -> ReportRow:
    period, against = asked.question.period, asked.question.against
    before = _asked_figures(asked, against) if against else None
    return ReportRow((), period, _asked_figures(asked, period) or (), before)


def _asked_figures(asked: ReportQuestion, period: Period | None) -> tuple[Figure, ...] | None:
    if period is None:
        return None
    sums = totals(asked.question.scope, period, _measures(asked))[0].sums
    return _figures(asked, sums, period)


# Long ones -----------------------------------------------------------------------------------------


def is_long(asked: ReportQuestion) -> bool:
    """Whether there may be so many rows that they are handed on as they are read."""
    if not asked.time or len(asked.groups) == 1:
        return False
    steps = sum(1 for _ in _steps(asked))
    return steps > STRETCH and steps * _count(asked) > LONG


def _count(asked: ReportQuestion) -> int:
    """How many members the other dimension may have."""
    models: dict[str, type[Model]] = {"payer": Payer, "department": Department, "provider": Provider}
    other = next(each.key for each in asked.groups if not each.is_time)
    return models[other]._default_manager.count() if other in models else 100


def _stretches(asked: ReportQuestion) -> Iterator[ReportRow]:
    steps = _steps(asked)
    while stretch := list(islice(steps, STRETCH)):
        now, then = _answered(asked, stretch)
        yield from _rows(asked, now, then, steps=stretch, is_by_time=True)
