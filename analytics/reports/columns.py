"""A report's columns: what each is headed with, and what stands in it on a page, on paper and in a sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from rcm_site.templatetags.ui import MINUS, NOTHING, number, percent
from rcm_site.xlsx import Share

from ..catalogue import Figure, Kpi, Unit
from ..overview import change_in, n_in_words
from .answering import ReportRow
from .asking import ReportQuestion, is_rate, key_of

TOTAL = "All"
PLACES = Decimal("0.0001")
FEW_MARK = "*"


@dataclass(frozen=True)
class ReportColumn:
    key: str
    label: str
    text: Callable[[ReportRow], str]  # as a page or paper has it
    value: Callable[[ReportRow], object]  # as a sheet has it: numbers as numbers
    is_numeric: bool = True
    title: Callable[[ReportRow], str] = lambda _: ""  # where one points: how many it is of
    tone: Callable[[ReportRow], str] = lambda _: ""  # whether a change is good or bad
    is_only_for_sheets: bool = False


def columns(asked: ReportQuestion) -> list[ReportColumn]:
    """The dimensions, then each number with what it is compared with."""
    found = [_group(asked, place) for place in range(len(asked.groups))]
    for place in range(len(asked.numbers)):
        found += _of_number(asked, place)
    return found


def shown_columns(asked: ReportQuestion) -> list[ReportColumn]:
    """Those of a page or of paper."""
    return [each for each in columns(asked) if not each.is_only_for_sheets]


def _group(asked: ReportQuestion, place: int) -> ReportColumn:
    group = asked.groups[place]

    def text(row: ReportRow) -> str:
        if not row.members:
            return TOTAL if place == 0 else ""
        return row.members[place].label

    def value(row: ReportRow) -> object:
        return row.period.start if row.members and group.is_time else text(row)

    return ReportColumn(group.key, group.label, text, value, is_numeric=False)


def _of_number(asked: ReportQuestion, place: int) -> list[ReportColumn]:
    kpi = asked.numbers[place]
    key = key_of(kpi)

    def now(row: ReportRow) -> Figure:
        return row.now[place]

    def then(row: ReportRow) -> Figure | None:
        return row.then[place] if row.then else None

    found = [
        ReportColumn(
            key,
            kpi.label,
            lambda row: words(kpi, now(row)),
            lambda row: exact(kpi, now(row).value),
            title=lambda row: n_in_words(kpi, now(row)) if kpi.n_noun else "",
        )
    ]
    if asked.question.against:
        found += _compared(asked, kpi, key, now, then)
    if is_rate(kpi):
        label = f"{kpi.label}: {kpi.n_noun}"
        found.append(
            ReportColumn(
                f"{key}.n",
                label,
                lambda row: number(now(row).n),
                lambda row: now(row).n,
                is_only_for_sheets=True,
            )
        )
    return found


def _compared(
    asked: ReportQuestion,
    kpi: Kpi,
    key: str,
    now: Callable[[ReportRow], Figure],
    then: Callable[[ReportRow], Figure | None],
) -> list[ReportColumn]:
    before = "year before" if asked.question.compare == "year" else "period before"
    return [
        ReportColumn(
            f"{key}.then",
            f"{kpi.label}, {before}",
            lambda row: words(kpi, then(row)),
            lambda row: exact(kpi, value_of(then(row))),
            title=lambda row: n_in_words(kpi, made) if (made := then(row)) and kpi.n_noun else "",
        ),
        ReportColumn(
            f"{key}.change",
            f"{kpi.label}, change",
            lambda row: change_in_words(kpi, now(row), then(row)),
            lambda row: change_value(kpi, now(row), then(row)),
            tone=lambda row: change_tone(kpi, now(row), then(row)),
        ),
    ]


# Values --------------------------------------------------------------------------------------------


def words(kpi: Kpi, figure: Figure | None) -> str:
    """A value as pages write it; one that says little is marked."""
    if figure is None or figure.value is None:
        return NOTHING
    return f"{kpi.words(figure.value)}{FEW_MARK if figure.is_few else ''}"


def value_of(figure: Figure | None) -> Decimal | None:
    return figure.value if figure else None


def exact(kpi: Kpi, value: Decimal | None) -> Decimal | None:
    """A value as a sheet holds it: a share of one, days to four places, money and counts as they are."""
    if value is None:
        return None
    if kpi.unit == Unit.PERCENT:
        return Share((value / 100).quantize(PLACES / 100, ROUND_HALF_UP))
    if kpi.unit == Unit.DAYS:
        return value.quantize(PLACES, ROUND_HALF_UP)
    return value


def change_of(now: Figure, then: Figure | None) -> Decimal | None:
    before = value_of(then)
    return None if now.value is None or before is None else now.value - before


def change_value(kpi: Kpi, now: Figure, then: Figure | None) -> Decimal | None:
    return exact(kpi, change_of(now, then))


def change_in_words(kpi: Kpi, now: Figure, then: Figure | None) -> str:
    """Shares by points, days by days, sums by their share of what they were."""
    by = change_of(now, then)
    if by is None:
        return NOTHING
    if kpi.unit == Unit.PERCENT:
        return signed(by, f"{number(abs(by), 1)} points")
    if kpi.unit == Unit.DAYS:
        return signed(by, f"{number(abs(by), 1)} days")
    before = value_of(then)
    return signed(by, percent(abs(by / before))) if before else NOTHING


def signed(value: Decimal, text: str) -> str:
    if not value or text.startswith("0.0"):
        return text
    return f"{'+' if value > 0 else MINUS}{text}"


def change_tone(kpi: Kpi, now: Figure, then: Figure | None) -> str:
    if now.is_few or (then and then.is_few):
        return ""
    change = change_in(kpi.unit, kpi.good, now.value, value_of(then))
    return change.meaning if change and change.meaning != "neutral" else ""
