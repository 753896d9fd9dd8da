"""KPIs as cards: the value, how it changed, what others reach, and the way to where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from rcm_site.templatetags.ui import day as day_in_words
from rcm_site.templatetags.ui import money_brief

from .cards import Card, Change, Good, moved
from .catalogue import Figure, Kpi, Unit, figures, series
from .periods import Period, Step
from .questions import Question

WEEKS = 12  # of a course; whole ones, or the last would seem to fall


def kpi_cards(question: Question, kpis: Iterable[Kpi], *, with_course: bool = False) -> list[Card]:
    """A card for each KPI, all from one statement; their course over the last weeks from one more."""
    chosen = list(kpis)
    now = figures(chosen, question.scope, question.period)
    before = figures(chosen, question.scope, question.against) if question.against else {}
    flowing = [each for each in chosen if with_course and not each.is_as_of]
    weeks = series(flowing, question.scope, whole_weeks(question.period.end), Step.WEEK) if flowing else {}
    return [
        kpi_card(
            question,
            each,
            now[each.key],
            before.get(each.key),
            [figure.value for _, figure in weeks.get(each.key, ())],
        )
        for each in chosen
    ]


def kpi_card(
    question: Question,
    kpi: Kpi,
    now: Figure,
    before: Figure | None = None,
    course: Sequence[Decimal | None] = (),
    against: str = "",
) -> Card:
    """The whole card leads to the page of the KPI, asked the same."""
    words = against or against_in_words(kpi, question)
    return Card(
        kpi.label,
        brief(kpi, now),
        url=question.url("kpi", kpi.key),
        definition=kpi.definition,
        change=change_of(kpi, now, before, words) if before else None,
        benchmark=f"benchmark {kpi.words(kpi.benchmark.value)}" if kpi.benchmark else "",
        n=n_in_words(kpi, now) if kpi.unit != Unit.COUNT else "",
        trend=course,
    )


def against_in_words(kpi: Kpi, question: Question) -> str:
    """What it is compared with; how things stand is compared with one day, not with days."""
    if kpi.is_as_of and question.against:
        return f"on {day_in_words(question.against.end)}"
    return question.against_in_words


def brief(kpi: Kpi, figure: Figure) -> str:
    """On a card amounts of thousands go without cents."""
    return money_brief(figure.value) if kpi.unit == Unit.MONEY else kpi.words(figure.value)


def benchmark_in_words(kpi: Kpi) -> str:
    return f"{kpi.words(kpi.benchmark.value)} ({kpi.benchmark.words})" if kpi.benchmark else ""


def n_in_words(kpi: Kpi, figure: Figure) -> str:
    return f"{'only ' if figure.is_few and figure.n else ''}{figure.n:,} {counted(kpi.n_noun, figure.n)}"


def counted(noun: str, n: int) -> str:
    """1 claim, 2 claims."""
    return noun.removesuffix("s") if n == 1 else noun


def whole_weeks(day: date) -> Period:
    """The last weeks that are over by the end of a day."""
    sunday = day - timedelta(days=(day.weekday() + 1) % 7)
    return Period(sunday - timedelta(days=7 * WEEKS - 1), sunday)


def over_weeks(question: Question) -> Question:
    """The same over at least so many weeks: fewer are no course."""
    is_long = question.period.days >= 7 * WEEKS
    return question if is_long else question.over(whole_weeks(question.period.end))


def change_of(kpi: Kpi, now: Figure, before: Figure, against: str = "") -> Change | None:
    """Of too few, a change is neither good nor bad."""
    change = change_in(kpi.unit, kpi.good, now.value, before.value, against)
    return replace(change, meaning="neutral") if change and (now.is_few or before.is_few) else change


def change_in(
    unit: Unit, good: Good, now: Decimal | None, before: Decimal | None, against: str = ""
) -> Change | None:
    """A share moves by points, days by days, a sum by its share of what it was."""
    if now is None or before is None:
        return None
    difference = now - before
    if not difference:
        return Change(f"as {against}", "flat", "neutral")
    by = _by_how_much(unit, abs(difference), before)
    if not by:
        return None
    if by.startswith("0.0"):
        return Change(f"about as {against}", "flat", "neutral")
    text = f"{by} {'more' if difference > 0 else 'less'}{f' than {against}' if against else ''}"
    return moved(text, is_up=difference > 0, good=good)


def _by_how_much(unit: Unit, difference: Decimal, before: Decimal) -> str:
    if unit == Unit.PERCENT:
        return f"{difference:.1f} points"
    if unit == Unit.DAYS:
        return f"{difference:.1f} days"
    return f"{difference / abs(before) * 100:.1f}%" if before else ""
